// Long-running work: starts it, keeps two of a kind apart, carries progress, log, cancel and verdict, and writes it down as it goes.
import { randomUUID } from 'node:crypto';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Job, JobLogLine } from '../contract/jobs.ts';
import type { Clock } from '../platform/clock.ts';
import { addSample, estimate, keepPace, type Pace, type RateSample, timeLeft } from './eta.ts';
import type { JobStore } from './store.ts';
import type { JobContext, JobOutcome, JobRunner, JobSpec } from './types.ts';

/** The runner as its owner sees it; features get the narrower JobRunner. */
export interface JobService extends JobRunner {
  /** Marks what a former process left running as interrupted; returns those jobs. Call once, before the first `run`. */
  recover(): Job[];
  /** Unfinished jobs and the newest finished ones of this and former runs, newest first. */
  recent(limit: number): Job[];
  list(limit: number, before: number | null): Job[];
  lines(jobId: string): JobLogLine[];
  request(jobId: string): unknown;
  /** The latest picture that the work attached, and the result once it has ended well. */
  outcome(jobId: string): { result: unknown; view: unknown };
  /** Calls `listener` after every change of this job; returns the way to stop that. */
  onChange(jobId: string, listener: () => void): () => void;
  /** Interrupts what runs and waits for it, at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface JobRunnerOptions {
  clock: Clock;
  store: JobStore;
  /** Some job has changed. */
  changed(): void;
  /** A job has ended, however it did. */
  onEnd?(job: Job): void;
  /** A bug inside a job; it also ends the job as INTERNAL. */
  onBug(error: unknown): void;
  /** The store refused a write: the work goes on and is remembered in memory only. */
  onStoreError(error: unknown): void;
}

interface Entry {
  job: Job;
  spec: JobSpec;
  work: (context: JobContext) => Promise<JobOutcome>;
  abort: AbortController;
  samples: RateSample[];
  pace: Pace | null;
  view: unknown;
  result: unknown;
  savedAt: number;
  ended: PromiseWithResolvers<Job>;
}

const SAVE_PROGRESS_MS = 2_000;
const KEPT_IN_MEMORY = 100;

