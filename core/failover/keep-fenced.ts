// The last contingency backup of a database that is left: taken once it is fenced, so that nothing of it is missing from the newest one.
import type { Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { JobContext } from '../jobs/types.ts';
import { sameVector } from './at-risk.ts';
import { backUp, type FreshBackup } from './backup-source.ts';
import { within } from './call.ts';
import { recordContingency } from './cycle.ts';
import { agentFor, type Group } from './group.ts';
import type { FailoverPorts } from './types.ts';

/** Throws VERIFICATION_BEHIND when the backup does not hold exactly what the fenced database holds. */
export function assertComplete(from: MemberConfig, backup: FreshBackup, fenced: Vector | undefined): void {
  if (fenced && sameVector(backup.result.vector, fenced)) return;
  throw new HoldfastError(
    'VERIFICATION_BEHIND',
    `Backup ${backup.result.idtag} of ${from.server} does not hold what its fenced database holds`,
  );
}

/**
 * Backs the fenced database up once more and checks that the backup equals it. Where that fails, its file must still be there,
 * fenced and well, as its agent says now: otherwise what stood in the way is thrown. Returns where everything is, as a clause.
 */
export async function keepFenced(
  ports: FailoverPorts,
  group: Group,
  from: MemberConfig,
  to: MemberConfig,
  fenced: Vector | undefined,
  job: JobContext,
  phaseCount: number,
): Promise<{ kept: string }> {
  try {
    const backup = await backUp(ports, group, from, 'incremental', true, job, phaseCount, '-fenced');
    await recordContingency(ports, group, from, `fenced, before ${to.server} became active`, backup);
    assertComplete(from, backup, fenced);
    const { idtag, file } = backup.result;
    job.log('info', `Contingency backup ${idtag} holds exactly what the fenced database of ${from.server} holds`);
    return { kept: `kept in ${file} on ${from.server}, which equals the fenced database` };
  } catch (error) {
    const there = error instanceof HoldfastError ? await fencedFile(ports, from) : null;
    if (!there) throw error;
    const { name, message } = error as HoldfastError;
    const place = `${there.path} on ${from.server}`;
    job.warn({
      name,
      message: `The last contingency backup could not be taken (${message}): what is not in the one before stays in ${place}`,
    });
    return {
      kept: `kept in ${place} as it was fenced, because the last contingency backup could not be taken (${message}); when a full backup replaces that file, its agent keeps it below ${there.home}`,
    };
  }
}

/** The file that is left, when its agent says now that it is there, fenced, and not damaged. */
async function fencedFile(ports: FailoverPorts, from: MemberConfig): Promise<InstanceStatus | null> {
  try {
    const { instances } = await within(ports.clock, 5000, `${from.server} did not answer`, (signal) =>
      agentFor(ports, from.server).status({}, { signal }),
    );
    const found = instances.find((instance) => instance.name === from.instance);
    const usable = found && !found.writable && found.state !== 'Error' && found.state !== 'Offline' && found.size > 0;
    return usable ? found : null;
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}
