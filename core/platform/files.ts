// The file system as a dependency: a named subset of node:fs that tests can replace with one that fails on schedule,
// and the two durable-write helpers that every file of ours goes through.
import fs from 'node:fs';
import path from 'node:path';

/** The calls that the agent's code may use, all but `fdatasync` synchronous. Never for a protected database outside `core/sqlite`. */
export type Files = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'fdatasync'
  | 'ftruncateSync'
  | 'fstatSync'
  | 'statSync'
  | 'lstatSync'
  | 'existsSync'
  | 'renameSync'
  | 'linkSync'
  | 'unlinkSync'
  | 'rmSync'
  | 'mkdirSync'
  | 'readdirSync'
  | 'realpathSync'
  | 'statfsSync'
  | 'accessSync'
>;

export const systemFiles: Files = fs;

/** Makes a rename, creation or removal inside `folder` durable. A no-op on Windows, where folders cannot be opened. */
export function fsyncFolder(files: Files, folder: string): void {
  if (process.platform === 'win32') return;
  const fd = files.openSync(folder, 'r');
  try {
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
}

/**
 * Creates a folder and what is missing above it, readable by its owner only; nothing when it is there. Not by mkdir's own `recursive`:
 * that one never returns where a parent exists and refuses children with ENOENT, as /proc does.
 */
export function ensureFolder(files: Files, folder: string): void {
  if (files.existsSync(folder)) return;
  const parent = path.dirname(folder);
  if (parent !== folder) ensureFolder(files, parent);
  try {
    files.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Runs `work`; an error of the system that names no file, as those of a write and of an fsync do, gets this one. */
export function namingFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const thrown = error as NodeJS.ErrnoException;
    if (error instanceof Error && typeof thrown.code === 'string') thrown.path ??= file;
    throw error;
  }
}

/** Replaces `file` with `data`: temporary name, fsync, rename, fsync of the folder. The old content stays on any error. */
export function writeFileDurably(files: Files, file: string, data: Uint8Array | string, mode = 0o600): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const temporary = `${file}.new`;
  const fd = files.openSync(temporary, 'w', mode);
  namingFile(file, () => {
    try {
      let written = 0;
      while (written < bytes.length) written += files.writeSync(fd, bytes, written, bytes.length - written);
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
    files.renameSync(temporary, file);
    fsyncFolder(files, path.dirname(file));
  });
}
