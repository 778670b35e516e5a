// What each page of a set was when it was written, so that what is read back can be compared: 4 bytes a page.
import { crc32 } from 'node:zlib';

/**
 * CRC-32 by page. The reader has proved the pages by their SHA-256; from then on only accidents of memory and disk are to be
 * found, for which a CRC is made and which it does four times as fast. `sums` can be shared by threads: each page is written once.
 */
export class PageSums {
  readonly sums: Uint32Array;
  readonly #pageSize: number;

  constructor(pageSize: number, sums: Uint32Array) {
    this.#pageSize = pageSize;
    this.sums = sums;
  }

  /** Notes a page as it is written; it lies at the place `index` of `data`. */
  note(page: number, data: Buffer, index: number): void {
    this.sums[page - 1] = this.#sumOf(data, index);
  }

  /** The first of `count` pages from `first` on, back to back in `data`, that is not as it was written; null when all are. */
  firstDifference(first: number, count: number, data: Buffer): number | null {
    for (let i = 0; i < count; i++) if (this.sums[first - 1 + i] !== this.#sumOf(data, i)) return first + i;
    return null;
  }

  #sumOf(data: Buffer, index: number): number {
    return crc32(data.subarray(index * this.#pageSize, (index + 1) * this.#pageSize));
  }
}
