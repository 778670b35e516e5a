// Which incrementals follow which full: by serial, sequence and id together, never by name or time. Pure.
import type { BackupFileInfo, Chain } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';

export type ChainGap = Chain['gaps'][number];

export interface ChainPlan {
  /** In the order in which they are applied. */
  incrementals: BackupFileInfo[];
  /** What keeps the rest from being applied; empty when nothing is missing. */
  missing: ChainGap[];
}

/** Where to stop: after the backup with this idtag, or before the first one that shows a later time (ms); null for the end. */
export type ChainEnd = string | number | null;

/** The incrementals of `candidates` that continue `full`, up to a gap or to `until`. Copies of one backup count once. */
export function planChain(full: BackupFileInfo, candidates: BackupFileInfo[], until: ChainEnd = null): ChainPlan {
  const incrementals: BackupFileInfo[] = [];
  if (until === full.idtag) return { incrementals, missing: [] };
  const own = candidates.filter((info) => info.type === 'incremental' && info.baseIdtag === full.idtag);
  for (let last = full; ; ) {
    const next = own.find((info) => follows(last, info) === null);
    if (!next) return { incrementals, missing: findGap(last, own, until) };
    if (typeof until === 'number' && next.consistentAt > until) return { incrementals, missing: [] };
    incrementals.push(next);
    if (next.idtag === until) return { incrementals, missing: [] };
    last = next;
  }
}

/** Checks a list that was given by hand. Throws SERIAL_MISMATCH or INVALID_SEQUENCE for the first wrong one. */
export function checkChain(full: BackupFileInfo, incrementals: BackupFileInfo[]): void {
  let last = full;
  for (const next of incrementals) {
    const problem = follows(last, next);
    if (problem) {
      throw new HoldfastError(problem.name, `${next.file} does not follow ${last.file}: ${problem.reason}.`, {
        details: { file: next.file, after: last.file, expectedIncId: last.nextIncId },
      });
    }
    last = next;
  }
}

/** Chains by full, oldest first, each with its gaps; incrementals whose full is not there are in `orphans`. */
export function groupChains(infos: BackupFileInfo[]): { chains: Chain[]; orphans: BackupFileInfo[] } {
  const unique = [...new Map(infos.map((info) => [`${info.idtag} ${info.serial}`, info])).values()];
  const fulls = unique.filter((info) => info.type === 'full').sort((a, b) => a.time - b.time);
  const orphans = new Set(unique.filter((info) => info.type === 'incremental'));
  const byBase = Map.groupBy(orphans, (info) => info.baseIdtag);
  const chains = fulls.map((full) => {
    const own = (byBase.get(full.idtag) ?? []).filter((info) => orphans.has(info) && sameOrigin(full, info));
    for (const info of own) orphans.delete(info);
    return buildChain(full, own);
  });
  return { chains, orphans: [...orphans] };
}

/** The chains alone. */
export function buildChains(infos: BackupFileInfo[]): Chain[] {
  return groupChains(infos).chains;
}

function buildChain(full: BackupFileInfo, own: BackupFileInfo[]): Chain {
  const incrementals = own.sort((a, b) => a.sequence - b.sequence || a.time - b.time);
  const gaps: ChainGap[] = [];
  let last = full;
  for (const next of incrementals) {
    const problem = follows(last, next);
    if (problem) gaps.push({ afterIdtag: last.idtag, expectedIncId: last.nextIncId, reason: problem.reason });
    last = next;
  }
  return { full, incrementals, gaps };
}

interface ChainProblem {
  name: 'SERIAL_MISMATCH' | 'INVALID_SEQUENCE';
  reason: string;
}

/** Null when `next` is the very backup that was taken after `last`. */
function follows(last: BackupFileInfo, next: BackupFileInfo): ChainProblem | null {
  if (next.type === 'full') return { name: 'INVALID_SEQUENCE', reason: 'it is a full backup' };
  if (next.baseIdtag !== last.baseIdtag) {
    return { name: 'SERIAL_MISMATCH', reason: `it belongs to the full backup ${next.baseIdtag}` };
  }
  if (next.sequence !== last.sequence + 1 || next.incrementalId !== last.nextIncId) {
    return {
      name: 'INVALID_SEQUENCE',
      reason: `it is incremental ${next.incrementalId}, number ${next.sequence} of the chain; ${last.nextIncId}, number ${last.sequence + 1}, is next`,
    };
  }
  if (next.previousSerial !== last.serial) {
    return { name: 'SERIAL_MISMATCH', reason: 'its serial does not continue the one before' };
  }
  return null;
}

/** The same id at the base is not enough: two servers can start a full in the same second. */
function sameOrigin(full: BackupFileInfo, info: BackupFileInfo): boolean {
  return info.srvname === full.srvname && info.instance === full.instance;
}

function findGap(last: BackupFileInfo, own: BackupFileInfo[], until: ChainEnd): ChainGap[] {
  const later = own.filter((info) => info.sequence > last.sequence);
  const wanted =
    typeof until === 'string' || later.some((info) => typeof until !== 'number' || info.consistentAt <= until);
  if (!wanted) return [];
  const reason =
    later.length > 0
      ? `Incremental ${last.nextIncId} is missing; ${later.length} later ${later.length === 1 ? 'one needs' : 'ones need'} it.`
      : `Incremental ${last.nextIncId} is missing; the backup ${until} was not reached.`;
  return [{ afterIdtag: last.idtag, expectedIncId: last.nextIncId, reason }];
}
