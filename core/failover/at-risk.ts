// What a copy does not have, from the vectors that were last seen: in words and numbers, for history, plans and views.
import type { Vector } from '../contract/common.ts';
import type { InstanceStatus } from '../contract/instance.ts';

/** Commits that `source` has and `copy` does not; null when one of them is unknown. */
export function behindBy(source: Vector | null | undefined, copy: Vector | null | undefined): number | null {
  if (!source || !copy) return null;
  let commits = 0;
  for (const stamp of source) {
    const there = copy.find((candidate) => candidate.replica === stamp.replica)?.seq ?? 0;
    commits += Math.max(0, stamp.seq - there);
  }
  return commits;
}

/** True when both hold the same changes of every origin. */
export function sameVector(a: Vector, b: Vector): boolean {
  const text = (vector: Vector) =>
    JSON.stringify(
      vector.map(({ replica, sec, event, seq }) => [replica, sec, event, seq]).sort((x, y) => x[0]! - y[0]!),
    );
  return text(a) === text(b);
}

/** The commits of the origin `replica` that a vector holds. */
export function seqOf(vector: Vector, replica: number): number {
  return vector.find((stamp) => stamp.replica === replica)?.seq ?? 0;
}

/** What is lost from sight when `copy` takes over from `source`; null when nothing is known to be. */
export function riskText(
  sourceServer: string,
  source: InstanceStatus | null,
  copy: InstanceStatus | null,
  exact: boolean,
): string | null {
  const commits = behindBy(source?.vector, copy?.vector);
  const place = source ? ` They stay in ${source.path} on ${sourceServer}.` : '';
  if (commits === null) return `It is not known how far the copy is behind ${sourceServer}.${place}`;
  if (commits === 0)
    return exact
      ? null
      : `Nothing that was seen; commits made on ${sourceServer} after its last answer cannot be known.${place}`;
  const count = `${commits} ${commits === 1 ? 'commit' : 'commits'}`;
  return `${exact ? '' : 'At least '}${count} made on ${sourceServer} ${commits === 1 ? 'is' : 'are'} not in the copy.${place}`;
}

/** `12 s`, `4 min`, `3 h`, `2 days`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
