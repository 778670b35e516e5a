// A lock file that names a living process: at most one holder, freed by itself when that process has ended, however it did.
import fs from 'node:fs';
import { namingFile } from './files.ts';

/** A takeover is a few file operations. */
const TURN_WAIT_MS = 5;

export interface LockOwner {
  pid: number;
  /** Start time of the process in the kernel's clock ticks, so that a reused pid is not taken for it; null where unknown. */
  started: string | null;
}

/** Takes `file` for this process. Returns a function that frees it, or the living owner that has it. */
export function takeProcessLock(file: string): { release(): void } | { owner: LockOwner } {
  const mine: LockOwner = { pid: process.pid, started: startOf(process.pid) };
  const candidate = `${file}.${process.pid}`;
  try {
    namingFile(file, () => fs.writeFileSync(candidate, JSON.stringify(mine), { mode: 0o600 }));
    for (;;) {
      // link() creates the name only if it is free, with its content already in it.
      if (tryLink(candidate, file)) return { release: () => releaseOwn(file, mine) };
      const owner = readOwner(file);
      if (owner && isAlive(owner)) return { owner };
      removeStale(file, candidate);
    }
  } finally {
    fs.rmSync(candidate, { force: true });
  }
}

/**
 * Removes a dead owner's file. Only one process at a time may look and remove: without that, a slow one would remove the
 * file of a quick one that has taken over in between.
 */
function removeStale(file: string, candidate: string): void {
  const turn = `${file}.takeover`;
  if (!tryLink(candidate, turn)) {
    const other = readOwner(turn);
    if (other !== undefined && !(other && isAlive(other))) fs.rmSync(turn, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TURN_WAIT_MS);
    return;
  }
  try {
    const owner = readOwner(file);
    // One that is gone by now stays untouched: the next moment it may be somebody's.
    if (owner !== undefined && !(owner && isAlive(owner))) fs.rmSync(file, { force: true });
  } finally {
    fs.rmSync(turn, { force: true });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function releaseOwn(file: string, mine: LockOwner): void {
  const owner = readOwner(file);
  if (owner?.pid === mine.pid && owner.started === mine.started) fs.rmSync(file, { force: true });
}

/** Undefined: there is no such file. Null: it is damaged, so nobody who is alive wrote it. */
function readOwner(file: string): LockOwner | null | undefined {
  try {
    const value = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<LockOwner>;
    return typeof value.pid === 'number' ? { pid: value.pid, started: value.started ?? null } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** This process, as others can recognise it later; `boot` and `namespace` say where its pid means anything, null where unknown. */
export function thisProcess(): LockOwner & { boot: string | null; namespace: string | null } {
  const read = (work: () => string): string | null => {
    try {
      return work().trim();
    } catch {
      return null;
    }
  };
  return {
    pid: process.pid,
    started: startOf(process.pid),
    boot: read(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    namespace: read(() => fs.readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether the process that wrote this is still the one with that pid, and has not ended. */
export function isAlive(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(owner.pid);
  return started !== 'ended' && (owner.started === null || started === null || started === owner.started);
}

/** Fields 3 and 22 of /proc/PID/stat (the command in field 2 may hold spaces and brackets); a zombie has ended. */
function startOf(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
