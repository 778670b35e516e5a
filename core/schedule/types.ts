// What the unattended backups need from outside: their memory, the facts of each instance, and the way to start one.
import type { BackupType } from '../contract/backup.ts';
import type { Warning } from '../contract/common.ts';
import type { Job } from '../contract/jobs.ts';
import type { BackupSchedule, ScheduleRun } from '../contract/schedules.ts';
import type { Clock } from '../platform/clock.ts';

/** A schedule with what is remembered of its runs. */
export interface ScheduleRecord {
  schedule: BackupSchedule;
  /** The next time is counted from here: the last run, or when it was made. */
  dueFrom: number;
  /** The last run was cut off by the end of the engine and is to be made up for; a second time it is not. */
  retrying: boolean;
}

export interface ScheduleStore {
  list(): ScheduleRecord[];
  save(record: ScheduleRecord): void;
  /** As `save`, for what the scheduler notes by itself: where the disk refuses it, it is written later. */
  saveLater(record: ScheduleRecord): void;
  remove(id: string): void;
  /** Newest first. */
  runs(scheduleId: string, limit: number): ScheduleRun[];
  addRun(scheduleId: string, instanceId: string, run: ScheduleRun): void;
  /** Replaces the run that began at the same time. */
  saveRun(scheduleId: string, run: ScheduleRun): void;
  /** Schedule and name by the idtag of each backup that a schedule of the instance made. */
  madeBy(instanceId: string): Map<string, { scheduleId: string; name: string }>;
}

/** What a decision needs to know of an instance; null for one that is not protected here. */
export interface InstanceFacts {
  reachable: boolean;
  standby: boolean;
  /** Name of the enabled failover group that backs it up. */
  group: string | null;
  /** Why an incremental has no base; null when it has one. Looks at files: asked only for what is due. */
  noBase(): string | null;
  /** Title of a job that holds the instance now; null when none does. */
  busy(): string | null;
}

export interface SchedulePorts {
  clock: Clock;
  store: ScheduleStore;
  facts(instanceId: string): InstanceFacts | null;
  /** Starts the job and returns its id; throws what a start by hand would be refused with. */
  start(schedule: BackupSchedule, type: BackupType, warnings: Warning[]): Promise<string>;
  job(jobId: string): Job | null;
  /** What the job left: the idtag of its backup. */
  idtagOf(jobId: string): string | null;
  message(key: string, level: 'critical' | 'warning', text: string, source: string): void;
  clearMessage(key: string): void;
  /** A run ended well. */
  succeeded(schedule: BackupSchedule, verdict: string): void;
  changed(): void;
  timezone?: string;
}
