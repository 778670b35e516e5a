// The durable fence: write version 3 in the file's own header, which every SQLite honours by refusing to write.
//
// It is set only while this process holds the file exclusively, so that no connection with an older page 1 in its cache is
// left; the log is folded into the file first, because a page 1 in the log would hide the fence.
import type { Files } from '../platform/files.ts';
import type { Connections } from './connections.ts';
import { FENCE_VERSION, HEADER_BYTES, parseHeader, readAt, WRITE_VERSION_OFFSET, writeAt } from './header.ts';
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES } from './wal.ts';
import type { WalCapture } from './wal-capture.ts';

export interface FenceTarget {
  path: string;
  files: Files;
  databaseFd: number;
  /** Holds the write lock. Closed afterwards when `sealed` or `reopen`. */
  connections: Connections;
  capture: WalCapture | null;
}

/** Sealed; or not, with the write lock still held; or not, with the connections closed and to be opened again. */
export interface FenceOutcome {
  sealed: boolean;
  reopen: boolean;
}

export function sealFence(target: FenceTarget): FenceOutcome {
  const { path, connections, capture, files, databaseFd } = target;
  const wal = connections.journalMode() === 'wal';
  if (wal && !foldLog(connections, capture)) return { sealed: false, reopen: false };
  const before = Buffer.from(readAt(files, databaseFd, HEADER_BYTES, 0));
  const witness = wal ? new LogWitness(path, files, connections.gauge().log, before) : null;
  try {
    if (!connections.takeExclusive(wal)) return { sealed: false, reopen: true };
    try {
      const others = witness?.hasChanged() ?? true;
      // The switch out of WAL rewrote page 1; what capture knows of it is put back, so that file and log stay the same.
      const header = others ? Buffer.from(readAt(files, databaseFd, HEADER_BYTES, 0)) : before;
      const version = wal ? 2 : 1;
      header[WRITE_VERSION_OFFSET] = version;
      header[WRITE_VERSION_OFFSET + 1] = version;
      writeAt(files, databaseFd, header, 0);
      if (others) compareOrLetGo(capture, header.readUInt32BE(28));
      setFenceByte(files, databaseFd, version);
    } finally {
      connections.close();
    }
  } finally {
    witness?.close();
  }
  return { sealed: true, reopen: false };
}

/** On any error the byte is what it was before, as far as the system lets it. */
function setFenceByte(files: Files, databaseFd: number, before: number): void {
  try {
    writeAt(files, databaseFd, Buffer.of(FENCE_VERSION), WRITE_VERSION_OFFSET);
    files.fsyncSync(databaseFd);
  } catch (error) {
    writeAt(files, databaseFd, Buffer.of(before), WRITE_VERSION_OFFSET);
    throw error;
  }
}

/**
 * Tells whether anything was written to the WAL since it was folded, even after SQLite has removed it: the descriptor outlives
 * the name. A commit either begins the log anew, with another header, or puts a frame behind the last one.
 */
class LogWitness {
  readonly #files: Files;
  readonly #fd: number;
  readonly #end: number;
  readonly #seen: string;

  constructor(path: string, files: Files, frames: number, header: Buffer) {
    const { pageSize } = parseHeader(header) ?? { pageSize: 0 };
    this.#files = files;
    this.#end = WAL_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + pageSize);
    this.#fd = files.openSync(`${path}-wal`, 'r');
    this.#seen = this.#look();
  }

  hasChanged(): boolean {
    return this.#look() !== this.#seen;
  }

  close(): void {
    this.#files.closeSync(this.#fd);
  }

  #look(): string {
    const header = readAt(this.#files, this.#fd, WAL_HEADER_BYTES, 0).toString('hex');
    return `${header} ${readAt(this.#files, this.#fd, FRAME_HEADER_BYTES, this.#end).toString('hex')}`;
  }
}

/** Stopping writers comes before a log that cannot be written: capture is let go then, and compares pages after the fence. */
function foldLog(connections: Connections, capture: WalCapture | null): boolean {
  if (capture && !capture.resyncing) {
    try {
      return capture.sealLocked();
    } catch (error) {
      capture.letGo(`The last commits before the fence could not be logged: ${messageOf(error)}`);
    }
  }
  connections.endRead();
  const result = connections.checkpoint();
  return !result.busy && result.log === result.copied;
}

function compareOrLetGo(capture: WalCapture | null, pageCount: number): void {
  try {
    capture?.compareClosed(pageCount);
  } catch (error) {
    capture?.letGo(`A commit in the moment before the fence could not be logged: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Lifts the durable fence: the write version becomes what the read version says the journal mode is. */
export function restoreWriteVersion(files: Files, databaseFd: number): void {
  const header = readAt(files, databaseFd, HEADER_BYTES, 0);
  const version = header[WRITE_VERSION_OFFSET + 1] === 2 ? 2 : 1;
  writeAt(files, databaseFd, Buffer.of(version), WRITE_VERSION_OFFSET);
  files.fsyncSync(databaseFd);
}
