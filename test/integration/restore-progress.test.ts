// Each number of a restore's progress against what the file system says at that moment, the time left of the whole job, and cancels in
// every phase. HOLDFAST_RESTORE_MB says how large the database is: 3000 with `node scripts/prove-restore-3gb.mjs`.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../core/contract/common.ts';
import type { RestoreEvent, RestoreOptions, RestoreView } from '../../core/contract/restore.ts';
import { restoreOptionsSchema } from '../../core/contract/restore.ts';
import { keepPace, type Pace, timeLeft } from '../../core/jobs/eta.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { measuredPace, PACED, type RestorePace } from '../../core/restore/restore-pace.ts';
import { runRestore } from '../../core/restore/run-restore.ts';
import type { RestoreTarget } from '../../core/restore/types.ts';
import { backup, createLab, type Lab, sql } from '../support/agent-lab.ts';

const MEGABYTES = Number(process.env.HOLDFAST_RESTORE_MB ?? 64);
const LONG = MEGABYTES >= 1000;
/** The long form holds the product's promise; the short one runs beside everything else on a busy machine. */
// Within a second on a quiet machine; the short form runs on any.
const CANCEL_MS = LONG ? 1_000 : 30_000;
const PAGE_SIZE = 4096;
/** Under way in the threads while one figure is told: two pieces of 1 MiB in each of at most four. */
const UNDER_WAY = Math.min(4, os.availableParallelism()) * 2 * 1024 * 1024;

let lab: Lab;
let logFolder: string;
let full: string;

beforeAll(
  async () => {
    lab = createLab();
    fs.mkdirSync(lab.path('bak'));
    const database = lab.path('data', 'Directory.db');
    fs.mkdirSync(path.dirname(database));
    sql(
      database,
      `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL;
       CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT, photo BLOB);
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${Math.round(MEGABYTES * 1150)})
       INSERT INTO entry SELECT i, 'entry ' || i, hex(randomblob(260)), randomblob(300) FROM n;
       CREATE INDEX entry_by_name ON entry (name); PRAGMA wal_checkpoint(TRUNCATE);`,
    );
    const { api } = await lab.agent();
    await api.protect({ instance: 'Directory', path: database, replica: 1, logging: true });
    full = lab.path('bak', 'full.bak');
    await backup(api, 'Directory', { file: full });
    const change = (from: number) => sql(database, `UPDATE entry SET body = 'changed' WHERE id % 40 = ${from};`);
    change(1);
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'inc.bak') });
    change(2);
    change(3);
    await api.captureNow({ instance: 'Directory' });
    ({ directory: logFolder } = await api.getConfig({ instance: 'Directory' }));
  },
  LONG ? 600_000 : 60_000,
);
afterAll(() => lab.close());

interface Heard {
  at: number;
  progress: Progress;
  /** Bytes that the file system has given to RST when the figure came. */
  allocated: number;
}

function bareTarget(name: string): RestoreTarget {
  const home = lab.path('.holdfast', name);
  fs.mkdirSync(home, { recursive: true });
  return {
    ...{ path: lab.path(`${name}.db`), home, wasFenced: false, dataTime: null, logSettings: null },
    close: async () => {},
    ...{ reopen: () => {}, waiting: () => {}, contains: () => false, adopt: () => {}, opened: () => {} },
  };
}

/** Restores into a new file; `hear` gets every figure while RST is as it was when the figure was told. */
async function restore(name: string, hear: (heard: Heard) => void = () => {}, signal = new AbortController().signal) {
  const target = bareTarget(name);
  const rst = path.join(target.home, 'staging', `${name}.db.rst`);
  const options: RestoreOptions = restoreOptionsSchema.parse({
    ...{
      file: full,
      incrementals: [lab.path('bak', 'inc.bak')],
      log: lab.path('restore.log'),
      logFolder,
      skipVerify: true,
    },
  });
  let view: RestoreView | null = null;
  let failed: string | null = null;
  const emit = (event: RestoreEvent) => {
    if (event.kind === 'failed') failed = event.error.name;
    if (event.kind !== 'view') return;
    view = event.view;
    const stat = fs.statSync(rst, { throwIfNoEntry: false });
    hear({ at: performance.now(), progress: event.view.progress, allocated: (stat?.blocks ?? 0) * 512 });
  };
  const context = { files: systemFiles, clock: systemClock, keys: { candidates: async () => [] }, at: () => {} };
  await runRestore({ ...context, target, emit, signal }, options);
  return { view: view as RestoreView | null, failed: failed as string | null, file: target.path, home: target.home };
}

const drop = ({ file, home }: { file: string; home: string }) => {
  fs.rmSync(file, { force: true });
  fs.rmSync(home, { recursive: true, force: true });
};
const phases = ['Restoring', 'Replaying logs', 'Reading back'];
const planned = (heard: Heard[], phase: string) =>
  heard.filter(({ progress }) => progress.phase === phase && progress.plan !== undefined);

