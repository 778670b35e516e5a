// The file under capture, and what a capture begins with.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import type { Connections } from './connections.ts';
import type { CaptureEvent, CaptureOptions, CapturePosition, CommitSink } from './types.ts';

/** The file under capture and what belongs to it; the owner keeps all of it alive. */
export interface CapturedFile {
  path: string;
  files: Files;
  clock: Clock;
  databaseFd: number;
  inode: number;
  device: number;
  pageSize: number;
  connections: Connections;
}

export interface CaptureStart {
  sink: CommitSink;
  from: CapturePosition | null;
  hashes: CaptureOptions['hashes'];
  /** Keeps page hashes; a capture that only serves one snapshot does not. */
  hashing: boolean;
  onEvent(event: CaptureEvent): void;
}

/** Takes the write lock for a moment and returns the release; does nothing when a fence holds it already. Throws DATABASE_BUSY. */
export function keepWritersOut({ connections, path }: CapturedFile, lockMs: number): () => void {
  if (connections.locked) return () => {};
  if (!connections.lockWrites(lockMs)) {
    throw new HoldfastError('DATABASE_BUSY', `${path} stayed locked by a writer; capture cannot attach to it.`);
  }
  return () => connections.unlockWrites();
}

/** Without options: for a capture that only serves one snapshot. */
export function captureStart(options: CaptureOptions | null): CaptureStart {
  return {
    sink: options?.sink ?? { commit: () => {}, flush: () => {} },
    from: options?.from ?? null,
    hashes: options?.hashes ?? null,
    hashing: options !== null,
    onEvent: options?.onEvent ?? (() => {}),
  };
}
