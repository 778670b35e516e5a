// Replays logs over restored pages: which records, in which order, and the proof that none is missing.
import type { Stamp, Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { compareStamps, formatStamp } from '../vectors/stamp.ts';
import { formatVector } from '../vectors/vector.ts';
import { chainLogs } from './log-chain.ts';
import { readLogAt } from './log-reader.ts';
import type { LogRecord, ReplayRange } from './types.ts';
import { stampOf, withStamp } from './vector.ts';

export interface ReplayedRecord {
  record: LogRecord;
  /** Name of the log that it is in. */
  file: string;
  /** Bytes of logs passed so far, and of all logs of the range. */
  bytesDone: number;
  bytesTotal: number;
}

/**
 * The records after `range.after` and not after `range.until`, in order. A missing last log is no error (only a comparison
 * with other servers can notice it); everything else that is missing, damaged or foreign throws its code before a record
 * behind it is given out.
 */
export function replay(range: ReplayRange, files: Files): Generator<ReplayedRecord, void, void> {
  return recordsOf(range, files, true);
}

/** As `replay`; without `pages` the data of the records is empty, neither read nor checked. */
export function* recordsOf(range: ReplayRange, files: Files, pages: boolean): Generator<ReplayedRecord, void, void> {
  const { logs, brokenBy } = chainLogs(range, files);
  const bytesTotal = logs.reduce((sum, log) => sum + log.bytes, 0);
  let have: Vector = range.after;
  for (const stamp of logs[0]?.header.vector ?? []) {
    if (!stampOf(have, stamp.replica)) have = withStamp(have, stamp);
  }
  let before = 0;
  let reached = Number.NEGATIVE_INFINITY;
  // Where the logs themselves are, whatever of them the backup holds already.
  let passed: Vector = logs[0]?.header.vector ?? [];
  for (const log of logs) {
    assertContinues(log.file, log.header.vector, passed);
    for (const { record, end } of readLogAt(log.file, files, { followed: log.followed, pages })) {
      const place = stampOf(passed, record.origin)?.seq ?? record.seq - 1;
      if (record.seq !== place + 1) throw gap(log.file, record, place);
      passed = withStamp(passed, record.stamp);
      const last = stampOf(have, record.origin)?.seq ?? 0;
      if (record.seq <= last) continue;
      if (record.seq !== last + 1) throw gap(log.file, record, last);
      if (isPast(range, record)) return;
      have = withStamp(have, record.stamp);
      reached = Math.max(reached, record.at);
      yield { record, file: log.name, bytesDone: before + end, bytesTotal };
    }
    before += log.bytes;
  }
  // The wanted point was not passed: behind the break it is none of these logs'.
  const whole = range.untilStamp ? isReached(range.untilStamp, have) : range.until === null || reached >= range.until;
  if (brokenBy && !whole) throw brokenBy;
  if (range.untilStamp && !whole) {
    throw new HoldfastError(
      'POINT_NOT_COVERED',
      `The logs end before ${formatStamp(range.untilStamp)}; the last commit is ${formatVector(have) || 'none'}.`,
    );
  }
}

const gap = (file: string, { seq, origin }: LogRecord, last: number) =>
  new HoldfastError(
    'LOG_GAP',
    `${file} goes on with commit ${seq} of replica ${origin}, after ${last} comes ${last + 1}.`,
  );

/** A log says where it begins: that must be where the one before it ended, or one of them is of another life. */
function assertContinues(file: string, begins: Vector, passed: Vector): void {
  for (const { replica, seq } of passed) {
    const begin = stampOf(begins, replica)?.seq ?? 0;
    if (begin === seq) continue;
    throw new HoldfastError(
      'LOG_GAP',
      `${file} begins after commit ${begin} of replica ${replica}; the log before it ends with ${seq}.`,
    );
  }
}

function isPast({ until, untilStamp }: ReplayRange, record: LogRecord): boolean {
  if (untilStamp) return record.origin === untilStamp.replica && compareStamps(record.stamp, untilStamp) > 0;
  return until !== null && record.at > until;
}

function isReached(wanted: Stamp, have: Vector): boolean {
  const own = stampOf(have, wanted.replica);
  return own !== null && compareStamps(own, wanted) >= 0;
}
