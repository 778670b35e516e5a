// The feed test: whether a source of changes can bring a holder up to date without a hole.
import type { Vector } from '../contract/common.ts';
import { compareStamps } from './stamp.ts';
import { stampOf } from './vector.ts';

export interface Feed {
  /** What must be present before its first change: everything up to here is no longer in it. */
  floor: Vector;
  /** What is present after its last change. */
  have: Vector;
}

/** True when every change of the source that `holder` lacks is still in the source. */
export function feeds(source: Feed, holder: Vector): boolean {
  return source.have.every((last) => {
    const own = stampOf(holder, last.replica);
    if (own && compareStamps(own, last) >= 0) return true;
    const floor = stampOf(source.floor, last.replica);
    return !floor || (own !== null && compareStamps(floor, own) <= 0);
  });
}

/**
 * Commits that `newer` holds and `older` does not; null when it cannot be counted: a stamp has lost its number in print, or the two
 * went apart, as after a restore to an earlier point.
 */
export function commitsBetween(older: Vector, newer: Vector): number | null {
  let commits = 0;
  for (const stamp of newer) {
    const own = stampOf(older, stamp.replica);
    if (own && compareStamps(own, stamp) >= 0) continue;
    if (stamp.seq === 0 || own?.seq === 0 || stamp.seq <= (own?.seq ?? 0)) return null;
    commits += stamp.seq - (own?.seq ?? 0);
  }
  return commits;
}
