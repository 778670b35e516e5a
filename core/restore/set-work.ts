// The pieces of work that make a set out of blocks: write the pages that a block gives, read pages back. Whichever thread does them.
import { type BlockPlace, numbersOf } from '../backup/block-places.ts';
import { readBlock } from '../backup/block-read.ts';
import { naming } from '../backup/file-access.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { BlockCipher } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { lockPage, readInto, writeAt } from '../sqlite/header.ts';
import { PageSums } from './page-sums.ts';

/** A block that gives at least one page; its number in the plan is `id`. */
export interface PlannedBlock extends Pick<BlockPlace, 'offset' | 'head' | 'list' | 'bytes'> {
  id: number;
  /** Path of the part that it is in. */
  file: string;
  /** Which of the ciphers; they are one a backup. */
  backup: number;
}

export interface SetPlan {
  rst: string;
  /** Descriptor of the file that is written: the same for all threads of the process. */
  fd: number;
  pageSize: number;
  pageCount: number;
  blocks: PlannedBlock[];
  /** Sources with a greater number are records of logs: written when all blocks are. */
  lastBlock: number;
  /** Shared: number of the source of each page, and the sum of each page once it is written. */
  winners: Uint32Array;
  sums: Uint32Array;
}

/** Pages that are read back in one piece. */
export const CHECK_BYTES = 1024 * 1024;
/** More pages in a row are left out rather than written twice. */
const BRIDGED_PAGES = 8;

/** Write what a block gives, or read some pages back, 1 MiB at most. */
export type SetTask = { block: number } | { from: number; to: number };

export class SetWork {
  readonly #plan: SetPlan;
  readonly #ciphers: (BlockCipher | null)[];
  readonly #files: Files;
  readonly #sums: PageSums;
  #open: { file: string; fd: number } | null = null;
  #scratch: Buffer = Buffer.alloc(0);

  constructor(plan: SetPlan, ciphers: (BlockCipher | null)[], files: Files) {
    this.#plan = plan;
    this.#ciphers = ciphers;
    this.#files = files;
    this.#sums = new PageSums(plan.pageSize, plan.sums);
  }

  /** Does one task; returns the number of pages that were written or read back. */
  carryOut(task: SetTask): number {
    if ('block' in task) return this.writeBlock(task.block);
    this.checkPages(task.from, task.to);
    return task.to - task.from + 1;
  }

  /** Checks the block and writes the pages that it gives; returns how many. Throws the reader's codes. */
  private writeBlock(index: number): number {
    const { pageSize } = this.#plan;
    const block = this.#plan.blocks[index]!;
    try {
      const fd = this.#part(block.file);
      const scratch = this.#buffer(block.bytes);
      const data = readBlock(this.#files, fd, block, pageSize, this.#ciphers[block.backup] ?? null, scratch);
      const written = this.writePages(block.id, numbersOf(block, pageSize), data);
      if (data.buffer !== scratch.buffer) releaseBuffer(data);
      return written;
    } catch (error) {
      throw naming(error, block.file);
    }
  }

  /** Writes those of the pages that the source `id` gives. */
  writePages(id: number, numbers: Uint32Array, data: Buffer): number {
    const { fd, pageSize, winners, pageCount, lastBlock } = this.#plan;
    const wins = (i: number) => numbers[i]! <= pageCount && winners[numbers[i]! - 1] === id && last(i);
    // A copy that shows its end can hold a page twice in one block.
    const ascending = isAscending(numbers);
    const last = (i: number) => ascending || numbers.lastIndexOf(numbers[i]!) === i;
    let written = 0;
    for (let i = 0; i < numbers.length; ) {
      if (!wins(i)) {
        i++;
        continue;
      }
      let run = 1;
      // Between two pages that it gives, what a log will give later is written through: one long write instead of two short ones.
      for (let next = 1; next - run <= BRIDGED_PAGES && numbers[i + next] === numbers[i]! + next; next++) {
        if (wins(i + next)) run = next + 1;
        else if (id > lastBlock || winners[numbers[i + next]! - 1]! <= lastBlock) break;
      }
      writeAt(this.#files, fd, data.subarray(i * pageSize, (i + run) * pageSize), (numbers[i]! - 1) * pageSize);
      for (let at = i; at < i + run; at++) {
        if (!wins(at)) continue;
        this.#sums.note(numbers[at]!, data, at);
        written++;
      }
      i += run;
    }
    return written;
  }

  /** Reads the pages `from` … `to` back. Throws IO_ERROR for the first that is not as it was written. */
  private checkPages(from: number, to: number): void {
    const { fd, pageSize, rst } = this.#plan;
    const skipped = lockPage(pageSize);
    if (from <= skipped && skipped <= to) {
      if (from < skipped) this.checkPages(from, skipped - 1);
      if (skipped < to) this.checkPages(skipped + 1, to);
      return;
    }
    const length = (to - from + 1) * pageSize;
    const data = this.#buffer(length).subarray(0, length);
    const got = readInto(this.#files, fd, data, 0, data.length, (from - 1) * pageSize);
    if (got !== data.length) throw new HoldfastError('IO_ERROR', `${rst} became shorter while it was read back`);
    const page = this.#sums.firstDifference(from, to - from + 1, data);
    if (page !== null)
      throw new HoldfastError('IO_ERROR', `Page ${page} was not written as it was read`, {
        hint: 'Look at the disk of the target.',
      });
  }

  /** The same memory for each piece of work: fresh pages for each would cost a tenth of the time. */
  #buffer(bytes: number): Buffer {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafeSlow(Math.max(bytes, CHECK_BYTES + 8192));
    return this.#scratch;
  }

  close(): void {
    if (this.#open) this.#files.closeSync(this.#open.fd);
    this.#open = null;
  }

  #part(file: string): number {
    if (this.#open?.file === file) return this.#open.fd;
    this.close();
    this.#open = { file, fd: this.#files.openSync(file, 'r') };
    return this.#open.fd;
  }
}

function isAscending(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i]! <= numbers[i - 1]!) return false;
  return true;
}
