// Hashes of all pages as they are at the capture position: made from the images of commits, and from the file in idle moments.
import { lockPage } from './header.ts';
import { hashPage, PAGE_HASH_BYTES, PageHashTable } from './page-hash.ts';
import type { PageView } from './page-reader.ts';
import type { Difference } from './resync.ts';
import type { CaptureOptions, PageHashes } from './types.ts';

type Read = (view: PageView, numbers: Uint32Array, target: Buffer) => void;

export class CapturedHashes {
  readonly #pageSize: number;
  readonly #lockPage: number;
  readonly #read: Read;
  /** Newest images of pages whose hash is still to be made: a page that many commits of a batch touch is hashed once. */
  readonly #waiting = new Map<number, Buffer>();
  #table: PageHashTable | null;
  #next = 1;

  /** `known` is what a former capture left; without `kept` there is no table and nothing happens here. */
  constructor(kept: boolean, known: PageHashes | null, pageSize: number, read: Read) {
    this.#pageSize = pageSize;
    this.#lockPage = lockPage(pageSize);
    this.#read = read;
    this.#table = kept ? (known ? PageHashTable.from(known) : new PageHashTable()) : null;
  }

  /** Null when none are kept. */
  get table(): PageHashTable | null {
    return this.#table;
  }

  /** Asks for the hashes of the image at the position; false when nobody has them. */
  find(hashes: CaptureOptions['hashes']): boolean {
    const found = typeof hashes === 'function' ? hashes() : null;
    if (found && this.#table) this.#table = PageHashTable.from(found);
    return found !== null;
  }

  resize(pageCount: number): void {
    this.#table?.resize(pageCount);
  }

  /** The image of `page` after a commit; hashed by the next `settle`, so its memory must stay as it is until then. */
  later(page: number, image: Buffer): void {
    if (this.#table) this.#waiting.set(page, image);
  }

  settle(): void {
    const table = this.#table;
    // A later commit may have cut the database.
    for (const [page, image] of this.#waiting) if (table && page <= table.pageCount) table.setOf(page, image);
    this.#waiting.clear();
  }

  /** Nothing is known any more but what the log holds. */
  startOver(view: PageView): void {
    if (this.#table) this.#table = new PageHashTable();
    this.#next = 1;
    this.readLog(view);
  }

  /** The pages of `view` that are in the log. */
  readLog(view: PageView): void {
    const table = this.#table;
    if (!table) return;
    table.resize(view.pageCount);
    const image = Buffer.allocUnsafe(this.#pageSize);
    for (const page of view.map.keys()) {
      this.#read(view, Uint32Array.of(page), image);
      table.setOf(page, image);
    }
  }

  /** What was found different after a gap. */
  take({ numbers, hashes }: Difference, pageCount: number): void {
    this.#table?.resize(pageCount);
    numbers.forEach((page, i) => {
      this.#table?.set(page, hashes.subarray(i * PAGE_HASH_BYTES, (i + 1) * PAGE_HASH_BYTES));
    });
  }

  /** Hashes up to `budget` bytes of pages that are not known yet; false when all are known. */
  step(view: PageView, budget: number): boolean {
    const table = this.#table;
    if (!table) return false;
    const image = Buffer.allocUnsafe(this.#pageSize);
    for (let left = budget; left > 0 && this.#next <= table.pageCount; ) {
      const page = this.#next++;
      if (page === this.#lockPage || table.known(page)) continue;
      this.#read(view, Uint32Array.of(page), image);
      table.set(page, hashPage(image));
      left -= this.#pageSize;
    }
    return this.#next <= table.pageCount;
  }
}
