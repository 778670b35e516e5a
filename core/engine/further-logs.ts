// The further files of a set: which logs continue each of them after a backup, and how far the set can be brought with them. Pure.
import type { BackendFile } from '../contract/backend.ts';
import type { BackupFileInfo, LogFileInfo } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import { type CurrentLog, endOfRun, folderOf, hex, logsUpTo, type RunEnd, runFor, runsOf } from './log-runs.ts';

export interface FurtherRun {
  id: string;
  /** Logs to replay, in order. */
  logs: string[];
  /** What it holds after them; null for a point inside. */
  vector: Vector | null;
  /** ms since 1970: its last commit in them, or the backup. */
  reaches: number;
  /** Beyond this moment (ms since 1970) nothing of it can be replayed; null when nothing is known to be missing. */
  limit: number | null;
  end: Pick<RunEnd, 'kind' | 'reason'> | null;
}

export interface FurtherRequest {
  /** Every log of further files that was found. Null: it was not looked for any. */
  logs: readonly LogFileInfo[] | null;
  /** The files as their agent sees them, when one protects them. */
  status: Pick<InstanceStatus, 'backends'> | null;
  /** ms since 1970; null for the end. */
  point: number | null;
  /** The first file's logs begin anew after this run: so do those of the others, and nothing is missing for it. */
  startedAnew: boolean;
}

/** One run for each further file of a backup; empty for a backup of one file, and where it is not known which logs there are. */
export function furtherRuns(last: BackupFileInfo, request: FurtherRequest): FurtherRun[] {
  const { logs } = request;
  if (logs === null) return [];
  return (last.backends ?? []).slice(1).flatMap((file) => {
    const { databaseSerial, vector } = file;
    return databaseSerial === undefined || vector === undefined
      ? []
      : [runOf({ ...file, databaseSerial, vector }, last.consistentAt, logs, request)];
  });
}

/**
 * How far all files are brought together: to the last commit of any, but not beyond the end of one whose logs break off. `first`: how
 * far the first file's logs go, and that nothing of them is missing.
 */
export function reachOfAll(
  first: { reaches: number; whole: boolean },
  further: readonly FurtherRun[],
): { reaches: number; short: ReturnType<typeof shortest> } {
  const short = shortest(further);
  const last = first.whole ? Math.max(first.reaches, ...further.map((one) => one.reaches)) : first.reaches;
  return { reaches: short ? Math.min(last, short.limit) : last, short };
}

/** The one that ends first, when any of them has an end. */
function shortest(runs: readonly FurtherRun[]): (FurtherRun & { limit: number; reason: string }) | null {
  const ended = runs.flatMap((run) =>
    run.limit === null ? [] : [{ ...run, limit: run.limit, reason: run.end?.reason ?? 'its logs end there' }],
  );
  return ended.sort((a, b) => a.limit - b.limit)[0] ?? null;
}

type Continued = BackendFile & { databaseSerial: string; vector: Vector };

function runOf(
  file: Continued,
  consistentAt: number,
  all: readonly LogFileInfo[],
  { status, point, startedAnew }: FurtherRequest,
): FurtherRun {
  const { id, vector, logSerial } = file;
  // Logging was off when it was backed up: no log continues it.
  if (logSerial === null) return { id, logs: [], vector, reaches: consistentAt, limit: null, end: null };
  const run = runFor(file, runsOf(logsOf(file.databaseSerial, all), currentOf(id, status)));
  if (!run) {
    const reason = `roll-forward log ${hex(Number.parseInt(file.currentLog, 16))} is missing`;
    return { id, logs: [], vector, reaches: consistentAt, limit: consistentAt, end: { kind: 'missing', reason } };
  }
  const whole = run.end === null || (run.end.kind === 'newRun' && startedAnew);
  const reaches = Math.max(consistentAt, endOfRun(run));
  const have = run.logs.findLast((log) => log.have !== undefined)?.have ?? vector;
  return {
    id,
    logs: run.logs.slice(0, logsUpTo(run, point)).map((log) => log.file),
    vector: point === null ? have : null,
    reaches,
    limit: whole ? null : reaches,
    end: run.end,
  };
}

/** The logs of one file; one whose header cannot be read is of the file whose logs it lies beside. */
export function logsOf(databaseSerial: string, all: readonly LogFileInfo[]): LogFileInfo[] {
  const own = all.filter((log) => log.databaseSerial === databaseSerial);
  const folders = new Set(own.map((log) => folderOf(log.file)));
  return [...own, ...all.filter((log) => log.databaseSerial === '' && folders.has(folderOf(log.file)))];
}

function currentOf(id: string, status: FurtherRequest['status']): CurrentLog | null {
  const logging = status?.backends?.find((one) => one.id === id)?.logging;
  const number = Number.parseInt(logging?.currentLog ?? '', 16);
  return logging?.on && !Number.isNaN(number) ? { folder: logging.directory, number } : null;
}
