// Transitive vectors: for each replica number the last change that is present, at most one stamp each, ascending.
import type { Stamp, Vector } from '../contract/common.ts';
import { compareStamps, formatStamp } from './stamp.ts';

/** The stamp of one replica, or null when nothing of it is present. */
export function stampOf(vector: Vector, replica: number): Stamp | null {
  return vector.find((stamp) => stamp.replica === replica) ?? null;
}

/** What is present once both are: the later stamp of each replica. */
export function mergeVectors(a: Vector, b: Vector): Vector {
  return b.reduce(advance, [...a].sort(byReplica));
}

/** The vector after `stamp` was applied; never goes back: an older stamp, or one that lost its seq in print, leaves it as it is. */
export function advance(vector: Vector, stamp: Stamp): Vector {
  const known = stampOf(vector, stamp.replica);
  if (known && (compareStamps(known, stamp) || known.seq - stamp.seq) >= 0) return vector;
  return [...vector.filter((other) => other.replica !== stamp.replica), stamp].sort(byReplica);
}

/** True when everything in `other` is also in `vector`. */
export function covers(vector: Vector, other: Vector): boolean {
  return other.every((stamp) => {
    const own = stampOf(vector, stamp.replica);
    return own !== null && compareStamps(own, stamp) >= 0;
  });
}

/** One stamp a line, in the form of logs. */
export function formatVector(vector: Vector): string {
  return [...vector].sort(byReplica).map(formatStamp).join('\n');
}

function byReplica(a: Stamp, b: Stamp): number {
  return a.replica - b.replica;
}
