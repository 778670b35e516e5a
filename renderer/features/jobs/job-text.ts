// A job in words: status, colour, what a cancel will do, how far it is.
import type { Job, JobStatus } from '../../../core/contract/jobs.ts';
import type { Level } from '../../ui/index.ts';

export const statusText: Record<JobStatus, string> = {
  queued: 'Queued',
  running: 'Running',
  canceling: 'Canceling',
  succeeded: 'Succeeded',
  succeededWithWarnings: 'Succeeded with warnings',
  failed: 'Failed',
  canceled: 'Canceled',
  interrupted: 'Interrupted',
  unknown: 'Unknown – checking',
};

export const statusLevel: Record<JobStatus, Level> = {
  queued: 'neutral',
  running: 'info',
  canceling: 'warning',
  succeeded: 'ok',
  succeededWithWarnings: 'warning',
  failed: 'critical',
  canceled: 'neutral',
  interrupted: 'warning',
  unknown: 'warning',
};

export const isOver = (job: Pick<Job, 'status'>): boolean => !['queued', 'running', 'canceling'].includes(job.status);

/** What Cancel will do, before it is pressed. */
export function cancelText(job: Pick<Job, 'cancelability' | 'status'>): string {
  if (job.status === 'canceling') return 'Canceling: ends after the step under way';
  return {
    now: 'Stops at once; nothing half-done stays behind',
    afterStep: 'Stops after the step under way',
    no: 'Cannot be canceled in this phase: stopping here would leave work half done',
  }[job.cancelability];
}

/** 0 to 1, or null when the end is not known. */
export function fraction(job: Pick<Job, 'progress' | 'status'>): number | null {
  if (job.status === 'succeeded' || job.status === 'succeededWithWarnings') return 1;
  const { progress } = job;
  if (!progress || progress.total === null || progress.total === 0) return null;
  return Math.min(1, progress.done / progress.total);
}
