// Which unattended backups start: daylight saving, a clock that jumps, what was missed, never two at once, and at what cost.
import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../core/contract/failover.ts';
import type { BackupSchedule } from '../../core/contract/schedules.ts';
import { decideRuns, scheduleStanding } from '../../core/schedule/decide-runs.ts';
import { createDueTimes } from '../../core/schedule/due-times.ts';
import { scheduledFileName } from '../../core/schedule/file-name.ts';
import type { InstanceFacts, ScheduleRecord } from '../../core/schedule/types.ts';

const HOUR = 3_600_000;
const zone = 'Europe/Berlin';
const at = (iso: string) => Date.parse(iso);

function record(id: string, when: Schedule, dueFrom: number, more: Partial<BackupSchedule> = {}): ScheduleRecord {
  const schedule: BackupSchedule = {
    ...{ id, instanceId: 'SRV-1/Directory', name: id, enabled: true, type: 'full', when, folder: null },
    ...{ namePattern: null, options: {}, fullWhenNoBase: true, notifySuccess: false, keep: null, createdAt: dueFrom },
    ...more,
  };
  return { schedule, dueFrom, retrying: false };
}

const free: InstanceFacts = { reachable: true, standby: false, group: null, noBase: () => null, busy: () => null };
const daily: Schedule = { kind: 'daily', at: '02:30' };

function decide(records: ScheduleRecord[], now: number, facts: InstanceFacts | null = free, running: string[] = []) {
  const dueTimes = createDueTimes(zone);
  return decideRuns({ records, facts: () => facts, running: (id) => running.includes(id), now, dueTimes });
}

/** Runs a day and more minute by minute as the engine would, and says when backups began. */
function simulate(first: ScheduleRecord, moments: Iterable<number>): string[] {
  const dueTimes = createDueTimes(zone);
  let current = first;
  const started: string[] = [];
  for (const now of moments) {
    const [decision] = decideRuns({ records: [current], facts: () => free, running: () => false, now, dueTimes });
    if (!decision) continue;
    started.push(new Date(now).toISOString());
    current = { ...current, dueFrom: now };
  }
  return started;
}

function* minutes(from: string, hours: number): Generator<number> {
  for (let n = 0; n <= hours * 60; n++) yield at(from) + n * 60_000;
}

