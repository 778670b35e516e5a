// Which backups and logs a restore needs, what is missing, how far it reaches and why it ends there. Pure.
import type { BackupFileInfo, CatalogView, LogFileInfo } from '../contract/backup.ts';
import type { Stamp, Vector } from '../contract/common.ts';
import type { ErrorName } from '../contract/errors.ts';
import { momentText } from '../platform/time-text.ts';
import { compareStamps, formatStamp, stampTime } from '../vectors/stamp.ts';
import { stampOf } from '../vectors/vector.ts';
import { filesOf } from './backup-library.ts';
import { type FurtherRun, furtherRuns, reachOfAll } from './further-logs.ts';
import { endOfRun, hex, type LogRun, logsUpTo, runFor, runsOf } from './log-runs.ts';
import { currentLog, isLive, type LiveStatus, usable } from './timeline.ts';

export interface ChainRequest {
  idtag: string | null;
  until: number | null;
  /** The last commit wanted; stronger than `until`. */
  untilStamp?: Stamp | null;
  useLogs: boolean;
}

export interface RestoreChain {
  full: BackupFileInfo | null;
  incrementals: BackupFileInfo[];
  /** Log files to replay, in order. */
  logs: string[];
  /** The same for each further file of a set. */
  further: FurtherRun[];
  missing: string[];
  reaches: number | null;
  /** What is present at the end, when that follows from the headers; null for a point inside the logs. */
  vector: Vector | null;
  /** Why nothing after `reaches` is reached, when more is known to exist. */
  ends: string | null;
  /** Why it cannot be done; null when it can. */
  problem: { name: ErrorName; message: string } | null;
}

interface Candidate {
  chain: CatalogView['chains'][number];
  backups: BackupFileInfo[];
  replay: Replay;
}

/** `furtherLogs`: the logs of the further files; without them nothing is said of those. */
export type ChainCatalog = CatalogView & { furtherLogs?: readonly LogFileInfo[] };

export function restoreChain(catalog: ChainCatalog, status: LiveStatus, request: ChainRequest): RestoreChain {
  const runs = runsOf(catalog.logs, currentLog(status));
  const further = catalog.furtherLogs ?? null;
  const replayAfter = (last: BackupFileInfo) =>
    request.useLogs
      ? withFurther(pickLogs(runs, status, last, request), further, status, last, request)
      : { ...noLogs(last), covers: isAt(last, request) };
  const picked = pickBackups(catalog, request, replayAfter);
  if ('problem' in picked) return { ...nothing, problem: picked.problem };
  const { backups, missing, replay } = picked;
  const { untilStamp } = request;
  const point = pointOf(request);
  const reaches = point === null ? replay.reaches : Math.min(point, replay.reaches);
  const result: RestoreChain = {
    full: backups[0] as BackupFileInfo,
    incrementals: backups.slice(1),
    logs: replay.logs,
    further: replay.further,
    missing: [...missing, ...replay.missing],
    reaches,
    vector: point === null ? replay.vector : null,
    ends: point === null ? replay.ends : null,
    problem: picked.gap ?? replay.problem,
  };
  if (!result.problem && point !== null && !replay.covers) {
    const wanted = untilStamp ? `commit ${formatStamp(untilStamp)}` : momentText(point);
    const why = replay.ends ? `: ${replay.ends}` : '';
    const message = `The backups and logs reach ${momentText(replay.reaches)}, not ${wanted}${why}`;
    result.problem = { name: 'POINT_NOT_COVERED', message };
  }
  return result;
}

const nothing = {
  full: null,
  incrementals: [],
  logs: [],
  further: [],
  missing: [],
  reaches: null,
  vector: null,
  ends: null,
};

type Problem = { problem: NonNullable<RestoreChain['problem']> };
type Picked = { backups: BackupFileInfo[]; missing: string[]; gap: RestoreChain['problem']; replay: Replay };