export function createJobRunner(options: JobRunnerOptions): JobService {
  const { clock, store } = options;
  const active = new Map<string, Entry>();
  const holders = new Map<string, string>();
  const listeners = new Map<string, Set<() => void>>();
  let finished: Job[] = store.list(KEPT_IN_MEMORY, null).filter((job) => job.endedAt !== null);
  let stopping = false;

  function persist(write: () => void): void {
    try {
      write();
    } catch (error) {
      options.onStoreError(error);
    }
  }

  function touched(entry: Entry, save: boolean): void {
    if (save || clock.monotonic() - entry.savedAt >= SAVE_PROGRESS_MS) {
      persist(() => store.save(entry.job));
      entry.savedAt = clock.monotonic();
    }
    for (const listener of listeners.get(entry.job.id) ?? []) listener();
    options.changed();
  }

  function update(entry: Entry, patch: Partial<Job>, save = true): void {
    entry.job = { ...entry.job, ...patch };
    touched(entry, save);
  }

  function log(entry: Entry, level: JobLogLine['level'], text: string): void {
    persist(() => store.appendLine(entry.job.id, { at: clock.now(), level, text }));
  }

  /** Delivers a cancel that waited for the end of a step. */
  function stepBoundary(entry: Entry): void {
    if (entry.job.status === 'canceling' && !entry.abort.signal.aborted)
      entry.abort.abort(new HoldfastError('CANCELLED'));
  }

  function contextOf(entry: Entry): JobContext {
    return {
      id: entry.job.id,
      signal: entry.abort.signal,
      report(progress) {
        const before = entry.job.progress;
        const samePhase = before?.phase === progress.phase && before.phaseIndex === progress.phaseIndex;
        if (before && !samePhase) stepBoundary(entry);
        entry.samples = addSample(samePhase ? entry.samples : [], { at: clock.monotonic(), done: progress.done });
        entry.pace = keepPace(entry.pace, progress, clock.monotonic());
        const { rate, etaMs } = estimate(entry.samples, progress.total);
        // Where the work says what is still to come, the time left is that of the whole job.
        const left = progress.plan && entry.pace ? timeLeft(entry.pace, clock.monotonic()) : etaMs;
        update(entry, { progress, rate, etaMs: left }, !samePhase);
      },
      log: (level, text) => {
        log(entry, level, text);
        touched(entry, false);
      },
      warn(warning) {
        log(entry, 'warning', warning.message);
        update(entry, { warnings: [...entry.job.warnings, warning] });
      },
      setCancelability(cancelability) {
        stepBoundary(entry);
        update(entry, { cancelability });
      },
      attach(view) {
        entry.view = view;
        touched(entry, false);
      },
    };
  }

  function begin(entry: Entry): void {
    if (entry.spec.exclusive) holders.set(entry.spec.exclusive.key, entry.job.id);
    update(entry, { status: 'running', startedAt: clock.now() });
    // The work starts in a later turn: `run` must return before its first effect.
    void Promise.resolve()
      .then(() => entry.work(contextOf(entry)))
      .then(
        (outcome) => {
          entry.result = outcome.result;
          const status = entry.job.warnings.length > 0 ? 'succeededWithWarnings' : 'succeeded';
          end(entry, { status, verdict: outcome.verdict });
        },
        (error: unknown) => endFailed(entry, error),
      );
  }

  function endFailed(entry: Entry, error: unknown): void {
    const aborted = entry.abort.signal.aborted;
    const reason: unknown = entry.abort.signal.reason;
    const expected = error instanceof HoldfastError && error.name !== 'CANCELLED' && error.name !== 'INTERRUPTED';
    if (aborted && !expected && reason instanceof HoldfastError) {
      const interrupted = reason.name === 'INTERRUPTED';
      const report = reason.report();
      end(entry, { status: interrupted ? 'interrupted' : 'canceled', verdict: report.message, error: report });
      return;
    }
    const report = toErrorReport(error);
    if (report.name === 'INTERNAL' && !(error instanceof HoldfastError)) options.onBug(error);
    log(entry, 'error', report.message);
    end(entry, { status: 'failed', verdict: report.message, error: report });
  }

  function end(entry: Entry, patch: Partial<Job>): void {
    const { id } = entry.job;
    persist(() => store.saveOutcome(id, entry.result, entry.view));
    active.delete(id);
    if (entry.spec.exclusive && holders.get(entry.spec.exclusive.key) === id) holders.delete(entry.spec.exclusive.key);
    update(entry, { ...patch, endedAt: clock.now(), rate: null, etaMs: null, cancelability: 'no' });
    finished = [entry.job, ...finished].slice(0, KEPT_IN_MEMORY);
    listeners.delete(id);
    options.onEnd?.(entry.job);
    entry.ended.resolve(entry.job);
    startWaiting();
  }

  function startWaiting(): void {
    if (stopping) return;
    for (const entry of active.values())
      if (entry.job.status === 'queued' && !(entry.spec.exclusive && holders.has(entry.spec.exclusive.key)))
        begin(entry);
  }

  function refuseWhenBusy(spec: JobSpec): boolean {
    const holder = spec.exclusive ? holders.get(spec.exclusive.key) : undefined;
    if (!holder) return false;
    if (!spec.exclusive?.busyError) return true;
    const running = active.get(holder)?.job;
    const name = running?.kind === 'restore' ? 'RESTORE_ACTIVE' : spec.exclusive.busyError;
    throw new HoldfastError(name, `${spec.title} cannot start: "${running?.title}" is running on ${running?.target}`, {
      details: { jobId: holder },
    });
  }

  function unknownJob(jobId: string): never {
    throw new HoldfastError('NOT_FOUND', `There is no job ${jobId}`);
  }

  const runner: JobService = {
    run(spec, work) {
      if (stopping) throw new HoldfastError('ENGINE_NOT_RUNNING', `${spec.title} cannot start: the engine is ending`);
      const waits = refuseWhenBusy(spec);
      const entry: Entry = {
        job: {
          id: randomUUID(),
          kind: spec.kind,
          title: spec.title,
          target: spec.target,
          instanceId: spec.instanceId,
          groupId: spec.groupId,
          status: 'queued',
          progress: null,
          rate: null,
          etaMs: null,
          cancelability: spec.cancelability,
          startedAt: clock.now(),
          endedAt: null,
          verdict: null,
          error: null,
          warnings: [],
          repeatable: spec.request !== null && !spec.review,
          ...(spec.review ? { review: true } : {}),
        },
        spec,
        work,
        abort: new AbortController(),
        samples: [],
        pace: null,
        view: null,
        result: null,
        savedAt: 0,
        ended: Promise.withResolvers<Job>(),
      };
      persist(() => store.save(entry.job));
      persist(() => {
        if (spec.request !== null) store.saveRequest(entry.job.id, spec.request);
      });
      active.set(entry.job.id, entry);
      if (waits) touched(entry, true);
      else begin(entry);
      return entry.job.id;
    },

    wait(jobId) {
      const entry = active.get(jobId);
      if (entry) return entry.ended.promise;
      return Promise.resolve(runner.get(jobId) ?? unknownJob(jobId));
    },

    get: (jobId) => active.get(jobId)?.job ?? finished.find((job) => job.id === jobId) ?? store.get(jobId),

    cancel(jobId) {
      const entry = active.get(jobId);
      if (!entry) {
        if (!runner.get(jobId)) unknownJob(jobId);
        return;
      }
      if (entry.job.status === 'queued') {
        const error = new HoldfastError('CANCELLED', `${entry.job.title} was canceled before it started`).report();
        end(entry, { status: 'canceled', verdict: error.message, error });
        return;
      }
      if (entry.job.cancelability === 'no')
        throw new HoldfastError('NOT_SUPPORTED', `${entry.job.title} cannot be canceled any more`, {
          hint: 'Wait for it to end.',
        });
      const now = entry.job.cancelability === 'now';
      log(entry, 'info', now ? 'Cancel requested' : 'Cancel requested; it takes effect after this step');
      update(entry, { status: 'canceling' });
      if (now) stepBoundary(entry);
    },

    recover() {
      const error = new HoldfastError('INTERRUPTED').report();
      const lost = store.unfinished().filter((job) => !active.has(job.id));
      const jobs = lost.map((job): Job => {
        const ended = { status: 'interrupted', endedAt: clock.now(), cancelability: 'no' } as const;
        return { ...job, ...ended, rate: null, etaMs: null, verdict: error.message, error };
      });
      for (const job of jobs) persist(() => store.save(job));
      finished = store.list(KEPT_IN_MEMORY, null).filter((job) => !active.has(job.id));
      return jobs;
    },

    recent: (limit) =>
      [...[...active.values()].map((entry) => entry.job).reverse(), ...finished]
        .slice(0, Math.max(limit, active.size))
        .sort((a, b) => b.startedAt - a.startedAt),
    list: (limit, before) => {
      const live = (job: Job) => active.get(job.id)?.job ?? job;
      return store.list(limit, before).map(live);
    },
    lines: (jobId) => store.lines(jobId),
    request: (jobId) => store.request(jobId),
    outcome(jobId) {
      const entry = active.get(jobId);
      return entry ? { result: entry.result, view: entry.view } : store.outcome(jobId);
    },

    onChange(jobId, listener) {
      const set = listeners.get(jobId) ?? new Set();
      listeners.set(jobId, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(jobId) === set) listeners.delete(jobId);
      };
    },

    async stop(graceMs) {
      stopping = true;
      for (const entry of active.values()) {
        if (entry.job.status === 'queued') {
          const error = new HoldfastError('INTERRUPTED').report();
          end(entry, { status: 'interrupted', verdict: error.message, error });
        } else entry.abort.abort(new HoldfastError('INTERRUPTED'));
      }
      const all = Promise.all([...active.values()].map((entry) => entry.ended.promise));
      const timer = new AbortController();
      await Promise.race([all, clock.sleep(graceMs, timer.signal).catch(() => {})]);
      timer.abort();
    },
  };
  return runner;
}
