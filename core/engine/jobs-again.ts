// What is kept with a job so that it can be done again, and what of it each kind allows: a start as it was, or a review of its choices.
import type { BackupRequest, RestoreChoices, RestoreRequest } from '../contract/console.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Job } from '../contract/jobs.ts';
import type { JobService } from '../jobs/job-runner.ts';
import { failoverBackupCommand } from './command-line.ts';

/** Of a backup. */
interface KeptBackup {
  kind: 'backup';
  request: BackupRequest;
  /** Missing in what was kept before commands were. */
  command?: string;
}

/** Of a restore: never started as it was, since what it would replace may be another by now. Passwords are not in it. */
export interface KeptRestore extends RestoreChoices {
  kind: 'restore';
}

/** Of a backup cycle of a failover group. */
interface KeptCycle {
  groupId: string;
  type: 'full' | 'incremental';
}

export type Kept = KeptBackup | KeptRestore | KeptCycle;

export const keptOf = (jobs: Pick<JobService, 'request'>, jobId: string): Kept | null =>
  jobs.request(jobId) as Kept | null;

export function keptRestore(
  request: RestoreRequest,
  command: string,
  otherFiles: { security: boolean; included: boolean } | null | undefined,
): KeptRestore {
  const { security = false, included = false } = otherFiles ?? {};
  return { kind: 'restore', request, command, otherFiles: { security, included } };
}

/** The choices of a restore, for the wizard. Throws NOT_FOUND for a job that is none, or of which none were kept. */
export function choicesOf(jobs: Pick<JobService, 'get' | 'request'>, jobId: string): RestoreChoices {
  const job = jobs.get(jobId);
  const kept = job?.kind === 'restore' ? keptOf(jobs, jobId) : null;
  if (!kept || !('kind' in kept) || kept.kind !== 'restore')
    throw new HoldfastError('NOT_FOUND', `No choices of a restore were kept with job ${jobId}`);
  const { request, command, otherFiles } = kept;
  return { request, command, otherFiles };
}

/** The command line that does the same; null where there is none. */
export function commandOf(jobs: Pick<JobService, 'request'>, job: Job): string | null {
  const kept = keptOf(jobs, job.id);
  if (!kept) return null;
  if ('kind' in kept) return kept.command || null;
  return job.kind === 'cycle' ? failoverBackupCommand(job.target, kept.type) : null;
}
