// Walks through one log record by record and tells a torn tail from damage.
import { crc32 } from 'node:zlib';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import {
  decodeHeader,
  decodeNumbers,
  decodeRecordHead,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type RecordHead,
  recordBytes,
} from './log-format.ts';
import type { LogFileHeader } from './types.ts';

export interface ScannedRecord {
  head: RecordHead;
  numbers: Uint32Array;
  /** Empty when the scan leaves the pages out. */
  data: Buffer;
  /** Where the record begins and ends, bytes from the start of the file. */
  offset: number;
  end: number;
}

/** How a scan came to its end. */
export interface ScanEnd {
  /** The trailer is there. */
  closed: boolean;
  /** First byte after the last intact record. */
  end: number;
  /** Intact records follow something that is not one. */
  damaged: boolean;
}

const SEARCH_BYTES = 4 * 1024 * 1024;

export class LogScan {
  readonly header: LogFileHeader;
  readonly file: string;
  readonly size: number;
  readonly #files: Files;
  readonly #fd: number;
  readonly #headerBytes: number;

  /** Throws LOG_NOT_FOUND, NOT_A_LOG, BACKUP_NEWER_FORMAT, or LOG_GAP for a damaged header. */
  constructor(file: string, files: Files) {
    this.file = file;
    this.#files = files;
    try {
      this.#fd = files.openSync(file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new HoldfastError('LOG_NOT_FOUND', `The roll-forward log ${file} is not there.`, { cause: error });
    }
    try {
      this.size = files.fstatSync(this.#fd).size;
      const { header, length } = decodeHeader(file, (bytes, position) => this.#read(bytes, position));
      this.header = header;
      this.#headerBytes = length;
    } catch (error) {
      files.closeSync(this.#fd);
      throw error;
    }
  }

  /** Intact records in order. With `pages` false their data is neither read nor checked. */
  *records(pages: boolean): Generator<ScannedRecord, ScanEnd, void> {
    let offset = this.#headerBytes;
    for (;;) {
      const found = this.#recordAt(offset, pages);
      if (!found) return { closed: false, end: offset, damaged: this.#lifeAfter(offset) };
      if (found.head.kind === 'end') return { closed: true, end: found.end, damaged: false };
      yield found;
      offset = found.end;
    }
  }

  close(): void {
    this.#files.closeSync(this.#fd);
  }

  #recordAt(offset: number, pages: boolean): ScannedRecord | null {
    const head = decodeRecordHead(this.#read(RECORD_HEADER_BYTES, offset));
    if (!head) return null;
    const { pageSize } = this.header;
    const end = offset + recordBytes(head.pages, pageSize);
    if (end > this.size) return null;
    if (head.kind === 'end') return { head, numbers: new Uint32Array(0), data: Buffer.alloc(0), offset, end };
    const dataAt = end - head.pages * pageSize;
    const numbers = this.#read(dataAt - offset - RECORD_HEADER_BYTES, offset + RECORD_HEADER_BYTES);
    if (crc32(numbers) !== head.numbersCrc) return null;
    let data: Buffer = Buffer.alloc(0);
    if (pages) {
      data = this.#read(head.pages * pageSize, dataAt);
      if (crc32(data) !== head.dataCrc) return null;
    }
    return { head, numbers: decodeNumbers(numbers, head.pages), data, offset, end };
  }

  /** An intact record header anywhere after `offset`: then what is wrong at `offset` is not a torn tail. */
  #lifeAfter(offset: number): boolean {
    let position = offset + 1;
    while (position < this.size) {
      const bytes = this.#read(Math.min(SEARCH_BYTES + RECORD_HEADER_BYTES, this.size - position), position);
      for (
        let at = bytes.indexOf(RECORD_MAGIC);
        at >= 0 && at < SEARCH_BYTES;
        at = bytes.indexOf(RECORD_MAGIC, at + 1)
      ) {
        if (decodeRecordHead(bytes.subarray(at, at + RECORD_HEADER_BYTES))) return true;
      }
      position += SEARCH_BYTES;
    }
    return false;
  }

  #read(length: number, position: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const got = this.#files.readSync(this.#fd, buffer, done, length - done, position + done);
      if (got === 0) break;
      done += got;
    }
    return buffer.subarray(0, done);
  }
}
