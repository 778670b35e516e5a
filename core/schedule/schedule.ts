// When something is due: pure functions over a schedule, its last run and the time; croner knows calendars and daylight saving.
import { Cron } from 'croner';
import { HoldfastError } from '../contract/errors.ts';
import type { Schedule } from '../contract/failover.ts';

const DAY = 86_400_000;

/**
 * When the next run is due, ms since 1970; a time that is not after `now` means: run it now. Null when the schedule is off.
 * Runs that were missed (the machine slept, the engine was off) count as one. A schedule that never ran is due at once,
 * and so is one whose `lastRun` lies further ahead than a period: the clock was set back, waiting for it could take years.
 * `timezone` is the local one unless given.
 */
export function nextDue(schedule: Schedule, lastRun: number | null, now: number, timezone?: string): number | null {
  if (schedule.kind === 'off') return null;
  if (lastRun === null) return now;
  const period = schedule.kind === 'every' ? schedule.minutes * 60_000 : DAY;
  if (lastRun - now > period) return now;
  if (schedule.kind === 'every') return lastRun + period;
  return cronOf(schedule, timezone).nextRun(new Date(lastRun))?.getTime() ?? null;
}

/** True when a run should start now. */
export function isDue(schedule: Schedule, lastRun: number | null, now: number, timezone?: string): boolean {
  const due = nextDue(schedule, lastRun, now, timezone);
  return due !== null && due <= now;
}

/** Throws INVALID_INPUT when the schedule can never run: an unreadable cron expression or an impossible time. */
export function checkSchedule(schedule: Schedule): void {
  if (schedule.kind === 'off' || schedule.kind === 'every') return;
  if (cronOf(schedule, undefined).nextRun() === null)
    throw new HoldfastError('INVALID_INPUT', `The schedule "${patternOf(schedule)}" never runs`);
}

type CalendarSchedule = Exclude<Schedule, { kind: 'off' | 'every' }>;

function patternOf(schedule: CalendarSchedule): string {
  if (schedule.kind === 'cron') return schedule.expression;
  const [hour, minute] = schedule.at.split(':').map(Number);
  return `${minute} ${hour} * * ${schedule.kind === 'weekly' ? schedule.day : '*'}`;
}

/** A calendar keeps nothing of what it is asked, and reading its pattern costs ten times as much as asking it. */
const calendars = new Map<string, Cron>();
const MOST_CALENDARS = 2_000;

function cronOf(schedule: CalendarSchedule, timezone: string | undefined): Cron {
  const pattern = patternOf(schedule);
  const key = `${timezone ?? ''} ${pattern}`;
  const known = calendars.get(key);
  if (known) return known;
  try {
    const calendar = new Cron(pattern, { paused: true, ...(timezone ? { timezone } : {}) });
    if (calendars.size >= MOST_CALENDARS) calendars.clear();
    calendars.set(key, calendar);
    return calendar;
  } catch (error) {
    throw new HoldfastError('INVALID_INPUT', `The schedule "${pattern}" cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
