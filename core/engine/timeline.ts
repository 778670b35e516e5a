// The timeline of one database: from when to when it can be restored, what of it was proven, and where not and why. Pure.
import type { BackupFileInfo, CatalogView, LogFileInfo } from '../contract/backup.ts';
import type { Timeline } from '../contract/console.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { Proof } from '../contract/proofs.ts';
import { filesOf } from './backup-library.ts';
import { furtherRuns, reachOfAll } from './further-logs.ts';
import { type CurrentLog, endOfRun, folderOf, type LogRun, logNumber, runFor, runsOf } from './log-runs.ts';

type Band = Timeline['bands'][number];

/** What is known of a database beside its files; null when no agent protects it (a folder that was opened). */
export type LiveStatus = Pick<InstanceStatus, 'logging' | 'restorableTo' | 'backends'> | null;

/** `furtherLogs`: the logs of the further files of sets; null where none were looked for. */
export function timelineOf(
  catalog: CatalogView,
  status: LiveStatus,
  proofs: readonly Proof[] = [],
  furtherLogs: readonly LogFileInfo[] | null = null,
): Timeline {
  const backups = catalog.chains.flatMap(usable).sort((a, b) => a.consistentAt - b.consistentAt);
  const runs = runsOf(catalog.logs, currentLog(status));
  const solid = merged([
    ...backups.map((backup) => ({ from: backup.consistentAt, to: backup.consistentAt, broken: null })),
    ...backups.flatMap((backup) => coverage(backup, runs, status, furtherLogs)),
  ]);
  const proven = merged(proofs.flatMap((proof) => provenBy(proof, backups)));
  const bands: Band[] = [];
  solid.forEach((band, index) => {
    if (band.to > band.from) bands.push(...parted(band, proven));
    const next = solid[index + 1];
    if (next) bands.push({ from: band.to, to: next.from, kind: 'gap', reason: band.broken ?? gapReason(status) });
  });
  return {
    catalog,
    bands,
    restorableFrom: solid[0]?.from ?? null,
    restorableTo: solid.at(-1)?.to ?? null,
    proofs: [...proofs],
  };
}

/** The full and the incrementals up to the first gap: only those can be restored. */
export function usable(chain: CatalogView['chains'][number]): BackupFileInfo[] {
  const firstGap = chain.gaps[0];
  if (!firstGap) return filesOf(chain);
  const last = filesOf(chain).findIndex((file) => file.idtag === firstGap.afterIdtag);
  return filesOf(chain).slice(0, last + 1);
}

/** The log being written, when one is. */
export function currentLog(status: LiveStatus): CurrentLog | null {
  if (!status?.logging.on) return null;
  const number = Number.parseInt(status.logging.currentLog, 16);
  return Number.isNaN(number) ? null : { folder: status.logging.directory, number };
}

/** True when the run is the one that is being written now. */
export function isLive(run: LogRun, status: LiveStatus): boolean {
  const current = currentLog(status);
  if (run.end !== null || current === null) return false;
  return run.logs.some((log) => logNumber(log) === current.number && folderOf(log.file) === current.folder);
}

interface Solid {
  from: number;
  to: number;
  broken: string | null;
}

function coverage(
  backup: BackupFileInfo,
  runs: readonly LogRun[],
  status: LiveStatus,
  logs: readonly LogFileInfo[] | null,
): Solid[] {
  const run = runFor(backup, runs);
  if (!run) return [];
  const to = Math.max(backup.consistentAt, endOfRun(run), isLive(run, status) ? (status?.restorableTo ?? 0) : 0);
  const further = furtherRuns(backup, { logs, status, point: null, startedAnew: run.end?.kind === 'newRun' });
  // The files of a set go together: none further than the one that ends first.
  const { reaches, short } = reachOfAll({ reaches: to, whole: run.end === null }, further);
  const broken = run.end?.reason ?? (short ? `${short.id}: ${short.reason}` : null);
  return [{ from: backup.consistentAt, to: reaches, broken }];
}

/** A restore that reached a point went through every commit between its last backup and that point. */
function provenBy(proof: Proof, backups: readonly BackupFileInfo[]): Solid[] {
  if (proof.kind === 'verify') return [];
  const backup = backups.find((one) => one.idtag === proof.idtag);
  return backup && proof.reachedAt > backup.consistentAt
    ? [{ from: backup.consistentAt, to: proof.reachedAt, broken: null }]
    : [];
}

/** A stretch of logs cut where its proven parts begin and end. */
function parted({ from, to }: Solid, proven: readonly Solid[]): Band[] {
  const bands: Band[] = [];
  let at = from;
  const add = (end: number, kind: 'proven' | 'log') => {
    if (end > at) bands.push({ from: at, to: end, kind, reason: null });
    at = Math.max(at, end);
  };
  for (const part of proven) {
    if (part.to <= from || part.from >= to) continue;
    add(Math.max(part.from, from), 'log');
    add(Math.min(part.to, to), 'proven');
  }
  add(to, 'log');
  return bands;
}

/** Overlapping stretches as one, in order of time. */
function merged(parts: Solid[]): Solid[] {
  const result: Solid[] = [];
  for (const part of parts.sort((a, b) => a.from - b.from || b.to - a.to)) {
    const last = result.at(-1);
    if (last && part.from <= last.to) {
      if (part.to > last.to) {
        last.to = part.to;
        last.broken = part.broken;
      } else if (part.to === last.to) last.broken ??= part.broken;
    } else result.push({ ...part });
  }
  return result;
}

function gapReason(status: LiveStatus): string {
  return status?.logging.on === false ? 'roll-forward logging was off' : 'no roll-forward log covers this time';
}
