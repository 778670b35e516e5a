// The planner: which backups, logs and copies bring a database back, how fast, and with what loss. Pure.
import type { BackupFileInfo, CatalogView } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import type { WayBack, WaysBack } from '../contract/library.ts';
import type { Proof } from '../contract/proofs.ts';
import { momentText } from '../platform/time-text.ts';
import { commitsBetween } from '../vectors/feed.ts';
import { mergeVectors } from '../vectors/vector.ts';
import { filesOf } from './backup-library.ts';
import { type RestoreChain, restoreChain } from './restore-chain.ts';
import type { LiveStatus } from './timeline.ts';

/** A copy in the database's group, as it was last heard of. */
export interface CopyState {
  memberId: string;
  server: string;
  instance: string;
  vector: Vector | null;
  /** Time of its newest commit. */
  dataTime: number | null;
  /** Why it cannot take over now; null when it can. */
  problem: string | null;
}

export interface PlannerFacts {
  catalog: CatalogView;
  status: LiveStatus;
  /** What the database itself holds, or held when it was last heard of. */
  current: { vector: Vector; lastCommitAt: number | null };
  copies: readonly CopyState[];
  proofs: readonly Proof[];
  /** Bytes a millisecond that a restore has read here; null when none was measured. */
  restoreRate: number | null;
  /** How long the last failovers of the group took, ms. */
  failoverMs: readonly number[];
}

/** Best first: what can be done before what cannot, then the least loss, then the shortest time, then what was proven. */
export function waysBack(facts: PlannerFacts): WaysBack {
  const { current, copies } = facts;
  // The logs may know of commits that the database's last status did not.
  const logged = restoreChain(facts.catalog, facts.status, { idtag: null, until: null, useLogs: true });
  const known = [current.vector, logged.vector ?? [], ...copies.map((copy) => copy.vector ?? [])];
  const newest = known.reduce((all, vector) => mergeVectors(all, vector), [] as Vector);
  const times = [current.lastCommitAt, logged.reaches, ...copies.map((copy) => copy.dataTime)].filter(
    (time) => time !== null,
  );
  const newestAt = times.length > 0 ? Math.max(...times) : null;
  const own = mergeVectors(current.vector, logged.vector ?? []);
  const against: Newest = { vector: newest, at: newestAt, own, copies };
  const ways = [...fromBackups(facts, logged, against), ...copies.map((copy) => fromCopy(copy, facts, against))];
  return { ways: ways.sort(byMerit), newest, newestAt };
}

interface Newest {
  vector: Vector;
  at: number | null;
  /** What the database itself, with its logs, holds or held. */
  own: Vector;
  copies: readonly CopyState[];
}

function fromBackups(facts: PlannerFacts, logs: RestoreChain, newest: Newest): WayBack[] {
  const { catalog, status } = facts;
  const bare = restoreChain(catalog, status, { idtag: null, until: null, useLogs: false });
  const ways: WayBack[] = [];
  if (logs.logs.length > 0 || logs.problem) ways.push(fromChain('logs', logs, facts, newest));
  if (bare.full) ways.push(fromChain('backup', bare, facts, newest));
  // Where the last link cannot be reached or a log in between is missing, the chain before it is a way of its own.
  if (logs.problem?.name === 'LOG_GAP' && logs.reaches !== null) {
    const upTo = restoreChain(catalog, status, { idtag: null, until: logs.reaches, useLogs: true });
    if (!upTo.problem && upTo.logs.length > 0)
      ways.push({ ...fromChain('logs', { ...upTo, vector: logs.vector }, facts, newest), id: 'logs:gap' });
  }
  return ways;
}

