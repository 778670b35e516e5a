// Header and durable fence of a database file that nobody has open: standby copies, restored sets, files that were renamed away.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { type DatabaseHeader, FENCE_VERSION, HEADER_BYTES, parseHeader, readAt, writeAt } from './header.ts';
import { assertNotOwned } from './registry.ts';

/** Throws DATABASE_IN_USE when this process owns the file, NOT_FOUND, NOT_SQLITE. */
export function readHeader(path: string, files: Files): DatabaseHeader {
  return withFile(path, files, 'r', (_fd, header) => header);
}

/** Write version 3: every SQLite opens the file for reading only, until the fence is cleared. Durable on return. */
export function setDurableFence(path: string, files: Files): void {
  withFile(path, files, 'r+', (fd) => {
    writeAt(files, fd, Buffer.of(FENCE_VERSION), 18);
    files.fsyncSync(fd);
  });
}

/** Clears the fence and sets the journal mode that the next opener finds. Durable on return. */
export function clearDurableFence(path: string, files: Files, mode: 'wal' | 'rollback'): void {
  const version = mode === 'wal' ? 2 : 1;
  withFile(path, files, 'r+', (fd) => {
    writeAt(files, fd, Buffer.of(version, version), 18);
    files.fsyncSync(fd);
  });
}

function withFile<T>(
  path: string,
  files: Files,
  flags: 'r' | 'r+',
  work: (fd: number, header: DatabaseHeader) => T,
): T {
  assertNotOwned(path, files);
  let fd: number;
  try {
    fd = files.openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new HoldfastError('NOT_FOUND', `There is no file ${path}.`, { cause: error });
  }
  try {
    const header = parseHeader(readAt(files, fd, HEADER_BYTES, 0));
    if (!header) throw new HoldfastError('NOT_SQLITE', `${path} does not begin like a SQLite database.`);
    return work(fd, header);
  } finally {
    files.closeSync(fd);
  }
}
