// A restore reads and writes each page once, from the newest source that has it: the same set as applying one source after another.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackup } from '../../core/backup/reader.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import type { MasterKey } from '../../core/encryption/types.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { PagePlan } from '../../core/restore/page-plan.ts';
import { restoreSet } from '../../core/restore/restore-set.ts';
import { createBlockMap } from '../../core/restore/steps.ts';
import type { PageBatch } from '../../core/sqlite/types.ts';
import { asFormat1, batchOf, identity, makePage, options, range, sourceOf, temporaryFolder } from './backup-support.ts';

const PAGE_SIZE = 4096;
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Source {
  pages: number[];
  generation: number;
  pageCount: number;
}

/** A full and incrementals of these pages, each in batches of 40. */
async function chainOf(sources: Source[], changes: Parameters<typeof options>[1] = {}) {
  const files: string[] = [];
  for (const [index, { pages, generation, pageCount }] of sources.entries()) {
    const batches: PageBatch[] = [];
    for (let at = 0; at < pages.length; at += 40)
      batches.push(batchOf(pages.slice(at, at + 40), PAGE_SIZE, generation));
    const file = path.join(folder, `${index}.bak`);
    const type = index === 0 ? 'full' : 'incremental';
    const id = identity({ type, sequence: index, serial: `serial-${index}`, idtag: `697D813${index}` });
    await writeBackup(id, sourceOf(batches, PAGE_SIZE, pageCount), options(file, changes), systemFiles);
    files.push(file);
  }
  return files;
}

async function restore(backups: string[], files: Files = systemFiles, threadedFrom?: number, keys: Buffer[] = []) {
  const rst = path.join(folder, 'x.rst');
  fs.rmSync(rst, { force: true });
  const opened = backups.map((file) => openBackup(file, files));
  if (keys.length > 0) for (const one of opened) await one.unlock({ candidates: async () => keys });
  const [full, ...incrementals] = opened;
  const sources = { full: full!, incrementals, last: opened.at(-1)! };
  const heard = { pages: [] as number[], back: [] as number[], plan: { pages: 0, logs: 0, back: 0 } };
  const map = createBlockMap(0);
  const progress = {
    sources: () => {},
    source: () => {},
    plan: (work: typeof heard.plan) => {
      heard.plan = work;
    },
    progress: (phase: 'pages' | 'logs' | 'back', done: number) => {
      if (phase !== 'logs') heard[phase].push(done);
    },
    map: () => {},
  };
  const signal = new AbortController().signal;
  const done = restoreSet(rst, sources, null, map, progress, files, signal, threadedFrom);
  return done.then((restored) => ({ restored, heard, map, bytes: fs.readFileSync(rst) }));
}

/** Counts what goes to and comes from files whose name ends so. */
function counting(): { files: Files; written: () => number; read: (name: string) => number } {
  const names = new Map<number, string>();
  const written = new Map<string, number>();
  const read = new Map<string, number>();
  const count = (map: Map<string, number>, fd: number, bytes: number) =>
    map.set(names.get(fd)!, (map.get(names.get(fd)!) ?? 0) + bytes);
  const files = {
    ...systemFiles,
    openSync: (...given: Parameters<typeof fs.openSync>) => {
      const fd = fs.openSync(...given);
      names.set(fd, path.basename(String(given[0])));
      return fd;
    },
    readSync: (fd: number, ...rest: [Buffer, number, number, number]) => {
      const got = fs.readSync(fd, ...rest);
      count(read, fd, got);
      return got;
    },
    writeSync: (fd: number, ...rest: [Buffer, number, number, number]) => {
      const put = fs.writeSync(fd, ...rest);
      count(written, fd, put);
      return put;
    },
  } as Files;
  return { files, written: () => written.get('x.rst') ?? 0, read: (name) => read.get(name) ?? 0 };
}

