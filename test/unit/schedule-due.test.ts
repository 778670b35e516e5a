// When a schedule is due: calendars, daylight saving, catch-up after sleep, a clock that jumps.
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../core/contract/failover.ts';
import { checkSchedule, isDue, nextDue } from '../../core/schedule/schedule.ts';

const zone = 'Europe/Berlin';
const at = (iso: string) => Date.parse(iso);
const next = (schedule: Schedule, last: string, now = last) => {
  const due = nextDue(schedule, at(last), at(now), zone);
  return due === null ? null : new Date(due).toISOString();
};
const daily: Schedule = { kind: 'daily', at: '02:30' };
const everyQuarter: Schedule = { kind: 'every', minutes: 15 };

describe('schedule', () => {
  it('is never due when off, and at once when it never ran', () => {
    expect(nextDue({ kind: 'off' }, null, 1000)).toBeNull();
    expect(nextDue(daily, null, 1000)).toBe(1000);
    expect(isDue(everyQuarter, null, 1000)).toBe(true);
  });

  it('counts minutes from the last run', () => {
    expect(nextDue(everyQuarter, 0, 1000)).toBe(900_000);
    expect(isDue(everyQuarter, 0, 899_999)).toBe(false);
    expect(isDue(everyQuarter, 0, 900_000)).toBe(true);
  });

  it('runs on the day and minute of the calendar', () => {
    expect(next(daily, '2026-06-01T12:00:00Z')).toBe('2026-06-02T00:30:00.000Z');
    expect(next({ kind: 'weekly', day: 0, at: '03:00' }, '2026-06-01T12:00:00Z')).toBe('2026-06-07T01:00:00.000Z');
    expect(next({ kind: 'cron', expression: '0 */6 * * *' }, '2026-06-01T12:00:00Z')).toBe('2026-06-01T16:00:00.000Z');
  });

  it('runs after the gap when the hour does not exist in spring', () => {
    expect(next(daily, '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(next(daily, '2026-03-29T01:00:00Z')).toBe('2026-03-30T00:30:00.000Z');
  });

  it('runs once when the hour comes twice in autumn', () => {
    expect(next(daily, '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(next(daily, '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
  });

  it('keeps quarters of an hour going through the overlap', () => {
    const quarters: Schedule = { kind: 'cron', expression: '*/15 * * * *' };
    let last = at('2026-10-25T00:00:00Z');
    for (let i = 0; i < 12; i++) {
      const due = nextDue(quarters, last, last, zone)!;
      expect(due - last).toBe(15 * 60_000);
      last = due;
    }
  });

  it('makes one run of the many that were missed asleep', () => {
    const now = at('2026-06-20T12:00:00Z');
    expect(isDue(daily, at('2026-06-01T00:30:00Z'), now, zone)).toBe(true);
    expect(isDue(daily, now, now, zone)).toBe(false);
    expect(nextDue(everyQuarter, now, now)).toBe(now + 900_000);
  });

  it('does not run twice when the clock goes back a little, and does not wait for years when it goes back a lot', () => {
    expect(next(daily, '2026-06-02T00:30:05Z', '2026-06-02T00:10:00Z')).toBe('2026-06-03T00:30:00.000Z');
    const now = at('2026-06-02T00:10:00Z');
    expect(isDue(daily, at('2031-01-01T00:00:00Z'), now, zone)).toBe(true);
    expect(isDue(everyQuarter, now + 3_600_000, now, zone)).toBe(true);
    expect(nextDue(everyQuarter, now + 60_000, now)).toBe(now + 960_000);
  });

  it('refuses what can never run', () => {
    const refused = (schedule: Schedule) => {
      try {
        checkSchedule(schedule);
        return null;
      } catch (error) {
        return (error as Error).name;
      }
    };
    expect(refused({ kind: 'cron', expression: 'now and then' })).toBe('INVALID_INPUT');
    expect(refused({ kind: 'daily', at: '25:00' })).toBe('INVALID_INPUT');
    expect(refused({ kind: 'cron', expression: '0 0 30 2 *' })).toBe('INVALID_INPUT');
    expect(refused(daily)).toBeNull();
    expect(refused({ kind: 'off' })).toBeNull();
  });
});