function pickBackups(
  catalog: CatalogView,
  request: ChainRequest,
  replayAfter: (last: BackupFileInfo) => Replay,
): Picked | Problem {
  if (catalog.chains.length === 0)
    return { problem: { name: 'NO_FULL_BACKUP', message: 'There is no full backup to restore from' } };
  if (request.idtag !== null) return pickById(catalog, request.idtag, request, replayAfter);
  const candidates = catalog.chains.flatMap((chain): Candidate[] => {
    const backups = usable(chain).filter((backup) => isBefore(backup, request));
    const last = backups.at(-1);
    return last ? [{ chain, backups, replay: replayAfter(last) }] : [];
  });
  candidates.sort((a, b) => endOf(b.backups) - endOf(a.backups));
  const bounded = request.until !== null || !!request.untilStamp;
  const best = bounded
    ? candidates.find(({ replay }) => replay.covers && !replay.problem)
    : candidates.toSorted((a, b) => b.replay.reaches - a.replay.reaches)[0];
  const chosen = best ?? candidates[0];
  if (!chosen)
    return {
      problem: { name: 'POINT_NOT_COVERED', message: `The oldest backup is newer than ${pointText(request)}` },
    };
  return { backups: chosen.backups, missing: gapsOf(chosen.chain), gap: null, replay: chosen.replay };
}

function pickById(
  catalog: CatalogView,
  idtag: string,
  request: ChainRequest,
  replayAfter: (last: BackupFileInfo) => Replay,
): Picked | Problem {
  const chain = catalog.chains.find((one) => filesOf(one).some((file) => file.idtag === idtag));
  if (!chain) return { problem: { name: 'NOT_FOUND', message: `Backup ${idtag} was not found` } };
  const whole = filesOf(chain);
  const backups = whole.slice(0, whole.findIndex((file) => file.idtag === idtag) + 1);
  const last = backups.at(-1) as BackupFileInfo;
  if (!isBefore(last, request))
    return {
      problem: { name: 'POINT_NOT_COVERED', message: `Backup ${idtag} is newer than ${pointText(request)}` },
    };
  const replay = replayAfter(last);
  if (usable(chain).includes(last)) return { backups, missing: [], gap: null, replay };
  const missing = gapsOf(chain);
  const message = `Backup ${idtag} cannot be reached: ${missing.join('; ')}`;
  return { backups: usable(chain), missing, gap: { name: 'INVALID_SEQUENCE', message }, replay };
}

/** It holds nothing that was committed after the wanted point. */
function isBefore(backup: BackupFileInfo, { until, untilStamp }: ChainRequest): boolean {
  if (!untilStamp) return until === null || backup.consistentAt <= until;
  const held = stampOf(backup.vector, untilStamp.replica);
  return held === null || compareStamps(held, untilStamp) <= 0;
}

/** The wanted point is the very one that the backup shows. */
function isAt(backup: BackupFileInfo, { until, untilStamp }: ChainRequest): boolean {
  if (!untilStamp) return until === backup.consistentAt;
  const held = stampOf(backup.vector, untilStamp.replica);
  return held !== null && compareStamps(held, untilStamp) === 0;
}

const pointText = ({ until, untilStamp }: ChainRequest): string =>
  untilStamp ? `commit ${formatStamp(untilStamp)}` : momentText(until ?? 0);

const endOf = (backups: readonly BackupFileInfo[]) => backups.at(-1)?.consistentAt ?? 0;

function gapsOf(chain: CatalogView['chains'][number]): string[] {
  return chain.gaps.map((gap) => `incremental ${gap.expectedIncId} after ${gap.afterIdtag}: ${gap.reason}`);
}

interface Replay {
  logs: string[];
  further: FurtherRun[];
  missing: string[];
  reaches: number;
  vector: Vector;
  ends: string | null;
  /** It ends where logging was started anew: what follows is another life of the database. */
  startedAnew: boolean;
  /** The wanted point lies inside: nothing that it needs is known to be missing. */
  covers: boolean;
  problem: RestoreChain['problem'];
}

/** A backup alone covers the moment that it shows, and no other. */
function noLogs(last: BackupFileInfo, missing: string[] = [], ends: string | null = null): Replay {
  const { consistentAt: reaches, vector } = last;
  return { logs: [], further: [], missing, reaches, vector, ends, startedAnew: false, covers: false, problem: null };
}