describe('the newest page wins', () => {
  it('as applying one source after another would have it, whatever became longer or shorter', () => {
    const pages = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
    const source = fc.record({ pages, pageCount: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(fc.array(source, { minLength: 1, maxLength: 8 }), (sources) => {
        const plan = new PagePlan(7);
        let applied: number[] = [];
        sources.forEach(({ pages: numbers, pageCount }, index) => {
          plan.take(index + 1, Uint32Array.from(numbers));
          plan.resize(pageCount);
          for (const number of numbers) if (number !== 7) applied[number - 1] = index + 1;
          applied = Array.from({ length: pageCount }, (_, i) => applied[i] ?? 0);
        });
        expect([...plan.shared()]).toEqual(applied);
        const hole = applied.findIndex((id, i) => id === 0 && i !== 6);
        expect(plan.missing()).toBe(hole < 0 ? null : hole + 1);
        const shares = plan.shares(sources.length);
        sources.forEach((_, i) => {
          expect(shares[i + 1]).toBe(applied.filter((id) => id === i + 1).length);
        });
      }),
    );
  });

  for (const [name, threadedFrom] of [
    ['on this thread', Number.POSITIVE_INFINITY],
    ['by threads', 0],
  ] as const) {
    it(`in a full with three incrementals, ${name}`, async () => {
      const chain = await chainOf([
        { pages: range(1, 900), generation: 0, pageCount: 900 },
        { pages: [2, 5, ...range(300, 600)], generation: 1, pageCount: 900 },
        { pages: [5, ...range(590, 640)], generation: 2, pageCount: 700 },
        { pages: [1, 300, ...range(701, 800)], generation: 3, pageCount: 800 },
      ]);
      const { restored, bytes, map, heard } = await restore(chain, systemFiles, threadedFrom);
      expect(restored.pageCount).toBe(800);
      const generationOf = (page: number) => {
        if (page === 1 || page === 300 || page > 700) return 3;
        if (page === 5 || (page >= 590 && page <= 640)) return 2;
        return page === 2 || (page >= 300 && page <= 600) ? 1 : 0;
      };
      expect(bytes.length).toBe(800 * PAGE_SIZE);
      for (const page of range(1, 800)) {
        const expected = makePage(page, PAGE_SIZE, generationOf(page));
        // Page 1 carries the journal mode.
        if (page === 1) bytes.copy(expected, 18, 18, 20);
        const at = (page - 1) * PAGE_SIZE;
        expect(bytes.subarray(at, at + PAGE_SIZE).equals(expected), `page ${page}`).toBe(true);
      }
      expect(map.cells().map).toBe('v'.repeat(800));
      expect(heard.plan).toEqual({ pages: 800 * PAGE_SIZE, logs: 0, back: 800 * PAGE_SIZE });
      for (const figures of [heard.pages, heard.back]) {
        expect(figures.toSorted((a, b) => a - b)).toEqual(figures);
        expect(figures.at(-1)).toBe(800 * PAGE_SIZE);
      }
    });
  }

  it('so that each page is written once, and blocks that give none are not read', async () => {
    const full = { pages: range(1, 2000), generation: 0, pageCount: 2000 };
    const later = { pages: range(1, 1900), generation: 1, pageCount: 2000 };
    const chain = await chainOf([full, later], { compression: 'none' });
    const { files, written, read } = counting();
    await restore(chain, files);
    // Two bytes of page 1 are set once more, to the journal mode.
    expect(written()).toBe(2000 * PAGE_SIZE + 2);
    expect(read('1.bak')).toBeGreaterThan(1900 * PAGE_SIZE);
    // Of the full: the two blocks with the last hundred pages, the header and the map.
    expect(read('0.bak')).toBeLessThan(2 * 256 * PAGE_SIZE + 200_000);
  });

  it('and a page that came twice in one block is the later one', async () => {
    const file = path.join(folder, '0.bak');
    const twice: PageBatch = {
      numbers: Uint32Array.from([9, 4, 9]),
      data: Buffer.concat([makePage(9, PAGE_SIZE, 5), makePage(4, PAGE_SIZE, 6), makePage(9, PAGE_SIZE, 7)]),
    };
    const source = sourceOf([batchOf(range(1, 200), PAGE_SIZE), twice], PAGE_SIZE, 200);
    await writeBackup(identity(), source, options(file), systemFiles);
    const { bytes } = await restore([file]);
    expect(bytes.subarray(8 * PAGE_SIZE, 9 * PAGE_SIZE).equals(makePage(9, PAGE_SIZE, 7))).toBe(true);
    expect(bytes.subarray(3 * PAGE_SIZE, 4 * PAGE_SIZE).equals(makePage(4, PAGE_SIZE, 6))).toBe(true);
  });
});

describe('encrypted backups', () => {
  it.each([0, Number.POSITIVE_INFINITY])('are restored under their key, threads from %d', async (threadedFrom) => {
    const master: MasterKey = {
      key: randomBytes(32),
      scrypt: { salt: '00'.repeat(16), cost: 16384, blockSize: 8, parallelization: 1 },
      definition: null,
    };
    const chain = await chainOf(
      [
        { pages: range(1, 500), generation: 0, pageCount: 500 },
        { pages: range(1, 120).map((n) => n * 4), generation: 1, pageCount: 500 },
      ],
      { encryption: master },
    );
    const { bytes } = await restore(chain, systemFiles, threadedFrom, [master.key]);
    for (const page of range(2, 500)) {
      const expected = makePage(page, PAGE_SIZE, page % 4 === 0 && page <= 480 ? 1 : 0);
      expect(bytes.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE).equals(expected), `page ${page}`).toBe(true);
    }
    await expect(restore(chain, systemFiles, threadedFrom)).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
  });
});

