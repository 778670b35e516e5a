// What restore drills need from outside: their memory, the sources of a restore, and an agent of their own.
import type { DrillConfig, DrillReport } from '../contract/drills.ts';
import type { HoldfastError } from '../contract/errors.ts';
import type { Proof } from '../contract/proofs.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import type { JobRunner } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { AgentApi } from '../rpc/types.ts';

export interface DrillRecord {
  config: DrillConfig;
  /** The next time is counted from here. */
  dueFrom: number;
  createdAt: number;
}

export interface DrillStore {
  list(): DrillRecord[];
  save(record: DrillRecord): void;
  /** As `save`, for what the service notes by itself: where the disk refuses it, it is written later. */
  saveLater(record: DrillRecord): void;
  remove(instanceId: string): void;
  addReport(report: DrillReport): void;
  /** Newest first. */
  reports(instanceId: string, limit: number): DrillReport[];
  report(id: string): DrillReport | null;
  /** Throw-away folders that were begun and not yet seen to be gone. */
  folders(): { folder: string; pid: number | null }[];
  keepFolder(folder: string, pid: number | null): void;
  dropFolder(folder: string): void;
}

/** What one restore would read and write. */
export interface DrillSources {
  options: RestoreOptions;
  refusal: HoldfastError | null;
  /** The newest backup that is used. */
  idtag: string | null;
  /** Every file of the chain. */
  files: string[];
  logs: string[];
  /** Bytes of the backup files. */
  bytes: number;
  databaseBytes: number;
  /** The restored files: the first is the one that `options` is about. */
  databases: { id: string; path: string }[];
  /** Folders that the agent has to read. */
  folders: string[];
}

/** An agent process of its own, at low priority, that owns nothing but the throw-away folder. */
export interface DrillAgent {
  api: AgentApi;
  pid: number;
  /** Ends it at once. */
  kill(): void;
  /** Orderly end. */
  end(): Promise<void>;
}

export interface DrillPorts {
  clock: Clock;
  store: DrillStore;
  jobs: JobRunner;
  /** Null for an instance that is not protected here. */
  place(instanceId: string): { reachable: boolean; folder: string } | null;
  instanceIds(): string[];
  /** Stretches that can be restored to, without the gaps, and the single points. */
  moments(instanceId: string): Promise<{ spans: { from: number; to: number }[] }>;
  sources(instanceId: string, path: string, until: number | null): Promise<DrillSources>;
  launch(folder: string, readable: string[]): Promise<DrillAgent>;
  hold(files: readonly string[], by: string): () => void;
  freeBytes(folder: string): number;
  makeFolder(folder: string): void;
  /** Not on the caller's thread: a restored database can be large. */
  removeFolder(folder: string): Promise<void>;
  folderExists(folder: string): boolean;
  processRuns(pid: number): boolean;
  proven(instanceId: string): Proof | null;
  record(proof: Proof): void;
  groupOf(instanceId: string): string | null;
  message(key: string, level: 'critical' | 'warning', text: string, source: string, standing?: boolean): void;
  clearMessage(key: string): void;
  passed(report: DrillReport, scheduled: boolean): void;
  changed(): void;
  /** From 0 up to 1. */
  random(): number;
  timezone?: string;
}
