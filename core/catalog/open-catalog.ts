// Opens the engine's own database: migrates it with a copy kept, refuses a newer one, and sets a damaged one aside.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import { fsyncFolder, systemFiles } from '../platform/files.ts';
import { migrations } from './migrations.ts';

export interface OpenedCatalog {
  db: Database.Database;
  /** Where the damaged catalog was kept, when a new one had to be started. */
  damagedCopy: string | null;
}

/** Opens or creates `catalog.db` in `dataFolder`. Throws NOT_SUPPORTED for a newer schema, NO_PERMISSION or NO_SPACE for the disk. */
export function openCatalog(dataFolder: string, now: number, steps: readonly string[] = migrations): OpenedCatalog {
  fs.mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const file = path.join(dataFolder, 'catalog.db');
  try {
    return { db: openFile(file, steps), damagedCopy: null };
  } catch (error) {
    if (!isDamage(error)) throw refusalOf(error, dataFolder);
    const damagedCopy = setAside(file, now);
    try {
      return { db: openFile(file, steps), damagedCopy };
    } catch (again) {
      throw refusalOf(again, dataFolder);
    }
  }
}

function openFile(file: string, steps: readonly string[]): Database.Database {
  const db = connect(file);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    const check = db.pragma('quick_check(1)', { simple: true });
    if (check !== 'ok') throw new CatalogDamage(String(check));
    migrate(db, file, steps);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function connect(file: string): Database.Database {
  try {
    return new Database(file, { timeout: 1000 });
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_CANTOPEN')
      throw new HoldfastError('NO_PERMISSION', `The catalog ${file} cannot be opened`, { cause: error });
    throw error;
  }
}

/** Below this an error of the device while a catalog is opened is one of space: SQLite does not tell them apart for the files beside it. */
const LITTLE_BYTES = 256 * 1024;

/** What the disk refused, in words that name the folder; any other error as it is. */
function refusalOf(error: unknown, dataFolder: string): unknown {
  if (!isStorageRefusal(error)) return error;
  const { bavail, bsize } = fs.statfsSync(dataFolder);
  const report = toErrorReport(error);
  const full = report.name === 'NO_SPACE' || (report.name === 'IO_ERROR' && bavail * bsize < LITTLE_BYTES);
  if (!full)
    return new HoldfastError(report.name, `The catalog in ${dataFolder} cannot be opened: ${report.message}`, {
      cause: error,
    });
  return new HoldfastError('NO_SPACE', `The catalog in ${dataFolder} cannot be opened: its disk is full`, {
    hint: 'Free space there, then start Holdfast again; nothing was changed.',
    cause: error,
  });
}

class CatalogDamage extends Error {}

function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof CatalogDamage || (typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code));
}

function migrate(db: Database.Database, file: string, steps: readonly string[]): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > steps.length)
    throw new HoldfastError(
      'NOT_SUPPORTED',
      `The catalog ${file} has schema ${version}; this version of Holdfast knows schemas up to ${steps.length}`,
      { hint: 'Start the version of Holdfast that wrote it, or choose another data folder.' },
    );
  if (version === steps.length) return;
  if (version > 0) keepCopy(db, `${file}.before-${steps.length}`);
  db.transaction(() => {
    for (const step of steps.slice(version)) db.exec(step);
    db.pragma(`user_version = ${steps.length}`);
  }).immediate();
}

/** VACUUM INTO writes one complete file, whatever is still in the WAL; an unfinished copy of an earlier try is replaced. */
function keepCopy(db: Database.Database, copy: string): void {
  const temporary = `${copy}.new`;
  fs.rmSync(temporary, { force: true });
  db.prepare('VACUUM INTO ?').run(temporary);
  fs.renameSync(temporary, copy);
  fsyncFolder(systemFiles, path.dirname(copy));
}

function setAside(file: string, now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
  let copy = `${file}.damaged-${stamp}`;
  for (let n = 2; fs.existsSync(copy); n++) copy = `${file}.damaged-${stamp}-${n}`;
  for (const suffix of ['', '-wal', '-shm'])
    if (fs.existsSync(file + suffix)) fs.renameSync(file + suffix, copy + suffix);
  fsyncFolder(systemFiles, path.dirname(file));
  return copy;
}
