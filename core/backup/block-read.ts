// Reads one block of a set from its place, on the thread that asks: checked as a reader from front to end would check it.
import { crc32, zstdDecompressSync } from 'node:zlib';
import type { BlockCipher } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { readInto } from '../sqlite/header.ts';
import { hashPages, PAGE_HASH_BYTES } from '../sqlite/page-hash.ts';
import { decryptBlock } from './block-codec.ts';
import type { BlockPlace } from './block-places.ts';
import {
  AUTHENTICATED_BYTES,
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  damaged,
  decodeBlockHeader,
  truncated,
} from './layout.ts';
import { blockChecksum } from './page-hash-list.ts';

/**
 * The raw pages of the block at `place`, valid until `scratch` is used again; it is at least as long as the block. Throws BACKUP_DAMAGED
 * or BACKUP_TRUNCATED.
 */
export function readBlock(
  files: Files,
  fd: number,
  place: Pick<BlockPlace, 'offset' | 'head' | 'list' | 'bytes'>,
  pageSize: number,
  cipher: BlockCipher | null,
  scratch: Buffer,
): Buffer {
  const stored = scratch.subarray(0, place.bytes);
  if (readInto(files, fd, stored, 0, place.bytes, place.offset) < place.bytes) throw truncated();
  const header = decodeBlockHeader(place.head, pageSize);
  const body = stored.subarray(BLOCK_HEADER_BYTES);
  const list = body.subarray(0, header.listBytes);
  if (!stored.subarray(0, BLOCK_HEADER_BYTES).equals(place.head) || !list.equals(place.list))
    throw damaged(`block ${header.sequence} is not the one that the block map has`);
  if (crc32(body) !== header.storedCrc) throw damaged(`the checksum of block ${header.sequence} is wrong`);
  const bound = header.encrypted ? Buffer.concat([place.head.subarray(0, AUTHENTICATED_BYTES), list]) : list;
  const packed = decryptBlock(header, bound, body.subarray(header.listBytes), cipher);
  const data = header.compressed ? decompressNow(packed, header.rawBytes) : packed;
  checkPages(header, data, pageSize, cipher);
  return data;
}

function decompressNow(packed: Buffer, rawBytes: number): Buffer {
  let data: Buffer;
  try {
    // A little more room than the result takes: a buffer that is filled to its end costs another one.
    data = zstdDecompressSync(packed, { chunkSize: rawBytes + 64, maxOutputLength: rawBytes });
  } catch {
    throw damaged('a block cannot be decompressed');
  }
  if (data.length !== rawBytes) throw damaged('a block cannot be decompressed');
  return data;
}

/** Throws BACKUP_DAMAGED unless the pages are those that were backed up; returns their hashes. */
export function checkPages(header: BlockHeader, data: Buffer, pageSize: number, cipher: BlockCipher | null): Buffer {
  const hashes = Buffer.allocUnsafe(header.pages * PAGE_HASH_BYTES);
  hashPages(data, pageSize, hashes);
  const checksum = blockChecksum(hashes);
  if (!(cipher ? cipher.blind(checksum) : checksum).equals(header.checksum)) {
    throw damaged(`the pages of block ${header.sequence} do not agree with their checksum`);
  }
  return hashes;
}
