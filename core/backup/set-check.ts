// What must hold of the blocks of a set together: one after another, of this backup, none missing, and the digest of all headers.
import { createHash } from 'node:crypto';
import { BLOCK_HEADER_BYTES, type BlockHeader, damaged, decodeBlockHeader, setIdOf, type Trailer } from './layout.ts';
import type { Part } from './part-header.ts';

/** Takes the blocks of a set in order and compares them with the trailers. Throws BACKUP_DAMAGED. */
export class SetCheck {
  readonly setId: Buffer;
  private readonly first: Part;
  private readonly coverage: PageCoverage;
  private readonly digest = createHash('sha256');
  private blocks = 0;
  private pages = 0;
  private rawBytes = 0;

  constructor(first: Part) {
    this.first = first;
    this.setId = setIdOf(first.record.idtag, first.record.serial);
    this.coverage = new PageCoverage(first.record.type === 'full' ? first.record.pageCount : 0);
  }

  /** The header of the next block, once it is known to be that of the next block. */
  header(head: Buffer): BlockHeader {
    const header = decodeBlockHeader(head.subarray(0, BLOCK_HEADER_BYTES), this.first.record.pageSize);
    if (!header.setId.equals(this.setId)) throw damaged('a block belongs to another backup');
    if (header.sequence !== this.blocks) throw damaged(`block ${header.sequence} stands where ${this.blocks} belongs`);
    return header;
  }

  /** Counts the block in; returns its page numbers. */
  take(header: BlockHeader, head: Buffer, list: Buffer): Uint32Array {
    this.digest.update(head.subarray(0, BLOCK_HEADER_BYTES));
    this.blocks++;
    this.pages += header.pages;
    this.rawBytes += header.rawBytes;
    const numbers = pageNumbers(header, list);
    this.coverage.add(numbers);
    return numbers;
  }

  trailer(trailer: Trailer, part: Part, last: boolean): void {
    const agrees =
      trailer.last === last &&
      trailer.parts === part.record.part + 1 &&
      trailer.blocks === this.blocks &&
      trailer.pages === this.pages &&
      trailer.rawBytes === this.rawBytes &&
      trailer.setId.equals(this.setId) &&
      trailer.digest.equals(this.digest.copy().digest()) &&
      (!last || trailer.pageCount === this.first.record.pageCount);
    if (!agrees) throw damaged('the digest of the whole is wrong');
    if (last && this.first.record.type === 'full') this.coverage.requireAll(this.first.record.pageSize);
  }
}

/** The page numbers of a block, from its list or its first page. */
export function pageNumbers({ firstPage, pages }: BlockHeader, list: Buffer): Uint32Array {
  const numbers = new Uint32Array(pages);
  for (let i = 0; i < pages; i++) numbers[i] = firstPage === null ? list.readUInt32LE(i * 4) : firstPage + i;
  return numbers;
}

/** Which pages a full has given: every one but the lock page, which SQLite never uses. */
class PageCoverage {
  private readonly seen: Uint8Array;
  private readonly pageCount: number;

  constructor(pageCount: number) {
    this.pageCount = pageCount;
    this.seen = new Uint8Array((pageCount >>> 3) + 1);
  }

  add(numbers: Uint32Array): void {
    for (const number of numbers) {
      if (number === 0) throw damaged('a block has a page 0');
      if (number <= this.pageCount) this.seen[number >>> 3]! |= 1 << (number & 7);
    }
  }

  requireAll(pageSize: number): void {
    const lockPage = 0x4000_0000 / pageSize + 1;
    for (let number = 1; number <= this.pageCount; number++) {
      if ((this.seen[number >>> 3]! & (1 << (number & 7))) === 0 && number !== lockPage) {
        throw damaged(`page ${number} is not in it`);
      }
    }
  }
}
