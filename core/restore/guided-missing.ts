// What a restored set lacks of what its peers hold, origin by origin, and how much that is. Pure.
import type { Vector } from '../contract/common.ts';
import type { Loss, MissingRange } from '../contract/recovery.ts';
import type { Peer } from '../contract/restore.ts';
import { compareStamps } from '../vectors/stamp.ts';
import { stampOf } from '../vectors/vector.ts';
import { commitsBetween, type HeldVector } from '../vectors/verify.ts';

/** One range for each origin of which any peer holds more, ascending; of several files, file by file. */
export function missingRanges(held: readonly HeldVector[], peers: readonly Peer[]): MissingRange[] {
  return held.flatMap(({ backend, vector }) => {
    const own = peers.filter((peer) => peer.backend === backend);
    const origins = new Set(own.flatMap((peer) => (peer.vector ?? []).map((stamp) => stamp.replica)));
    return [...origins]
      .sort((a, b) => a - b)
      .flatMap((replica) => missingOf(replica, vector, own))
      .map((range) => (backend === undefined ? range : { ...range, backend }));
  });
}

function missingOf(replica: number, restored: Vector, peers: readonly Peer[]): MissingRange[] {
  const from = stampOf(restored, replica);
  const held = peers.flatMap(({ server, vector }) => {
    const stamp = stampOf(vector ?? [], replica);
    return stamp && (!from || compareStamps(stamp, from) > 0) ? [{ server, stamp }] : [];
  });
  if (held.length === 0) return [];
  // Of the same stamp the one that has kept its count of commits.
  const to = held.map(({ stamp }) => stamp).reduce((a, b) => ((compareStamps(a, b) || a.seq - b.seq) >= 0 ? a : b));
  const heldBy = held.filter(({ stamp }) => compareStamps(stamp, to) === 0).map(({ server }) => server);
  const known = held.map(({ stamp }) => commitsBetween(from, stamp));
  // A peer that is less far ahead but has kept its count can know of more commits than the last stamp alone shows.
  const { exact } = commitsBetween(from, to);
  const commits = Math.max(...known.map((one) => one.commits));
  return [
    { replica, from, to, heldBy: [...new Set(heldBy)], seconds: from ? to.sec - from.sec : null, commits, exact },
  ];
}

/** The whole of what is given up when the set is activated as it is; `backends`: the files, when there are several. */
export function lossOf(
  missing: readonly MissingRange[],
  peers: readonly Peer[],
  backends: readonly string[] = [],
): Loss {
  const silent = [...new Set(peers.filter(({ vector }) => vector === null).map(({ server }) => server))];
  const total = sizeOf(missing);
  return {
    ...total,
    exact: silent.length === 0 && total.exact,
    silent,
    ...(backends.length > 0
      ? { backends: backends.map((id) => ({ id, ...sizeOf(missing.filter((range) => range.backend === id)) })) }
      : {}),
  };
}

function sizeOf(missing: readonly MissingRange[]): Pick<Loss, 'commits' | 'exact' | 'seconds'> {
  const seconds = missing.map((range) => range.seconds);
  return {
    commits: missing.reduce((sum, range) => sum + range.commits, 0),
    exact: missing.every((range) => range.exact),
    seconds: seconds.includes(null) ? null : Math.max(0, ...seconds.map((one) => one ?? 0)),
  };
}
