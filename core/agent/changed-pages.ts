// A page-scan incremental: of all pages of a copy, those that differ from the last backup.
import os from 'node:os';
import { AskedThread } from '../platform/asked-thread.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import type { PageBatch, PageHashes, SnapshotResult } from '../sqlite/types.ts';
import { DifferingPages } from './differing-pages.ts';

/** What a thread begins with, and what it is asked. */
export interface CompareData {
  /** Shared: the hashes, 16 bytes a page. */
  base: SharedArrayBuffer;
  pageCount: number;
  pageSize: number;
}
export interface CompareTask {
  numbers: Uint32Array;
  data: ArrayBuffer;
  /** Places in `numbers` that are wanted in any case. */
  again: number[];
}

/** Below so many bytes a thread is not worth its start. */
const THREADED_FROM = 48 * 1024 * 1024;
const MOST_THREADS = 3;
/** Batches under way for each thread: bounds the memory. */
const AHEAD = 2;

/**
 * Passes on only pages whose hash differs from `base`. A page that was passed on once is passed on again when it comes
 * again, since a later image may be the old one. Nobody else may use the buffers of `batches`.
 */
export async function* filterChanged(
  batches: AsyncGenerator<PageBatch, SnapshotResult, void>,
  base: PageHashes,
  pageSize: number,
  threadedFrom = THREADED_FROM,
): AsyncGenerator<PageBatch, SnapshotResult, void> {
  const passed = new Set<number>();
  const underWay: Promise<PageBatch | null>[] = [];
  let highest = 0;
  let last = performance.now();
  let comparer: Comparer | null = null;
  const oldest = async () => {
    const changed = await underWay.shift()!;
    for (const number of changed?.numbers ?? []) passed.add(number);
    return changed;
  };
  try {
    comparer = await startComparer(base, pageSize, threadedFrom);
    for (;;) {
      const next = await batches.next();
      if (next.done) {
        while (underWay.length > 0) {
          const changed = await oldest();
          if (changed) yield changed;
        }
        return next.value;
      }
      const { numbers } = next.value;
      // What comes again is judged by what was passed on before.
      const full = () => underWay.length >= comparer!.atOnce || (numbers[0]! <= highest && underWay.length > 0);
      while (full()) {
        const changed = await oldest();
        if (changed) yield changed;
      }
      const again = numbers[0]! > highest ? [] : [...numbers.keys()].filter((index) => passed.has(numbers[index]!));
      highest = Math.max(highest, numbers.at(-1)!);
      const compared = comparer.compare(next.value, again);
      // Awaited in its turn; until then a failure must not count as unhandled.
      compared.catch(() => undefined);
      underWay.push(compared);
      if (performance.now() - last > 20) {
        await new Promise((resolve) => setImmediate(resolve));
        last = performance.now();
      }
    }
  } finally {
    await batches.return(undefined as never);
    await comparer?.close();
  }
}

interface Comparer {
  atOnce: number;
  compare(batch: PageBatch, again: number[]): Promise<PageBatch | null>;
  close(): Promise<void>;
}

async function startComparer(base: PageHashes, pageSize: number, threadedFrom: number): Promise<Comparer> {
  // This thread reads the pages.
  const count = base.pageCount * pageSize >= threadedFrom ? Math.min(MOST_THREADS, os.availableParallelism()) : 0;
  const hashes = new SharedArrayBuffer(count === 0 ? 0 : base.bytes.length);
  if (count > 0) base.bytes.copy(Buffer.from(hashes));
  const data: CompareData = { base: hashes, pageCount: base.pageCount, pageSize };
  const started = await Promise.all(
    Array.from({ length: count }, () =>
      AskedThread.start<CompareTask, PageBatch | null>('compare-worker', import.meta.url, data),
    ),
  );
  const threads = started.filter((thread) => thread !== null);
  return threads.length > 0 ? threaded(threads) : inPlace(base, pageSize);
}

function inPlace(base: PageHashes, pageSize: number): Comparer {
  const pages = new DifferingPages(base, pageSize);
  return {
    atOnce: 1,
    async compare(batch, again) {
      const changed = pages.of(batch, again);
      releaseBuffer(batch.data);
      return changed;
    },
    close: async () => {},
  };
}

function threaded(threads: AskedThread<CompareTask, PageBatch | null>[]): Comparer {
  let turn = 0;
  return {
    atOnce: threads.length * AHEAD,
    async compare({ numbers, data }, again) {
      const whole = data.byteOffset === 0 && data.length === data.buffer.byteLength;
      const bytes = (whole ? data.buffer : new Uint8Array(data).buffer) as ArrayBuffer;
      const thread = threads[turn++ % threads.length]!;
      const changed = await thread.ask({ numbers, data: bytes, again }, [bytes]);
      return changed && { numbers: changed.numbers, data: Buffer.from(changed.data.buffer) };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
