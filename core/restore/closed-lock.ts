// The durable fence of a file that this process does not own: set on RST and standbys, lifted from an old set.

import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { clearDurableFence, readHeader, setDurableFence } from '../sqlite/closed-file.ts';
import { FENCE_VERSION } from '../sqlite/header.ts';

/** True when every SQLite opens the file for reading only, or cannot open it at all. */
export function isLocked(files: Files, file: string): boolean {
  return withHeader(() => readHeader(file, files).writeVersion >= FENCE_VERSION, true);
}

/** Locks a private file; one that is no database needs no lock. */
export function lockFile(files: Files, file: string): void {
  withHeader(() => setDurableFence(file, files), undefined);
}

/** Gives a file back to its writers, in the journal mode that its read version says. */
export function unlockFile(files: Files, file: string): void {
  withHeader(() => {
    const header = readHeader(file, files);
    if (header.writeVersion >= FENCE_VERSION)
      clearDurableFence(file, files, header.readVersion === 2 ? 'wal' : 'rollback');
  }, undefined);
}

function withHeader<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HoldfastError && (error.name === 'NOT_SQLITE' || error.name === 'NOT_FOUND')) return otherwise;
    throw error;
  }
}
