// The catalog while its disk refuses writes now and then: what was recorded reads as if it had been written, in order, and is in the file
// once there is room again. The disk is a real SQLite's: a limit of pages that makes it answer SQLITE_FULL.
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCatalog } from '../../core/catalog/catalog.ts';
import { createDrillStore } from '../../core/catalog/drills.ts';
import { createFailoverStore } from '../../core/catalog/groups.ts';
import { createJobStore } from '../../core/catalog/jobs.ts';
import { lateDrills, lateHistory, lateJobs, lateNotifications, lateSchedules } from '../../core/catalog/late-stores.ts';
import { createLateWrites } from '../../core/catalog/late-writes.ts';
import { createNotifyStore } from '../../core/catalog/notifications.ts';
import { openCatalog } from '../../core/catalog/open-catalog.ts';
import { createScheduleStore } from '../../core/catalog/schedules.ts';
import type { DrillReport } from '../../core/contract/drills.ts';
import { toErrorReport } from '../../core/contract/errors.ts';
import type { HistoryEntry } from '../../core/contract/failover.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { Delivery } from '../../core/contract/notify.ts';
import type { ScheduleRun } from '../../core/contract/schedules.ts';
import type { ScheduleRecord } from '../../core/schedule/types.ts';
import { seeded } from '../support/ledger/random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const runs = Number(process.env.HOLDFAST_RUNS ?? 0) || 25;
const firstSeed = Number(process.env.HOLDFAST_SEED ?? 1);

/** So much in each row that no room is left on a page that is there already. */
const FILLER = 'x'.repeat(5_000);

