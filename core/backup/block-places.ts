// Where the blocks of a set are and which pages each holds, without reading a page: from the block maps, or by going from header
// to header in a set that has none.
import { crc32 } from 'node:zlib';
import type { Files } from '../platform/files.ts';
import { decodeMapEntries, decodeMapHead, MAP_HEADER_BYTES, type MapEntry } from './block-map.ts';
import { readEnd } from './block-stream.ts';
import { naming, readAt } from './file-access.ts';
import { BLOCK_HEADER_BYTES, damaged, decodeBlockHeader, isTrailer, TRAILER_BYTES, truncated } from './layout.ts';
import type { Part } from './part-header.ts';
import { pageNumbers, SetCheck } from './set-check.ts';

export interface BlockPlace {
  /** Index of the part. */
  part: number;
  /** Where the block begins in its part. */
  offset: number;
  /** Its header as it must stand there, 64 bytes. */
  head: Buffer;
  /** The page numbers as stored; empty when they are consecutive. */
  list: Buffer;
  /** Header, list and pages as stored. */
  bytes: number;
}

/**
 * The blocks of a set in order. The headers are proved by the digest in the trailers, the lists of page numbers by the map's checksum
 * or, without a map, by that of their block. Throws BACKUP_DAMAGED or BACKUP_TRUNCATED, naming the part.
 */
export function readPlaces(parts: Part[], files: Files): BlockPlace[] {
  const check = new SetCheck(parts[0]!);
  const places: BlockPlace[] = [];
  for (const [index, part] of parts.entries()) {
    try {
      const fd = files.openSync(part.file, 'r');
      try {
        placesIn(part, index, fd, check, files, places);
        readEnd(part, part === parts.at(-1), fd, endOf(part, fd, files), check, files);
      } finally {
        files.closeSync(fd);
      }
    } catch (error) {
      throw naming(error, part.file);
    }
  }
  return places;
}

/** The pages of a block, in the order in which it holds them. */
export function numbersOf({ head, list }: Pick<BlockPlace, 'head' | 'list'>, pageSize: number): Uint32Array {
  return pageNumbers(decodeBlockHeader(head, pageSize), list);
}

/** A shorter file than its header says has no trailer where one belongs. */
function endOf(part: Part, fd: number, files: Files): number {
  if (files.fstatSync(fd).size < part.bytes) throw truncated();
  return part.bytes - TRAILER_BYTES;
}

function placesIn(part: Part, index: number, fd: number, check: SetCheck, files: Files, places: BlockPlace[]): void {
  let next = part.dataOffset;
  for (const { offset, head, list } of entriesOf(part, fd, check, files)) {
    const header = check.header(head);
    if (offset !== next) throw damaged('the block map does not agree with the blocks');
    const bytes = BLOCK_HEADER_BYTES + header.listBytes + header.storedBytes;
    check.take(header, head, list);
    places.push({ part: index, offset, head, list, bytes });
    next = offset + bytes;
  }
  if (next !== (part.record.mapOffset ?? part.bytes - TRAILER_BYTES))
    throw damaged('the blocks do not reach to the end');
}

function entriesOf(part: Part, fd: number, check: SetCheck, files: Files): Iterable<MapEntry> {
  const { mapOffset, filesOffset, pageSize } = part.record;
  if (mapOffset === undefined) return walkHeaders(part, fd, files);
  const start = readAt(files, fd, mapOffset, MAP_HEADER_BYTES);
  if (start.length < MAP_HEADER_BYTES) throw truncated();
  const map = decodeMapHead(start);
  const length = (filesOffset ?? part.bytes - TRAILER_BYTES) - mapOffset - MAP_HEADER_BYTES;
  if (!map.setId.equals(check.setId) || map.bytes !== length) throw damaged('the block map is not of this backup');
  const bytes = readAt(files, fd, mapOffset + MAP_HEADER_BYTES, length);
  if (bytes.length < length) throw truncated();
  return decodeMapEntries(map, bytes, pageSize);
}

function* walkHeaders(part: Part, fd: number, files: Files): Generator<MapEntry, void, void> {
  for (let offset = part.dataOffset; ; ) {
    const head = readAt(files, fd, offset, BLOCK_HEADER_BYTES);
    if (head.length >= 4 && isTrailer(head)) return;
    if (head.length < BLOCK_HEADER_BYTES) throw truncated();
    const { listBytes, storedBytes, storedCrc, sequence } = decodeBlockHeader(head, part.record.pageSize);
    // Without a map only the checksum of the whole block proves its list; and by a wrong one an older page would win.
    const body = readAt(files, fd, offset + BLOCK_HEADER_BYTES, listBytes > 0 ? listBytes + storedBytes : 0);
    if (listBytes > 0 && body.length < listBytes + storedBytes) throw truncated();
    if (listBytes > 0 && crc32(body) !== storedCrc) throw damaged(`the checksum of block ${sequence} is wrong`);
    yield { offset, head, list: body.subarray(0, listBytes) };
    offset += BLOCK_HEADER_BYTES + listBytes + storedBytes;
  }
}
