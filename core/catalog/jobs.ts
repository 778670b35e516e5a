// Job rows and log lines, written as the work runs.
import type Database from 'better-sqlite3';
import type { Job, JobLogLine } from '../contract/jobs.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import type { JobStore } from '../jobs/store.ts';

const KEPT_JOBS = 5_000;

interface Row {
  job: string;
  request: string | null;
  result: string | null;
  view: string | null;
}

const parse = (text: string | null | undefined): unknown => (text ? (JSON.parse(text) as unknown) : null);
const jobOf = (row: Row) => JSON.parse(row.job) as Job;

export function createJobStore(db: Database.Database): JobStore {
  const upsert = db.prepare(`INSERT INTO jobs (id, status, started_at, ended_at, job) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, started_at = excluded.started_at,
      ended_at = excluded.ended_at, job = excluded.job`);
  const setRequest = db.prepare('UPDATE jobs SET request = ? WHERE id = ?');
  const setOutcome = db.prepare('UPDATE jobs SET result = ?, view = ? WHERE id = ?');
  const one = db.prepare<[string], Row>('SELECT job, request, result, view FROM jobs WHERE id = ?');
  const newest = db.prepare<[number, number], Row>(
    'SELECT * FROM jobs WHERE started_at < ? ORDER BY started_at DESC, rowid DESC LIMIT ?',
  );
  const open = db.prepare<[], Row>('SELECT * FROM jobs WHERE ended_at IS NULL');
  const addLine = db.prepare(`INSERT INTO job_lines
    VALUES (@id, (SELECT coalesce(max(number), 0) + 1 FROM job_lines WHERE job_id = @id), @at, @level, @text)`);
  const lines = db.prepare<[string], JobLogLine>(
    'SELECT at, level, text FROM job_lines WHERE job_id = ? ORDER BY number',
  );
  const trim = db.prepare(`DELETE FROM jobs WHERE ended_at IS NOT NULL AND id NOT IN
    (SELECT id FROM jobs ORDER BY started_at DESC LIMIT ?)`);
  try {
    trim.run(KEPT_JOBS);
  } catch (error) {
    // Housekeeping waits for the next start: a full disk must not keep this one from happening.
    if (!isStorageRefusal(error)) throw error;
  }

  return {
    save: (job) => void upsert.run(job.id, job.status, job.startedAt, job.endedAt, JSON.stringify(job)),
    saveRequest: (id, request) => void setRequest.run(JSON.stringify(request), id),
    saveOutcome: (id, result, view) =>
      void setOutcome.run(JSON.stringify(result ?? null), JSON.stringify(view ?? null), id),
    appendLine: (id, line) => void addLine.run({ id, ...line }),
    lines: (id) => lines.all(id),
    get(id) {
      const row = one.get(id);
      return row ? jobOf(row) : null;
    },
    request: (id) => parse(one.get(id)?.request),
    outcome(id) {
      const row = one.get(id);
      return { result: parse(row?.result), view: parse(row?.view) };
    },
    list: (limit, before) => newest.all(before ?? Number.MAX_SAFE_INTEGER, limit).map(jobOf),
    unfinished: () => open.all().map(jobOf),
  };
}