const pointOf = ({ until, untilStamp }: ChainRequest): number | null =>
  until ?? (untilStamp ? stampTime(untilStamp) : null);

/** A set is brought as far as the file that ends first: what the others hold beyond it would not fit that one. */
function withFurther(
  first: Replay,
  logs: readonly LogFileInfo[] | null,
  status: LiveStatus,
  last: BackupFileInfo,
  request: ChainRequest,
): Replay {
  if (first.logs.length === 0) return first;
  const point = pointOf(request);
  const further = furtherRuns(last, { logs, status, point, startedAnew: first.startedAnew });
  const whole = first.ends === null;
  const { reaches, short } = reachOfAll({ reaches: first.reaches, whole }, further);
  // A commit of another file can be the last one.
  const inside = request.until !== null && !request.untilStamp && whole && request.until <= reaches;
  const covers = (first.covers || inside) && (point === null || short === null || point <= short.limit);
  if (!short || (point !== null && covers)) return { ...first, further, reaches, covers };
  const { id, limit, reason } = short;
  const atBackup = isAt(last, request);
  const hole = short.end?.kind !== 'tail' && !atBackup;
  const message = `The logs of ${id} end at ${momentText(limit)}: ${reason}. Choose a point up to there, or add the folder where the log lies`;
  return {
    ...first,
    further,
    covers: atBackup,
    missing: [...first.missing, `${id}: ${reason}`],
    reaches,
    ends: first.ends ?? `${id}: ${reason}`,
    problem: first.problem ?? (hole ? { name: 'LOG_GAP', message } : null),
  };
}

function pickLogs(runs: readonly LogRun[], status: LiveStatus, last: BackupFileInfo, request: ChainRequest): Replay {
  const { until } = request;
  const untilStamp = request.untilStamp ?? null;
  const atBackup = isAt(last, request);
  const run = runFor(last, runs);
  if (!run) {
    const first = Number.parseInt(last.currentLog, 16);
    const wanted = last.logSerial !== null && !Number.isNaN(first) && (runs.length > 0 || status?.logging.on === true);
    const missing = wanted ? [`roll-forward log ${hex(first)} of this database`] : [];
    const why = wanted ? `roll-forward log ${hex(first)} is missing` : 'roll-forward logging was off';
    return { ...noLogs(last, missing, why), covers: atBackup };
  }
  const live = isLive(run, status);
  const reaches = Math.max(last.consistentAt, endOfRun(run), live ? (status?.restorableTo ?? 0) : 0);
  const end = untilStamp ? endByStamp(run, untilStamp) : logsUpTo(run, until);
  const have = run.logs.findLast((log) => log.have !== undefined)?.have ?? last.vector;
  const inside = untilStamp
    ? run.logs.some((log) => holds(log.have, untilStamp))
    : until !== null && (until <= reaches || live);
  const covers = atBackup || inside;
  // What was cut off by a new run is another life of the database; a log that is missing is a loss.
  const broken = run.end !== null && run.end.kind !== 'newRun' && !covers ? run.end : null;
  const hole = broken !== null && broken.kind !== 'tail';
  return {
    logs: run.logs.slice(0, end).map((log) => log.file),
    further: [],
    missing: broken ? [broken.reason] : [],
    reaches,
    vector: have,
    ends: run.end?.reason ?? null,
    startedAnew: run.end?.kind === 'newRun',
    covers,
    problem: hole
      ? {
          name: 'LOG_GAP',
          message: `The logs end at ${momentText(reaches)}: ${broken.reason}. Choose a point up to there`,
        }
      : null,
  };
}

const holds = (have: Vector | undefined, stamp: Stamp): boolean => {
  const own = have ? stampOf(have, stamp.replica) : null;
  return own !== null && compareStamps(own, stamp) >= 0;
};

function endByStamp({ logs }: LogRun, stamp: Stamp): number {
  const at = logs.findIndex((log) => holds(log.have, stamp));
  return at < 0 ? logs.length : at + 1;
}
