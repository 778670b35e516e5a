// Who else has a file open or locked, from /proc: never by opening the file, which would drop our own locks at close.
import path from 'node:path';
import type { Files } from '../platform/files.ts';
import { readProcFile } from './mounts.ts';
import type { LockHolder } from './types.ts';

export interface FileLock {
  pid: number;
  write: boolean;
  device: string;
  inode: number;
  /** First and last byte; `EOF` is Infinity. */
  from: number;
  to: number;
}

/** SQLite's shared-lock range: a write lock on it is EXCLUSIVE. */
const SHARED_FIRST = 0x40000002;
const SHARED_LAST = SHARED_FIRST + 509;
/** Read-mark slots of a `-shm`: 123 is lock 0, 124–127 the marks. */
const MARKS_FIRST = 123;
const MARKS_LAST = 127;

/** Lines such as `3: POSIX  ADVISORY  WRITE 412 fd:00:1311 1073741826 1073742335`; waiting ones (`->`) are left out. */
export function parseLocks(text: string): FileLock[] {
  const locks: FileLock[] = [];
  for (const line of text.split('\n')) {
    const match = /^\d+: POSIX +\S+ +(READ|WRITE) +(\d+) +([0-9a-f]+:[0-9a-f]+):(\d+) +(\d+) +(\d+|EOF)/.exec(line);
    if (!match) continue;
    locks.push({
      pid: Number(match[2]),
      write: match[1] === 'WRITE',
      device: match[3] as string,
      inode: Number(match[4]),
      from: Number(match[5]),
      to: match[6] === 'EOF' ? Number.POSITIVE_INFINITY : Number(match[6]),
    });
  }
  return locks;
}

interface LockTable {
  files: Files;
  readAt: number;
  byInode: Map<number, FileLock[]>;
}

/** The last one that was read: an agent with a thousand databases looks at all of them in one beat, each for its own inode. */
let table: LockTable | null = null;

/** The table as of now, or one that was read no more than `maxAgeMs` ago. */
function lockTable(files: Files, maxAgeMs: number): LockTable {
  if (table?.files === files && performance.now() - table.readAt < maxAgeMs) return table;
  const readAt = performance.now();
  const locks = parseLocks(readProcFile(files, '/proc/locks'));
  table = { files, readAt, byInode: Map.groupBy(locks, (lock) => lock.inode) };
  return table;
}

/** So old may a table be that another database has asked for in the same beat, ms. */
const SAME_BEAT_MS = 100;

/**
 * Locks on one inode; with `maxAgeMs` 0 as of now. The device is not compared: some file systems report another one to `stat` than
 * to the lock table.
 */
export function locksOn(files: Files, inode: number, maxAgeMs = SAME_BEAT_MS): FileLock[] {
  return lockTable(files, maxAgeMs).byInode.get(inode) ?? [];
}

export function holdsExclusive(locks: FileLock[]): FileLock | null {
  return locks.find((lock) => lock.write && lock.from <= SHARED_FIRST && lock.to >= SHARED_LAST) ?? null;
}

const TABLE_MS = 500;
const LOOKS = 3;

/**
 * True when `pid` holds a read-mark lock on the shared memory with this inode; null when it cannot be known. A table read by
 * another database's question half a second ago is good enough for a yes, never for a no; and since the system builds the table
 * piecemeal while locks come and go, a no is asked for three times.
 */
export function holdsReadMark(files: Files, shmInode: number, pid: number): boolean | null {
  const isMark = (lock: FileLock) => lock.pid === pid && lock.from <= MARKS_LAST && lock.to >= MARKS_FIRST;
  if (locksOn(files, shmInode, TABLE_MS).some(isMark)) return true;
  for (let look = 1; look <= LOOKS; look++) {
    const { byInode } = lockTable(files, 0);
    if (byInode.size === 0) return null;
    if (byInode.get(shmInode)?.some(isMark)) return true;
  }
  return false;
}

/** Other processes with one of the database's files open or locked. What `/proc` hides from this user is found only by its locks. */
export function findHolders(files: Files, database: { device: number; inode: number; path: string }): LockHolder[] {
  if (process.platform !== 'linux') return [];
  const wanted = new Set<string>([`${database.device}:${database.inode}`]);
  const inodes = new Set<number>([database.inode]);
  for (const suffix of ['-wal', '-shm', '-journal']) {
    const found = statOrNull(files, database.path + suffix);
    if (!found) continue;
    wanted.add(`${found.dev}:${found.ino}`);
    inodes.add(found.ino);
  }
  const pids = new Set<number>();
  for (const entry of files.readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (hasOpen(files, pid, wanted)) pids.add(pid);
  }
  for (const lock of parseLocks(readProcFile(files, '/proc/locks'))) {
    if (inodes.has(lock.inode) && lock.pid !== process.pid && lock.pid > 0) pids.add(lock.pid);
  }
  return [...pids].sort((a, b) => a - b).map((pid) => ({ pid, name: processName(files, pid) }));
}

function hasOpen(files: Files, pid: number, wanted: Set<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  let entries: string[];
  try {
    entries = files.readdirSync(folder);
  } catch {
    return false;
  }
  return entries.some((entry) => {
    const found = statOrNull(files, path.join(folder, entry));
    return found !== null && wanted.has(`${found.dev}:${found.ino}`);
  });
}

/** The command name of a process, or `process <pid>` when it has just ended. */
export function processName(files: Files, pid: number): string {
  return readProcFile(files, `/proc/${pid}/comm`).trim() || `process ${pid}`;
}

function statOrNull(files: Files, file: string): { dev: number; ino: number } | null {
  try {
    return files.statSync(file);
  } catch {
    return null;
  }
}
