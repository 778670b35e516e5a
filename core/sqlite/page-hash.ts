// Page hashes: 16 bytes a page (truncated SHA-256), kept in a table that grows with the database.
import { hash } from 'node:crypto';
import type { PageHashes } from './types.ts';

export const PAGE_HASH_BYTES = 16;

/** First 16 bytes of the page's SHA-256. */
export function hashPage(page: Buffer): Buffer {
  return hash('sha256', page, 'buffer').subarray(0, PAGE_HASH_BYTES);
}

/** Writes the hash of each page of `data` to `target`. A string of bytes is the quickest form to get out of node:crypto. */
export function hashPages(data: Buffer, pageSize: number, target: Buffer): void {
  for (let at = 0, to = 0; at < data.length; at += pageSize, to += PAGE_HASH_BYTES) {
    target.write(hash('sha256', data.subarray(at, at + pageSize), 'binary'), to, PAGE_HASH_BYTES, 'binary');
  }
}

/** Hashes of one database image. An entry of 16 zero bytes means unknown. */
export class PageHashTable implements PageHashes {
  pageCount = 0;
  #store: Buffer = Buffer.alloc(1024 * PAGE_HASH_BYTES);

  static from(hashes: PageHashes): PageHashTable {
    const table = new PageHashTable();
    table.resize(hashes.pageCount);
    hashes.bytes.copy(table.#store, 0, 0, hashes.pageCount * PAGE_HASH_BYTES);
    return table;
  }

  /** Exactly `pageCount` entries; the same memory until the table grows. */
  get bytes(): Buffer {
    return this.#store.subarray(0, this.pageCount * PAGE_HASH_BYTES);
  }

  /** New entries are unknown; entries beyond a smaller count are forgotten. */
  resize(pageCount: number): void {
    if (pageCount < this.pageCount) {
      this.#store.fill(0, pageCount * PAGE_HASH_BYTES, this.pageCount * PAGE_HASH_BYTES);
    }
    if (pageCount * PAGE_HASH_BYTES > this.#store.length) {
      const grown = Buffer.alloc(Math.max(pageCount * PAGE_HASH_BYTES, this.#store.length * 2));
      this.#store.copy(grown, 0, 0, Math.min(this.pageCount, pageCount) * PAGE_HASH_BYTES);
      this.#store = grown;
    }
    this.pageCount = pageCount;
  }

  /** Sets the hash of `image`, without a buffer in between. */
  setOf(page: number, image: Buffer): void {
    this.#store.write(hash('sha256', image, 'binary'), (page - 1) * PAGE_HASH_BYTES, PAGE_HASH_BYTES, 'binary');
  }

  set(page: number, value: Buffer): void {
    value.copy(this.#store, (page - 1) * PAGE_HASH_BYTES, 0, PAGE_HASH_BYTES);
  }

  get(page: number): Buffer {
    return this.#store.subarray((page - 1) * PAGE_HASH_BYTES, page * PAGE_HASH_BYTES);
  }

  known(page: number): boolean {
    const at = (page - 1) * PAGE_HASH_BYTES;
    for (let i = at; i < at + PAGE_HASH_BYTES; i++) if (this.#store[i] !== 0) return true;
    return false;
  }

  matches(page: number, value: Buffer): boolean {
    const at = (page - 1) * PAGE_HASH_BYTES;
    return page <= this.pageCount && this.#store.compare(value, 0, PAGE_HASH_BYTES, at, at + PAGE_HASH_BYTES) === 0;
  }
}
