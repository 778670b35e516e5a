// The vector of a log: at most one stamp for each origin, ascending, moved forward by records.
import type { Stamp, Vector } from '../contract/common.ts';

export function stampOf(vector: Vector, replica: number): Stamp | null {
  return vector.find((stamp) => stamp.replica === replica) ?? null;
}

/** The vector with this stamp in place of the one of the same replica. */
export function withStamp(vector: Vector, stamp: Stamp): Vector {
  const others = vector.filter((other) => other.replica !== stamp.replica);
  return [...others, stamp].sort((a, b) => a.replica - b.replica);
}
