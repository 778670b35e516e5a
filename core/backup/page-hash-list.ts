// The hashes of the pages that a backup has written, gathered in the order of writing: 20 bytes a page.
import { hash } from 'node:crypto';
import { hashPages, PAGE_HASH_BYTES } from '../sqlite/page-hash.ts';

export class PageHashList {
  private numbers: Uint32Array;
  private bytes: Buffer;
  private length = 0;
  private ascending = true;

  constructor(expectedPages: number) {
    const capacity = Math.max(1024, expectedPages);
    this.numbers = new Uint32Array(capacity);
    this.bytes = Buffer.alloc(capacity * PAGE_HASH_BYTES);
  }

  /** Hashes the pages that lie back to back in `data`; returns the hashes, valid until the next call. */
  add(numbers: Uint32Array, data: Buffer, pageSize: number): Buffer {
    this.reserve(this.length + numbers.length);
    const from = this.length;
    for (let i = 0; i < numbers.length; i++) {
      if (this.length > 0 && numbers[i]! <= this.numbers[this.length - 1]!) this.ascending = false;
      this.numbers[this.length++] = numbers[i]!;
    }
    const target = this.bytes.subarray(from * PAGE_HASH_BYTES, this.length * PAGE_HASH_BYTES);
    hashPages(data, pageSize, target);
    return target;
  }

  /** Ascending by page number, each page once with its latest hash, without pages beyond `pageCount`. */
  finish(pageCount: number): { numbers: Uint32Array; bytes: Buffer } {
    if (this.ascending && (this.length === 0 || this.numbers[this.length - 1]! <= pageCount)) {
      return {
        numbers: this.numbers.subarray(0, this.length),
        bytes: this.bytes.subarray(0, this.length * PAGE_HASH_BYTES),
      };
    }
    const latest = new Map<number, number>();
    for (let i = 0; i < this.length; i++) if (this.numbers[i]! <= pageCount) latest.set(this.numbers[i]!, i);
    const numbers = Uint32Array.from(latest.keys()).sort();
    const bytes = Buffer.alloc(numbers.length * PAGE_HASH_BYTES);
    numbers.forEach((number, i) => {
      const at = latest.get(number)! * PAGE_HASH_BYTES;
      this.bytes.copy(bytes, i * PAGE_HASH_BYTES, at, at + PAGE_HASH_BYTES);
    });
    return { numbers, bytes };
  }

  private reserve(length: number): void {
    if (length <= this.numbers.length) return;
    const capacity = Math.max(length, Math.ceil(this.numbers.length * 1.5));
    const numbers = new Uint32Array(capacity);
    numbers.set(this.numbers.subarray(0, this.length));
    const bytes = Buffer.alloc(capacity * PAGE_HASH_BYTES);
    this.bytes.copy(bytes, 0, 0, this.length * PAGE_HASH_BYTES);
    this.numbers = numbers;
    this.bytes = bytes;
  }
}

/** Checksum of a block: the first 16 bytes of the SHA-256 over its page hashes. */
export function blockChecksum(pageHashes: Buffer): Buffer {
  return Buffer.from(hash('sha256', pageHashes, 'hex').slice(0, 32), 'hex');
}
