// Turns batches of any size into blocks of about 1 MiB: large batches pass without a copy, small ones are gathered.
import type { PageBatch } from '../sqlite/types.ts';
import { MAX_BLOCK_BYTES } from './layout.ts';

export class BlockPacker {
  private numbers: Uint32Array;
  private data: Buffer | null = null;
  private pages = 0;
  private readonly pageSize: number;
  private readonly capacity: number;

  /** Blocks of at most `maxBytes`, but at least a page. */
  constructor(pageSize: number, maxBytes: number = MAX_BLOCK_BYTES) {
    this.pageSize = pageSize;
    this.capacity = Math.max(1, Math.floor(Math.min(maxBytes, MAX_BLOCK_BYTES) / pageSize));
    this.numbers = new Uint32Array(this.capacity);
  }

  /** The blocks that are complete with this batch, in order. */
  *add(batch: PageBatch): Generator<PageBatch> {
    const { numbers, data } = batch;
    for (let from = 0; from < numbers.length; ) {
      const whole = Math.min(numbers.length - from, this.capacity);
      if (whole * 2 > this.capacity) {
        yield* this.rest();
        yield this.slice(numbers, data, from, whole);
        from += whole;
      } else {
        const count = Math.min(whole, this.capacity - this.pages);
        this.keep(this.slice(numbers, data, from, count));
        from += count;
        if (this.pages === this.capacity) yield* this.rest();
      }
    }
  }

  /** What has been gathered, as a last block. */
  *rest(): Generator<PageBatch> {
    if (this.data === null || this.pages === 0) return;
    const block = {
      numbers: this.numbers.slice(0, this.pages),
      data: this.data.subarray(0, this.pages * this.pageSize),
    };
    this.data = null;
    this.pages = 0;
    yield block;
  }

  private slice(numbers: Uint32Array, data: Buffer, from: number, count: number): PageBatch {
    if (from === 0 && count === numbers.length) return { numbers, data };
    return {
      numbers: numbers.subarray(from, from + count),
      data: data.subarray(from * this.pageSize, (from + count) * this.pageSize),
    };
  }

  private keep(batch: PageBatch): void {
    this.data ??= Buffer.allocUnsafeSlow(this.capacity * this.pageSize);
    this.numbers.set(batch.numbers, this.pages);
    batch.data.copy(this.data, this.pages * this.pageSize);
    this.pages += batch.numbers.length;
  }
}
