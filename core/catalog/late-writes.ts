// Records of the catalog that must not stop the work that they are about: written at once, and kept in memory, in order, while the disk
// refuses them. What has to be durable before something is done (journals, groups, what an administrator sets) does not go this way.
import type Database from 'better-sqlite3';
import { isStorageRefusal } from '../contract/system-errors.ts';

export interface LateWrites {
  /** Writes, or keeps `work` for later; one that waits under the same key is replaced. `value` is what readers see meanwhile. */
  write(key: string, work: () => void, value?: unknown): void;
  /** The value that waits under `key`. */
  get<T>(key: string): T | undefined;
  /** Values that wait under keys that begin with `prefix`, oldest first. */
  all<T>(prefix: string): T[];
  /** What was to be written is of no use any more. */
  forget(key: string): void;
  /** Tries again, all in one transaction; call it every second or so. Returns what can never be written, to be logged. */
  retry(): unknown[];
  /** Why the disk refuses; null while nothing waits. */
  refusal(): unknown;
  /** How many writes wait. */
  count(): number;
}

interface Waiting {
  work: () => void;
  value: unknown;
}

/** Log lines of jobs are the first to go when memory would be next to run out. */
const MOST = 10_000;
export const LINE_PREFIX = 'line:';

export function createLateWrites(db: Database.Database): LateWrites {
  const waiting = new Map<string, Waiting>();
  let refusal: unknown = null;

  function dropOldest(): void {
    if (waiting.size <= MOST) return;
    for (const key of waiting.keys())
      if (key.startsWith(LINE_PREFIX)) {
        waiting.delete(key);
        return;
      }
  }

  const writeAll = db.transaction((lost: unknown[]) => {
    for (const { work } of waiting.values())
      try {
        work();
      } catch (error) {
        if (isStorageRefusal(error)) throw error;
        lost.push(error);
      }
  });

  return {
    write(key, work, value) {
      if (waiting.size === 0)
        try {
          work();
          return;
        } catch (error) {
          if (!isStorageRefusal(error)) throw error;
          refusal = error;
        }
      // Behind what waits already: a line needs the row of its job.
      waiting.set(key, { work, value });
      dropOldest();
    },
    get: <T>(key: string) => waiting.get(key)?.value as T | undefined,
    all: <T>(prefix: string) =>
      [...waiting].filter(([key]) => key.startsWith(prefix)).map(([, { value }]) => value as T),
    forget: (key) => void waiting.delete(key),
    retry() {
      if (waiting.size === 0) {
        refusal = null;
        return [];
      }
      const lost: unknown[] = [];
      try {
        writeAll(lost);
      } catch (error) {
        if (!isStorageRefusal(error)) throw error;
        refusal = error;
        return [];
      }
      waiting.clear();
      refusal = null;
      return lost;
    },
    refusal: () => refusal,
    count: () => waiting.size,
  };
}
