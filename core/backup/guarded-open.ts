// Opening files that people name or that merely lie in a folder: never one that an owner in this process holds, since closing
// any descriptor of it would drop that owner's locks.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { assertNotOwned } from '../sqlite/registry.ts';

const DATABASE_NAME = /(-wal|-shm|-journal|\.(db|db3|sqlite|sqlite3|rst))$/i;
const SQLITE_MAGIC = Buffer.from('SQLite format 3\0', 'latin1');

/** True for names that a scan of a folder leaves unopened. */
export function mayBeDatabase(name: string): boolean {
  return DATABASE_NAME.test(name);
}

/** Opens a regular file for reading. Throws DATABASE_IN_USE for an owned database; the shared memory of any is refused by its name. */
export function openGuarded(file: string, files: Files): number {
  if (file.endsWith('-shm')) throw new HoldfastError('NOT_A_BACKUP', `${file} is the shared memory of a database.`);
  assertNotOwned(file, files);
  // Opening a pipe would wait for a writer for ever.
  if (files.statSync(file, { throwIfNoEntry: false })?.isFile() === false) {
    throw new HoldfastError('NOT_A_BACKUP', `${file} is not a regular file.`);
  }
  return files.openSync(file, 'r');
}

/** Throws FILE_EXISTS when `file` is a database: neither a backup nor a log may ever be written over or into one. */
export function refuseDatabase(file: string, files: Files): void {
  if (!files.statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  const fd = openGuarded(file, files);
  try {
    const start = Buffer.alloc(SQLITE_MAGIC.length);
    files.readSync(fd, start, 0, start.length, 0);
    if (!start.equals(SQLITE_MAGIC)) return;
  } finally {
    files.closeSync(fd);
  }
  throw new HoldfastError('FILE_EXISTS', `${file} is a database.`, { hint: 'Choose another name.' });
}
