// Opening a protected file: what a crash left is settled first, then the file is brought to what the state says of it.
import { HoldfastError } from '../contract/errors.ts';
import { followFirst, settleBackends } from './backend-members.ts';
import { lockClosedFile } from './closed-set.ts';
import { settleCold } from './cold-backup.ts';
import { recoverInstance } from './instance-restore.ts';
import { sealInstance } from './instance-role.ts';
import { compareIdentity } from './instance-watch.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { applyBackup } from './standby-apply.ts';
import { removeUnfinishedBackup } from './unfinished-backup.ts';

/** Open and captured, fenced, or closed. Throws what keeps it from that. */
export function bringToState(instance: ProtectedInstance): void {
  if (instance.first) followFirst(instance);
  else settleBackends(instance);
  recoverInstance(instance);
  if (instance.agent.spec.fenceOnly) return;
  removeUnfinishedBackup(instance);
  settleCold(instance);
  const { facts } = instance;
  if (facts.applying) {
    applyBackup.resume(instance);
    return;
  }
  if (facts.role === 'standby') {
    const locked = lockClosedFile(instance.agent, instance.path);
    if (!locked.durable)
      throw new HoldfastError('DATABASE_IN_USE', `${instance.path} is open in other programs`, { details: locked });
    return;
  }
  if (facts.closed) return;
  instance.openOwner();
  if (facts.fenced) sealInstance(instance, 0);
  // Whoever set a fence that this state knows nothing of must not be overruled.
  else if (instance.owner?.info().durablyFenced)
    instance.update({ fenced: true, fenceReason: 'The file was fenced already' });
  else instance.startCapture();
  compareIdentity(instance);
  instance.error = null;
}
