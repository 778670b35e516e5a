// Reads logs: one file with all its rules, and a whole folder for people to look at.
import path from 'node:path';
import type { LogFileInfo } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { logName, logNumber } from './log-format.ts';
import { LogScan, type ScanEnd, type ScannedRecord } from './log-scan.ts';
import type { LogFileHeader, LogRecord } from './types.ts';
import { withStamp } from './vector.ts';

/** Numbers of the logs in a folder, ascending. A folder that is not there has none. */
export function listLogs(folder: string, files: Files): number[] {
  let names: string[];
  try {
    names = files.readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .map(logNumber)
    .filter((number) => number !== null)
    .sort((a, b) => a - b);
}

/** The header of a log; its number must be that of its name. */
export function readLogHeader(file: string, files: Files): LogFileHeader {
  const scan = openScan(file, files);
  scan.close();
  return scan.header;
}

/**
 * All records of one log. A torn tail is dropped, but only in the last log: with `followed` (others come after it) a missing
 * end is LOG_INCOMPLETE. Damage before intact records is LOG_GAP.
 */
export function* readLog(
  file: string,
  files: Files,
  options: { followed?: boolean; pages?: boolean } = {},
): Generator<LogRecord, void, void> {
  for (const { record } of readLogAt(file, files, options)) yield record;
}

/** Like `readLog`, with the place in the file after each record. */
export function* readLogAt(
  file: string,
  files: Files,
  options: { followed?: boolean; pages?: boolean } = {},
): Generator<{ record: LogRecord; end: number }, void, void> {
  const followed = options.followed ?? isFollowed(file, files);
  const scan = openScan(file, files);
  try {
    const records = scan.records(options.pages ?? true);
    for (;;) {
      const next = records.next();
      if (next.done) {
        assertGoodEnd(scan, next.value, followed);
        return;
      }
      yield { record: toRecord(next.value), end: next.value.end };
    }
  } finally {
    scan.close();
  }
}

/** One line a log for the console and the command line; what is wrong with a log is in `problem`, nothing is thrown. */
export function inspectLogFolder(folder: string, files: Files, known?: KnownLogs): LogFileInfo[] {
  const numbers = listLogs(folder, files);
  return numbers.map((number, i) => {
    const file = path.join(folder, logName(number));
    const followed = i < numbers.length - 1;
    return known ? knownLog(known, file, files, followed) : inspectLog(file, files, followed);
  });
}

/** What closed logs were found to hold, by file: they are not read again while size and time stay what they were. */
export type KnownLogs = Map<string, { size: number; mtimeMs: number; inode: number; info: LogFileInfo }>;

function knownLog(known: KnownLogs, file: string, files: Files, followed: boolean): LogFileInfo {
  const stat = files.statSync(file, { throwIfNoEntry: false });
  const before = known.get(file);
  const same = stat && before && before.size === stat.size && before.mtimeMs === stat.mtimeMs;
  if (same && before.inode === stat.ino) return before.info;
  const info = inspectLog(file, files, followed);
  if (stat && info.closed && !info.problem)
    known.set(file, { size: stat.size, mtimeMs: stat.mtimeMs, inode: stat.ino, info });
  else known.delete(file);
  return info;
}

function inspectLog(file: string, files: Files, followed: boolean): LogFileInfo {
  const info: LogFileInfo = {
    file,
    number: path.basename(file, '.log'),
    bytes: 0,
    serial: '',
    previousSerial: null,
    databaseSerial: '',
    firstSeq: 0,
    lastSeq: 0,
    from: null,
    to: null,
    closed: false,
    problem: null,
  };
  try {
    info.bytes = files.statSync(file).size;
    const scan = openScan(file, files);
    try {
      const { serial, previousSerial, databaseSerial } = scan.header;
      Object.assign(info, { serial, previousSerial, databaseSerial, floor: scan.header.vector });
      let have = scan.header.vector;
      const records = scan.records(false);
      for (let next = records.next(); ; next = records.next()) {
        if (next.done) {
          info.closed = next.value.closed;
          assertGoodEnd(scan, next.value, followed);
          break;
        }
        const { seq, at, origin, sec, event } = next.value.head;
        have = withStamp(have, { replica: origin, sec, event, seq });
        info.have = have;
        if (info.firstSeq === 0) info.firstSeq = seq;
        info.lastSeq = seq;
        info.from ??= at;
        info.to = at;
      }
    } finally {
      scan.close();
    }
  } catch (error) {
    info.problem = toErrorReport(error);
  }
  return info;
}

function openScan(file: string, files: Files): LogScan {
  const scan = new LogScan(file, files);
  const named = logNumber(path.basename(file));
  if (named === scan.header.number) return scan;
  scan.close();
  throw new HoldfastError(
    'LOG_NUMBER_MISMATCH',
    `${file} carries number ${logName(scan.header.number)} in its header: it was renamed.`,
  );
}

function isFollowed(file: string, files: Files): boolean {
  const number = logNumber(path.basename(file));
  return number !== null && listLogs(path.dirname(file), files).some((other) => other > number);
}

function assertGoodEnd(scan: LogScan, end: ScanEnd, followed: boolean): void {
  if (end.closed) return;
  if (end.damaged) {
    throw new HoldfastError('LOG_GAP', `${scan.file} is damaged at byte ${end.end}; intact records follow.`, {
      details: { offset: end.end },
    });
  }
  if (followed) {
    throw new HoldfastError('LOG_INCOMPLETE', `${scan.file} ends at byte ${end.end} without having been closed.`, {
      details: { offset: end.end },
    });
  }
}

export function toRecord(scanned: ScannedRecord): LogRecord {
  const { head, numbers, data } = scanned;
  return {
    origin: head.origin,
    seq: head.seq,
    stamp: { replica: head.origin, sec: head.sec, event: head.event, seq: head.seq },
    at: head.at,
    kind: head.kind === 'resync' ? 'resync' : 'commit',
    pageCount: head.pageCount,
    numbers,
    data,
  };
}
