// `<root>/agent.lock`: one agent a root. Holds pid and start time, so that a lock left by a dead process is told from a live one.
import fs from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';

export interface AgentLock {
  release(): void;
}

/** Takes the root for this process; throws AGENT_RUNNING while another live process has it. */
export function takeAgentLock(root: string): AgentLock {
  const file = path.join(root, 'agent.lock');
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid) });
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      fs.writeFileSync(file, mine, { flag: 'wx', mode: 0o600 });
      return {
        release() {
          if (readLock(file) === mine) fs.unlinkSync(file);
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const text = readLock(file);
    const holder = parseHolder(text);
    if (holder && isAlive(holder))
      throw new HoldfastError('AGENT_RUNNING', `Process ${holder.pid} serves ${root}`, {
        details: { pid: holder.pid },
      });
    // Renaming a stale lock away before removing it: of two that find it stale, only one succeeds.
    const aside = `${file}.${process.pid}`;
    try {
      if (readLock(file) === text) fs.renameSync(file, aside);
      fs.rmSync(aside, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new HoldfastError('AGENT_RUNNING', `Another agent is starting on ${root}`);
}

function readLock(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parseHolder(text: string | null): { pid: number; started: string | null } | null {
  try {
    const value = JSON.parse(text ?? 'null') as { pid?: unknown; started?: unknown } | null;
    return typeof value?.pid === 'number' ? { pid: value.pid, started: (value.started as string) ?? null } : null;
  } catch {
    // A torn lock file was written by a process that died while writing it.
    return null;
  }
}

function isAlive(holder: { pid: number; started: string | null }): boolean {
  if (holder.pid === process.pid) return holder.started === processStart(process.pid);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = processStart(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Start time of a process in the kernel's ticks since boot; null where it cannot be known. Zombies count as ended. */
function processStart(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
