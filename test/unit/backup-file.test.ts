// The backup file: what goes in comes out, in one file or many, compressed or not, whatever the page size.
import { hash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackup } from '../../core/backup/reader.ts';
import { verifyBackups } from '../../core/backup/verify.ts';
import { writeBackup } from '../../core/backup/writer.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import {
  batchOf,
  identity,
  makePage,
  options,
  range,
  readPages,
  sourceOf,
  temporaryFolder,
  writeFull,
} from './backup-support.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'x.bak');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

describe('round trip', () => {
  for (const pageSize of [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]) {
    for (const compression of ['zstd', 'none'] as const) {
      it(`gives back pages of ${pageSize} bytes, ${compression}`, async () => {
        const written = await writeFull(file, { pages: 300, pageSize, perBatch: 15 }, { options: { compression } });
        const pages = await readPages(file);
        expect(pages.size).toBe(300);
        for (const [number, page] of pages) expect(page.equals(makePage(number, pageSize)), `${number}`).toBe(true);
        expect(written.bytesRead).toBe(300 * pageSize);
        expect(written.bytesWritten).toBe(fs.statSync(file).size);
        expect(fs.readdirSync(folder)).toEqual(['x.bak']);
      });
    }
  }

  it('says in the header what was known at the end', async () => {
    await writeFull(file, { pages: 10 });
    const { info, xml } = openBackup(file, systemFiles);
    expect(info).toMatchObject({
      ...{ file, parts: [file], idtag: '697D8132', type: 'full', instance: 'Directory', compression: 'zstd' },
      ...{ currentLog: '0000000a.log', nextIncId: '1', incrementalId: null, serial: 'serial-of-the-full' },
      ...{ srvname: '\\T=SITE\\O=ORG\\CN=SRV-1', sequence: 0, pageSize: 4096, pageCount: 10 },
      vector: [{ replica: 1, sec: 0x3d35f377, event: 2, seq: 40 }],
      time: Date.UTC(2026, 0, 31, 4, 5, 6),
      consistentAt: Date.UTC(2026, 0, 31, 4, 5, 7),
    });
    expect(info.replicas[0]!.modificationTime).toBe('s3D35F377_r1_e2');
    expect(xml).toContain('number_of_files="0000001"');
  });

  it('splits into parts that each carry the header', async () => {
    const written = await writeFull(file, { pages: 2000 }, { options: { partBytes: 600_000, compression: 'none' } });
    expect(written.files.length).toBeGreaterThan(5);
    expect(written.files.slice(0, 2)).toEqual([file, `${file}.00001`]);
    for (const part of written.files) expect(fs.statSync(part).size).toBeLessThan(1_200_000);
    const second = fs.readFileSync(`${file}.00001`).toString('latin1');
    expect(second).toContain(`backup_file="${file}.00001"`);
    expect(second.slice(0, second.indexOf('</backup>'))).not.toContain('number_of_files="');
    expect((await readPages(file)).size).toBe(2000);
    expect(await verifyBackups([file], systemFiles, new AbortController().signal)).toMatchObject({ ok: true });
  });

  it('lets later images of a page win, in the file and in the hashes', async () => {
    const batches = [batchOf(range(1, 40), 4096), batchOf([3, 7, 39, 41, 50], 4096, 1), batchOf([7], 4096, 2)];
    const written = await writeBackup(identity(), sourceOf(batches, 4096, 41), options(file), systemFiles);
    const pages = await readPages(file);
    expect(pages.get(7)!.equals(makePage(7, 4096, 2))).toBe(true);
    expect(pages.get(39)!.equals(makePage(39, 4096, 1))).toBe(true);
    expect([...written.hashes.numbers]).toEqual(range(1, 41));
    const expected = hash('sha256', makePage(7, 4096, 2), 'buffer').subarray(0, 16);
    expect(written.hashes.bytes.subarray(6 * 16, 7 * 16).equals(expected)).toBe(true);
  });

  it('holds any batches, in any order, as property', async () => {
    let run = 0;
    const batches = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 90 }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.constantFrom(512, 4096, 65536),
        fc.constantFrom('none' as const, 'zstd' as const),
        fc.constantFrom(0, 50_000, 400_000),
        async (numbers, pageSize, compression, partBytes) => {
          const target = path.join(folder, `${run++}.bak`);
          const capped = numbers.map((list) => list.slice(0, (1 << 20) / pageSize));
          const source = sourceOf(
            capped.map((list, i) => batchOf(list, pageSize, i)),
            pageSize,
            5000,
          );
          const id = identity({ type: 'incremental', sequence: 1, incrementalId: '1', nextIncId: '2' });
          const written = await writeBackup(id, source, options(target, { compression, partBytes }), systemFiles);
          const newest = new Map(capped.flatMap((list, i) => list.map((number) => [number, i] as const)));
          const pages = await readPages(target);
          expect([...pages.keys()].sort((a, b) => a - b)).toEqual([...newest.keys()].sort((a, b) => a - b));
          for (const [number, generation] of newest) {
            expect(pages.get(number)!.equals(makePage(number, pageSize, generation))).toBe(true);
          }
          expect([...written.hashes.numbers]).toEqual([...newest.keys()].sort((a, b) => a - b));
          for (const written of fs.readdirSync(folder)) fs.unlinkSync(path.join(folder, written));
        },
      ),
      { seed: 11, numRuns: 40 },
    );
  });
});

