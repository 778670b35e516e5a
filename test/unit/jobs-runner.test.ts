// The job runner: verdicts, exclusion, the three ways to cancel, what is written down, and what a restart makes of it.
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Catalog, createCatalog } from '../../core/catalog/catalog.ts';
import type { Progress } from '../../core/contract/common.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { createJobRunner } from '../../core/jobs/job-runner.ts';
import type { JobContext, JobOutcome, JobSpec } from '../../core/jobs/types.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const done: JobOutcome = { verdict: 'All copied', result: { pages: 3 } };

function setUp(folder = temporaryFolder(), clock = new FakeClock()) {
  const catalog: Catalog = createCatalog(folder, clock.now());
  onTestFinished(() => catalog.close());
  const seen = { bugs: [] as unknown[], storeErrors: [] as unknown[], changes: 0 };
  const runner = createJobRunner({
    clock,
    store: catalog.jobs,
    changed: () => void seen.changes++,
    onBug: (error) => seen.bugs.push(error),
    onStoreError: (error) => seen.storeErrors.push(error),
  });
  return { folder, clock, catalog, runner, seen };
}

const spec = (patch: Partial<JobSpec> = {}): JobSpec => ({
  kind: 'backup',
  title: 'Full backup',
  target: 'SRV-1/Directory',
  instanceId: 'SRV-1/Directory',
  groupId: null,
  request: null,
  cancelability: 'now',
  exclusive: null,
  ...patch,
});

/** Work that goes on until its signal says stop or the test lets it end. */
function gated() {
  const gate = Promise.withResolvers<JobOutcome>();
  let context!: JobContext;
  const started = Promise.withResolvers<void>();
  const work = (given: JobContext) => {
    context = given;
    started.resolve();
    given.signal.addEventListener('abort', () => gate.reject(given.signal.reason));
    return gate.promise;
  };
  return { gate, work, started: started.promise, context: () => context };
}

const progress = (phaseIndex: number, at: number): Progress => ({
  phase: `phase ${phaseIndex}`,
  phaseIndex,
  phaseCount: 2,
  done: at,
  total: 10_000,
  unit: 'bytes',
});

describe('a job', () => {
  it('keeps verdict, result, picture and log, in memory and in the catalog', async () => {
    const { runner, catalog } = setUp();
    const id = runner.run(spec({ request: { again: 1 } }), async (job) => {
      job.log('info', 'first line');
      job.attach({ step: 3 });
      return done;
    });
    expect(await runner.wait(id)).toMatchObject({ status: 'succeeded', verdict: 'All copied', repeatable: true });
    expect(runner.lines(id).map((line) => line.text)).toEqual(['first line']);
    expect(runner.outcome(id)).toEqual({ result: { pages: 3 }, view: { step: 3 } });
    expect(catalog.jobs.get(id)).toEqual(runner.get(id));
    expect(catalog.jobs.request(id)).toEqual({ again: 1 });
  });

  it('succeeds with warnings when there were some', async () => {
    const { runner } = setUp();
    const id = runner.run(spec(), async (job) => {
      job.warn({ name: 'slow', message: 'The disk is slow' });
      return done;
    });
    expect(await runner.wait(id)).toMatchObject({ status: 'succeededWithWarnings' });
  });

  it('fails with the very error of its work; a bug becomes INTERNAL and is reported', async () => {
    const { runner, seen } = setUp();
    const expected = runner.run(spec(), () => Promise.reject(new HoldfastError('NO_SPACE', '/b is full')));
    expect(await runner.wait(expected)).toMatchObject({ status: 'failed', error: { name: 'NO_SPACE', code: -7007 } });
    expect(seen.bugs).toEqual([]);
    const bug = runner.run(spec(), () => {
      throw new TypeError('x is not a function');
    });
    expect(await runner.wait(bug)).toMatchObject({ status: 'failed', error: { name: 'INTERNAL' } });
    expect(seen.bugs).toHaveLength(1);
  });

  it('shows rate and time left while it runs, and neither afterwards', async () => {
    const { runner, clock } = setUp();
    const { work, started, context, gate } = gated();
    const id = runner.run(spec(), work);
    await started;
    for (let i = 0; i <= 10; i++) {
      context().report(progress(1, i * 500));
      clock.advance(500);
    }
    expect(runner.get(id)).toMatchObject({ rate: 1000, etaMs: 5000, progress: { done: 5000 } });
    context().report(progress(2, 0));
    expect(runner.get(id)).toMatchObject({ rate: null, etaMs: null });
    gate.resolve(done);
    expect(await runner.wait(id)).toMatchObject({ status: 'succeeded', rate: null, etaMs: null });
  });
});

