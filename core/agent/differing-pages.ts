// Which pages of a batch are not what the last backup had, by their hashes. Pure; whichever thread asks.
import { hashPages, PAGE_HASH_BYTES } from '../sqlite/page-hash.ts';
import type { PageBatch, PageHashes } from '../sqlite/types.ts';

export class DifferingPages {
  readonly #base: PageHashes;
  readonly #pageSize: number;
  #hashes = Buffer.alloc(0);

  constructor(base: PageHashes, pageSize: number) {
    this.#base = base;
    this.#pageSize = pageSize;
  }

  /** The pages of the batch that differ from the base, and those at the places `again`; null when there are none. */
  of({ numbers, data }: PageBatch, again: readonly number[]): PageBatch | null {
    const { length } = numbers;
    if (this.#hashes.length < length * PAGE_HASH_BYTES) this.#hashes = Buffer.alloc(length * PAGE_HASH_BYTES);
    hashPages(data, this.#pageSize, this.#hashes);
    if (again.length === 0 && isRun(numbers) && this.#areKnown(numbers[0]!, 0, length)) return null;
    const wanted = new Set(again);
    const kept: number[] = [];
    const images: Buffer[] = [];
    for (let index = 0; index < length; index++) {
      if (!wanted.has(index) && this.#areKnown(numbers[index]!, index, 1)) continue;
      kept.push(numbers[index]!);
      images.push(data.subarray(index * this.#pageSize, (index + 1) * this.#pageSize));
    }
    if (kept.length === 0) return null;
    // Not of Node's pool: its owner may give it away.
    const changed = Buffer.allocUnsafeSlow(kept.length * this.#pageSize);
    images.forEach((image, i) => {
      image.copy(changed, i * this.#pageSize);
    });
    return { numbers: Uint32Array.from(kept), data: changed };
  }

  /** True when the `count` pages from `number` on are in the base with the hashes that begin at the place `index`. */
  #areKnown(number: number, index: number, count: number): boolean {
    if (number + count - 1 > this.#base.pageCount) return false;
    const [at, from, length] = [(number - 1) * PAGE_HASH_BYTES, index * PAGE_HASH_BYTES, count * PAGE_HASH_BYTES];
    return this.#base.bytes.compare(this.#hashes, from, from + length, at, at + length) === 0;
  }
}

/** Batches ascend, so that the ends tell. */
function isRun(numbers: Uint32Array): boolean {
  return numbers.at(-1)! - numbers[0]! === numbers.length - 1;
}
