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

/**
 * The catalogue's name and a sentence for an error of the operating system; null when `thrown` is none. One without a sentence here, or
 * without a path, keeps the system's own words.
 */
export function systemError(thrown: unknown): { name: ErrorName; message: string } | null {
  const { code, path, dest } = (thrown ?? {}) as SystemError;
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return null;
  const known = sentences[code];
  const where = typeof dest === 'string' ? dest : typeof path === 'string' ? path : null;
  const own = thrown instanceof Error ? thrown.message : code;
  return { name: known?.name ?? 'IO_ERROR', message: known && where !== null ? `${known.text(where)} (${code})` : own };
}
