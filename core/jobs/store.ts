// What the job runner keeps beyond its process: rows, log lines, results, pictures. The catalog implements it.
import type { Job, JobLogLine } from '../contract/jobs.ts';

export interface JobStore {
  /** Inserts the job or replaces its row; durable when the call returns. */
  save(job: Job): void;
  /** The input to run it again with; null for none. */
  saveRequest(jobId: string, request: unknown): void;
  /** What the job left behind: its result and its last picture. */
  saveOutcome(jobId: string, result: unknown, view: unknown): void;
  appendLine(jobId: string, line: JobLogLine): void;
  lines(jobId: string): JobLogLine[];
  get(jobId: string): Job | null;
  request(jobId: string): unknown;
  outcome(jobId: string): { result: unknown; view: unknown };
  /** Newest first; only those that started before `before` when given. */
  list(limit: number, before: number | null): Job[];
  /** Jobs whose row says that they have not ended. */
  unfinished(): Job[];
}
