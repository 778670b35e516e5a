// Roll-forward logs as runs: those of one serial that follow one another by number, wherever they lie, and why a run ends. Pure.
import type { BackupFileInfo, LogFileInfo } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import { feeds } from '../vectors/feed.ts';

export interface LogRun {
  databaseSerial: string;
  serial: string;
  /** In hexadecimal order, each once, without a hole. */
  logs: LogFileInfo[];
  /** Why the run ends where it does; null when nothing is known to come after it. */
  end: RunEnd | null;
}

export interface RunEnd {
  /**
   * `newRun`: everything of this run is here. `missing`, `damaged`: what follows in it cannot be replayed. `tail`: nothing that
   * follows is here, but the agent has written more.
   */
  kind: 'newRun' | 'missing' | 'damaged' | 'tail';
  reason: string;
  /** Number of the log that is missing or damaged, or that begins the new run. */
  log: string;
}

/** `0000000a`, or `0000000a.log`, as a number. */
export const logNumber = (log: { number: string }) => Number.parseInt(log.number, 16);
export const hex = (number: number) => `${number.toString(16).padStart(8, '0')}.log`;

/** The log that is being written now, when it is known: what lies before it in its folder must be there. */
export interface CurrentLog {
  folder: string;
  number: number;
}

/** What a backup says of the logs that continue it. */
export type Continued = Pick<BackupFileInfo, 'currentLog' | 'databaseSerial' | 'logSerial' | 'vector'>;

/** Every run of some logs, in any order given; copies of a log in several folders count once, the best of them. */
export function runsOf(logs: readonly LogFileInfo[], current: CurrentLog | null = null): LogRun[] {
  const best = bestCopies(logs);
  const groups = new Map<string, LogFileInfo[]>();
  for (const log of best) {
    if (log.problem || log.serial === '') continue;
    const key = `${log.databaseSerial} ${log.serial}`;
    groups.set(key, [...(groups.get(key) ?? []), log]);
  }
  return [...groups.values()].flatMap((group) => split(group, best, current));
}

/** The run that continues a backup, cut to begin with the log that it names; null when no log is there that would. */
export function runFor(backup: Continued, runs: readonly LogRun[]): LogRun | null {
  const first = Number.parseInt(backup.currentLog, 16);
  const fitting = runs.flatMap((run) => {
    const at = run.logs.findIndex((log) => logNumber(log) === first);
    const [log] = at < 0 ? [] : run.logs.slice(at);
    return log && continues(backup, log, run.logs.findLast((one) => one.have)?.have ?? log.floor ?? [])
      ? [{ ...run, logs: run.logs.slice(at) }]
      : [];
  });
  return fitting.sort((a, b) => endOfRun(b) - endOfRun(a))[0] ?? null;
}

/** Time of the last commit of a run; -Infinity when it holds none. */
export const endOfRun = (run: LogRun): number =>
  run.logs.reduce((last, log) => Math.max(last, log.to ?? Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);

/** How many logs of the run are needed up to a moment; null for all. */
export function logsUpTo({ logs }: LogRun, until: number | null): number {
  if (until === null) return logs.length;
  return Math.max(1, logs.findLastIndex((log) => log.from === null || log.from <= until) + 1);
}

/** The same database and, where the backup says so, the same run of logging; nothing was committed between the two. */
function continues(backup: Continued, log: LogFileInfo, have: Vector): boolean {
  if (backup.databaseSerial !== undefined && backup.databaseSerial !== log.databaseSerial) return false;
  if (backup.logSerial !== undefined && backup.logSerial !== log.serial) return false;
  return log.floor === undefined || feeds({ floor: log.floor, have }, backup.vector);
}

function bestCopies(logs: readonly LogFileInfo[]): LogFileInfo[] {
  const best = new Map<string, LogFileInfo>();
  for (const log of logs) {
    // A log whose header cannot be read has no run: it stands for itself in its folder.
    const key = log.serial === '' ? log.file : `${log.databaseSerial} ${log.serial} ${logNumber(log)}`;
    const before = best.get(key);
    if (!before || isBetter(log, before)) best.set(key, log);
  }
  return [...best.values()];
}

const isBetter = (one: LogFileInfo, other: LogFileInfo): boolean =>
  (one.problem === null) !== (other.problem === null) ? one.problem === null : one.lastSeq > other.lastSeq;

function split(group: LogFileInfo[], all: readonly LogFileInfo[], current: CurrentLog | null): LogRun[] {
  const sorted = group.sort((a, b) => logNumber(a) - logNumber(b));
  const runs: LogFileInfo[][] = [];
  for (const log of sorted) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && logNumber(log) === logNumber(last) + 1 && begins(log, last)) run.push(log);
    else runs.push([log]);
  }
  return runs.map((logs) => {
    const last = logs.at(-1) as LogFileInfo;
    const { databaseSerial, serial } = last;
    return { databaseSerial, serial, logs, end: endAfter(last, all, current) };
  });
}

/** `log` begins where `last` ended. One that was still being written when it was looked at proves nothing. */
function begins({ floor }: LogFileInfo, last: LogFileInfo): boolean {
  const end = last.have ?? last.floor;
  if (!floor || !end || !last.closed) return true;
  return end.every(({ replica, seq }) => (floor.find((one) => one.replica === replica)?.seq ?? 0) === seq);
}

function endAfter(last: LogFileInfo, all: readonly LogFileInfo[], current: CurrentLog | null): RunEnd | null {
  const next = logNumber(last) + 1;
  const missing: RunEnd = { kind: 'missing', reason: `roll-forward log ${hex(next)} is missing`, log: hex(next) };
  const own = (log: LogFileInfo) => log.serial === last.serial && log.databaseSerial === last.databaseSerial;
  const damaged = all.find((log) => log.problem && logNumber(log) === next && (log.serial === '' || own(log)));
  if (damaged) {
    const reason = `${hex(next)}: ${damaged.problem?.message ?? 'it cannot be read'}`;
    return { kind: 'damaged', reason, log: hex(next) };
  }
  const foreign = all.find((log) => own(log) && !log.problem && logNumber(log) === next && !begins(log, last));
  if (foreign)
    return { kind: 'damaged', reason: `${hex(next)} does not begin where the log before it ended`, log: hex(next) };
  if (all.some((log) => own(log) && logNumber(log) > next)) return missing;
  const beside = (log: LogFileInfo) => folderOf(log.file) === folderOf(last.file) && logNumber(log) >= next;
  const [later] = all
    .filter((log) => log.problem === null && log.databaseSerial === last.databaseSerial && !own(log))
    .filter((log) => beside(log) || log.previousSerial === last.serial)
    .sort((a, b) => logNumber(a) - logNumber(b));
  if (!later) {
    const lost = current && current.folder === folderOf(last.file) && current.number >= next;
    return lost ? { ...missing, kind: 'tail' } : null;
  }
  // A run that goes on in the same folder takes the next number: one between them was lost.
  if (beside(later) && logNumber(later) > next) return missing;
  const log = hex(logNumber(later));
  return { kind: 'newRun', reason: `roll-forward logging was started anew in ${log}`, log };
}

/** Everything before the last separator. */
export const folderOf = (file: string): string =>
  file.slice(0, Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')));
