// What the rest of the core may know of a live SQLite file: one owner, pages in, commits out. No other module opens one.

import type { JournalMode, Probe } from '../contract/instance.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import type { WalHold } from './wal-holds.ts';

/** Some pages of one database, at most 1 MiB; `data` holds them back to back in the order of `numbers` (1-based). */
export interface PageBatch {
  numbers: Uint32Array;
  data: Buffer;
}

/** A place in the WAL that capture has reached; kept in the home and proved again after a restart. */
export interface CapturePosition {
  salt1: number;
  salt2: number;
  /** Bytes from the start of the WAL; always just after a commit frame, or 32. */
  endOffset: number;
  checksum1: number;
  checksum2: number;
  /** Database size in pages after the last captured commit. */
  commitPages: number;
  /** True when every captured frame was copied back while the write lock was held. */
  sealed: boolean;
  inode: number;
  device: number;
}

/** One commit as it was found in the WAL (or made up by a resync): the newest image of each page it touched. */
export interface CapturedCommit {
  /** Captured at, ms since 1970: never earlier than the commit itself. */
  at: number;
  pageCount: number;
  /** Ascending, without the lock page and without pages beyond `pageCount`. */
  numbers: Uint32Array;
  data: Buffer;
  position: CapturePosition;
  /** `resync`: the difference to the last known image after commits that were not seen one by one. */
  kind: 'commit' | 'resync';
}

/** Takes commits in order. Throwing stops the capture at the commit before; nothing is skipped. */
export interface CommitSink {
  commit(commit: CapturedCommit): void;
  /** Called after a batch: make everything given so far durable, then persist `position`. */
  flush(position: CapturePosition): void;
}

/** 16 bytes a page (truncated SHA-256): what the image was at a known moment. Index 0 is page 1; 16 zero bytes: not known. */
export interface PageHashes {
  pageCount: number;
  bytes: Buffer;
}

export interface SnapshotOptions {
  /** `start`: the state now, held by a read transaction; `end`: the state when the copy ends, holding nothing. */
  at: 'start' | 'end';
  /** With `start`: go over to `end` once the WAL has grown by this many bytes. */
  walLimit: number;
  /**
   * Only these pages (an incremental); null for all. Ascending. A function is asked at the very moment that the pages show,
   * after every commit before it went to the sink; a ready list is only complete if nothing ran since it was made.
   */
  only: Uint32Array | (() => Uint32Array) | null;
  signal: AbortSignal;
  /**
   * Called synchronously at the moment that the pages show: the place to note the vector and the current log. Called again
   * when `start` goes over to `end`; the last call counts.
   */
  onConsistent?: () => void;
  /** Set for one of several databases that are copied together; `only` is asked after the snapshot began then. */
  group?: SnapshotGroup;
}

/**
 * What the copies of several databases agree on, so that all show one moment. Whoever makes it takes the snapshots that begin together
 * while the write locks of all are held.
 */
export interface SnapshotGroup {
  /** True once one of them could not hold its start any longer: then all show their end. */
  readonly lettingGo: boolean;
  letGo(): void;
  /** Waits until all have read every page once; `idle` is called meanwhile. Says which moment all show. */
  firstPassDone(idle: () => void): Promise<'start' | 'end'>;
  /** Waits until all are ready to end, then runs `freeze` while the write locks of all are held. */
  freezeTogether(freeze: () => void, idle: () => void): Promise<void>;
}

export interface SnapshotResult {
  /** Which it was in the end. */
  at: 'start' | 'end';
  pageCount: number;
  /** ms since 1970 of the moment the pages show. */
  consistentAt: number;
}

/** A consistent copy in the making. Iterate `batches` to the end, then read `result`; always `release`. */
export interface Snapshot {
  readonly pageSize: number;
  /** Pages to expect; an estimate until the end. In a group this asks for `only`. */
  readonly expectedPages: number;
  /** First a pass over the file in page order, then, where needed, newer images of pages already given: later wins. */
  batches(): AsyncGenerator<PageBatch, SnapshotResult, void>;
  release(): void;
}

export interface DatabaseInfo {
  journal: JournalMode;
  pageSize: number;
  pageCount: number;
  size: number;
  changeCounter: number;
  schemaCookie: number;
  inode: number;
  device: number;
  wal: { frames: number; copiedBack: number; bytes: number; sealed: boolean } | null;
  /** Set by us in the file format: every SQLite refuses writes. */
  durablyFenced: boolean;
}

