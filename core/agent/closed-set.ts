// Fencing a file that this agent does not keep open: a standby, or the old set of a restore.
import { HoldfastError } from '../contract/errors.ts';
import { isLocked, unlockFile } from '../restore/closed-lock.ts';
import { findHolders } from '../sqlite/lock-table.ts';
import { openDatabase } from '../sqlite/open-database.ts';
import type { LockHolder } from '../sqlite/types.ts';
import type { Agent } from './agent.ts';

/** Errors of a file that no SQLite can write to either. */
const DAMAGED = new Set(['NOT_SQLITE', 'TRUNCATED_DATABASE', 'ENCRYPTED_DATABASE', 'INTEGRITY_FAILED']);

/** What better-sqlite3 throws for a file whose pages make no sense. */
export function isCorrupt(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}

export const isFencedFile = (agent: Agent, file: string): boolean => isLocked(agent.deps.files, file);
export const unlockClosedFile = (agent: Agent, file: string): void => unlockFile(agent.deps.files, file);

/**
 * Sets the durable fence through an owner of its own, so that a log beside the file is folded in first. Not durable, and
 * as it was before, while other programs have the file open. A damaged file only has to be free of holders.
 */
export function lockClosedFile(agent: Agent, file: string): { durable: boolean; holders: LockHolder[] } {
  const { files } = agent.deps;
  if (!files.existsSync(file)) return { durable: true, holders: [] };
  if (isFencedFile(agent, file)) return { durable: true, holders: holdersOf(agent, file) };
  const owner = (() => {
    try {
      return openDatabase(file, agent.roots, agent.deps);
    } catch (error) {
      if (error instanceof HoldfastError ? DAMAGED.has(error.name) : isCorrupt(error)) return null;
      throw error;
    }
  })();
  if (!owner) {
    const holders = files.existsSync(file) ? holdersOf(agent, file) : [];
    return { durable: holders.length === 0, holders };
  }
  try {
    const result = owner.fence(2000);
    if (!result.durable) owner.unfence();
    return result;
  } finally {
    owner.close();
  }
}

/** Other processes that have the file open. */
export function holdersOf(agent: Agent, file: string): LockHolder[] {
  const { files } = agent.deps;
  const stat = files.statSync(file, { throwIfNoEntry: false });
  return stat ? findHolders(files, { device: stat.dev, inode: stat.ino, path: file }) : [];
}
