// How a schedule starts a backup here, and what decides whether it may.
import fs from 'node:fs';
import path from 'node:path';
import type { BackupType } from '../contract/backup.ts';
import type { Warning } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView } from '../contract/failover.ts';
import type { BackupSchedule } from '../contract/schedules.ts';
import type { Clock } from '../platform/clock.ts';
import { scheduledFileName } from '../schedule/file-name.ts';
import type { InstanceFacts } from '../schedule/types.ts';
import { backupFileName } from './backup-name.ts';
import type { Backups } from './backups.ts';
import type { Instance, Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface ScheduledPorts {
  clock: Clock;
  servers: Servers;
  instances: Instances;
  backups: Backups;
  groups(): GroupView[];
  runningOn(instanceId: string): string | null;
}

export function instanceFacts(ports: ScheduledPorts, instanceId: string): InstanceFacts | null {
  const [server = '', name = ''] = instanceId.split('/');
  const instance = ports.instances.find(server, name);
  if (!instance) return null;
  const membership = ports.instances.membership(instance);
  const group = membership && ports.groups().find((one) => one.id === membership.groupId);
  return {
    reachable: ports.servers.isReachable(instance.record.server),
    standby: instance.status.role === 'standby',
    group: group?.config.enabled ? group.name : null,
    noBase: () => missingBase(instance),
    busy: () => ports.runningOn(instance.id),
  };
}

/** An incremental whose chain lies nowhere would be a file that nothing can be done with. */
function missingBase({ status }: Instance): string | null {
  if (!status.lastFull) return 'there is no full backup yet';
  if (status.fullRequired) return status.fullRequiredReason ?? 'the chain has ended';
  const gone = [status.lastFull, status.lastIncremental].find((one) => one !== null && !fs.existsSync(one.file));
  return gone ? `${gone.file} is not there any more` : null;
}

/** Throws what a backup by hand would be refused with. */
export async function startScheduled(
  { clock, servers, instances, backups }: ScheduledPorts,
  schedule: BackupSchedule,
  type: BackupType,
  warnings: Warning[],
): Promise<string> {
  const instance = instances.get(schedule.instanceId);
  const { server, name, backupFolder } = instance.record;
  const folder = schedule.folder ?? backupFolder;
  if (!servers.isReachable(server))
    throw new HoldfastError('SERVER_UNREACHABLE', `The agent of ${server} does not answer`);
  if (schedule.folder) {
    await servers.allow(server, [schedule.folder]);
    const checked = await servers.use(server, (api) => api.checkFolder({ folder, create: true }));
    if (!checked.writable)
      throw new HoldfastError('NO_PERMISSION', `${folder} cannot be written: ${checked.problem ?? 'no reason given'}`);
  }
  const at = clock.now();
  const fileName = schedule.namePattern
    ? scheduledFileName(schedule.namePattern, { server, instance: name, schedule: schedule.name, type, at })
    : backupFileName(name, type, at);
  const file = schedule.namePattern || schedule.folder ? { file: path.join(folder, fileName) } : {};
  const request = { ...schedule.options, ...file, instanceId: instance.id, type };
  return await backups.start(request, { title: schedule.name, warnings });
}
