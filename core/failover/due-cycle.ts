// Which backup cycle is due: full or differential, of the master or, while a backup database is active, as contingency backup.
import type { BackupType } from '../contract/backup.ts';
import type { Timers } from './decide.ts';
import type { DecisionState, ObservedInstance } from './model.ts';

/** The cycle that should start now, with the reason as a clause; null when none is due. */
export function dueCycle(
  state: DecisionState,
  active: ObservedInstance,
  now: number,
  timers: Timers,
): { type: BackupType; contingency: boolean; why: string } | null {
  const { config, memory } = state;
  if (memory.activeId !== config.members[0]!.id) {
    if (memory.lastContingencyFullAt === null)
      return { type: 'full', contingency: true, why: 'a backup database has become active' };
    if (timers.isDue(config.full, memory.lastContingencyFullAt, now))
      return { type: 'full', contingency: true, why: 'the schedule of full backups' };
    if (!timers.isDue(config.differential, memory.lastContingencyAt, now)) return null;
    return {
      type: active.fullRequired ? 'full' : 'incremental',
      contingency: true,
      why: 'the schedule of differential backups',
    };
  }
  if (memory.fullWanted) return { type: 'full', contingency: false, why: memory.fullWanted };
  // Out of sync is cleared by the administrator's full backup alone: a scheduled one would spread the change unseen.
  if (memory.outOfSync) return null;
  if (memory.lastFullAt === null) return { type: 'full', contingency: false, why: 'there is no full backup yet' };
  if (timers.isDue(config.full, memory.lastFullAt, now))
    return { type: 'full', contingency: false, why: 'the schedule of full backups' };
  const last = Math.max(memory.lastDifferentialAt ?? 0, memory.lastFullAt);
  if (!timers.isDue(config.differential, last, now)) return null;
  if (active.fullRequired)
    return {
      type: 'full',
      contingency: false,
      why: `a full backup is required: ${active.fullRequiredReason ?? 'the chain was broken'}`,
    };
  return { type: 'incremental', contingency: false, why: 'the schedule of differential backups' };
}
