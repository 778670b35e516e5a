// Errors of the operating system in the words of the console: which file, and what stands in the way. The codes stay in the details.
import type { ErrorName } from './errors.ts';

/** What Node adds to an error of the operating system. */
interface SystemError {
  code: string;
  path?: unknown;
  dest?: unknown;
}

const sentences: Record<string, { name: ErrorName; text: (where: string) => string }> = {
  ENOENT: { name: 'NOT_FOUND', text: (where) => `${where} does not exist` },
  ENOTDIR: { name: 'NOT_FOUND', text: (where) => `A part of the path ${where} is not a folder` },
  ENOSPC: { name: 'NO_SPACE', text: (where) => `The disk of ${where} is full` },
  EDQUOT: { name: 'NO_SPACE', text: (where) => `The quota for ${where} is used up` },
  EACCES: { name: 'NO_PERMISSION', text: (where) => `There is no permission for ${where}` },
  EPERM: { name: 'NO_PERMISSION', text: (where) => `The operation on ${where} is not permitted` },
  EROFS: { name: 'NO_PERMISSION', text: (where) => `${where} lies on a file system that is read-only` },
  EIO: { name: 'IO_ERROR', text: (where) => `The device of ${where} reported an error` },
  EISDIR: { name: 'IO_ERROR', text: (where) => `${where} is a folder` },
  EMFILE: { name: 'IO_ERROR', text: (where) => `Too many files are open in this process to open ${where}` },
  ENFILE: { name: 'IO_ERROR', text: (where) => `Too many files are open on this machine to open ${where}` },
  EXDEV: { name: 'IO_ERROR', text: (where) => `${where} lies on another file system` },
};

/** What a database of ours answers where the disk, its rights or its content stand in the way. Longer codes refine these. */
const ofDatabase: Record<string, { name: ErrorName; text: string }> = {
  SQLITE_FULL: { name: 'NO_SPACE', text: 'A database cannot be written: its disk is full' },
  SQLITE_IOERR: { name: 'IO_ERROR', text: 'A database cannot be read or written: its device reported an error' },
  SQLITE_READONLY: { name: 'NO_PERMISSION', text: 'A database cannot be written: it is read-only' },
  SQLITE_PERM: { name: 'NO_PERMISSION', text: 'There is no permission for a database' },
  SQLITE_CANTOPEN: { name: 'NO_PERMISSION', text: 'A database or a file beside it cannot be opened' },
  SQLITE_CORRUPT: { name: 'INTEGRITY_FAILED', text: 'A database is damaged' },
  SQLITE_NOTADB: { name: 'INTEGRITY_FAILED', text: 'A database is damaged' },
  SQLITE_BUSY: { name: 'DATABASE_BUSY', text: 'A database stayed locked' },
  SQLITE_LOCKED: { name: 'DATABASE_BUSY', text: 'A database stayed locked' },
};

const codeOf = (thrown: unknown): string => {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
};

const databaseError = (code: string) => {
  const [family] = /^SQLITE_[A-Z]+/.exec(code) ?? [];
  return family ? (ofDatabase[family] ?? null) : null;
};

/** The disk, or the system around it, refused: the same may work once there is room, or the device is well again. */
export function isStorageRefusal(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return databaseError(code) !== null || /^E(NOSPC|DQUOT|FBIG|IO|ROFS|ACCES|PERM|MFILE|NFILE)$/.test(code);
}

/**
 * The catalogue's name and a sentence for an error of the operating system; null when `thrown` is none. One without a sentence here, or
 * without a path, keeps the system's own words.
 */
export function systemError(thrown: unknown): { name: ErrorName; message: string } | null {
  const { code, path, dest } = (thrown ?? {}) as SystemError;
  const database = databaseError(codeOf(thrown));
  if (database) return { name: database.name, message: `${database.text} (${code})` };
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return null;
  const known = sentences[code];
  const where = typeof dest === 'string' ? dest : typeof path === 'string' ? path : null;
  const own = thrown instanceof Error ? thrown.message : code;
  return { name: known?.name ?? 'IO_ERROR', message: known && where !== null ? `${known.text(where)} (${code})` : own };
}