function fromChain(kind: 'logs' | 'backup', chain: RestoreChain, facts: PlannerFacts, newest: Newest): WayBack {
  const last = chain.incrementals.at(-1) ?? chain.full;
  const count = chain.incrementals.length;
  const what = [
    ...(chain.full ? [`full backup ${chain.full.idtag}`] : []),
    ...(count > 0 ? [`${count} incremental${count > 1 ? 's' : ''}`] : []),
    ...(kind === 'logs' && chain.logs.length > 0
      ? [`${chain.logs.length} log${chain.logs.length > 1 ? 's' : ''}`]
      : []),
  ].join(', ');
  const sizes = new Map(facts.catalog.logs.map((log) => [log.file, log.bytes]));
  const bytes =
    (chain.full ? filesOf({ full: chain.full, incrementals: chain.incrementals, gaps: [] }) : []).reduce(
      (sum, file) => sum + file.bytes,
      0,
    ) + chain.logs.reduce((sum, log) => sum + (sizes.get(log) ?? 0), 0);
  const { restoreRate: rate } = facts;
  const end = chain.ends ? `; ${chain.ends}` : '';
  return {
    id: kind,
    kind,
    title: kind === 'logs' ? 'Backups and every log' : 'The newest backup',
    detail: chain.reaches === null ? what : `${what}: reaches ${momentText(chain.reaches)}${end}`,
    idtag: last?.idtag ?? null,
    memberId: null,
    reaches: chain.reaches,
    vector: chain.vector,
    ...lossOf(chain.vector, chain.reaches, newest),
    estimatedMs: rate !== null && rate > 0 && chain.full ? Math.round(bytes / rate) : null,
    proof: facts.proofs.find((proof) => last && proves(proof, last, kind)) ?? null,
    problem: chain.problem?.message ?? null,
  };
}

/** What only reached the end of the backup says nothing of the logs after it. */
function proves(proof: Proof, last: BackupFileInfo, kind: 'logs' | 'backup'): boolean {
  if (proof.idtag !== last.idtag || proof.kind === 'verify') return false;
  return kind === 'backup' || proof.reachedAt > last.consistentAt;
}

function fromCopy(copy: CopyState, facts: PlannerFacts, newest: Newest): WayBack {
  const sorted = facts.failoverMs.toSorted((a, b) => a - b);
  const reaches = copy.dataTime;
  return {
    id: `copy:${copy.memberId}`,
    kind: 'copy',
    title: `The copy on ${copy.server}`,
    detail:
      reaches === null ? 'It was never restored' : `Failover to ${copy.server}: holds data of ${momentText(reaches)}`,
    idtag: null,
    memberId: copy.memberId,
    reaches,
    vector: copy.vector,
    ...lossOf(copy.vector, reaches, newest),
    estimatedMs: sorted[Math.floor(sorted.length / 2)] ?? null,
    proof: null,
    problem: copy.problem,
  };
}

function lossOf(
  vector: Vector | null,
  reaches: number | null,
  newest: Newest,
): Pick<WayBack, 'lossCommits' | 'lossMs' | 'lossHeldBy'> {
  const lossCommits = vector === null ? null : commitsBetween(vector, newest.vector);
  if (lossCommits === 0) return { lossCommits, lossMs: 0, lossHeldBy: [] };
  // A master that was left behind by a failover holds commits that the active database never had: no restore of that one loses them.
  const holders = newest.copies.filter((copy) => vector && copy.vector && commitsBetween(vector, copy.vector) !== 0);
  const elsewhere = vector !== null && commitsBetween(vector, newest.own) === 0;
  const lossHeldBy = elsewhere ? holders.map(({ server }) => server) : [];
  const lossMs = reaches === null || newest.at === null ? null : Math.max(0, newest.at - reaches);
  return { lossCommits, lossMs, lossHeldBy };
}

const unknownLast = (value: number | null): number => value ?? Number.POSITIVE_INFINITY;

function byMerit(a: WayBack, b: WayBack): number {
  const difference = (of: (way: WayBack) => number): number => {
    const [one, other] = [of(a), of(b)];
    return one === other ? 0 : one - other;
  };
  return (
    difference((way) => (way.problem === null ? 0 : 1)) ||
    difference((way) => unknownLast(way.lossCommits)) ||
    difference((way) => unknownLast(way.lossMs)) ||
    difference((way) => unknownLast(way.estimatedMs)) ||
    difference((way) => (way.proof === null ? 1 : 0))
  );
}
