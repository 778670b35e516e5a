// Running long work: what a feature gives to the job runner and what it gets while it works.
import type { Progress, Warning } from '../contract/common.ts';
import type { Job, JobKind, JobLogLine } from '../contract/jobs.ts';

export interface JobSpec {
  kind: JobKind;
  title: string;
  target: string;
  instanceId: string | null;
  groupId: string | null;
  /** Stored with the job, so that it can be run again; JSON, no secrets. Null: not repeatable. */
  request: unknown;
  /** Running it again needs a review and a confirmation: it is not repeatable by itself. */
  review?: boolean;
  cancelability: Job['cancelability'];
  /** Two jobs with the same key never run at once: the second is refused with `busyError`, or waits when that is null. */
  exclusive: { key: string; busyError: 'BACKUP_ACTIVE' | 'RESTORE_ACTIVE' | null } | null;
}

export interface JobContext {
  readonly id: string;
  readonly signal: AbortSignal;
  report(progress: Progress): void;
  log(level: JobLogLine['level'], text: string): void;
  warn(warning: Warning): void;
  setCancelability(value: Job['cancelability']): void;
  /** Keeps the latest picture of the work (a RestoreView) for those who watch; persisted when the job ends. */
  attach(view: unknown): void;
}

export interface JobOutcome {
  /** One sentence. */
  verdict: string;
  /** Kept with the job as JSON. */
  result: unknown;
}

export interface JobRunner {
  /** Starts (or queues) the work and returns the job's id at once. Expected failures of `work` become the job's error. */
  run(spec: JobSpec, work: (context: JobContext) => Promise<JobOutcome>): string;
  /** Resolves when the job has ended, however it did. */
  wait(jobId: string): Promise<Job>;
  get(jobId: string): Job | null;
  cancel(jobId: string): void;
}
