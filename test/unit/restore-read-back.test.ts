// What a restore writes is read back: a disk that keeps something else, and a flush that fails, must not pass for a restored set.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackup } from '../../core/backup/reader.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { WriteBehind } from '../../core/platform/write-behind.ts';
import { PageSums } from '../../core/restore/page-sums.ts';
import { restoreSet } from '../../core/restore/restore-set.ts';
import { createBlockMap } from '../../core/restore/steps.ts';
import { batchOf, makePage, range, temporaryFolder, writeFull } from './backup-support.ts';

const PAGES = 700;
const PAGE_SIZE = 4096;
const progress = { sources: () => {}, source: () => {}, plan: () => {}, progress: () => {}, map: () => {} };

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

async function restoreWith(writeSync: typeof fs.writeSync) {
  const file = path.join(folder, 'x.bak');
  if (!fs.existsSync(file)) await writeFull(file, { pages: PAGES, pageSize: PAGE_SIZE });
  const rst = path.join(folder, 'x.rst');
  const files: Files = { ...systemFiles, writeSync };
  const full = openBackup(file, systemFiles);
  const map = createBlockMap(0);
  const signal = new AbortController().signal;
  const restored = await restoreSet(rst, { full, incrementals: [], last: full }, null, map, progress, files, signal);
  return { restored, rst, map };
}

/** Lets `change` spoil the bytes that go to one place in the file. */
function spoiling(position: number, change: (bytes: Buffer) => Buffer): typeof fs.writeSync {
  return ((fd: number, bytes: Buffer, offset: number, length: number, at: number) => {
    if (position < at || position >= at + length) return fs.writeSync(fd, bytes, offset, length, at);
    const spoilt = change(Buffer.from(bytes.subarray(offset, offset + length)));
    fs.writeSync(fd, spoilt, 0, spoilt.length, at);
    return length;
  }) as typeof fs.writeSync;
}

describe('reading back', () => {
  it('finds every page as it was written, and says so in the map', async () => {
    const { restored, rst, map } = await restoreWith(fs.writeSync);
    expect(restored.pageCount).toBe(PAGES);
    expect(map.cells().map).toBe('v'.repeat(PAGES));
    const bytes = fs.readFileSync(rst);
    for (const page of [2, 3, 256, 257, PAGES]) {
      expect(bytes.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE).equals(makePage(page, PAGE_SIZE))).toBe(true);
    }
  });

  it.each([1, 64, 65, 300, PAGES])('notices one changed bit in page %i', async (page) => {
    const position = (page - 1) * PAGE_SIZE + 100;
    const written = restoreWith(
      spoiling(position, (bytes) => {
        const at = ((page - 1) * PAGE_SIZE + 100) % bytes.length;
        bytes[at]! ^= 0x10;
        return bytes;
      }),
    );
    await expect(written).rejects.toMatchObject({ name: 'IO_ERROR', message: /was not written as it was read/ });
  });

  it('notices a write that never reached the file', async () => {
    const lost = ((fd: number, bytes: Buffer, offset: number, length: number, at: number) =>
      at === 0 ? length : fs.writeSync(fd, bytes, offset, length, at)) as typeof fs.writeSync;
    await expect(restoreWith(lost)).rejects.toMatchObject({ name: 'IO_ERROR' });
  });

  it('notices pages that stand in each other’s place', async () => {
    const swapped = spoiling(PAGE_SIZE * 20, (bytes) => {
      const [first, second] = [Buffer.from(bytes.subarray(0, PAGE_SIZE)), bytes.subarray(PAGE_SIZE, 2 * PAGE_SIZE)];
      second.copy(bytes, 0);
      first.copy(bytes, PAGE_SIZE);
      return bytes;
    });
    await expect(restoreWith(swapped)).rejects.toMatchObject({ name: 'IO_ERROR' });
  });
});

describe('the sums of pages', () => {
  it('tell the first page of a run that is not as it was written', () => {
    const sums = new PageSums(PAGE_SIZE, new Uint32Array(40));
    const { data } = batchOf(range(11, 30), PAGE_SIZE);
    for (let i = 0; i < 20; i++) sums.note(11 + i, data, i);
    expect(sums.firstDifference(11, 20, data)).toBeNull();
    data[5 * PAGE_SIZE + 17]! ^= 1;
    data[9 * PAGE_SIZE] = data[9 * PAGE_SIZE]! ^ 1;
    expect(sums.firstDifference(11, 20, data)).toBe(16);
    expect(sums.firstDifference(17, 3, data.subarray(6 * PAGE_SIZE))).toBeNull();
    expect(
      sums.firstDifference(30, 2, Buffer.concat([data.subarray(19 * PAGE_SIZE), data.subarray(0, PAGE_SIZE)])),
    ).toBe(31);
  });
});

describe('the block map', () => {
  it('forgets what a shorter set no longer has', () => {
    const map = createBlockMap(4);
    map.restored(Uint32Array.of(1, 2, 3, 4));
    map.resize(2);
    map.resize(6);
    expect(map.cells().map).toBe('rr....');
  });
});

describe('writing out behind the writer', () => {
  it('makes a writer wait that is two flushes ahead of the disk, and no other', async () => {
    const flushes: (() => void)[] = [];
    const behind = new WriteBehind(() => new Promise<void>((resolve) => flushes.push(resolve)), 100);
    behind.wrote(100);
    behind.wrote(199);
    expect(behind.isFull).toBe(false);
    await behind.room();
    behind.wrote(1);
    expect(behind.isFull).toBe(true);
    let free = false;
    const waiting = behind.room().then(() => {
      free = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(free).toBe(false);
    flushes.shift()!();
    await waiting;
    behind.wrote(1);
    expect(flushes).toHaveLength(1);
  });

  it('throws the failure of an earlier flush at the next write, and again at the end', async () => {
    const outcomes = [Promise.resolve(), Promise.reject(new Error('EIO'))];
    const behind = new WriteBehind(() => outcomes.shift() ?? Promise.resolve(), 100);
    behind.wrote(99);
    expect(outcomes).toHaveLength(2);
    behind.wrote(1);
    expect(outcomes).toHaveLength(1);
    await behind.settle();
    behind.wrote(100);
    await behind.settle();
    expect(() => behind.wrote(1)).toThrow('EIO');
    await expect(behind.finish()).rejects.toThrow('EIO');
  });

  it('has flushed everything once it is finished', async () => {
    let flushes = 0;
    const behind = new WriteBehind(async () => {
      await new Promise((done) => setImmediate(done));
      flushes++;
    }, 100);
    behind.wrote(500);
    behind.wrote(500);
    await behind.finish();
    expect(flushes).toBe(2);
  });
});
