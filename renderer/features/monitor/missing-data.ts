// After a failed verification: which changes are missing, as the table of the verification shows it.
import type { MissingRange } from '../../../core/contract/recovery.ts';
import type { Verification } from '../../../core/contract/restore.ts';

const newer = (a: MissingRange['to'], b: MissingRange['to']): boolean =>
  a.sec > b.sec || (a.sec === b.sec && a.event > b.event);

/** One range for each replica number of each file that is behind, up to the newest change that any server holds. */
export function missingRanges(verification: Verification): MissingRange[] {
  const ranges = new Map<string, MissingRange>();
  for (const peer of verification.servers) {
    for (const row of peer.rows) {
      if (row.status !== 'behind' || !row.remote) continue;
      const key = `${peer.backend ?? ''} ${row.replica}`;
      const known = ranges.get(key);
      if (known && !newer(row.remote, known.to)) continue;
      ranges.set(key, {
        ...(peer.backend === undefined ? {} : { backend: peer.backend }),
        replica: row.replica,
        from: row.local,
        to: row.remote,
        heldBy: [peer.server],
        seconds: row.local ? row.behindSec : null,
        commits: row.behindCommits,
        exact: !row.atLeast,
      });
    }
  }
  return [...ranges.values()].sort((a, b) => a.replica - b.replica);
}
