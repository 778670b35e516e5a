// The descriptor of a protected file, open from before the first connection until after the last, and what it tells.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { JournalMode } from '../contract/instance.ts';
import type { Files } from '../platform/files.ts';
import { type DatabaseHeader, HEADER_BYTES, parseHeader, readAt } from './header.ts';
import { findHolders } from './lock-table.ts';
import type { LockHolder } from './types.ts';

export class OpenFile {
  readonly path: string;
  readonly files: Files;
  readonly fd: number;
  readonly inode: number;
  readonly device: number;

  constructor(realPath: string, files: Files) {
    this.path = realPath;
    this.files = files;
    this.fd = files.openSync(realPath, 'r+');
    const stat = files.fstatSync(this.fd);
    this.inode = stat.ino;
    this.device = stat.dev;
  }

  /** What stands in the file now; in WAL mode the log may hold a newer page 1. */
  header(): DatabaseHeader {
    const header = parseHeader(readAt(this.files, this.fd, HEADER_BYTES, 0));
    if (!header) throw new HoldfastError('NOT_SQLITE', `The header of ${this.path} is no longer that of a database.`);
    return header;
  }

  size(): number {
    return this.files.fstatSync(this.fd).size;
  }

  /** Nanoseconds; changes with every write to the file, by whomever. */
  modifiedAt(): bigint {
    return this.files.fstatSync(this.fd, { bigint: true }).mtimeNs;
  }

  /** Another file, or none, stands at the path. */
  isReplaced(): boolean {
    const stat = this.#stat(this.path);
    return stat === null || stat.ino !== this.inode || stat.dev !== this.device;
  }

  walBytes(): number {
    return this.#stat(`${this.path}-wal`)?.size ?? 0;
  }

  shmInode(): number | null {
    return this.#stat(`${this.path}-shm`)?.ino ?? null;
  }

  freeBytes(): number {
    const stat = this.files.statfsSync(path.dirname(this.path));
    return stat.bavail * stat.bsize;
  }

  holders(): LockHolder[] {
    return findHolders(this.files, this);
  }

  /** Drops every lock of this process on the file: only when no connection is left. */
  close(): void {
    this.files.closeSync(this.fd);
  }

  #stat(file: string): { ino: number; dev: number; size: number } | null {
    try {
      return this.files.statSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}

/** The mode by the header's read version; the write version may be that of a fence. */
export function journalOf(header: DatabaseHeader): JournalMode {
  return header.readVersion === 2 ? 'wal' : 'rollback';
}
