// The 100-byte header of a SQLite file: parsing it, and reading it through a descriptor that somebody else owns.
import type { Files } from '../platform/files.ts';

export const MAGIC = Buffer.from('SQLite format 3\0', 'latin1');
export const HEADER_BYTES = 100;
/** Write version above 2: every SQLite opens such a file for reading only. */
export const FENCE_VERSION = 3;
export const WRITE_VERSION_OFFSET = 18;

export interface DatabaseHeader {
  /** 512 … 65536, a power of two. */
  pageSize: number;
  /** 1 rollback, 2 WAL, more: read-only for every SQLite. */
  writeVersion: number;
  readVersion: number;
  changeCounter: number;
  /** Pages by the header; only to be believed when `pageCountValid`. */
  pageCount: number;
  pageCountValid: boolean;
  schemaCookie: number;
}

/** Null when the bytes are not the start of a SQLite file. */
export function parseHeader(bytes: Buffer): DatabaseHeader | null {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 16).equals(MAGIC)) return null;
  const raw = bytes.readUInt16BE(16);
  const pageSize = raw === 1 ? 65536 : raw;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return null;
  const changeCounter = bytes.readUInt32BE(24);
  const pageCount = bytes.readUInt32BE(28);
  return {
    pageSize,
    writeVersion: bytes[WRITE_VERSION_OFFSET] ?? 0,
    readVersion: bytes[WRITE_VERSION_OFFSET + 1] ?? 0,
    changeCounter,
    pageCount,
    pageCountValid: pageCount > 0 && bytes.readUInt32BE(92) === changeCounter,
    schemaCookie: bytes.readUInt32BE(40),
  };
}

/** Reads up to `length` bytes at `position`; a shorter result means the end of the file. */
export function readAt(files: Files, fd: number, length: number, position: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(length);
  return buffer.subarray(0, readInto(files, fd, buffer, 0, length, position));
}

/** Fills `target[offset, offset + length)` from `position`; returns the bytes read, fewer only at the end of the file. */
export function readInto(
  files: Files,
  fd: number,
  target: Buffer,
  offset: number,
  length: number,
  position: number,
): number {
  let done = 0;
  while (done < length) {
    const got = files.readSync(fd, target, offset + done, length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

/** Writes all of `data` at `position`. */
export function writeAt(files: Files, fd: number, data: Buffer, position: number): void {
  let done = 0;
  while (done < data.length) done += files.writeSync(fd, data, done, data.length - done, position + done);
}

/** The page that holds SQLite's lock bytes: never contains data, never in the WAL. */
export function lockPage(pageSize: number): number {
  return Math.floor(0x40000000 / pageSize) + 1;
}
