// After a gap: reads the whole state at the capture position, a slice at a time, and collects the pages whose hashes differ.
import { hashPage, PAGE_HASH_BYTES, type PageHashTable } from './page-hash.ts';
import type { PageView } from './page-reader.ts';
import type { CapturedCommit, CapturePosition } from './types.ts';

export interface Difference {
  numbers: Uint32Array;
  data: Buffer;
  /** 16 bytes for each of `numbers`. */
  hashes: Buffer;
}

/** What one synthetic commit may hold; beyond it a full backup is the better repair. */
const LIMIT_BYTES = 1024 * 1024 * 1024;
const BATCH_BYTES = 1024 * 1024;

export class Resync {
  readonly #pageSize: number;
  readonly #lockPage: number;
  readonly #known: PageHashTable;
  readonly #read: (view: PageView, numbers: Uint32Array, target: Buffer) => void;
  readonly #numbers: number[] = [];
  readonly #data: Buffer[] = [];
  readonly #hashes: Buffer[] = [];
  #next = 1;

  constructor(
    pageSize: number,
    skippedPage: number,
    known: PageHashTable,
    read: (view: PageView, numbers: Uint32Array, target: Buffer) => void,
  ) {
    this.#pageSize = pageSize;
    this.#lockPage = skippedPage;
    this.#known = known;
    this.#read = read;
  }

  /** Null while there is more to read. */
  step(view: PageView, budget: number): Difference | 'tooMuch' | null {
    const perBatch = Math.max(1, Math.floor(BATCH_BYTES / this.#pageSize));
    for (let left = budget; left > 0 && this.#next <= view.pageCount; left -= perBatch * this.#pageSize) {
      const numbers: number[] = [];
      while (numbers.length < perBatch && this.#next <= view.pageCount) {
        if (this.#next !== this.#lockPage) numbers.push(this.#next);
        this.#next += 1;
      }
      const batch = Uint32Array.from(numbers);
      const images = Buffer.allocUnsafe(batch.length * this.#pageSize);
      this.#read(view, batch, images);
      batch.forEach((page, i) => {
        const image = images.subarray(i * this.#pageSize, (i + 1) * this.#pageSize);
        const hash = hashPage(image);
        if (this.#known.matches(page, hash)) return;
        this.#numbers.push(page);
        this.#data.push(Buffer.from(image));
        this.#hashes.push(Buffer.from(hash));
      });
      if (this.#numbers.length * this.#pageSize > LIMIT_BYTES) return 'tooMuch';
    }
    if (this.#next <= view.pageCount) return null;
    return {
      numbers: Uint32Array.from(this.#numbers),
      data: Buffer.concat(this.#data),
      hashes: Buffer.concat(this.#hashes, this.#numbers.length * PAGE_HASH_BYTES),
    };
  }
}

/** The difference as the one commit that makes up for those that were not seen. */
export function resyncCommit({ numbers, data }: Difference, position: CapturePosition, at: number): CapturedCommit {
  return { at, pageCount: position.commitPages, numbers, data, position, kind: 'resync' };
}
