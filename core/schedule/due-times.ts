// The next time of each schedule, worked out once for each run: asking a calendar thousands of times a second costs too much.
import type { Schedule } from '../contract/failover.ts';
import { nextDue } from './schedule.ts';

/** When `when` is due, counted from `from` (its last run, or its making), as nextDue has it. */
export type DueTimes = (when: Schedule, from: number, now: number) => number | null;

/** `timezone` is the local one unless given. A schedule that can no longer be read is never due. */
export function createDueTimes(timezone?: string): DueTimes {
  const known = new WeakMap<Schedule, { from: number; next: number | null }>();
  return (when, from, now) => {
    // The clock was set back: what is due depends on how far.
    if (from > now) return nextDue(when, from, now, timezone);
    let entry = known.get(when);
    if (entry?.from !== from) {
      entry = { from, next: nextDue(when, from, from, timezone) };
      known.set(when, entry);
    }
    return entry.next;
  };
}
