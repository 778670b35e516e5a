// The write-ahead log as bytes: header, frames, running checksum, valid prefix. Pure; knows no files.
import { endianness } from 'node:os';

export const WAL_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;
const WAL_VERSION = 3007000;
const HOST_IS_BIG = endianness() === 'BE';

export interface WalHeader {
  /** Checksums are computed over big-endian words (the stored values always are big-endian). */
  bigEndian: boolean;
  pageSize: number;
  checkpointSequence: number;
  salt1: number;
  salt2: number;
  checksum1: number;
  checksum2: number;
}

/** A running checksum, both halves unsigned 32-bit. */
export interface WalChecksum {
  checksum1: number;
  checksum2: number;
}

export interface WalFrame {
  page: number;
  /** Database size in pages when the frame ends a commit, else 0. */
  commit: number;
  /** The image, a view into the buffer that was parsed. */
  data: Buffer;
  /** Where the frame begins, bytes from the start of the buffer that was parsed. */
  offset: number;
  checksum1: number;
  checksum2: number;
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function wordsOf(bytes: Buffer): Uint32Array {
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return new Uint32Array(copy.buffer, 0, copy.length >>> 2);
}

/** The pair of sums that `addWords` carries on; signed 32-bit inside. */
class Sums {
  s0: number;
  s1: number;

  constructor(seed: WalChecksum) {
    this.s0 = seed.checksum1 | 0;
    this.s1 = seed.checksum2 | 0;
  }

  add(words: Uint32Array, from: number, to: number, swapped: boolean): void {
    let s0 = this.s0;
    let s1 = this.s1;
    if (swapped) {
      for (let i = from; i < to; i += 2) {
        s0 = (s0 + swap(words[i] as number) + s1) | 0;
        s1 = (s1 + swap(words[i + 1] as number) + s0) | 0;
      }
    } else {
      for (let i = from; i < to; i += 2) {
        s0 = (s0 + (words[i] as number) + s1) | 0;
        s1 = (s1 + (words[i + 1] as number) + s0) | 0;
      }
    }
    this.s0 = s0;
    this.s1 = s1;
  }
}

/** Carries the checksum over `bytes`, whose length is a multiple of 8. */
export function walChecksum(bytes: Buffer, seed: WalChecksum, bigEndian: boolean): WalChecksum {
  const sums = new Sums(seed);
  sums.add(wordsOf(bytes), 0, bytes.length >>> 2, bigEndian !== HOST_IS_BIG);
  return { checksum1: sums.s0 >>> 0, checksum2: sums.s1 >>> 0 };
}

/** Null for a missing, short, foreign or half-written header: the log counts as empty then. */
export function parseWalHeader(bytes: Buffer): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null;
  const magic = bytes.readUInt32BE(0);
  if (magic !== MAGIC_LITTLE && magic !== MAGIC_BIG) return null;
  if (bytes.readUInt32BE(4) !== WAL_VERSION) return null;
  const pageSize = bytes.readUInt32BE(8);
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return null;
  const bigEndian = magic === MAGIC_BIG;
  const sum = walChecksum(bytes.subarray(0, 24), { checksum1: 0, checksum2: 0 }, bigEndian);
  const checksum1 = bytes.readUInt32BE(24);
  const checksum2 = bytes.readUInt32BE(28);
  if (sum.checksum1 !== checksum1 || sum.checksum2 !== checksum2) return null;
  return {
    bigEndian,
    pageSize,
    checkpointSequence: bytes.readUInt32BE(12),
    salt1: bytes.readUInt32BE(16),
    salt2: bytes.readUInt32BE(20),
    checksum1,
    checksum2,
  };
}

/**
 * The frames in `bytes` that carry the header's salts and continue the checksum from `seed`; stops at the first that
 * does not. Frames after the last commit among them are volatile: the caller drops them.
 */
export function* validFrames(bytes: Buffer, header: WalHeader, seed: WalChecksum): Generator<WalFrame, void, void> {
  const frameBytes = FRAME_HEADER_BYTES + header.pageSize;
  const words = wordsOf(bytes);
  const swapped = header.bigEndian !== HOST_IS_BIG;
  const sums = new Sums(seed);
  for (let offset = 0; offset + frameBytes <= bytes.length; offset += frameBytes) {
    if (bytes.readUInt32BE(offset + 8) !== header.salt1 || bytes.readUInt32BE(offset + 12) !== header.salt2) return;
    const page = bytes.readUInt32BE(offset);
    if (page === 0) return;
    const word = offset >>> 2;
    sums.add(words, word, word + 2, swapped);
    sums.add(words, word + FRAME_HEADER_BYTES / 4, word + frameBytes / 4, swapped);
    const checksum1 = sums.s0 >>> 0;
    const checksum2 = sums.s1 >>> 0;
    if (checksum1 !== bytes.readUInt32BE(offset + 16) || checksum2 !== bytes.readUInt32BE(offset + 20)) return;
    const data = bytes.subarray(offset + FRAME_HEADER_BYTES, offset + frameBytes);
    yield { page, commit: bytes.readUInt32BE(offset + 4), data, offset, checksum1, checksum2 };
  }
}
