// What keeps edited settings of a group from being applied.
import type { GroupConfig, Schedule } from '../../../core/contract/failover.ts';

function scheduleProblem(name: string, schedule: Schedule): string | null {
  if (schedule.kind === 'every' && !(schedule.minutes >= 0.1)) return `${name}: give a number of minutes.`;
  if ((schedule.kind === 'daily' || schedule.kind === 'weekly') && !/^([01]\d|2[0-3]):[0-5]\d$/.test(schedule.at))
    return `${name}: give a time such as 02:00.`;
  if (schedule.kind === 'cron' && schedule.expression.trim().split(/\s+/).length < 5)
    return `${name}: a cron expression has five fields.`;
  return null;
}

/** Why the edits cannot be applied yet; null when they can. */
export function configProblem(config: GroupConfig): string | null {
  return (
    scheduleProblem('Full backup', config.full) ??
    scheduleProblem('Differential backup', config.differential) ??
    (Number.isInteger(config.misses) && config.misses >= 1 ? null : 'Misses: at least one.') ??
    (config.probeMs >= 100 ? null : 'The server is asked every 0.1 s at most.') ??
    (config.leaseMs >= 1000 ? null : 'The lease is one second at least.')
  );
}
