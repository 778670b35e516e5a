// Schedules of single databases with their runs, and how long backups are kept.
import type Database from 'better-sqlite3';
import type { BackupSchedule, RetentionPolicy, ScheduleRun } from '../contract/schedules.ts';
import type { RetentionStore } from '../retention/types.ts';
import type { ScheduleStore } from '../schedule/types.ts';

/** For each schedule; runs that made a backup stay as long as backups can. */
const KEPT_RUNS = 1_000;

export function createScheduleStore(db: Database.Database): ScheduleStore {
  const all = db.prepare<[], { schedule: string; due_from: number; retrying: number }>(
    'SELECT * FROM backup_schedules ORDER BY rowid',
  );
  const upsert = db.prepare(`INSERT INTO backup_schedules VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET instance = excluded.instance, schedule = excluded.schedule, due_from = excluded.due_from, retrying = excluded.retrying`);
  const remove = db.prepare('DELETE FROM backup_schedules WHERE id = ?');
  const runs = db.prepare<[string, number], { run: string }>(
    'SELECT run FROM schedule_runs WHERE schedule_id = ? ORDER BY at DESC, id DESC LIMIT ?',
  );
  const nameOf = db.prepare<[string], { schedule: string }>('SELECT schedule FROM backup_schedules WHERE id = ?');
  const insert = db.prepare(
    'INSERT INTO schedule_runs (schedule_id, instance, name, at, idtag, run) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const trim = db.prepare(`DELETE FROM schedule_runs WHERE schedule_id = @id AND idtag IS NULL AND at <
    (SELECT at FROM schedule_runs WHERE schedule_id = @id ORDER BY at DESC LIMIT 1 OFFSET ${KEPT_RUNS})`);
  const replace = db.prepare(
    'UPDATE schedule_runs SET run = ?, idtag = ? WHERE id = (SELECT max(id) FROM schedule_runs WHERE schedule_id = ? AND at = ?)',
  );
  const made = db.prepare<[string], { idtag: string; schedule_id: string; name: string }>(
    'SELECT idtag, schedule_id, name FROM schedule_runs WHERE instance = ? AND idtag IS NOT NULL',
  );
  const save: ScheduleStore['save'] = ({ schedule, dueFrom, retrying }) =>
    void upsert.run(schedule.id, schedule.instanceId, JSON.stringify(schedule), dueFrom, Number(retrying));
  return {
    list: () =>
      all.all().map((row) => ({
        schedule: JSON.parse(row.schedule) as BackupSchedule,
        dueFrom: row.due_from,
        retrying: row.retrying === 1,
      })),
    save,
    saveLater: save,
    remove: (id) => void remove.run(id),
    runs: (id, limit) => runs.all(id, limit).map((row) => JSON.parse(row.run) as ScheduleRun),
    addRun: db.transaction((id: string, instanceId: string, run: ScheduleRun) => {
      const row = nameOf.get(id);
      const name = row ? (JSON.parse(row.schedule) as BackupSchedule).name : '';
      insert.run(id, instanceId, name, run.at, run.idtag, JSON.stringify(run));
      trim.run({ id });
    }),
    saveRun: (id, run) => void replace.run(JSON.stringify(run), run.idtag, id, run.at),
    madeBy: (instanceId) =>
      new Map(made.all(instanceId).map((row) => [row.idtag, { scheduleId: row.schedule_id, name: row.name }])),
  };
}

export function createRetentionStore(db: Database.Database): RetentionStore {
  const one = db.prepare<[string], { policy: string }>('SELECT policy FROM retention_policies WHERE instance = ?');
  const upsert = db.prepare('INSERT OR REPLACE INTO retention_policies VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM retention_policies WHERE instance = ?');
  const all = db.prepare<[], { instance: string }>('SELECT instance FROM retention_policies');
  return {
    policy(instanceId) {
      const row = one.get(instanceId);
      return row ? (JSON.parse(row.policy) as RetentionPolicy) : null;
    },
    setPolicy(instanceId, policy) {
      if (policy) upsert.run(instanceId, JSON.stringify(policy));
      else remove.run(instanceId);
    },
    instances: () => all.all().map((row) => row.instance),
  };
}