describe('what is due', () => {
  it('starts neither before its time nor twice, and not at once when it was made', () => {
    const made = at('2026-06-01T12:00:00Z');
    expect(decide([record('nightly', daily, made)], made)).toEqual([]);
    expect(simulate(record('nightly', daily, made), minutes('2026-06-01T12:00:00Z', 48))).toEqual([
      '2026-06-02T00:30:00.000Z',
      '2026-06-03T00:30:00.000Z',
    ]);
  });

  it('runs once on the night when the hour is missing and once when it comes twice', () => {
    const spring = record('nightly', daily, at('2026-03-28T12:00:00Z'));
    expect(simulate(spring, minutes('2026-03-28T12:00:00Z', 24))).toEqual(['2026-03-29T01:00:00.000Z']);
    const autumn = record('nightly', daily, at('2026-10-24T12:00:00Z'));
    expect(simulate(autumn, minutes('2026-10-24T12:00:00Z', 24))).toEqual(['2026-10-25T00:30:00.000Z']);
  });

  it('runs once a night while the clock jumps an hour to and fro around its time', () => {
    const nightly = record('nightly', daily, at('2026-06-01T12:00:00Z'));
    const real = [...minutes('2026-06-01T23:30:00Z', 3)];
    for (const jump of [HOUR, -HOUR]) {
      for (const [from, to] of [
        [20, 50],
        [55, 80],
        [61, 62],
        [0, 59],
      ] as const) {
        const seen = real.map((moment, n) => (n >= from && n < to ? moment + jump : moment));
        expect(simulate(nightly, seen), `jump ${jump} from minute ${from} to ${to}`).toHaveLength(1);
      }
    }
  });

  it('makes up once for a week that the engine was off', () => {
    const nightly = record('nightly', daily, at('2026-06-01T12:00:00Z'));
    expect(simulate(nightly, minutes('2026-06-08T12:00:00Z', 20))).toEqual([
      '2026-06-08T12:00:00.000Z',
      '2026-06-09T00:30:00.000Z',
    ]);
  });

  it('lets a full do the work of the incrementals that are due with it, and starts one backup of a database at a time', () => {
    const from = at('2026-06-01T12:00:00Z');
    const records = [
      record('hourly', { kind: 'every', minutes: 60 }, from, { type: 'incremental' }),
      record('weekly', { kind: 'every', minutes: 60 }, from),
      record('other', { kind: 'every', minutes: 60 }, from, { instanceId: 'SRV-2/Directory', type: 'incremental' }),
      record('off', { kind: 'every', minutes: 60 }, from, { enabled: false }),
    ];
    expect(decide(records, from + HOUR)).toEqual([
      { id: 'weekly', type: 'full', instead: null, covers: ['hourly'] },
      { id: 'other', type: 'incremental', instead: null, covers: [] },
    ]);
    expect(decide(records, from + HOUR, free, ['weekly'])).toMatchObject([{ id: 'hourly' }, { id: 'other' }]);
  });

  it('takes a full where an incremental has no base, when the schedule allows that', () => {
    const hourly = (fullWhenNoBase: boolean) =>
      record('hourly', { kind: 'every', minutes: 60 }, 0, { type: 'incremental', fullWhenNoBase });
    const noBase = { ...free, noBase: () => 'the full is gone' };
    expect(decide([hourly(true)], HOUR, noBase)).toEqual([
      { id: 'hourly', type: 'full', instead: 'the full is gone', covers: [] },
    ]);
    expect(decide([hourly(false)], HOUR, noBase)).toMatchObject([{ type: 'incremental', instead: null }]);
  });

  it.each([
    [{ reachable: false }, 'due', 'Waits for the agent to answer'],
    [{ busy: () => 'Restore' }, 'due', 'Waits for "Restore" to end'],
    [{ standby: true }, 'paused', 'A backup database: the active one is backed up'],
    [{ group: 'HQ' }, 'paused', 'The failover group HQ backs this database up by its own schedules'],
  ])('starts nothing and says why with %o', (facts, state, stateText) => {
    const hourly = record('hourly', { kind: 'every', minutes: 60 }, 0);
    expect(decide([hourly], HOUR, { ...free, ...facts })).toEqual([]);
    const standing = scheduleStanding(hourly, { ...free, ...facts }, false, HOUR, createDueTimes(zone));
    expect(standing).toMatchObject({ state, stateText });
  });

  it('decides over two thousand schedules without asking the calendar again', () => {
    const from = at('2026-06-01T12:00:00Z');
    let asked = 0;
    const counting = (): Schedule => ({
      kind: 'daily',
      get at() {
        asked += 1;
        return '02:30';
      },
    });
    const records = Array.from({ length: 2_000 }, (_, n) =>
      record(`s${n}`, daily, from, { instanceId: `SRV-${n % 1000}/Directory`, when: counting() }),
    );
    const dueTimes = createDueTimes(zone);
    const input = { records, facts: () => free, running: () => false, dueTimes };
    expect(decideRuns({ ...input, now: from })).toEqual([]);
    expect(asked).toBeGreaterThanOrEqual(2_000);
    const before = asked;
    expect(decideRuns({ ...input, now: from + 1_000 })).toEqual([]);
    expect(asked).toBe(before);
  });
});

describe('file names of schedules', () => {
  const parts = {
    ...{ server: 'SRV-1', instance: 'Directory', schedule: 'Friday full!', type: 'full' as const },
    at: at('2026-11-20T07:42:09Z'),
  };
  it('fills the pattern in and keeps to what a file may be called', () => {
    expect(scheduledFileName('{server}-{instance}-{schedule}-{type}-{date}-{time}', parts)).toBe(
      'SRV-1-Directory-Friday-full-full-20261120-074209.bak',
    );
    expect(scheduledFileName('x{date}{time}.BAK', parts)).toBe('x20261120074209.BAK');
  });
  it.each(['always-the-same', '{date}', '../{date}{time}', '{date}/{time}', '{year}{date}{time}', '.{date}{time}'])(
    'refuses %s',
    (pattern) => {
      expect(() => scheduledFileName(pattern, parts)).toThrow(/name pattern/);
    },
  );
});
