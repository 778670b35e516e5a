// The page scan passes on what differs from the last backup, and whatever was passed on before.
import { describe, expect, it } from 'vitest';
import { filterChanged } from '../../core/agent/changed-pages.ts';
import { hashPages } from '../../core/sqlite/page-hash.ts';
import type { PageBatch, SnapshotResult } from '../../core/sqlite/types.ts';
import { batchOf, makePage, range } from './backup-support.ts';

const SIZE = 1024;
const result: SnapshotResult = { at: 'end', pageCount: 40, consistentAt: 1 };

/** Hashes of pages 1 to 30 in generation 0. */
function base() {
  const bytes = Buffer.alloc(30 * 16);
  hashPages(batchOf(range(1, 30), SIZE).data, SIZE, bytes);
  return { pageCount: 30, bytes };
}

async function scan(
  batches: PageBatch[],
  threadedFrom: number,
): Promise<{ passed: [number, number][]; result: SnapshotResult }> {
  async function* given(): AsyncGenerator<PageBatch, SnapshotResult, void> {
    yield* batches;
    return result;
  }
  const passed: [number, number][] = [];
  const scanned = filterChanged(given(), base(), SIZE, threadedFrom);
  for (;;) {
    const next = await scanned.next();
    if (next.done) return { passed, result: next.value };
    next.value.numbers.forEach((number, i) => {
      const page = next.value.data.subarray(i * SIZE, (i + 1) * SIZE);
      passed.push([number, [0, 1].find((generation) => makePage(number, SIZE, generation).equals(page)) ?? -1]);
    });
  }
}

describe.each([
  ['this thread', Number.POSITIVE_INFINITY],
  ['threads', 0],
])('compared by %s', (_, threadedFrom) => {
  it('passes on nothing while nothing has changed, in runs and in lists', async () => {
    const batches = [batchOf(range(1, 10), SIZE), batchOf([11, 13, 14], SIZE), batchOf(range(15, 30), SIZE)];
    expect(await scan(batches, threadedFrom)).toEqual({ passed: [], result });
  });

  it('passes on one changed page of a run, and pages beyond the base', async () => {
    const changed = batchOf(range(11, 20), SIZE);
    makePage(15, SIZE, 1).copy(changed.data, 4 * SIZE);
    const { passed } = await scan([batchOf(range(1, 10), SIZE), changed, batchOf(range(28, 33), SIZE)], threadedFrom);
    expect(passed).toEqual([
      [15, 1],
      [31, 0],
      [32, 0],
      [33, 0],
    ]);
  });

  it('passes on a page again when it has become what it was before', async () => {
    const whole = batchOf(range(1, 10), SIZE);
    makePage(4, SIZE, 1).copy(whole.data, 3 * SIZE);
    const { passed } = await scan(
      [whole, batchOf([4], SIZE), batchOf(range(3, 5), SIZE), batchOf([5], SIZE)],
      threadedFrom,
    );
    expect(passed).toEqual([
      [4, 1],
      [4, 0],
      [4, 0],
    ]);
  });
});
