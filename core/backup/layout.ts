// The binary part of a backup file, byte by byte: block header and trailer. docs/technical/backup-file.md describes it.
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HoldfastError } from '../contract/errors.ts';
import { OVERHEAD_BYTES } from '../encryption/block-cipher.ts';

/** Raw pages in one block, at most. */
export const MAX_BLOCK_BYTES = 1024 * 1024;
export const BLOCK_HEADER_BYTES = 64;
export const TRAILER_BYTES = 80;

const BLOCK_MAGIC = 0x31424648;
const TRAILER_MAGIC = 0x31454648;
const FLAG_LIST = 1;
const FLAG_ZSTD = 2;
const FLAG_ENCRYPTED = 4;
/** How much of a block header its encryption is bound to: all that is known before the pages are encrypted. */
export const AUTHENTICATED_BYTES = 56;

export interface BlockHeader {
  /** Position in the whole set, from 0. */
  sequence: number;
  pages: number;
  /** First of consecutive pages; null when the page numbers stand as a list before the data. */
  firstPage: number | null;
  compressed: boolean;
  /** The stored pages are encrypted and end with a tag of 16 bytes. */
  encrypted: boolean;
  rawBytes: number;
  storedBytes: number;
  listBytes: number;
  /** First 16 bytes of the SHA-256 over the page hashes of the block. */
  checksum: Buffer;
  setId: Buffer;
  /** CRC-32 of the list and the data as stored. */
  storedCrc: number;
}

export interface Trailer {
  /** False: another part follows. */
  last: boolean;
  blocks: number;
  parts: number;
  pages: number;
  rawBytes: number;
  setId: Buffer;
  /** Database size in pages; 0 unless last. */
  pageCount: number;
  /** SHA-256 over all block headers of the set so far. */
  digest: Buffer;
}

/** What binds every block to its backup: 8 bytes. */
export function setIdOf(idtag: string, serial: string): Buffer {
  return Buffer.from(hash('sha256', `${idtag} ${serial}`, 'hex').slice(0, 16), 'hex');
}

export function encodeBlockHeader(block: BlockHeader): Buffer {
  const bytes = Buffer.alloc(BLOCK_HEADER_BYTES);
  bytes.writeUInt32LE(BLOCK_MAGIC, 0);
  bytes.writeUInt32LE(block.sequence, 4);
  bytes.writeUInt32LE(block.pages, 8);
  bytes.writeUInt32LE(block.firstPage ?? 0, 12);
  const flags =
    (block.firstPage === null ? FLAG_LIST : 0) |
    (block.compressed ? FLAG_ZSTD : 0) |
    (block.encrypted ? FLAG_ENCRYPTED : 0);
  bytes.writeUInt32LE(flags, 16);
  bytes.writeUInt32LE(block.rawBytes, 20);
  bytes.writeUInt32LE(block.storedBytes, 24);
  bytes.writeUInt32LE(block.listBytes, 28);
  block.checksum.copy(bytes, 32);
  block.setId.copy(bytes, 48);
  bytes.writeUInt32LE(block.storedCrc, 56);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Reads a block header and checks it against itself and the page size. Throws BACKUP_DAMAGED or BACKUP_NEWER_FORMAT. */
export function decodeBlockHeader(bytes: Buffer, pageSize: number): BlockHeader {
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) throw damaged('the checksum of a block header is wrong');
  if (bytes.readUInt32LE(0) !== BLOCK_MAGIC) throw damaged('a block does not begin as one');
  const flags = bytes.readUInt32LE(16);
  if ((flags & ~(FLAG_LIST | FLAG_ZSTD | FLAG_ENCRYPTED)) !== 0) {
    throw new HoldfastError('BACKUP_NEWER_FORMAT', 'A block is stored in a way that this version does not know.');
  }
  const block: BlockHeader = {
    sequence: bytes.readUInt32LE(4),
    pages: bytes.readUInt32LE(8),
    firstPage: (flags & FLAG_LIST) !== 0 ? null : bytes.readUInt32LE(12),
    compressed: (flags & FLAG_ZSTD) !== 0,
    encrypted: (flags & FLAG_ENCRYPTED) !== 0,
    rawBytes: bytes.readUInt32LE(20),
    storedBytes: bytes.readUInt32LE(24),
    listBytes: bytes.readUInt32LE(28),
    checksum: bytes.subarray(32, 48),
    setId: bytes.subarray(48, 56),
    storedCrc: bytes.readUInt32LE(56),
  };
  const packed = block.storedBytes - (block.encrypted ? OVERHEAD_BYTES : 0);
  const sound =
    block.pages > 0 &&
    block.firstPage !== 0 &&
    block.rawBytes === block.pages * pageSize &&
    block.rawBytes <= MAX_BLOCK_BYTES &&
    block.listBytes === (block.firstPage === null ? block.pages * 4 : 0) &&
    (block.compressed ? packed > 0 && packed < block.rawBytes : packed === block.rawBytes);
  if (!sound) throw damaged(`block ${block.sequence} contradicts itself`);
  return block;
}

export function encodeTrailer(trailer: Trailer): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  bytes.writeUInt32LE(TRAILER_MAGIC, 0);
  bytes.writeUInt32LE(trailer.last ? 2 : 1, 4);
  bytes.writeUInt32LE(trailer.blocks, 8);
  bytes.writeUInt32LE(trailer.parts, 12);
  bytes.writeBigUInt64LE(BigInt(trailer.pages), 16);
  bytes.writeBigUInt64LE(BigInt(trailer.rawBytes), 24);
  trailer.setId.copy(bytes, 32);
  bytes.writeUInt32LE(trailer.pageCount, 40);
  trailer.digest.copy(bytes, 44);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 76)), 76);
  return bytes;
}

/** Throws BACKUP_DAMAGED. */
export function decodeTrailer(bytes: Buffer): Trailer {
  if (crc32(bytes.subarray(0, 76)) !== bytes.readUInt32LE(76)) throw damaged('the checksum of the trailer is wrong');
  const kind = bytes.readUInt32LE(4);
  if (kind !== 1 && kind !== 2) throw damaged('the trailer is of an unknown kind');
  return {
    last: kind === 2,
    blocks: bytes.readUInt32LE(8),
    parts: bytes.readUInt32LE(12),
    pages: Number(bytes.readBigUInt64LE(16)),
    rawBytes: Number(bytes.readBigUInt64LE(24)),
    setId: bytes.subarray(32, 40),
    pageCount: bytes.readUInt32LE(40),
    digest: bytes.subarray(44, 76),
  };
}

/** True when a trailer, not a block, begins here. */
export function isTrailer(start: Buffer): boolean {
  return start.readUInt32LE(0) === TRAILER_MAGIC;
}

export function truncated(): HoldfastError {
  return new HoldfastError('BACKUP_TRUNCATED', 'The file ends within a block.');
}

/** The reader adds which file it was. */
export function damaged(reason: string): HoldfastError {
  return new HoldfastError('BACKUP_DAMAGED', `The backup is damaged: ${reason}.`);
}
