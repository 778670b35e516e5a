// The block map at the end of a part: where each of its blocks begins, with its header and its page numbers, so that a reader
// can choose blocks without walking through all of them. docs/technical/backup-file.md describes it.
import { crc32 } from 'node:zlib';
import { BLOCK_HEADER_BYTES, damaged, decodeBlockHeader } from './layout.ts';

export const MAP_HEADER_BYTES = 32;
const MAP_MAGIC = 0x314d4648;
const ENTRY_BYTES = 8 + BLOCK_HEADER_BYTES;

/** One block as the map has it. */
export interface MapEntry {
  /** Where the block begins in its part. */
  offset: number;
  /** The 64 bytes of its header. */
  head: Buffer;
  /** The page numbers as stored; empty when they are consecutive. */
  list: Buffer;
}

/** Gathers the entries of one part; the same on the side that writes and on the side that compares. */
export class BlockMapSum {
  count = 0;
  bytes = 0;
  crc = 0;

  add(entry: MapEntry): Buffer[] {
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64LE(BigInt(entry.offset));
    const pieces = [offset, entry.head, entry.list];
    for (const piece of pieces) {
      this.crc = crc32(piece, this.crc);
      this.bytes += piece.length;
    }
    this.count++;
    return pieces;
  }
}

/** The map of the part that is being written. */
export class BlockMapWriter {
  private readonly sum = new BlockMapSum();
  private readonly pieces: Buffer[] = [];

  add(entry: MapEntry): void {
    this.pieces.push(...this.sum.add(entry));
  }

  /** Bytes of the map once a block with a list of `listBytes` has been added. */
  bytesWith(listBytes: number): number {
    return MAP_HEADER_BYTES + this.sum.bytes + ENTRY_BYTES + listBytes;
  }

  encode(setId: Buffer): Buffer {
    const head = Buffer.alloc(MAP_HEADER_BYTES);
    head.writeUInt32LE(MAP_MAGIC, 0);
    head.writeUInt32LE(this.sum.count, 4);
    head.writeBigUInt64LE(BigInt(this.sum.bytes), 8);
    setId.copy(head, 16);
    head.writeUInt32LE(this.sum.crc, 24);
    head.writeUInt32LE(crc32(head.subarray(0, 28)), 28);
    return Buffer.concat([head, ...this.pieces]);
  }
}

export interface MapHead {
  count: number;
  /** Length of the entries. */
  bytes: number;
  setId: Buffer;
  /** CRC-32 of the entries. */
  crc: number;
}

/** True when a map, not a block or a trailer, begins here. */
export function isMap(start: Buffer): boolean {
  return start.readUInt32LE(0) === MAP_MAGIC;
}

/** Throws BACKUP_DAMAGED. */
export function decodeMapHead(bytes: Buffer): MapHead {
  if (bytes.length < MAP_HEADER_BYTES || !isMap(bytes)) throw damaged('the block map does not begin as one');
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) throw damaged('the checksum of the block map is wrong');
  return {
    count: bytes.readUInt32LE(4),
    bytes: Number(bytes.readBigUInt64LE(8)),
    setId: bytes.subarray(16, 24),
    crc: bytes.readUInt32LE(24),
  };
}

/** The entries behind a map's head. Throws BACKUP_DAMAGED. */
export function decodeMapEntries(map: MapHead, bytes: Buffer, pageSize: number): MapEntry[] {
  if (bytes.length !== map.bytes || crc32(bytes) !== map.crc) throw damaged('the block map is not what was written');
  const entries: MapEntry[] = [];
  for (let at = 0; entries.length < map.count; ) {
    if (at + ENTRY_BYTES > bytes.length) throw damaged('the block map ends early');
    const head = bytes.subarray(at + 8, at + ENTRY_BYTES);
    const { listBytes } = decodeBlockHeader(head, pageSize);
    const list = bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + listBytes);
    entries.push({ offset: Number(bytes.readBigUInt64LE(at)), head, list });
    at += ENTRY_BYTES + listBytes;
  }
  return entries;
}
