// What a backup needs from its caller and what its reader gives back; the file format itself is in docs/technical/backup-file.md.
import type { BackendManifest } from '../contract/backend.ts';
import type { BackupFileInfo, BackupType } from '../contract/backup.ts';
import type { Progress, Vector } from '../contract/common.ts';
import type { BlockCipher, KeySource, MasterKey } from '../encryption/types.ts';
import type { PageBatch, PageHashes, SnapshotResult } from '../sqlite/types.ts';
import type { BlockPlace } from './block-places.ts';
import type { FileStreams } from './file-section.ts';
import type { HeaderFile } from './header.ts';

/** Everything that is known before the first page is read. */
export interface BackupIdentity {
  type: BackupType;
  /** Start of the backup, ms since 1970; gives the idtag. */
  startedAt: number;
  idtag: string;
  site: string;
  organization: string;
  server: string;
  instance: string;
  databasePath: string;
  replica: number;
  /** Random per finished backup; links the chain together with the id. */
  serial: string;
  previousSerial: string | null;
  /** 0 for a full, then 1, 2, … within a chain. */
  sequence: number;
  baseIdtag: string;
  incrementalId: string | null;
  nextIncId: string;
  databaseSerial: string;
  /** Serial of the roll-forward logs being written; null without logging. */
  logSerial?: string | null;
}

/** Known at the end. */
export interface BackupOutcome extends SnapshotResult {
  vector: Vector;
  currentLog: string;
  /** For one of several backends: what every file of the set says of all. */
  backends?: BackendManifest;
}

export interface BackupSource {
  pageSize: number;
  expectedPages: number;
  /** True when the buffer of a batch is used for nothing else: the writer then frees it as soon as the block is written. */
  handsOverBuffers?: boolean;
  batches(): AsyncGenerator<PageBatch, BackupOutcome, void>;
}

export interface WriteBackupOptions {
  file: string;
  compression: 'zstd' | 'none';
  level: number;
  partBytes: number;
  overwrite: boolean;
  /** Further folders that take the parts in turn. */
  partFolders?: string[];
  /** Files that travel in the header of the first part. */
  otherFiles?: HeaderFile[];
  /** Files that are read when the pages are written, and go behind them; then none travel in the header. */
  streams?: FileStreams | null;
  /** The database was closed while it was copied. */
  cold?: boolean;
  /** Encrypts the pages; the header stays readable. */
  encryption?: MasterKey | null;
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

export interface WrittenBackup {
  files: string[];
  bytesRead: number;
  bytesWritten: number;
  /** Hashes of the pages that were written, by page number: the base for the next page-scan incremental. */
  hashes: { numbers: Uint32Array; bytes: Buffer };
  pageCount: number;
  outcome: BackupOutcome;
  /** Files that went along and were written to while they were read. */
  changedFiles: string[];
}

/** A block of a backup file, checked: its bytes agree with the checksum of the raw pages. The buffer is the consumer's alone. */
export interface CheckedBatch extends PageBatch {
  /** Bytes of the file consumed so far, over all parts. */
  position: number;
  /** 16 bytes for each page of `numbers`, as in PageHashes: computed for the check, so that nobody needs to hash again. */
  pageHashes: Buffer;
}

/** What `readBlock` needs of a set, and its blocks in order. */
export interface SetBlocks {
  pageSize: number;
  /** The files of the parts. */
  files: string[];
  places: BlockPlace[];
  /** Null for a backup that is not encrypted, or is still locked. */
  cipher: BlockCipher | null;
}

export interface OpenedBackup {
  info: BackupFileInfo;
  xml: string;
  totalBytes: number;
  /** Finds the key of an encrypted backup; does nothing for any other. Throws PASSWORD_REQUIRED or WRONG_PASSWORD. */
  unlock(keys: KeySource | undefined): Promise<void>;
  /** Where the blocks are, for a reader that chooses among them. Throws BACKUP_DAMAGED or BACKUP_TRUNCATED. */
  blocks(): SetBlocks;
  /** Yields only checked blocks, in order; a problem throws its own code before a wrong page is given out. */
  batches(signal: AbortSignal): AsyncGenerator<CheckedBatch, void, void>;
  /**
   * Reads the files behind the pages as they will be read when they are put back; of those that are encrypted under another key than the pages
   * what is stored. Throws BACKUP_DAMAGED, BACKUP_TRUNCATED.
   */
  checkFiles(keys: KeySource | undefined, signal: AbortSignal): Promise<void>;
  close(): void;
}

export type { PageHashes };