describe('backups of format 1, without a map', () => {
  const chain = () =>
    chainOf(
      [
        { pages: range(1, 600), generation: 0, pageCount: 600 },
        { pages: range(1, 150).map((n) => n * 2), generation: 1, pageCount: 600 },
        { pages: [2, ...range(8, 599)], generation: 2, pageCount: 600 },
      ],
      { compression: 'none' },
    );

  it('are restored to the same set, alone and between others', async () => {
    const files = await chain();
    const { bytes } = await restore(files);
    for (const older of [[0], [1], [2]]) {
      for (const index of older) asFormat1(files[index]!);
      const again = await restore(files);
      expect(again.bytes.equals(bytes)).toBe(true);
      expect(openBackup(files[older[0]!]!, systemFiles).blocks().places.length).toBeGreaterThan(0);
    }
    await expect(restore(files, { ...systemFiles })).resolves.toBeDefined();
  });

  it('with a damaged list never let an older page win, even when the block is otherwise not needed', async () => {
    const files = await chain();
    asFormat1(files[1]!);
    const good = fs.readFileSync(files[1]!);
    const list = good.indexOf(Buffer.from('HFB1')) + 64;
    // Page 4 is given by this backup alone; the list would claim page 20, which the next one has.
    expect(good.readUInt32LE(list + 4)).toBe(4);
    good.writeUInt32LE(20, list + 4);
    fs.writeFileSync(files[1]!, good);
    await expect(restore(files)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  });
});

describe('damage', () => {
  it.each([0, Number.POSITIVE_INFINITY])(
    'in a block that is needed ends the restore by its code, threads from %d',
    async (threadedFrom) => {
      const [file] = await chainOf([{ pages: range(1, 900), generation: 0, pageCount: 900 }], { compression: 'none' });
      const bytes = fs.readFileSync(file!);
      bytes[bytes.length - 60_000]! ^= 1;
      fs.writeFileSync(file!, bytes);
      await expect(restore([file!], systemFiles, threadedFrom)).rejects.toMatchObject({
        ...{ name: 'BACKUP_DAMAGED', message: /0\.bak.*checksum of block/ },
      });
    },
  );

  it('in the map, in the list of a block and in a header is noticed before a page is written', async () => {
    const chain = await chainOf([
      { pages: range(1, 400), generation: 0, pageCount: 400 },
      { pages: range(1, 90).map((n) => n * 3), generation: 1, pageCount: 400 },
    ]);
    const good = fs.readFileSync(chain[1]!);
    const map = good.lastIndexOf(Buffer.from('HFM1'));
    for (let at = map; at < good.length; at += 3) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x20;
      fs.writeFileSync(chain[1]!, bad);
      expect(() => openBackup(chain[1]!, systemFiles).blocks(), `byte ${at - map}`).toThrow(/damaged/);
    }
    const list = good.indexOf(Buffer.from('HFB1')) + 64;
    const bad = Buffer.from(good);
    bad[list]! ^= 0x02;
    fs.writeFileSync(chain[1]!, bad);
    await expect(restore(chain)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  });

  it('in a block that gives no page does not matter to a restore, and does to a verification', async () => {
    const chain = await chainOf(
      [
        { pages: range(1, 600), generation: 0, pageCount: 600 },
        { pages: range(1, 300), generation: 1, pageCount: 600 },
      ],
      { compression: 'none' },
    );
    const bytes = fs.readFileSync(chain[0]!);
    bytes[bytes.indexOf(Buffer.from('HFB1')) + 5000]! ^= 1;
    fs.writeFileSync(chain[0]!, bytes);
    expect((await restore(chain)).restored.pageCount).toBe(600);
    const reading = async () => {
      for await (const _ of openBackup(chain[0]!, systemFiles).batches(new AbortController().signal));
    };
    await expect(reading()).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  });
});