describe('a restore', () => {
  const heard: Heard[] = [];
  let pages = 0;

  it('tells of pages only when they are in the file, never backwards, and of all of them in the end', async () => {
    const done = await restore('told', (one) => heard.push(one));
    expect(done.failed).toBeNull();
    expect(sql(done.file, "PRAGMA integrity_check; SELECT count(*) FROM entry WHERE body = 'changed';")).toBe(
      `ok\n${sql(lab.path('data', 'Directory.db'), "SELECT count(*) FROM entry WHERE body = 'changed'")}`,
    );
    pages = fs.statSync(done.file).size / PAGE_SIZE;
    expect(done.view!.blockMap).toMatch(/^v+$/);
    for (const phase of phases) {
      const told = planned(heard, phase);
      expect(told.length, phase).toBeGreaterThan(0);
      const figures = told.map(({ progress }) => progress.done);
      expect(figures).toEqual(figures.toSorted((a, b) => a - b));
      const last = told.at(-1)!.progress;
      expect(last.done, phase).toBe(last.total);
      for (const { progress } of told) expect(progress.total).toBe(last.total);
    }
    const written = planned(heard, 'Restoring');
    // Blocks of a file system can be larger than a page, and those of the map of the file come on top.
    // Pages that the logs give can be written through beforehand.
    const slack = UNDER_WAY + pages * PAGE_SIZE * 0.02 + (pages * PAGE_SIZE - written.at(-1)!.progress.done);
    for (const { progress, allocated } of written) {
      expect(progress.done).toBeLessThanOrEqual(allocated);
      if (written.length > 20) expect(allocated).toBeLessThanOrEqual(progress.done + slack);
    }
    // What the backups gave and what the logs gave are all pages, each once.
    const afterLogs = planned(heard, 'Reading back')[0]!;
    expect(afterLogs.allocated).toBeGreaterThanOrEqual(pages * PAGE_SIZE - PAGE_SIZE);
    expect(afterLogs.allocated).toBeLessThanOrEqual(pages * PAGE_SIZE * 1.02);
    expect(planned(heard, 'Reading back').at(-1)!.progress.done).toBe(pages * PAGE_SIZE);
    expect(written.at(-1)!.progress.done).toBeLessThan(pages * PAGE_SIZE);
    expect(done.view!.sources.map(({ status, done: one, total }) => [status, one === total])).toEqual([
      ...[
        ['done', true],
        ['done', true],
        ['done', true],
      ],
    ]);
    drop(done);
  }, 600_000);

  it('knows how long the whole will take: by its figures at a steady pace, and in the long form by the clock', () => {
    const work = heard.find(({ progress }) => progress.plan)!.progress.plan!.work;
    expect(work.every((ms) => ms > 0)).toBe(true);
    const whole = work.reduce((sum, ms) => sum + ms, 0);
    const doneOf = ({ plan, done, total }: Progress) =>
      work.slice(0, plan!.current).reduce((sum, ms) => sum + ms, 0) +
      (total ? (done / total) * work[plan!.current]! : 0);
    // Virtual: a machine on which each figure comes when its share of the work is done, three times as slow as foreseen.
    let pace: Pace | null = null;
    let expected: RestorePace = { base: work, work };
    const cpu = (elapsedMs: number) => (elapsedMs / 1.3) * 2.1;
    let [phase, since, judged] = [0, 0, 0];
    const slow = Math.max(3, 3_000 / whole);
    for (const { progress } of heard) {
      if (!progress.plan) continue;
      const now = doneOf(progress) * slow;
      const { current } = progress.plan;
      if (current !== phase) [phase, since] = [current, doneOf({ ...progress, done: 0 }) * slow];
      if (progress.total)
        expected = measuredPace(expected, PACED[phase]!, progress.done / progress.total, now - since, cpu(now - since));
      pace = keepPace(pace, { ...progress, plan: { current, work: [...expected.work] } }, now);
      const left = timeLeft(pace!, now);
      // In the first half second nothing is said.
      if (now < Math.max(500, (whole * slow) / 10)) continue;
      expect(Math.abs(left! - (whole * slow - now)), `${progress.phase} ${progress.done}`).toBeLessThan(
        0.05 * whole * slow,
      );
      judged++;
    }
    expect(judged).toBeGreaterThan(2);
    if (!LONG) return;
    const [first, last] = [heard.find(({ progress }) => progress.plan)!.at, heard.at(-1)!.at];
    const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
    let [real, worst, printed]: [Pace | null, number, number] = [null, 0, 0];
    for (const { at, progress } of heard) {
      if (!progress.plan) continue;
      real = keepPace(real, progress, at);
      const left = timeLeft(real!, at);
      if (at - first >= printed) {
        process.stdout.write(
          `${seconds(at - first)} ${progress.phase}: ${seconds(left ?? 0)} said, ${seconds(last - at)} were left\n`,
        );
        printed += (last - first) / 25;
      }
      if (at - first < (last - first) / 10) continue;
      worst = Math.max(worst, Math.abs(left! - (last - at)) / (last - first));
    }
    process.stdout.write(`Time left: off by at most ${(worst * 100).toFixed(1)} % of ${Math.round(last - first)} ms\n`);
    expect(worst).toBeLessThan(0.2);
  });

  it.each([0, 1, 2, 3])(
    'is cancelled in phase %i within a moment, and leaves what that step says',
    async (phase) => {
      const abort = new AbortController();
      let cancelledAt = 0;
      const done = await restore(
        `cancel-${phase}`,
        ({ progress }) => {
          if (cancelledAt > 0 || progress.plan?.current !== phase) return;
          cancelledAt = performance.now();
          abort.abort();
        },
        abort.signal,
      );
      const took = performance.now() - cancelledAt;
      expect(cancelledAt).toBeGreaterThan(0);
      expect(done.failed).toBe('CANCELLED');
      if (LONG) process.stdout.write(`Cancelled in phase ${phase} after ${Math.round(took)} ms\n`);
      expect(took).toBeLessThan(CANCEL_MS);
      expect(fs.existsSync(done.file)).toBe(false);
      // Complete sets are kept: from the verification on.
      const staging = fs.readdirSync(path.join(done.home, 'staging')).filter((name) => !/-(wal|shm)$/.test(name));
      expect(staging.length).toBe(phase === 3 ? 1 : 0);
      drop(done);
    },
    600_000,
  );
});