function setUp() {
  const { db } = openCatalog(temporaryFolder('late'), 0);
  onTestFinished(() => void db.close());
  db.pragma('synchronous = OFF');
  const plain = {
    jobs: createJobStore(db),
    notify: createNotifyStore(db),
    schedules: createScheduleStore(db),
    drills: createDrillStore(db),
    failover: createFailoverStore(db),
  };
  const late = createLateWrites(db);
  return {
    db,
    plain,
    late,
    stores: {
      jobs: lateJobs(plain.jobs, late),
      notify: lateNotifications(plain.notify, late),
      schedules: lateSchedules(plain.schedules, late),
      drills: lateDrills(plain.drills, late),
      failover: lateHistory(plain.failover, late),
    },
    fill: () => db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`),
    makeRoom: () => db.pragma('max_page_count = 1000000'),
  };
}

const job = (id: string, startedAt: number, more: Partial<Job> = {}): Job => ({
  ...{ id, kind: 'backup', title: FILLER, target: 'S/D', instanceId: 'S/D', groupId: null, status: 'running' },
  ...{ progress: null, rate: null, etaMs: null, cancelability: 'now', startedAt, endedAt: null, verdict: null },
  ...{ error: null, warnings: [], repeatable: false },
  ...more,
});

const delivery = (n: number): Omit<Delivery, 'id'> => ({
  ...{ channelId: 'c', channel: FILLER, status: 'pending', attempts: 0, at: null, nextAt: null, error: null },
  notice: { id: `n${n}`, at: n, kind: 'failure', level: 'critical', source: 's', text: String(n), since: null },
});

const run = (at: number, more: Partial<ScheduleRun> = {}): ScheduleRun => ({
  ...{ at, endedAt: null, jobId: 'j', status: 'running', type: 'full', idtag: null, verdict: FILLER },
  ...more,
});

const recordOf = (schedule: { id: string; instanceId: string; name: string }, dueFrom = 0) =>
  ({ schedule, dueFrom, retrying: false }) as unknown as ScheduleRecord;

const report = (n: number) =>
  ({ id: `r${n}`, instanceId: 'S/D', startedAt: n, text: FILLER }) as unknown as DrillReport;
const entry = (n: number) => ({ id: `h${n}`, at: n, kind: 'cycle', why: FILLER }) as unknown as HistoryEntry;

/** Everything that a service can read, deliveries by what they are about: their numbers are the store's own. */
function read({ jobs, notify, schedules, drills, failover }: ReturnType<typeof setUp>['stores'], ids: string[]) {
  const about = ({ notice, status, attempts }: Delivery) => `${notice.text} ${status} ${attempts}`;
  return {
    list: jobs.list(5, null),
    before: jobs.list(100, 20).map(({ id }) => id),
    each: ids.map((id) => [jobs.get(id), jobs.lines(id), jobs.outcome(id), jobs.request(id)]),
    pending: notify.pending().map(about),
    deliveries: notify.deliveries(8).map(about),
    conditions: [...notify.conditions()].sort(([a], [b]) => (a < b ? -1 : 1)),
    runs: schedules.runs('s', 6),
    made: [...schedules.madeBy('S/D')].sort(([a], [b]) => (a < b ? -1 : 1)),
    reports: drills.reports('S/D', 4),
    report: drills.report('r1'),
    history: failover.listHistory('g', 5),
  };
}

/** One step of work, the same on both sides. */
function step(
  n: number,
  kind: number,
  at: number,
  { jobs, notify, schedules, drills, failover }: ReturnType<typeof setUp>['stores'],
) {
  const id = `j${at % 7}`;
  if (kind === 0) {
    jobs.save(job(`j${n % 7}`, n % 7));
    jobs.saveRequest(`j${n % 7}`, { n });
  }
  if (kind === 1 && jobs.get(id)) jobs.appendLine(id, { at: n, level: 'info', text: `${n} ${FILLER}` });
  if (kind === 2 && jobs.get(id)) {
    jobs.save(job(id, at % 7, { status: 'succeeded', endedAt: n, verdict: String(n) }));
    jobs.saveOutcome(id, { n }, null);
  }
  if (kind === 3) notify.addDelivery(delivery(n));
  if (kind === 4) {
    const [first] = notify.pending();
    if (first) notify.saveDelivery({ ...first, attempts: first.attempts + 1, status: n % 2 ? 'sent' : 'pending' });
  }
  if (kind === 5) notify.openCondition(`k${at % 3}`, { notice: delivery(n).notice });
  if (kind === 6) notify.closeCondition(`k${at % 3}`);
  if (kind === 7) schedules.addRun('s', 'S/D', run(n));
  if (kind === 8) {
    const [last] = schedules.runs('s', 1);
    if (last) schedules.saveRun('s', { ...last, endedAt: n, status: 'succeeded', idtag: last.idtag ?? `id${n}` });
  }
  if (kind === 9) drills.addReport(report(n));
  if (kind === 10) failover.appendHistory('g', entry(n));
}

describe('the catalog on a disk that is full now and then', () => {
  /** Some runs on one catalog; returns how many steps had something waiting. */
  function live(from: number, to: number): number {
    const [tried, sound] = [setUp(), setUp()];
    const schedule = { id: 's', instanceId: 'S/D', name: 'nightly' };
    for (const { stores } of [tried, sound]) {
      stores.schedules.save(recordOf(schedule));
      stores.failover.saveGroup({ id: 'g', name: 'g', config: {} as never, state: null });
    }
    const ids = Array.from({ length: 7 }, (_, k) => `j${k}`);
    let refused = 0;
    let n = 0;
    for (let seed = from; seed < to; seed++) {
      const random = seeded(seed);
      for (let i = 0; i < 40; i++) {
        n += 1;
        const act = random.below(24);
        const at = random.below(1000);
        if (act === 20) tried.fill();
        if (act === 21) tried.makeRoom();
        if (act === 22) expect(tried.late.retry()).toEqual([]);
        if (act < 20) for (const { stores } of [tried, sound]) step(n, act % 11, at, stores);
        if (tried.late.refusal()) refused += 1;
        if (i % 8 === 0) expect(read(tried.stores, ids), `seed ${seed}, step ${i}`).toEqual(read(sound.stores, ids));
      }
    }
    tried.makeRoom();
    expect(tried.late.retry()).toEqual([]);
    expect(tried.late.count()).toBe(0);
    expect(tried.late.refusal()).toBeNull();
    // From the tables alone.
    expect(read(tried.plain, ids), `after seed ${to - 1}`).toEqual(read(sound.plain, ids));
    return refused;
  }

  it(
    `reads as if all had been written, and is so in the end: ${runs} runs from seed ${firstSeed}`,
    () => {
      let refused = 0;
      for (let seed = firstSeed; seed < firstSeed + runs; seed += 12)
        refused += live(seed, Math.min(seed + 12, firstSeed + runs));
      expect(refused, 'steps with something waiting').toBeGreaterThan(runs);
    },
    60_000 + runs * 2_000,
  );

  it('drops what can never be written, tells of it, and writes the rest', () => {
    const { late, stores, plain, fill, makeRoom } = setUp();
    stores.jobs.save(job('a', 1));
    fill();
    stores.jobs.appendLine('a', { at: 1, level: 'info', text: FILLER });
    // No such job: the table refuses the line, whatever room there is.
    stores.jobs.appendLine('nobody', { at: 2, level: 'info', text: 'lost' });
    stores.jobs.appendLine('a', { at: 3, level: 'info', text: 'kept' });
    expect(late.count()).toBe(3);
    expect(toErrorReport(late.refusal())).toMatchObject({ name: 'NO_SPACE', code: -7007 });
    expect(late.retry()).toEqual([]);
    expect(late.count()).toBe(3);
    makeRoom();
    expect(late.retry()).toMatchObject([{ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' }]);
    expect(plain.jobs.lines('a').map(({ text }) => text.slice(0, 4))).toEqual(['xxxx', 'kept']);
  });

  it('does not bring back what was removed or set anew while it waited', () => {
    const { stores, plain, late, fill, makeRoom } = setUp();
    const schedule = { id: 's', instanceId: 'S/D', name: FILLER };
    stores.schedules.save(recordOf(schedule, 1));
    fill();
    stores.schedules.saveLater(recordOf({ ...schedule, name: FILLER.repeat(3) }, 2));
    expect(late.count()).toBe(1);
    stores.schedules.remove('s');
    makeRoom();
    late.retry();
    expect(plain.schedules.list()).toEqual([]);
  });

  it('keeps apart, in order, what happened in one millisecond', () => {
    const { stores, late, fill, makeRoom } = setUp();
    stores.schedules.addRun('s', 'S/D', run(5, { jobId: 'first' }));
    stores.schedules.addRun('s', 'S/D', run(5, { jobId: 'second' }));
    stores.jobs.save(job('first', 5));
    stores.jobs.save(job('second', 5));
    const order = () => [
      stores.schedules.runs('s', 9).map(({ jobId }) => jobId),
      stores.jobs.list(9, null).map(({ id }) => id),
    ];
    expect(order()).toEqual([
      ['second', 'first'],
      ['second', 'first'],
    ]);
    fill();
    stores.jobs.save(job('third', 5));
    stores.jobs.save(job('first', 5, { title: FILLER.repeat(2) }));
    expect(order()[1]).toEqual(['third', 'second', 'first']);
    makeRoom();
    late.retry();
    expect(order()[1]).toEqual(['third', 'second', 'first']);
  });

  it('refuses, by a code and with what to do, what an administrator sets', () => {
    const { stores, fill } = setUp();
    fill();
    const work = () => stores.schedules.save(recordOf({ id: 's', instanceId: 'S/D', name: FILLER.repeat(3) }));
    try {
      work();
      expect.unreachable();
    } catch (error) {
      expect(toErrorReport(error)).toMatchObject({ name: 'NO_SPACE', hint: 'Free space or choose another folder.' });
    }
  });
});

it('a catalog that has no servers takes over those on the disk, whatever kept the start before from doing so', () => {
  const folder = temporaryFolder('half');
  const first = createCatalog(folder, 0);
  const server = { name: 'S', root: folder, allowedFolders: [], httpPort: 0, stopped: false, lab: false, addedAt: 1 };
  first.servers.save(server);
  first.close();
  // As if the disk had been full after the new catalog was made and before the servers were in it.
  const { db } = openCatalog(folder, 0);
  db.exec('DELETE FROM servers');
  db.close();
  const second = createCatalog(folder, 0);
  onTestFinished(() => second.close());
  expect(second.servers.list()).toEqual([server]);
  expect(second.recovered).toEqual(['S']);
});