describe('exclusion', () => {
  const exclusive = { key: 'instance:a', busyError: 'BACKUP_ACTIVE' } as const;

  it('refuses the second with the error of what runs', async () => {
    const { runner } = setUp();
    const first = gated();
    const id = runner.run(spec({ kind: 'restore', exclusive }), first.work);
    expect(() => runner.run(spec({ exclusive }), first.work)).toThrowError(
      expect.objectContaining({ name: 'RESTORE_ACTIVE', details: { jobId: id } }),
    );
    await first.started;
    first.gate.resolve(done);
    await runner.wait(id);
    const next = runner.run(spec({ exclusive }), async () => done);
    expect((await runner.wait(next)).status).toBe('succeeded');
  });

  it('lets the second wait when nothing says to refuse it, in order', async () => {
    const { runner } = setUp();
    const waiting = { key: 'lab', busyError: null };
    const order: string[] = [];
    const first = gated();
    const a = runner.run(spec({ exclusive: waiting }), first.work);
    const later = ['b', 'c'].map((name) =>
      runner.run(spec({ exclusive: waiting }), async () => {
        order.push(name);
        return done;
      }),
    );
    expect(later.map((id) => runner.get(id)?.status)).toEqual(['queued', 'queued']);
    await first.started;
    first.gate.reject(new HoldfastError('NO_SPACE'));
    expect((await runner.wait(a)).status).toBe('failed');
    for (const id of later) expect((await runner.wait(id)).status).toBe('succeeded');
    expect(order).toEqual(['b', 'c']);
  });

  it('cancels a waiting job without starting it', async () => {
    const { runner } = setUp();
    const waiting = { key: 'lab', busyError: null };
    const first = gated();
    runner.run(spec({ exclusive: waiting }), first.work);
    let began = false;
    const id = runner.run(spec({ exclusive: waiting }), async () => {
      began = true;
      return done;
    });
    runner.cancel(id);
    expect((await runner.wait(id)).status).toBe('canceled');
    await first.started;
    first.gate.resolve(done);
    await new Promise((resolve) => setImmediate(resolve));
    expect(began).toBe(false);
  });
});

describe('cancel', () => {
  it('now: aborts at once', async () => {
    const { runner } = setUp();
    const { work, started } = gated();
    const id = runner.run(spec(), work);
    await started;
    runner.cancel(id);
    expect(runner.get(id)?.status).toBe('canceling');
    expect(await runner.wait(id)).toMatchObject({ status: 'canceled', error: { name: 'CANCELLED' } });
  });

  it('afterStep: waits for the next phase', async () => {
    const { runner } = setUp();
    const { work, started, context } = gated();
    const id = runner.run(spec({ cancelability: 'afterStep' }), work);
    await started;
    context().report(progress(1, 10));
    runner.cancel(id);
    context().report(progress(1, 20));
    expect(context().signal.aborted).toBe(false);
    context().report(progress(2, 0));
    expect(context().signal.aborted).toBe(true);
    expect((await runner.wait(id)).status).toBe('canceled');
  });

  it('no: is refused, and the job goes on to its own end', async () => {
    const { runner } = setUp();
    const { work, started, context, gate } = gated();
    const id = runner.run(spec(), work);
    await started;
    context().setCancelability('no');
    expect(() => runner.cancel(id)).toThrowError(expect.objectContaining({ name: 'NOT_SUPPORTED' }));
    gate.resolve(done);
    expect((await runner.wait(id)).status).toBe('succeeded');
  });

  it('believes the work: one that failed on its own while cancelling has failed, one that finished has finished', async () => {
    const { runner } = setUp();
    const failing = gated();
    const a = runner.run(spec(), (job) => failing.work(job).catch(() => Promise.reject(new HoldfastError('IO_ERROR'))));
    await failing.started;
    runner.cancel(a);
    expect(await runner.wait(a)).toMatchObject({ status: 'failed', error: { name: 'IO_ERROR' } });
    const finishing = gated();
    const b = runner.run(spec(), (job) => finishing.work(job).catch(() => done));
    await finishing.started;
    runner.cancel(b);
    expect((await runner.wait(b)).status).toBe('succeeded');
  });

  it('of an unknown job is NOT_FOUND, of an ended one nothing', async () => {
    const { runner } = setUp();
    expect(() => runner.cancel('nobody')).toThrowError(expect.objectContaining({ name: 'NOT_FOUND' }));
    const id = runner.run(spec(), async () => done);
    await runner.wait(id);
    runner.cancel(id);
    expect(runner.get(id)?.status).toBe('succeeded');
  });
});

describe('the end of the process', () => {
  it('interrupts what runs when it is orderly', async () => {
    const { runner } = setUp();
    const { work, started } = gated();
    const id = runner.run(spec(), work);
    await started;
    await runner.stop(1000);
    expect(runner.get(id)).toMatchObject({ status: 'interrupted', error: { name: 'INTERRUPTED' } });
    expect(() => runner.run(spec(), work)).toThrowError(expect.objectContaining({ name: 'ENGINE_NOT_RUNNING' }));
  });

  it('does not wait for work that ignores it longer than the grace', async () => {
    const { runner, clock } = setUp();
    const id = runner.run(spec(), () => new Promise(() => {}));
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = runner.stop(1000);
    clock.advance(1000);
    await stopped;
    expect(runner.get(id)?.endedAt).toBeNull();
  });

  it('turns what a crash left running into interrupted, with its log', async () => {
    const before = setUp();
    const { work, started, context } = gated();
    const id = before.runner.run(spec({ request: { kind: 'x' } }), work);
    await started;
    context().log('info', 'half way');
    const after = setUp(before.folder, before.clock);
    expect(after.runner.recover().map((job) => job.id)).toEqual([id]);
    expect(after.runner.get(id)).toMatchObject({ status: 'interrupted', error: { name: 'INTERRUPTED' } });
    expect(after.runner.lines(id).map((line) => line.text)).toEqual(['half way']);
    expect(after.runner.recent(10).map((job) => job.id)).toEqual([id]);
    expect(after.runner.recover()).toEqual([]);
  });

  it('goes on in memory when the catalog refuses a write', async () => {
    const { runner, catalog, seen } = setUp();
    const id = runner.run(spec(), async (job) => {
      catalog.close();
      job.log('info', 'lost');
      return done;
    });
    expect((await runner.wait(id)).status).toBe('succeeded');
    expect(seen.storeErrors.length).toBeGreaterThan(0);
  });
});
