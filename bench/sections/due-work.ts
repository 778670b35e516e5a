// B11: how long the engine takes to decide what is due, on a catalogue of many instances and backups.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { createCatalog } from '../../core/catalog/catalog.ts';
import type { BackupSchedule } from '../../core/contract/schedules.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { decideRuns } from '../../core/schedule/decide-runs.ts';
import { createDueTimes } from '../../core/schedule/due-times.ts';
import { createBackupSchedules } from '../../core/schedule/service.ts';
import type { InstanceFacts, ScheduleRecord } from '../../core/schedule/types.ts';
import { median, type Series, withinLimit } from '../measure.ts';
import type { BenchPlace, Section } from '../section.ts';

const INSTANCES = 1_000;
const BACKUPS_EACH = 100;
const TARGET_MS = 20;
const HOUR = 3_600_000;

/** B11: the decision alone, first with every calendar to be asked and then as each second asks it, and a second of the service around it. */
export async function dueWork({ rounds, folder }: BenchPlace): Promise<Section> {
  const now = systemClock.now();
  const records = manySchedules(INSTANCES, now);
  const facts: InstanceFacts = {
    ...{ reachable: true, standby: false, group: null, noBase: () => null, busy: () => null },
  };
  const first: Series = { name: 'decision, calendars not known yet', runs: [], cpu: [] };
  const steady: Series = { name: 'decision, nothing due', runs: [], cpu: [] };
  const due: Series = { name: 'decision, everything due', runs: [], cpu: [] };
  const second: Series = { name: 'a second of the service', runs: [], cpu: [] };
  const decide = (into: Series, dueTimes: ReturnType<typeof createDueTimes>, at: number, expected: number) => {
    const start = performance.now();
    const decisions = decideRuns({ records, facts: () => facts, running: () => false, now: at, dueTimes });
    into.runs.push(performance.now() - start);
    if (decisions.length !== expected) throw new Error(`${decisions.length} runs were due, not ${expected}.`);
  };
  for (let round = 0; round < Math.max(rounds, 5); round++) {
    const dueTimes = createDueTimes();
    decide(first, dueTimes, now, 0);
    decide(steady, dueTimes, now, 0);
    decide(due, dueTimes, now + 48 * HOUR, INSTANCES);
  }
  const data = path.join(folder, 'due-work');
  const started = performance.now();
  const catalog = createCatalog(data, now);
  try {
    fillCatalog(path.join(data, 'catalog.db'), records, now);
    const filledMs = performance.now() - started;
    const opened = performance.now();
    const service = createBackupSchedules({
      ...{ clock: systemClock, store: catalog.schedules, facts: () => facts, changed: () => {} },
      start: () => Promise.reject(new Error('nothing is due')),
      ...{ job: () => null, idtagOf: () => null, message: () => {}, clearMessage: () => {}, succeeded: () => {} },
    });
    const openedMs = performance.now() - opened;
    for (let round = 0; round < Math.max(rounds, 5); round++) {
      const start = performance.now();
      await service.tick();
      service.next();
      second.runs.push(performance.now() - start);
    }
    return {
      id: 'B11',
      title: `What is due, of ${records.length} schedules of ${INSTANCES} instances with ${INSTANCES * BACKUPS_EACH} backups`,
      series: [first, steady, due, second],
      comparisons: [first, steady, due, second].map((one) =>
        withinLimit('B11', `${one.name}, ms ÷ ${TARGET_MS}`, one.runs, TARGET_MS),
      ),
      facts: {
        'ms to fill the catalogue': Math.round(filledMs),
        'ms to open it': Math.round(openedMs),
        'steady median ms': median(steady.runs).toFixed(2),
        'catalogue bytes': fs.statSync(path.join(data, 'catalog.db')).size,
      },
    };
  } finally {
    catalog.close();
    fs.rmSync(data, { recursive: true, force: true });
  }
}

/** A weekly full, by one of several calendars, and an incremental every hour for each instance; none is due at `now`. */
export function manySchedules(instances: number, now: number): ScheduleRecord[] {
  const records: ScheduleRecord[] = [];
  for (let index = 0; index < instances; index++) {
    const at = `${String(index % 24).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}`;
    const add = (name: string, type: BackupSchedule['type'], when: BackupSchedule['when']) => {
      const schedule: BackupSchedule = {
        ...{ id: `${name}-${index}`, instanceId: `SRV-${index % 10}/DB-${index}`, name, enabled: true, type, when },
        ...{ folder: null, namePattern: null, options: {}, fullWhenNoBase: true, notifySuccess: false, keep: null },
        createdAt: now,
      };
      records.push({ schedule, dueFrom: now, retrying: false });
    };
    add(
      'full',
      'full',
      index % 2 === 0 ? { kind: 'daily', at } : { kind: 'cron', expression: `${index % 60} ${index % 24} * * *` },
    );
    add('incremental', 'incremental', { kind: 'every', minutes: 60 });
  }
  return records;
}

/** Each instance has had its backups: a run with an idtag for each. Written past the stores, which make each run durable. */
function fillCatalog(file: string, records: ScheduleRecord[], now: number): void {
  const db = new Database(file);
  const schedules = db.prepare('INSERT INTO backup_schedules VALUES (?, ?, ?, ?, ?)');
  const runs = db.prepare(
    'INSERT INTO schedule_runs (schedule_id, instance, name, at, idtag, run) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const fill = db.transaction(() => {
    for (const { schedule, dueFrom } of records) {
      const { id, instanceId, name, type } = schedule;
      schedules.run(id, instanceId, JSON.stringify(schedule), dueFrom, 0);
      for (let n = 0; n < (type === 'full' ? 0 : BACKUPS_EACH); n++) {
        const at = now - (BACKUPS_EACH - n) * HOUR;
        const idtag = Math.floor(at / 1000)
          .toString(16)
          .toUpperCase();
        const run = { at, endedAt: at + 2000, jobId: `${id}-${n}`, status: 'succeeded', type, idtag, verdict: 'good' };
        runs.run(id, instanceId, name, at, idtag, JSON.stringify(run));
      }
    }
  });
  fill();
  db.close();
}
