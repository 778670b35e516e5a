// Which copies missed a backup and can take the newest chain now. Pure.
import type { CatchUpWatch, DecisionState, Observations } from './model.ts';

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 960_000;

/** When a copy that could not take a backup is tried again: after a minute, then less and less often. */
export function afterMiss(before: CatchUpWatch | undefined, now: number): CatchUpWatch {
  const failures = (before?.failures ?? 0) + 1;
  return { failures, notBefore: now + Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS) };
}

/** The copies that should be brought up to date now; a full backup that is wanted anyway reaches all of them. */
export function dueCatchUps(state: DecisionState, seen: Observations, now: number): string[] {
  const { config, memory, watch } = state;
  if (memory.fullWanted || memory.outOfSync || memory.head?.memberId !== memory.activeId) return [];
  return config.members.slice(1).flatMap(({ id }) => {
    const member = memory.members[id];
    const observation = seen[id];
    if (id === memory.activeId || !member || (member.restored && !member.chainLost)) return [];
    if (observation?.contact !== 'online' || observation.misses > 0 || observation.instance?.role === 'primary')
      return [];
    const { instance } = observation;
    if (instance && (instance.state === 'Restoring' || instance.state === 'BackingUp')) return [];
    return now >= (watch.catchUp[id]?.notBefore ?? 0) ? [id] : [];
  });
}

/** What is remembered of failed tries; a copy that was away is tried at once when it is back. */
export function forgetAbsent(watch: DecisionState['watch'], seen: Observations): DecisionState['watch']['catchUp'] {
  return Object.fromEntries(Object.entries(watch.catchUp).filter(([id]) => seen[id]?.contact === 'online'));
}
