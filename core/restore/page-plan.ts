// Which source gives each page of the set: the newest that has it, so that every page is read and written once. Pure.

/** Where the pages of a set come from. Sources have numbers from 1, in the order in which they would be applied. */
export class PagePlan {
  pageCount = 0;
  readonly #skipped: number;
  #winners = shared(1024);

  /** `lockPage` is never given: it holds no data. */
  constructor(lockPage: number) {
    this.#skipped = lockPage;
  }

  /** The source `id` has these pages; what earlier ones have of them is not needed. */
  take(id: number, numbers: Uint32Array): void {
    for (const page of numbers) {
      if (page > this.#winners.length) this.#reserve(page);
      if (page > this.pageCount) this.pageCount = page;
      if (page !== this.#skipped) this.#winners[page - 1] = id;
    }
  }

  /** The set has this many pages now: those beyond are forgotten, new ones come from nowhere yet. */
  resize(pageCount: number): void {
    if (pageCount < this.pageCount) this.#winners.fill(0, pageCount, this.pageCount);
    this.#reserve(pageCount);
    this.pageCount = pageCount;
  }

  /** First page that no source has; null when there is none. */
  missing(): number | null {
    for (let page = 1; page <= this.pageCount; page++)
      if (this.#winners[page - 1] === 0 && page !== this.#skipped) return page;
    return null;
  }

  /** How many pages each of the sources 1 … `count` gives; index 0 stays 0. */
  shares(count: number): Uint32Array {
    const shares = new Uint32Array(count + 1);
    for (let i = 0; i < this.pageCount; i++) shares[this.#winners[i] ?? 0]! += 1;
    shares[0] = 0;
    return shares;
  }

  /** The source of page 1, 2, …, in memory that threads can share; 0 for the lock page. */
  shared(): Uint32Array {
    return this.#winners.subarray(0, this.pageCount);
  }

  #reserve(pageCount: number): void {
    if (pageCount <= this.#winners.length) return;
    const winners = shared(Math.max(pageCount, Math.ceil(this.#winners.length * 1.1)));
    winners.set(this.#winners);
    this.#winners = winners;
  }
}

/** In memory that the threads of this process can share. */
function shared(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}