describe('a backup that does not finish', () => {
  it('leaves nothing behind when cancelled, and nothing else changed', async () => {
    const abort = new AbortController();
    let batches = 0;
    let released = false;
    const source = sourceOf([], 4096, 4000);
    source.batches = async function* () {
      try {
        for (;;) {
          if (++batches === 20) abort.abort();
          yield batchOf(range(1, 256), 4096);
        }
      } finally {
        released = true;
      }
    };
    const running = writeBackup(identity(), source, options(file, { signal: abort.signal }), systemFiles);
    await expect(running).rejects.toMatchObject({ name: 'CANCELLED' });
    expect(fs.readdirSync(folder)).toEqual([]);
    expect(released).toBe(true);
  });

  it('reports a failing source as it is and leaves nothing behind', async () => {
    const source = sourceOf([], 4096, 10);
    // biome-ignore lint/correctness/useYield: fails before the first page
    source.batches = async function* () {
      throw new Error('the disk has gone');
    };
    await expect(writeBackup(identity(), source, options(file), systemFiles)).rejects.toThrow('the disk has gone');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('survives a full disk at every write', async () => {
    for (let allowed = 0; ; allowed++) {
      let writes = 0;
      const full: Files = {
        ...systemFiles,
        writeSync: ((...input: Parameters<Files['writeSync']>) => {
          if (writes++ >= allowed) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
          return systemFiles.writeSync(...input);
        }) as Files['writeSync'],
      };
      const changes = { options: { partBytes: 300_000, compression: 'none' as const } };
      const finished = await writeFull(file, { pages: 200 }, changes, full).then(
        () => true,
        (error) => {
          expect(error).toMatchObject({ name: 'NO_SPACE', code: -7007 });
          expect(error.message).toContain('x.bak');
          return false;
        },
      );
      if (finished) {
        expect(allowed).toBeGreaterThan(5);
        break;
      }
      expect(fs.readdirSync(folder)).toEqual([]);
    }
  });

  it('survives a failing fsync and a failing rename', async () => {
    for (const call of ['fsyncSync', 'renameSync'] as const) {
      const failing = {
        ...systemFiles,
        [call]: () => {
          throw Object.assign(new Error('input/output error'), { code: 'EIO' });
        },
      } as Files;
      await expect(writeFull(file, { pages: 20 }, {}, failing)).rejects.toMatchObject({ name: 'IO_ERROR' });
      expect(fs.readdirSync(folder)).toEqual([]);
    }
  });

  it('leaves no part when the naming of the parts fails half-way', async () => {
    for (let allowed = 0; allowed < 3; allowed++) {
      let renames = 0;
      const failing: Files = {
        ...systemFiles,
        renameSync: (from, to) => {
          if (renames++ >= allowed) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
          systemFiles.renameSync(from, to);
        },
      };
      const changes = { options: { partBytes: 300_000, compression: 'none' as const } };
      await expect(writeFull(file, { pages: 200 }, changes, failing)).rejects.toMatchObject({ name: 'IO_ERROR' });
      expect(renames).toBe(allowed + 1);
      expect(fs.readdirSync(folder)).toEqual([]);
    }
  });

  it('lets go of the database even when it is refused before the first block', async () => {
    fs.writeFileSync(file, 'precious');
    let released = false;
    const source = sourceOf([], 4096, 10);
    source.batches = async function* () {
      try {
        yield batchOf(range(1, 10), 4096);
        throw new Error('read on');
      } finally {
        released = true;
      }
    };
    await expect(writeBackup(identity(), source, options(file), systemFiles)).rejects.toMatchObject({
      name: 'FILE_EXISTS',
    });
    expect(released).toBe(true);
  });

  it('refuses to start without room', async () => {
    const small = {
      ...systemFiles,
      statfsSync: () => ({ bavail: 2, bsize: 4096 }),
    } as unknown as Files;
    await expect(writeFull(file, { pages: 100 }, {}, small)).rejects.toMatchObject({ name: 'NO_SPACE' });
    await expect(writeFull(path.join(folder, 'none', 'x.bak'), { pages: 1 })).rejects.toMatchObject({
      name: 'NOT_FOUND',
    });
  });
});

describe('existing files', () => {
  it('are kept unless overwriting is allowed', async () => {
    fs.writeFileSync(file, 'precious');
    await expect(writeFull(file, { pages: 5 })).rejects.toMatchObject({ name: 'FILE_EXISTS' });
    expect(fs.readFileSync(file, 'utf8')).toBe('precious');
    await writeFull(file, { pages: 5 }, { options: { overwrite: true } });
    expect((await readPages(file)).size).toBe(5);
  });

  it('are kept when only a later part is there, or when it appears while the backup runs', async () => {
    fs.writeFileSync(`${file}.00003`, 'precious');
    await expect(writeFull(file, { pages: 5 })).rejects.toMatchObject({ name: 'FILE_EXISTS' });
    fs.unlinkSync(`${file}.00003`);
    const source = sourceOf([], 4096, 1);
    source.batches = async function* () {
      yield batchOf([1], 4096);
      fs.writeFileSync(file, 'precious');
      return { at: 'end' as const, pageCount: 1, consistentAt: 0, vector: [], currentLog: '00000001.log' };
    };
    await expect(writeBackup(identity(), source, options(file), systemFiles)).rejects.toMatchObject({
      name: 'FILE_EXISTS',
    });
    expect(fs.readdirSync(folder)).toEqual(['x.bak']);
    expect(fs.readFileSync(file, 'utf8')).toBe('precious');
  });

  it('of a longer set are gone after overwriting it with a shorter one', async () => {
    await writeFull(file, { pages: 500 }, { options: { partBytes: 300_000, compression: 'none' } });
    expect(fs.readdirSync(folder).length).toBeGreaterThan(3);
    await writeFull(file, { pages: 20 }, { options: { overwrite: true } });
    expect(fs.readdirSync(folder)).toEqual(['x.bak']);
  });
});
