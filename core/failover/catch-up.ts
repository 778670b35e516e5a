// Brings a copy that missed a backup up to date as soon as it answers again, with the newest chain that is there.
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import { sendTo } from './cycle.ts';
import { activeOf, type Group } from './group.ts';
import type { FailoverPorts } from './types.ts';

/** Starts the job, unless the copy is busy or there is no chain of the database that is active now. */
export function startCatchUp(ports: FailoverPorts, group: Group, target: MemberConfig): void {
  const { head } = group.memory;
  const source = activeOf(group);
  if (group.operation || group.cycling || group.deliveries.has(target.id) || head?.memberId !== source.id) return;
  const { folder, idtag, type, files, consistentAt } = head;
  ports.jobs.run(
    {
      kind: 'cycle',
      title: `Bring ${target.server} up to date`,
      target: group.name,
      instanceId: `${target.server}/${target.instance}`,
      groupId: group.id,
      request: null,
      cancelability: 'now',
      exclusive: null,
    },
    async (job) => {
      job.log('info', `${target.server} missed a backup: it gets the newest chain, up to backup ${idtag}`);
      const backup = { folder, result: { idtag, type, files, consistentAt } };
      const problem = await sendTo(ports, group, source, target, backup, job, 1, 2);
      if (job.signal.aborted) throw new HoldfastError('CANCELLED');
      if (problem) throw new HoldfastError('RESTORE_FAILED', `${target.server}: ${problem.message}`);
      return { verdict: `${target.server} is up to date with backup ${idtag}.`, result: { idtag } };
    },
  );
}
