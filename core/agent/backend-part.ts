// What the backup of one file among several is given, so that all of them are one backup.
import type { LogEntryWriter } from '../backup/backup-log.ts';
import type { BackendManifest } from '../contract/backend.ts';
import type { Vector } from '../contract/common.ts';
import type { Snapshot, SnapshotGroup } from '../sqlite/types.ts';
import type { InstanceFacts } from './state-store.ts';

/** What a file shows, for the manifest that binds the files together. */
export interface CopiedBackend {
  pageSize: number;
  pageCount: number;
  vector: Vector;
  /** ms since 1970. */
  consistentAt: number;
}

export interface BackendPart {
  startedAt: number;
  idtag: string;
  serial: string;
  /** The entry of the whole is written by whoever began all of them. */
  entry: LogEntryWriter;
  /** Takes the snapshot at the moment of all; `take` must not wait for anything before it has begun. */
  begin(take: (group: SnapshotGroup) => Promise<Snapshot>): Promise<Snapshot>;
  /** Every page was read: resolves, when that is so for all, with what this file says of all, and with the moment of all. */
  copied(what: CopiedBackend): Promise<{ backends: BackendManifest; consistentAt: number }>;
  /** The file is durable: resolves when those of all are, and all chains have moved together. */
  commit(patch: Partial<InstanceFacts>): Promise<void>;
}