/** The WAL as it is now, and who holds it; see `WalHold`. */
export interface WalObservation {
  frames: number;
  copiedBack: number;
  frameBytes: number;
  /** Checkpoints that we ran ourselves since the database was opened. */
  ownCheckpoints: number;
  /** A copy of ours is being read and keeps the WAL. */
  copying: boolean;
  /** Processes that hold the checkpoint lock; never ours, whose checkpoints are over before anybody looks. */
  checkpointing: number[];
  /** Our own process among them. */
  holds: WalHold[];
}

/** What the file itself and our own connection say, for people. */
export interface DatabaseTraits {
  /** 0 none, 1 full, 2 incremental. */
  autoVacuum: number;
  encoding: string;
  /** Of our own connections; those of others cannot be seen from outside. 0 off, 1 normal, 2 full, 3 extra. */
  synchronous: number;
}

export interface LockHolder {
  pid: number;
  name: string;
}

export type CaptureEvent =
  | { kind: 'gap'; reason: string }
  | { kind: 'resynced'; pages: number }
  | { kind: 'lockLost'; reason: string }
  | { kind: 'replaced'; reason: string }
  | { kind: 'behind'; reason: string }
  | { kind: 'sinkFailed'; error: unknown }
  | { kind: 'sinkRecovered' }
  | { kind: 'walPinned'; bytes: number; forMs: number };

export interface CaptureOptions {
  sink: CommitSink;
  /** Where the last run ended; null for the first. */
  from: CapturePosition | null;
  /**
   * Hashes of the image at `from`, for the resync after a gap; null makes the first capture start fresh. A function is asked only when
   * the WAL does not prove continuity from `from`, which nobody can know before the write lock is held.
   */
  hashes: PageHashes | null | (() => PageHashes | null);
  onEvent(event: CaptureEvent): void;
  /** Between two looks at the WAL, ms. */
  pollMs: number;
  /** Seal at this many frames, or after `sealMs` with data. */
  sealFrames: number;
  sealMs: number;
}

/**
 * The one owner of a protected file inside the agent's process. It holds every descriptor of the file, never closes one
 * while a connection is open, and keeps strong references to all lock-bearing connections.
 */
export interface DatabaseOwner {
  readonly path: string;
  info(): DatabaseInfo;
  /** True when something was committed since the last call, as far as it can be seen without capture. */
  changed(): boolean;
  /** What happened behind the agent since the last call: another file, an older state. Null when nothing did. */
  foreignChange(): string | null;
  startCapture(options: CaptureOptions): void;
  /** Captures what is there up to now; returns the commits found. Throws when the sink throws. */
  sync(): number;
  /** Stops after a last sync; returns the final position. */
  stopCapture(): CapturePosition | null;
  readonly capturing: boolean;
  /** Hashes of the image at the capture position; null without capture. Shared, not a copy. */
  hashes(): PageHashes | null;
  snapshot(options: SnapshotOptions): Promise<Snapshot>;
  /**
   * Finishes what a snapshot would have to wait for, so that the next one begins at once; holds until the returned function is
   * called. Throws DATABASE_BUSY and what keeps capture from attaching.
   */
  readyForSnapshot(signal: AbortSignal): Promise<() => void>;
  /**
   * Takes the write lock for a moment in which nothing else may run; false when another writer kept it for `timeoutMs`. A fenced
   * file needs none, nor one with a rollback journal while it is copied.
   */
  holdWrites(timeoutMs: number): boolean;
  releaseWrites(): void;
  /** Runs `PRAGMA journal_mode=WAL`; throws DATABASE_BUSY when others are in the way. */
  switchToWal(): void;
  /**
   * Stops writers: takes the write lock, drains the capture, and sets the durable fence when no other process has the file open.
   * Without `durable` in the result the lock is still held, and `trySealFence` may be called again.
   */
  fence(timeoutMs: number): { durable: boolean; holders: LockHolder[] };
  trySealFence(): { durable: boolean; holders: LockHolder[] };
  unfence(): void;
  readonly fenced: boolean;
  /** Null without a WAL, or while the file is durably fenced. */
  observeWal(): WalObservation | null;
  /** Null while the file is durably fenced. */
  traits(): DatabaseTraits | null;
  /** Other processes that have the file (or its -wal) open. */
  holders(): LockHolder[];
  /** Ends capture and closes connections, then descriptors, in the order that keeps other programs safe. */
  close(): void;
}

export interface OwnerContext {
  files: Files;
  clock: Clock;
}

export type ProbeDatabase = (path: string, allowedRoots: string[], context: OwnerContext) => Probe;
