// What the clearing of old backups needs from outside.
import type { CatalogView } from '../contract/backup.ts';
import type { RetentionPolicy } from '../contract/schedules.ts';
import type { JobRunner } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { BackupUses } from './uses.ts';

export interface RetentionStore {
  policy(instanceId: string): RetentionPolicy | null;
  setPolicy(instanceId: string, policy: RetentionPolicy | null): void;
  /** Instances that have a policy. */
  instances(): string[];
}

/** What is known of an instance's backups beside the files themselves. */
export interface BackupKnowledge {
  /** Schedule by idtag of a full backup. */
  madeBy: Map<string, { scheduleId: string; name: string }>;
  /** Policies of schedules that have one of their own, by schedule. */
  schedulePolicies: Map<string, RetentionPolicy>;
  /** idtags that a chain in use ends in: its agent's, and those of copies that were restored from it. */
  heads: Set<string>;
  /** Files that something else has in its list, with what: contingency backups of a group. */
  listed: { file: string; by: string }[];
  /** idtags that a drill or a verification could not bring back. */
  bad: Set<string>;
  /** idtags that were proven to restore. */
  proven: Set<string>;
}

export interface RetentionPorts {
  clock: Clock;
  store: RetentionStore;
  jobs: JobRunner;
  uses: BackupUses;
  /** Every chain of the instance, wherever it lies. */
  library(instanceId: string): Promise<CatalogView>;
  knowledge(instanceId: string): BackupKnowledge;
  /** Which of the files some other process reads, by the notes beside them: a command line has no engine. */
  readings(instanceId: string, files: string[]): Promise<{ file: string; by: string }[]>;
  /** Asks the agent, which refuses by itself too. */
  remove(instanceId: string, files: string[]): Promise<{ removed: string[]; bytes: number }>;
  groupOf(instanceId: string): string | null;
  message(key: string, level: 'critical' | 'warning', text: string, source: string): void;
  clearMessage(key: string): void;
}
