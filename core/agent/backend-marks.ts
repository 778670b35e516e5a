// Between backups: now and then a moment at which no file of an instance has a writer, noted beside the logs.
import type { Stamp } from '../contract/common.ts';
import { toErrorReport } from '../contract/errors.ts';
import { appendMark, sameMoment } from '../rollforward/barrier-marks.ts';
import type { DatabaseOwner } from '../sqlite/types.ts';
import { stampOf } from '../vectors/vector.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** Not more often than this, ms, and only when something was committed since. */
const EVERY_MS = 1000;
/** How long a lock is waited for; a busy moment is left for the next beat. */
const LOCK_MS = 4;

export interface LastMark {
  /** Of the monotonic clock. */
  lookedAt: number;
  last: Record<string, Stamp | null>;
}

/**
 * Marks the present moment when every file is being logged and no writer is in the way. Returns what the next call needs. What fails is
 * left: the capture of each file reports its own troubles, and without a mark a moment is found by time.
 */
export function markBarrier(first: ProtectedInstance, before: LastMark | null): LastMark | null {
  const { clock, files } = first.agent.deps;
  const now = clock.monotonic();
  if (before && now - before.lookedAt < EVERY_MS) return before;
  const { backends } = first;
  if (first.activity || !backends.every((one) => one.capture && one.owner && !one.fenced)) return before;
  const last = atOneMoment(backends);
  const looked = { lookedAt: now, last: before?.last ?? {} };
  if (!last || (before && sameMoment(last.stamps, before.last))) return looked;
  try {
    // What the mark names must be in the logs before it is.
    for (const one of backends) one.capture?.flushNow();
    appendMark(first.facts.logging.directory, { at: last.at, last: last.stamps }, files);
  } catch (error) {
    first.agent.emit(
      'error',
      'info',
      first.name,
      `A moment of all files was not marked: ${toErrorReport(error).message}`,
    );
    return looked;
  }
  return { lookedAt: now, last: last.stamps };
}

function atOneMoment(backends: ProtectedInstance[]): { at: number; stamps: Record<string, Stamp | null> } | null {
  const held: DatabaseOwner[] = [];
  try {
    for (const { owner } of backends) {
      if (!owner?.holdWrites(LOCK_MS)) return null;
      held.push(owner);
    }
    for (const owner of held) owner.sync();
    const stamps = backends.map((one) => [one.backendId, stampOf(one.vector, one.facts.replica)] as const);
    return { at: backends[0]?.agent.deps.clock.now() ?? 0, stamps: Object.fromEntries(stamps) };
  } catch {
    return null;
  } finally {
    for (const owner of held.toReversed()) owner.releaseWrites();
  }
}
