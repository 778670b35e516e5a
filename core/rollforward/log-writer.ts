// Writes commits into numbered logs, many at a time. A record is either whole or dropped when the log is opened again; what could not
// be written is kept and written by the next flush, and a record that was refused can be given again.
import path from 'node:path';
import type { Stamp, Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { type Files, fsyncFolder } from '../platform/files.ts';
import type { CapturePosition } from '../sqlite/types.ts';
import {
  ENGINE_MAXIMUM,
  encodeEnd,
  encodeHeader,
  encodeRecord,
  FORMAT_VERSION,
  logName,
  RECORD_HEADER_BYTES,
  recordBytes,
} from './log-format.ts';
import { listLogs } from './log-reader.ts';
import { LogScan } from './log-scan.ts';
import type { LogFileHeader, LogRecord } from './types.ts';
import { stampOf, withStamp } from './vector.ts';

export interface LogWriterOptions {
  /** Must exist. */
  folder: string;
  files: Files;
  clock: Clock;
  databaseSerial: string;
  /** Of this run of logging: a new one whenever it was turned on, moved or restored. */
  serial: string;
  previousSerial: string | null;
  pageSize: number;
  /** Replica number of this server. */
  origin: number;
  /** What was there before the first record; when resuming, what the logs say wins where it is newer. */
  vector: Vector;
  minBytes: number;
  maxBytes: number;
  /** Go on in the last log when it has this serial; otherwise begin a new log. */
  resume: boolean;
}

/** A record to be appended; without a stamp it is one of this server and gets the next. */
export type NewRecord = Omit<LogRecord, 'seq' | 'stamp' | 'origin'> & { stamp?: Stamp; origin?: number };

export interface LogWriter {
  /**
   * Returns the record as it will stand in the log; it is in the file after the next `flush` at the latest. LOG_DEVICE_FULL and other
   * errors mean that this record was not taken; those before it stay to be written.
   */
  append(record: NewRecord, position?: CapturePosition | null): LogRecord;
  /** Everything appended so far is durable on return; after an error all of it is tried again by the next call. */
  flush(): void;
  /** Closes the current log and begins the next. */
  roll(): void;
  /** Flushes and lets go of the file; the log stays open for a later resume. */
  close(): void;
  /** For example `0000000a.log`. */
  currentLog(): string;
  /** The newest log that is no longer written to; null when the current one is the first. */
  lastNotUsed(): string | null;
  /** After the last record that is in the file. */
  vector(): Vector;
  /** Where capture stood after that record, if it was said; a capture that resumes must not start before it. */
  position(): CapturePosition | null;
  /** Bytes of the current log, with what is still to be written. */
  currentBytes(): number;
  /** Bytes of all records since it was opened. */
  bytesWritten(): number;
}

const MINIMUM_MAXIMUM = 65536;
/** Records are gathered up to here and then written at once: a trip to the system costs more than a small record. */
const BATCH_BYTES = 1024 * 1024;
/** Used by whoever writes, and never across two calls. */
const batch = Buffer.allocUnsafeSlow(BATCH_BYTES);

interface Pending {
  offset: number;
  parts: Buffer[];
}

export function openLogWriter(options: LogWriterOptions): LogWriter {
  return new NumberedLogWriter(options);
}

class NumberedLogWriter implements LogWriter {
  readonly #options: LogWriterOptions;
  readonly #maximum: number;
  readonly #minimum: number;
  #fd = -1;
  #number = 0;
  /** End of the last whole record; anything behind it is a failed attempt. */
  #end = 0;
  #headerEnd = 0;
  #bytes = 0;
  /** After the last record that was taken. */
  #last: { vector: Vector; position: CapturePosition | null };
  /** The same for the last that is in the file. */
  #written: { vector: Vector; position: CapturePosition | null };
  /** Records since the last good flush, one behind the other: a failed fsync may have thrown their pages away, so all are written again. */
  #unflushed: Pending[] = [];
  /** How many of them are in the file. */
  #writtenCount = 0;
  #unwrittenBytes = 0;
  #fsyncFailed = false;
  #folderDirty = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#maximum = Math.min(ENGINE_MAXIMUM, Math.max(MINIMUM_MAXIMUM, options.maxBytes));
    this.#minimum = Math.min(options.minBytes, this.#maximum);
    this.#last = { vector: options.vector, position: null };
    this.#written = this.#last;
    const last = listLogs(options.folder, options.files).at(-1) ?? 0;
    if (last === 0) this.#create(1);
    else this.#continue(last);
    this.#written = this.#last;
  }

  append(given: NewRecord, position: CapturePosition | null = null): LogRecord {
    const record = this.#complete(given);
    const { pageSize } = this.#options;
    const bytes = recordBytes(record.numbers.length, pageSize);
    if (bytes + RECORD_HEADER_BYTES + this.#headerEnd > ENGINE_MAXIMUM) {
      throw new HoldfastError(
        'NOT_SUPPORTED',
        `A transaction of ${record.numbers.length} pages is too large for a log.`,
      );
    }
    const empty = this.#end === this.#headerEnd;
    if (!empty && this.#end + bytes + RECORD_HEADER_BYTES > this.#maximum) this.roll();
    if (this.#unwrittenBytes >= BATCH_BYTES) this.#writeOut();
    this.#unflushed.push({ offset: this.#end, parts: encodeRecord(record, position) });
    this.#unwrittenBytes += bytes;
    this.#end += bytes;
    this.#bytes += bytes;
    this.#last = { vector: withStamp(this.#last.vector, record.stamp), position };
    if (this.#end >= this.#minimum) this.#rollQuietly();
    return record;
  }

  flush(): void {
    const { files, folder } = this.#options;
    if (this.#fsyncFailed) this.#writtenCount = 0;
    this.#writeOut();
    if (this.#unflushed.length > 0 || this.#fsyncFailed) {
      try {
        files.fsyncSync(this.#fd);
      } catch (error) {
        this.#fsyncFailed = true;
        throw deviceFull(error, this.currentLog());
      }
    }
    this.#fsyncFailed = false;
    this.#unflushed = [];
    this.#writtenCount = 0;
    if (this.#folderDirty) fsyncFolder(files, folder);
    this.#folderDirty = false;
  }

  roll(): void {
    const next = this.#number + 1;
    if (next > 0xffffffff)
      throw new HoldfastError('NOT_SUPPORTED', 'The numbers of the roll-forward logs are used up.');
    const old = this.#fd;
    const end = encodeEnd(this.#options.clock.now());
    this.#unflushed.push({ offset: this.#end, parts: [end] });
    try {
      this.flush();
      this.#create(next);
    } catch (error) {
      // The trailer stays behind the last record until the next record overwrites it.
      this.#unflushed = this.#unflushed.filter((entry) => entry.parts[0] !== end);
      this.#writtenCount = Math.min(this.#writtenCount, this.#unflushed.length);
      throw error;
    }
    this.#options.files.closeSync(old);
  }

  close(): void {
    if (this.#fd < 0) return;
    try {
      this.flush();
    } finally {
      this.#options.files.closeSync(this.#fd);
      this.#fd = -1;
    }
  }

  currentLog(): string {
    return logName(this.#number);
  }

  lastNotUsed(): string | null {
    const earlier = listLogs(this.#options.folder, this.#options.files).filter((number) => number < this.#number);
    const last = earlier.at(-1);
    return last === undefined ? null : logName(last);
  }

  vector(): Vector {
    return this.#written.vector;
  }

  position(): CapturePosition | null {
    return this.#written.position;
  }

  currentBytes(): number {
    return this.#end;
  }

  bytesWritten(): number {
    return this.#bytes;
  }

  /**
   * After a whole record: when the next log cannot be made now, the current one simply goes on beyond its minimum. The record stands
   * already, so whatever the system says here must not make the caller give it again; a failed fsync is met once more by `flush`.
   */
  #rollQuietly(): void {
    try {
      this.roll();
    } catch (error) {
      if (!(error instanceof HoldfastError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  #complete(given: NewRecord): LogRecord {
    const { stamp: givenStamp, ...rest } = given;
    const origin = givenStamp?.replica ?? given.origin ?? this.#options.origin;
    const before = stampOf(this.#last.vector, origin);
    if (givenStamp) {
      if (givenStamp.seq !== (before?.seq ?? 0) + 1) {
        throw new HoldfastError(
          'LOG_GAP',
          `Record ${givenStamp.seq} of replica ${origin} does not follow ${before?.seq ?? 0}.`,
        );
      }
      return { ...rest, origin, seq: givenStamp.seq, stamp: givenStamp };
    }
    const seq = (before?.seq ?? 0) + 1;
    const sec = Math.max(Math.floor(given.at / 1000), before?.sec ?? 0);
    const event = before && before.sec === sec ? before.event + 1 : 1;
    return { ...rest, origin, seq, stamp: { replica: origin, sec, event, seq } };
  }

  /** Puts everything taken so far into the file. */
  #writeOut(): void {
    let at = this.#unflushed[this.#writtenCount]?.offset ?? this.#end;
    let gathered = 0;
    const writeGathered = () => {
      if (gathered > 0) this.#write(batch.subarray(0, gathered), at);
      at += gathered;
      gathered = 0;
    };
    for (let i = this.#writtenCount; i < this.#unflushed.length; i++) {
      for (const part of (this.#unflushed[i] as Pending).parts) {
        if (gathered + part.length > BATCH_BYTES) writeGathered();
        if (part.length > BATCH_BYTES) {
          this.#write(part, at);
          at += part.length;
        } else {
          batch.set(part, gathered);
          gathered += part.length;
        }
      }
    }
    writeGathered();
    this.#writtenCount = this.#unflushed.length;
    this.#unwrittenBytes = 0;
    this.#written = this.#last;
  }

  #write(bytes: Buffer, at: number): void {
    const { files } = this.#options;
    try {
      for (let done = 0; done < bytes.length; )
        done += files.writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      throw deviceFull(error, this.currentLog());
    }
  }

  #create(number: number): void {
    const { files, folder, clock, databaseSerial, serial, previousSerial, pageSize } = this.#options;
    const name = path.join(folder, logName(number));
    const header: LogFileHeader = {
      formatVersion: FORMAT_VERSION,
      number,
      databaseSerial,
      serial,
      previousSerial,
      pageSize,
      vector: this.#last.vector,
      createdAt: clock.now(),
    };
    const bytes = encodeHeader(header);
    const temporary = `${name}.new`;
    let fd = -1;
    try {
      fd = files.openSync(temporary, 'w+', 0o600);
      let done = 0;
      while (done < bytes.length) done += files.writeSync(fd, bytes, done, bytes.length - done, done);
      files.fsyncSync(fd);
      files.renameSync(temporary, name);
    } catch (error) {
      if (fd >= 0) files.closeSync(fd);
      files.rmSync(temporary, { force: true });
      throw deviceFull(error, name);
    }
    this.#fd = fd;
    this.#number = number;
    this.#headerEnd = bytes.length;
    this.#end = bytes.length;
    try {
      fsyncFolder(files, folder);
      this.#folderDirty = false;
    } catch {
      // The log has its name, so it is the current one; nothing in it is durable until a flush has made the folder so.
      this.#folderDirty = true;
    }
  }

  #continue(last: number): void {
    const { files, folder, serial, databaseSerial, resume } = this.#options;
    const file = path.join(folder, logName(last));
    const scan = new LogScan(file, files);
    let closed = false;
    let end = 0;
    let vector = scan.header.vector;
    let position: CapturePosition | null = null;
    let first = true;
    try {
      const records = scan.records(true);
      for (let next = records.next(); ; next = records.next()) {
        if (next.done) {
          ({ closed, end } = next.value);
          if (next.value.damaged) {
            throw new HoldfastError('LOG_GAP', `${file} is damaged at byte ${end}; intact records follow.`);
          }
          break;
        }
        const { head } = next.value;
        vector = withStamp(vector, { replica: head.origin, sec: head.sec, event: head.event, seq: head.seq });
        position = head.position;
        first = false;
      }
    } finally {
      scan.close();
    }
    const same = scan.header.serial === serial && scan.header.databaseSerial === databaseSerial;
    if (same && scan.header.pageSize !== this.#options.pageSize) {
      throw new HoldfastError('LOG_DATABASE_MISMATCH', `${file} holds pages of ${scan.header.pageSize} bytes.`, {
        hint: 'The page size of the database has changed: begin a new run of logging and take a full backup.',
      });
    }
    this.#fd = files.openSync(file, 'r+');
    this.#number = last;
    this.#end = end;
    this.#headerEnd = first ? end : 0;
    if (files.fstatSync(this.#fd).size > end) {
      files.ftruncateSync(this.#fd, end);
      files.fsyncSync(this.#fd);
    }
    if (same && resume) {
      let known = this.#last.vector;
      for (const stamp of vector) {
        const mine = stampOf(known, stamp.replica);
        if (!mine || mine.seq < stamp.seq) known = withStamp(known, stamp);
      }
      this.#last = { vector: known, position: position ?? (first ? this.#earlierPosition(last) : null) };
      if (!closed) return;
      const old = this.#fd;
      this.#create(last + 1);
      files.closeSync(old);
      return;
    }
    if (!closed) {
      this.roll();
      return;
    }
    const old = this.#fd;
    this.#create(last + 1);
    files.closeSync(old);
  }

  /** The current log has no record yet: the position is in the one before it, when that is of the same run. */
  #earlierPosition(number: number): CapturePosition | null {
    const { files, folder, serial } = this.#options;
    const file = path.join(folder, logName(number - 1));
    if (!files.existsSync(file)) return null;
    const scan = new LogScan(file, files);
    try {
      if (scan.header.serial !== serial) return null;
      let position: CapturePosition | null = null;
      for (const record of scan.records(false)) position = record.head.position;
      return position;
    } finally {
      scan.close();
    }
  }
}

function deviceFull(error: unknown, log: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new HoldfastError('LOG_DEVICE_FULL', `The volume of ${log} is full.`, { cause: error });
}
