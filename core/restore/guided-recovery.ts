// The ways on after -6034, best first: the complete set, another server's backup, its live copy, or the loss with its exact size. Pure.
import type { BackendVector } from '../contract/backend.ts';
import type { Vector } from '../contract/common.ts';
import type { Recovery, RecoveryFile, RecoveryWay } from '../contract/recovery.ts';
import type { Peer } from '../contract/restore.ts';
import { type HeldVector, verifyBackends } from '../vectors/verify.ts';
import { lossOf, missingRanges } from './guided-missing.ts';
import { type FoundFiles, type RestorableSet, restorableSets } from './guided-sets.ts';

export interface RecoveryFacts {
  /** What the set in RST holds: of a database of several files the first one. */
  restored: Vector;
  /** What each of several files holds, the first included; missing for a database of one file. */
  backends?: readonly BackendVector[] | null;
  restoredTo: number | null;
  /** The full that the failed restore began with, and the server whose backups it used. */
  baseIdtag: string | null;
  srvname: string | null;
  /** Files that the failed restore read. */
  used: readonly string[];
  peers: readonly Peer[];
  places: readonly FoundFiles[];
  /** Databases that can be backed up now, with what they hold. */
  copies: readonly { instanceId: string; vector: Vector; backends?: readonly BackendVector[] | undefined }[];
}

export type PlannedWay = Omit<RecoveryWay, 'title' | 'text' | 'command'>;
export type PlannedRecovery = Pick<Recovery, 'status' | 'restoredTo' | 'missing' | 'loss'> & { ways: PlannedWay[] };

/** Never offers a restore that a peer which answered would still be ahead of; the loss counts what every peer holds. */
export function planRecovery(facts: RecoveryFacts): PlannedRecovery {
  const { restored, restoredTo, peers, copies } = facts;
  const ids = (facts.backends ?? []).map((one) => one.id);
  const missing = missingRanges(heldBy(restored, facts.backends), peers);
  const loss = lossOf(missing, peers, ids);
  if (missing.length === 0)
    return { status: loss.silent.length > 0 ? 'unreachable' : 'none', restoredTo, missing, loss, ways: [] };
  const enough = (held: HeldVector[]) => verifyBackends(held, peers).status !== 'behind';
  // A set of other files cannot take the place of these.
  const fits = (held: readonly BackendVector[] | null | undefined) =>
    (held ?? []).length === ids.length && (held ?? []).every((one) => ids.includes(one.id));
  const sets = restorableSets(facts.places).filter((set) => {
    const all = backendsOf(set);
    return fits(all) && enough(heldBy(set.reaches, all));
  });
  const own = sets.filter((set) => isOwn(set, facts)).sort((a, b) => rank(a, facts) - rank(b, facts));
  const other = sets.filter((set) => !isOwn(set, facts)).sort((a, b) => b.reachesTo - a.reachesTo);
  const ways = [
    ...own.slice(0, 1).map((set) => setWay('complete', set, facts)),
    ...firstOfEach(other).map((set) => setWay('backup', set, facts)),
    ...copies.filter((one) => fits(one.backends) && enough(heldBy(one.vector, one.backends))).map(copyWay),
    acceptWay(facts),
  ];
  return { status: 'behind', restoredTo, missing, loss, ways };
}

const heldBy = (vector: Vector, backends: readonly BackendVector[] | null | undefined): HeldVector[] =>
  backends?.map((one) => ({ backend: one.id, vector: one.vector })) ?? [{ vector }];

/** What each of several files of a set holds; null for a set of one file. */
function backendsOf({ backups, reaches, further }: RestorableSet): BackendVector[] | null {
  const first = backups[0]?.backends?.[0];
  if (!first) return null;
  return [{ id: first.id, vector: reaches }, ...further.map(({ id, reaches: vector }) => ({ id, vector }))];
}

const isOwn = ({ backups }: RestorableSet, { baseIdtag, srvname }: RecoveryFacts) =>
  backups[0]?.idtag === baseIdtag || (srvname !== null && backups.at(-1)?.srvname === srvname);

/** The fewest files that were not there before; then the furthest. Never a whole other chain where one file is enough. */
function rank(set: RestorableSet, facts: RecoveryFacts): number {
  return filesOf(set, facts).filter((file) => file.added).length * 1e15 - set.reachesTo;
}

/** One way for each server whose backups they are: the furthest. */
function firstOfEach(sets: RestorableSet[]): RestorableSet[] {
  const seen = new Set<string>();
  return sets.filter(({ backups }) => {
    const from = backups.at(-1)?.srvname ?? '';
    return !seen.has(from) && seen.add(from);
  });
}

function filesOf({ backups, logs, further }: RestorableSet, { used }: RecoveryFacts): RecoveryFile[] {
  const first = backups[0]?.backends?.[0]?.id;
  const ofFile = (files: RestorableSet['logs'], backend: string | undefined) =>
    files.map(({ file, foundOn }) => ({
      ...{ file, kind: 'log' as const, server: foundOn, idtag: null },
      ...(backend === undefined ? {} : { backend }),
    }));
  return [
    ...backups.map(({ file, type, foundOn, idtag }) => ({ file, kind: type, server: foundOn, idtag })),
    ...ofFile(logs, first),
    ...further.flatMap((one) => ofFile(one.logs, one.id)),
  ].map((one) => ({ ...one, added: !used.includes(one.file) }));
}

function setWay(kind: 'complete' | 'backup', set: RestorableSet, facts: RecoveryFacts): PlannedWay {
  const last = set.backups.at(-1);
  const { reaches, reachesTo } = set;
  const encrypted = set.backups.some((one) => Boolean(one.encryption));
  const files = filesOf(set, facts);
  const backends = backendsOf(set);
  const id = `${kind}:${last?.serial}`;
  return { id, kind, reaches, ...(backends ? { backends } : {}), reachesTo, files, encrypted, source: null };
}

const copyWay = ({ instanceId, vector, backends }: RecoveryFacts['copies'][number]): PlannedWay => ({
  id: `copy:${instanceId}`,
  kind: 'copy',
  reaches: vector,
  ...(backends ? { backends: backends.map(({ id, vector: held }) => ({ id, vector: held })) } : {}),
  reachesTo: null,
  files: [],
  encrypted: false,
  source: instanceId,
});

const acceptWay = ({ restored, restoredTo, backends }: RecoveryFacts): PlannedWay => ({
  id: 'accept',
  kind: 'accept',
  reaches: restored,
  ...(backends ? { backends: [...backends] } : {}),
  reachesTo: restoredTo,
  files: [],
  encrypted: false,
  source: null,
});
