// The logs that belong together: from the first one that is needed, in hexadecimal order, without a hole, of one database
// and one run of logging.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { logName, logNumber } from './log-format.ts';
import { listLogs, readLogHeader } from './log-reader.ts';
import type { LogFileHeader, ReplayRange } from './types.ts';

export interface ChainedLog {
  file: string;
  name: string;
  header: LogFileHeader;
  bytes: number;
  /** Another log follows, so this one must be closed. */
  followed: boolean;
}

export interface LogChain {
  logs: ChainedLog[];
  /** A hole or a log of another run follows, which does not continue these: what to throw when the wanted point lies behind it. */
  brokenBy: HoldfastError | null;
}

/**
 * The logs of a range, by their headers alone. Throws LOG_NOT_FOUND, LOG_DATABASE_MISMATCH and what a single header can be refused
 * for; a hole, and a folder in which another run of logging begins (LOG_SERIAL_MISMATCH), only when the range has no end of its own.
 */
export function chainLogs(range: ReplayRange, files: Files): LogChain {
  const places = range.logs ?? placesIn(range, files);
  const ends = range.until !== null || !!range.untilStamp;
  const logs: ChainedLog[] = [];
  for (const [i, { file, expected }] of places.map(placeOf).entries()) {
    if (expected !== (i === 0 ? logNumber(range.firstLog) : numberAfter(logs)))
      throw new HoldfastError('LOG_NOT_FOUND', `${file} does not follow ${logs.at(-1)?.name ?? 'the backup'}.`);
    if (!files.existsSync(file)) {
      const brokenBy = new HoldfastError('LOG_NOT_FOUND', `The roll-forward log ${file} is needed and not there.`);
      if (range.logs || !ends || logs.length === 0) throw brokenBy;
      return { logs, brokenBy };
    }
    const header = readLogHeader(file, files);
    if (header.databaseSerial !== range.databaseSerial)
      throw new HoldfastError('LOG_DATABASE_MISMATCH', `${file} was written for another database.`);
    const before = logs.at(-1);
    if (before && header.serial !== before.header.serial) {
      const brokenBy = new HoldfastError(
        'LOG_SERIAL_MISMATCH',
        `${file} begins a new run of logging and does not follow ${before.name}.`,
        { hint: `Restore up to a point (--until) that ${before.name} holds, or give a folder without the later run.` },
      );
      if (range.logs || !ends) throw brokenBy;
      return { logs, brokenBy };
    }
    const followed = i < places.length - 1;
    logs.push({ file, name: path.basename(file), header, bytes: files.statSync(file).size, followed });
  }
  return { logs, brokenBy: null };
}

const numberAfter = (logs: ChainedLog[]) => (logs.at(-1)?.header.number ?? 0) + 1;

function placeOf(file: string): { file: string; expected: number | null } {
  return { file, expected: logNumber(path.basename(file)) };
}

/** Every log of the folder from the first one that is needed; a hole is a place where nothing is. */
function placesIn(range: ReplayRange, files: Files): string[] {
  const first = logNumber(range.firstLog);
  if (first === null) throw new HoldfastError('NOT_A_LOG', `${range.firstLog} is not the name of a roll-forward log.`);
  const numbers = listLogs(range.folder, files).filter((number) => number >= first);
  const hole = numbers.findIndex((number, i) => number !== first + i);
  const known = hole < 0 ? numbers : numbers.slice(0, hole);
  if (hole >= 0 || numbers.length === 0) known.push(first + known.length);
  return known.map((number) => path.join(range.folder, logName(number)));
}
