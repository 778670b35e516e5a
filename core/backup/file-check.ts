// What must hold of the file blocks of a set together: one after another, every file whole, and the digest of all headers.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Files } from '../platform/files.ts';
import { readAt } from './file-access.ts';
import { decodeFileBlock, FILE_BLOCK_HEADER_BYTES, type FileBlockHeader } from './file-block.ts';
import { type HeaderFile, IN_BLOCKS } from './header.ts';
import { damaged, setIdOf, TRAILER_BYTES, truncated } from './layout.ts';
import type { Part } from './part-header.ts';

/** Takes the file blocks of a set in order. Throws BACKUP_DAMAGED. */
export class FileCheck {
  readonly #first: Part;
  readonly #setId: Buffer;
  readonly #listed: HeaderFile[];
  readonly #digest = createHash('sha256');
  #blocks = 0;
  #file = 0;
  #position = 0;

  constructor(first: Part) {
    this.#first = first;
    this.#setId = setIdOf(first.record.idtag, first.record.serial);
    this.#listed = first.header.files;
    const streamed = this.#listed.some(({ encoding }) => encoding === IN_BLOCKS);
    if (streamed !== (first.record.files !== undefined))
      throw damaged('its list of files does not agree with its record');
  }

  take(head: Buffer): FileBlockHeader {
    const block = decodeFileBlock(head);
    if (!block.setId.equals(this.#setId)) throw damaged('a file block belongs to another backup');
    const listed = this.#listed[block.file];
    const ciphers = this.#first.record.files;
    if (!listed || listed.encoding !== IN_BLOCKS || !ciphers) throw damaged('a file block is of no file in the header');
    if (block.sequence !== this.#blocks || block.file !== this.#file || block.position !== this.#position)
      throw damaged(`file block ${block.sequence} stands where ${this.#blocks} belongs`);
    const cipher = listed.type === 'nici' ? ciphers.security : ciphers.included;
    if (block.encrypted !== (cipher !== undefined))
      throw damaged(`the file ${listed.name} is not encrypted as it should be`);
    this.#digest.update(head.subarray(0, FILE_BLOCK_HEADER_BYTES));
    this.#blocks++;
    this.#position += block.rawBytes;
    if (!block.last) return block;
    if (this.#position !== listed.bytes)
      throw damaged(`the file ${listed.name} has another length than its header says`);
    this.#file++;
    this.#position = 0;
    return block;
  }

  /** After the last part: nothing is missing. */
  end(): void {
    const { files } = this.#first.record;
    const agrees =
      this.#position === 0 &&
      (files === undefined
        ? this.#blocks === 0
        : this.#file === this.#listed.length &&
          this.#blocks === files.blocks &&
          files.digest === this.#digest.copy().digest('hex'));
    if (!agrees) throw damaged('the files that went along are not all there');
  }
}

/** Where a file block is, with its header. */
export interface FilePlace {
  part: Part;
  offset: number;
  head: Buffer;
  block: FileBlockHeader;
}

/** The file blocks of one part, by going from header to header. Throws BACKUP_DAMAGED or BACKUP_TRUNCATED. */
export function* filePlacesIn(
  part: Part,
  fd: number,
  check: FileCheck,
  files: Files,
): Generator<FilePlace, void, void> {
  const end = part.bytes - TRAILER_BYTES;
  for (let offset = part.record.filesOffset ?? end; offset !== end; ) {
    const head = readAt(files, fd, offset, FILE_BLOCK_HEADER_BYTES);
    if (head.length < FILE_BLOCK_HEADER_BYTES) throw truncated();
    const block = check.take(head);
    if (offset + FILE_BLOCK_HEADER_BYTES + block.storedBytes > end)
      throw damaged(`file block ${block.sequence} goes beyond its part`);
    yield { part, offset, head, block };
    offset += FILE_BLOCK_HEADER_BYTES + block.storedBytes;
  }
}

/** The stored bytes of a file block, against their checksum. */
export function storedFileBlock({ offset, block, head }: FilePlace, fd: number, files: Files): Buffer {
  const bytes = readAt(files, fd, offset, FILE_BLOCK_HEADER_BYTES + block.storedBytes);
  if (bytes.length < FILE_BLOCK_HEADER_BYTES + block.storedBytes) throw truncated();
  const stored = bytes.subarray(FILE_BLOCK_HEADER_BYTES);
  if (!bytes.subarray(0, FILE_BLOCK_HEADER_BYTES).equals(head) || crc32(stored) !== block.storedCrc)
    throw damaged(`the checksum of file block ${block.sequence} is wrong`);
  return stored;
}
