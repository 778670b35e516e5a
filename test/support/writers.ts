// Foreign programs on a database: the sqlite3 tool and Python, never our own library. And what every capture test needs:
// a folder, a schema, an image that is built from commits.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import type { CapturedCommit, CapturePosition, CommitSink, DatabaseOwner, PageBatch } from '../../core/sqlite/types.ts';

export const context = { files: systemFiles, clock: systemClock };

export function temporaryFolder(name: string): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), `holdfast-${name}-`));
}

/** Runs statements in the sqlite3 tool and returns what it prints. */
export function sqlite3(file: string, sql: string): string {
  return execFileSync('sqlite3', ['-bail', '-cmd', '.timeout 5000', file, sql], { encoding: 'utf8' }).trim();
}

export interface DatabaseShape {
  pageSize?: number;
  journal?: 'wal' | 'delete';
  rows?: number;
}

/** Accounts whose balances always add up to 100,000, and entries that come and go. */
export function createDatabase(file: string, shape: DatabaseShape = {}): void {
  const { pageSize = 4096, journal = 'wal', rows = 500 } = shape;
  sqlite3(
    file,
    `PRAGMA page_size=${pageSize}; PRAGMA journal_mode=${journal};
     CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
     CREATE TABLE entry(id INTEGER PRIMARY KEY, name TEXT, data BLOB);
     CREATE INDEX entry_name ON entry(name);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100) INSERT INTO account SELECT i, 1000 FROM n;
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${rows}) INSERT INTO entry(name, data) SELECT 'row '||i, randomblob(300) FROM n;`,
  );
}

export type WriterMode = 'transfer' | 'bulk' | 'delete' | 'checkpoint' | 'mixed' | 'visitor';

export interface Writer {
  process: ChildProcess;
  ended: Promise<Record<string, number>>;
}

export function startWriter(mode: WriterMode, file: string, seed: number, seconds: number): Writer {
  const script = path.join(import.meta.dirname, 'writers.py');
  const child = spawn('python3', [script, mode, file, String(seed), String(seconds)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  const ended = new Promise<Record<string, number>>((resolve, reject) => {
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out));
      else if (signal) resolve({});
      else reject(new Error(`writer ${mode} (seed ${seed}) ended with ${code}: ${err}`));
    });
  });
  return { process: child, ended };
}

/** A database image in memory, built from page batches and commits. */
export class Image {
  pageCount = 0;
  readonly pages = new Map<number, Buffer>();
  readonly pageSize: number;

  constructor(pageSize: number) {
    this.pageSize = pageSize;
  }

  apply(batch: PageBatch, pageCount?: number): void {
    batch.numbers.forEach((page, i) => {
      this.pages.set(page, Buffer.from(batch.data.subarray(i * this.pageSize, (i + 1) * this.pageSize)));
    });
    if (pageCount !== undefined) this.truncate(pageCount);
  }

  truncate(pageCount: number): void {
    this.pageCount = pageCount;
    for (const page of this.pages.keys()) if (page > pageCount) this.pages.delete(page);
  }

  copy(): Image {
    const copy = new Image(this.pageSize);
    for (const [page, data] of this.pages) copy.pages.set(page, data);
    copy.pageCount = this.pageCount;
    return copy;
  }

  /** Pages that differ; a page that one of the two lacks counts as zeros. */
  differences(other: Image): number[] {
    const zeros = Buffer.alloc(this.pageSize);
    const differing: number[] = [];
    for (let page = 1; page <= Math.max(this.pageCount, other.pageCount); page++) {
      if (!(this.pages.get(page) ?? zeros).equals(other.pages.get(page) ?? zeros)) differing.push(page);
    }
    return differing;
  }

  static ofFile(file: string, pageSize: number): Image {
    const bytes = fs.readFileSync(file);
    const image = new Image(pageSize);
    for (let page = 1; page * pageSize <= bytes.length; page++) {
      image.pages.set(page, bytes.subarray((page - 1) * pageSize, page * pageSize));
    }
    image.pageCount = bytes.length / pageSize;
    return image;
  }

  write(file: string): void {
    const bytes = Buffer.alloc(this.pageCount * this.pageSize);
    for (const [page, data] of this.pages) data.copy(bytes, (page - 1) * this.pageSize);
    fs.writeFileSync(file, bytes);
  }
}

/** A sink that keeps an image; the image starts with the first full copy. */
export class ImageSink implements CommitSink {
  readonly image: Image;
  commits: Omit<CapturedCommit, 'data'>[] = [];
  flushed: CapturePosition | null = null;
  fail: (() => void) | null = null;

  constructor(pageSize: number) {
    this.image = new Image(pageSize);
  }

  commit(commit: CapturedCommit): void {
    this.fail?.();
    const { data, ...rest } = commit;
    this.commits.push(rest);
    this.image.apply({ numbers: commit.numbers, data }, commit.pageCount);
  }

  flush(position: CapturePosition): void {
    this.flushed = position;
  }
}

/** Capture has looked at every page once, in its idle moments: from now on it can find by comparing what it missed. */
export async function untilHashed(owner: DatabaseOwner): Promise<void> {
  const known = () => {
    const table = owner.hashes();
    if (!table || table.bytes.length / 16 !== table.pageCount) return false;
    for (let at = 0; at < table.bytes.length; at += 16)
      if (table.bytes.subarray(at, at + 16).equals(NO_HASH)) return false;
    return true;
  };
  for (const deadline = Date.now() + 30_000; !known(); ) {
    if (Date.now() > deadline) throw new Error('the pages were not looked at within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const NO_HASH = Buffer.alloc(16);

export interface Holder {
  /** Closes its connection in an orderly way and ends. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  pid: number;
}

/**
 * A foreign program that keeps the database open, so that nobody is the last to close it. With `sql` it runs that first,
 * for example to stay inside a transaction.
 */
export async function spawnHolder(file: string, sql = 'SELECT count(*) FROM sqlite_schema'): Promise<Holder> {
  const script = [
    'import sqlite3, sys',
    'db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)',
    'db.execute("PRAGMA wal_autocheckpoint=0")',
    'for s in sys.argv[2].split(";"): db.execute(s).fetchall()',
    'print("ready", flush=True)',
    'sys.stdin.read()',
    'db.close()',
  ].join('\n');
  const child = spawn('python3', ['-c', script, file, sql], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('close', () => reject(new Error('the holder ended early')));
  });
  return {
    pid: child.pid ?? 0,
    stop: () => {
      child.stdin.end();
      return ended;
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
