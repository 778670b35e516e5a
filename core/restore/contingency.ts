// Contingency copies: sets of files that a restore replaced, kept with a description until an administrator removes them.
import path from 'node:path';
import type { Contingency } from '../contract/agent.ts';
import { type Files, fsyncFolder, writeFileDurably } from '../platform/files.ts';

/** Files that belong to a closed database, besides the database itself. */
export const SIDE_FILES = ['-wal', '-journal'];

export interface ContingencyNote {
  takenAt: number;
  dataTime: number | null;
  reason: string;
  kind: 'set' | 'backup';
  /** Name of the main file inside the folder. */
  main: string;
}

/** A new folder below `<home>/contingency`, named by time and free. */
export function contingencyFolder(files: Files, home: string, now: number): string {
  const base = path.join(home, 'contingency', new Date(now).toISOString().replace(/[:.]/g, '-'));
  for (let n = 0; ; n++) {
    const folder = n === 0 ? base : `${base}-${n}`;
    if (!files.existsSync(folder)) return folder;
  }
}

/**
 * Gives the replaced set a second name in `folder` without taking the first away, so that nothing is missing at any
 * moment. Durable when it returns. False where the file system has no hard links: then the caller renames instead.
 */
export function keepSet(files: Files, target: string, folder: string, note: ContingencyNote): boolean {
  files.mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileDurably(files, path.join(folder, 'set.json'), JSON.stringify(note));
  let linked = true;
  for (const suffix of ['', ...SIDE_FILES]) {
    const from = target + suffix;
    const to = path.join(folder, note.main + suffix);
    if (!files.existsSync(from) || files.existsSync(to)) continue;
    try {
      files.linkSync(from, to);
    } catch (error) {
      if (!['EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      linked = false;
    }
  }
  fsyncFolder(files, folder);
  fsyncFolder(files, path.dirname(folder));
  return linked;
}

/** Removes a kept set whose whole content is in the set that replaced it. */
export function dropContingency(files: Files, folder: string): void {
  files.rmSync(folder, { recursive: true, force: true });
  fsyncFolder(files, path.dirname(folder));
}

/** What is kept below a home, newest first. */
export function listContingencies(files: Files, home: string, instance: string): Contingency[] {
  const root = path.join(home, 'contingency');
  if (!files.existsSync(root)) return [];
  const found: Contingency[] = [];
  for (const id of files.readdirSync(root) as string[]) {
    const note = readNote(files, path.join(root, id, 'set.json'));
    if (!note) continue;
    const main = path.join(root, id, note.main);
    const sizes = ['', ...SIDE_FILES].map(
      (suffix) => files.statSync(main + suffix, { throwIfNoEntry: false })?.size ?? 0,
    );
    const { takenAt, dataTime, reason, kind } = note;
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    found.push({ id, instance, takenAt, dataTime, reason, kind, path: main, bytes });
  }
  return found.sort((a, b) => b.takenAt - a.takenAt);
}

function readNote(files: Files, file: string): ContingencyNote | null {
  if (!files.existsSync(file)) return null;
  const fd = files.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(files.fstatSync(fd).size);
    files.readSync(fd, bytes, 0, bytes.length, 0);
    return JSON.parse(bytes.toString('utf8')) as ContingencyNote;
  } finally {
    files.closeSync(fd);
  }
}
