// Walks the stored blocks of a set from part to part and checks all that can be checked without decompressing.
import { crc32 } from 'node:zlib';
import type { Files } from '../platform/files.ts';
import { BlockMapSum, decodeMapHead, isMap, MAP_HEADER_BYTES } from './block-map.ts';
import { naming, readAt } from './file-access.ts';
import { FileCheck, filePlacesIn, storedFileBlock } from './file-check.ts';
import {
  AUTHENTICATED_BYTES,
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  damaged,
  decodeTrailer,
  isTrailer,
  TRAILER_BYTES,
  truncated,
} from './layout.ts';
import type { Part } from './part-header.ts';
import { SetCheck } from './set-check.ts';

export interface StoredBlock {
  header: BlockHeader;
  numbers: Uint32Array;
  /** As stored: compressed or raw, and possibly encrypted. */
  data: Buffer;
  /** What an encryption of `data` is bound to. */
  bound: Buffer;
  /** Bytes of the set consumed so far. */
  position: number;
}

/** Yields the blocks of `parts` in order. Throws BACKUP_DAMAGED or BACKUP_TRUNCATED, naming the part. */
export function* readStoredBlocks(parts: Part[], files: Files): Generator<StoredBlock, void, void> {
  const check = new SetCheck(parts[0]!);
  const fileCheck = new FileCheck(parts[0]!);
  let passed = 0;
  for (const part of parts) {
    try {
      yield* blocksOf(part, part === parts.at(-1), passed, check, fileCheck, files);
      if (part === parts.at(-1)) fileCheck.end();
    } catch (error) {
      throw naming(error, part.file);
    }
    passed += part.bytes;
  }
}

function* blocksOf(
  part: Part,
  last: boolean,
  passed: number,
  check: SetCheck,
  fileCheck: FileCheck,
  files: Files,
): Generator<StoredBlock, void, void> {
  const fd = files.openSync(part.file, 'r');
  try {
    const map = new BlockMapSum();
    for (let offset = part.dataOffset; ; ) {
      const head = readAt(files, fd, offset, Math.max(BLOCK_HEADER_BYTES, TRAILER_BYTES));
      if (head.length >= 4 && (isTrailer(head) || isMap(head))) {
        offset = endOfMap(part, fd, offset, head, map, check, files);
        offset = checkFilesIn(part, fd, offset, fileCheck, files);
        readEnd(part, last, fd, offset, check, files);
        return;
      }
      if (head.length < BLOCK_HEADER_BYTES) throw truncated();
      const header = check.header(head);
      const body = readAt(files, fd, offset + BLOCK_HEADER_BYTES, header.listBytes + header.storedBytes);
      if (body.length < header.listBytes + header.storedBytes) throw truncated();
      if (crc32(body) !== header.storedCrc) throw damaged(`the checksum of block ${header.sequence} is wrong`);
      const list = body.subarray(0, header.listBytes);
      map.add({ offset, head: head.subarray(0, BLOCK_HEADER_BYTES), list });
      offset += BLOCK_HEADER_BYTES + body.length;
      const numbers = check.take(header, head, list);
      const bound = header.encrypted ? Buffer.concat([head.subarray(0, AUTHENTICATED_BYTES), list]) : list;
      yield { header, numbers, data: body.subarray(header.listBytes), bound, position: passed + offset };
    }
  } finally {
    files.closeSync(fd);
  }
}

/** Where the trailer begins; before it the map of a part that has one, which must say what was just read. */
function endOfMap(
  part: Part,
  fd: number,
  offset: number,
  head: Buffer,
  sum: BlockMapSum,
  check: SetCheck,
  files: Files,
): number {
  if ((part.record.mapOffset ?? offset) !== offset || isMap(head) !== (part.record.mapOffset !== undefined))
    throw damaged('the block map is not in its place');
  if (part.record.mapOffset === undefined) return offset;
  if (head.length < MAP_HEADER_BYTES) throw truncated();
  const map = decodeMapHead(head);
  if (!map.setId.equals(check.setId) || map.count !== sum.count || map.bytes !== sum.bytes || map.crc !== sum.crc)
    throw damaged('the block map does not agree with the blocks');
  const entries = readAt(files, fd, offset + MAP_HEADER_BYTES, map.bytes);
  if (entries.length < map.bytes) throw truncated();
  if (crc32(entries) !== map.crc) throw damaged('the block map is not what was written');
  return offset + MAP_HEADER_BYTES + map.bytes;
}

/** Where the trailer begins, behind the files that went along: their stored bytes are what was written. */
function checkFilesIn(part: Part, fd: number, offset: number, check: FileCheck, files: Files): number {
  const { filesOffset } = part.record;
  if (filesOffset === undefined) return offset;
  if (filesOffset !== offset) throw damaged('the files are not in their place');
  for (const place of filePlacesIn(part, fd, check, files)) storedFileBlock(place, fd, files);
  return part.bytes - TRAILER_BYTES;
}

/** The trailer of a part: the last of it, and in agreement with the blocks so far. */
export function readEnd(part: Part, last: boolean, fd: number, offset: number, check: SetCheck, files: Files): void {
  const bytes = readAt(files, fd, offset, TRAILER_BYTES);
  if (bytes.length < TRAILER_BYTES) throw truncated();
  if (!isTrailer(bytes)) throw damaged('the trailer is not in its place');
  check.trailer(decodeTrailer(bytes), part, last);
  if (offset + TRAILER_BYTES !== part.bytes) throw damaged('it goes on after its end');
}
