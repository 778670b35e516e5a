// Whatever happens to a backup file is noticed, by its own code, before a wrong page is given out.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { headerLength } from '../../core/backup/header.ts';
import { BLOCK_HEADER_BYTES, TRAILER_BYTES } from '../../core/backup/layout.ts';
import { openBackup } from '../../core/backup/reader.ts';
import { verifyBackups } from '../../core/backup/verify.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { makePage, readPages, temporaryFolder, writeFull } from './backup-support.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'x.bak');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const PREAMBLE = 16 * 1024;

/** Reads everything; checks each page that is given out; returns the name of the error, or `ok`. */
async function outcome(name = file): Promise<string> {
  try {
    for (const [number, page] of await readPages(name)) {
      if (!page.equals(makePage(number, 4096))) return `wrong page ${number}`;
    }
    return 'ok';
  } catch (error) {
    if (error instanceof HoldfastError) {
      expect(error.message).toContain(folder);
      return error.name;
    }
    throw error;
  }
}

function dataOffset(bytes: Buffer): number {
  return headerLength(bytes) + PREAMBLE;
}

/** Where each block begins, and last where the block map does. */
function blockOffsets(bytes: Buffer): number[] {
  const offsets = [dataOffset(bytes)];
  for (let at = offsets[0]!; bytes.toString('latin1', at, at + 4) === 'HFB1'; ) {
    at += BLOCK_HEADER_BYTES + bytes.readUInt32LE(at + 28) + bytes.readUInt32LE(at + 24);
    offsets.push(at);
  }
  return offsets;
}

async function makeSet(pages = 120, compression: 'none' | 'zstd' = 'none', name = file) {
  const changes = { options: { partBytes: 200_000, compression } };
  return (await writeFull(name, { pages, perBatch: 16 }, changes)).files;
}

describe('a flipped bit', () => {
  for (const compression of ['none', 'zstd'] as const) {
    it(`is noticed wherever it is (${compression})`, async () => {
      await writeFull(file, { pages: 40, perBatch: 10 }, { options: { partBytes: 60_000, compression } });
      expect(await outcome()).toBe('ok');
      const good = fs.readFileSync(file);
      const start = dataOffset(good);
      const blocks = blockOffsets(good);
      const spots = new Set<number>();
      for (let at = 0; at < good.length; at += 61) spots.add(at);
      for (let at = 0; at < 100; at++) spots.add(at);
      for (let at = start - PREAMBLE - 10; at < start - PREAMBLE + 70; at++) spots.add(at);
      for (const block of blocks) for (let at = block; at < block + BLOCK_HEADER_BYTES + 8; at++) spots.add(at);
      for (let at = good.length - TRAILER_BYTES; at < good.length; at++) spots.add(at);
      for (const at of spots) {
        if (at >= good.length) continue;
        const bad = Buffer.from(good);
        bad[at]! ^= 1 << (at % 8);
        fs.writeFileSync(file, bad);
        expect([at, await outcome()]).toEqual([at, 'BACKUP_DAMAGED']);
      }
    });
  }

  it('in the pages is noticed even when the stored checksum was made to agree', async () => {
    await writeFull(file, { pages: 1600 }, { options: { compression: 'none' } });
    const bytes = fs.readFileSync(file);
    const block = dataOffset(bytes);
    bytes[block + 64 + 5000]! ^= 1;
    bytes.writeUInt32LE(crc32(bytes.subarray(block + 64, block + 64 + bytes.readUInt32LE(block + 24))), block + 56);
    bytes.writeUInt32LE(crc32(bytes.subarray(block, block + 60)), block + 60);
    fs.writeFileSync(file, bytes);
    await expect(readPages(file)).rejects.toThrow(/do not agree with their checksum/);
  });
});

describe('a truncated file', () => {
  it('is recognised at every block border and in between, from the header alone', async () => {
    await writeFull(file, { pages: 60 }, { options: { compression: 'none' } });
    const good = fs.readFileSync(file);
    const borders = blockOffsets(good);
    const cuts = [0, 1, 5, 100, 2000, headerLength(good) - 1, headerLength(good), headerLength(good) + 7];
    for (const border of borders) cuts.push(border - 1, border, border + 1, border + 63, border + 64, border + 4000);
    for (const length of [...cuts, good.length - 1].filter((cut) => cut < good.length)) {
      fs.writeFileSync(file, good.subarray(0, length));
      expect([length, await outcome()]).toEqual([length, 'BACKUP_TRUNCATED']);
      expect(() => openBackup(file, systemFiles), `${length}`).toThrow(HoldfastError);
    }
  });

  it('is recognised while reading when it shrinks after it was opened', async () => {
    await writeFull(file, { pages: 600 }, { options: { compression: 'none' } });
    for (const cut of [-1, -TRAILER_BYTES, -500_000]) {
      const backup = openBackup(file, systemFiles);
      const good = fs.readFileSync(file);
      fs.truncateSync(file, good.length + cut);
      const reading = (async () => {
        for await (const _ of backup.batches(new AbortController().signal));
      })();
      await expect(reading).rejects.toMatchObject({ name: 'BACKUP_TRUNCATED', details: { file } });
      fs.writeFileSync(file, good);
    }
  });

  it('is damaged when it goes on after its end', async () => {
    await writeFull(file, { pages: 5 });
    fs.appendFileSync(file, 'x');
    expect(await outcome()).toBe('BACKUP_DAMAGED');
  });
});

describe('parts', () => {
  it('that are missing are named', async () => {
    const files = await makeSet();
    expect(files.length).toBeGreaterThan(3);
    for (const part of files.slice(1)) {
      fs.renameSync(part, path.join(folder, '..', path.basename(folder) + path.basename(part)));
      expect(await outcome()).toBe('BACKUP_PART_MISSING');
      expect(() => openBackup(file, systemFiles)).toThrow(part);
      fs.renameSync(path.join(folder, '..', path.basename(folder) + path.basename(part)), part);
    }
    expect(await outcome()).toBe('ok');
  });

  it('that were swapped are refused', async () => {
    await makeSet();
    fs.renameSync(`${file}.00001`, path.join(folder, 'tmp'));
    fs.renameSync(`${file}.00002`, `${file}.00001`);
    fs.renameSync(path.join(folder, 'tmp'), `${file}.00002`);
    expect(await outcome()).toBe('BACKUP_PART_ORDER');
  });

  it('of another set under the right name are refused', async () => {
    await makeSet();
    const other = path.join(folder, 'y.bak');
    const changes = { options: { partBytes: 200_000, compression: 'none' as const }, identity: { serial: 'other' } };
    await writeFull(other, { pages: 120, perBatch: 16 }, changes);
    fs.renameSync(`${other}.00001`, `${file}.00001`);
    expect(await outcome()).toBe('BACKUP_PART_ORDER');
  });

  it('cannot be read from the middle', async () => {
    await makeSet();
    expect(await outcome(`${file}.00001`)).toBe('BACKUP_PART_ORDER');
  });

  it('that were renamed or moved are found by their idtag', async () => {
    const files = await makeSet();
    const renamed = path.join(folder, 'renamed.bak');
    fs.renameSync(file, renamed);
    fs.renameSync(`${file}.00002`, path.join(folder, 'whatever'));
    const elsewhere = path.join(folder, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.renameSync(`${file}.00001`, path.join(elsewhere, 'one'));
    expect((await readPages(renamed, [elsewhere])).size).toBe(120);
    expect(openBackup(renamed, systemFiles, { searchFolders: [elsewhere] }).info.parts.length).toBe(files.length);
    expect(() => openBackup(renamed, systemFiles)).toThrow(expect.objectContaining({ name: 'BACKUP_PART_MISSING' }));
  });

  it('that are truncated or damaged say which', async () => {
    await makeSet();
    const part = `${file}.00002`;
    const good = fs.readFileSync(part);
    fs.truncateSync(part, good.length - 10);
    await expect(readPages(file)).rejects.toMatchObject({ name: 'BACKUP_TRUNCATED', details: { file: part } });
    good[good.length - 2000]! ^= 4;
    fs.writeFileSync(part, good);
    await expect(readPages(file)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED', details: { file: part } });
  });
});

describe('other files', () => {
  it('are told apart', async () => {
    fs.writeFileSync(file, 'SQLite format 3\0'.padEnd(9000, 'x'));
    expect(await outcome()).toBe('NOT_A_BACKUP');
    fs.writeFileSync(file, '<?xml version="1.0"?><html></html>'.padEnd(90_000, ' '));
    expect(await outcome()).toBe('NOT_A_BACKUP');
    fs.writeFileSync(file, `<?xml version="1.0"?><backup version="2"></backup>${'x'.repeat(90_000)}`);
    expect(await outcome()).toBe('NOT_A_BACKUP');
    expect(await outcome(folder)).toBe('NOT_A_BACKUP');
    execFileSync('mkfifo', [`${file}.pipe`]);
    expect(await outcome(`${file}.pipe`)).toBe('NOT_A_BACKUP');
    expect(await outcome(`${file}.none`)).toBe('NOT_FOUND');
  });

  it('of a newer format say so', async () => {
    await writeFull(file, { pages: 5 });
    const bytes = fs.readFileSync(file);
    const at = headerLength(bytes);
    bytes.writeUInt32LE(4, at + 8);
    bytes.writeUInt32LE(0, at + 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(at, at + PREAMBLE)), at + 20);
    fs.writeFileSync(file, bytes);
    expect(await outcome()).toBe('BACKUP_NEWER_FORMAT');
  });

  it('that lack a page of a full are damaged', async () => {
    await writeFull(file, { pages: 5 });
    const { writeBackup } = await import('../../core/backup/writer.ts');
    const { batchOf, identity, options, sourceOf } = await import('./backup-support.ts');
    const holed = path.join(folder, 'holed.bak');
    await writeBackup(identity(), sourceOf([batchOf([1, 2, 4], 4096)], 4096, 4), options(holed), systemFiles);
    await expect(readPages(holed)).rejects.toThrow(/page 3 is not in it/);
  });
});

describe('verifying', () => {
  it('gives each file its verdict', async () => {
    await makeSet(120, 'zstd');
    const bad = path.join(folder, 'bad.bak');
    await writeFull(bad, { pages: 30 });
    const bytes = fs.readFileSync(bad);
    bytes[bytes.length - 200]! ^= 1;
    fs.writeFileSync(bad, bytes);
    const result = await verifyBackups([file, bad, `${bad}.none`], systemFiles, new AbortController().signal);
    expect(result.ok).toBe(false);
    expect(result.files.map(({ status, code }) => [status, code])).toEqual([
      ['ok', 0],
      ['failed', -7025],
      ['failed', -7009],
    ]);
    expect(result.files[1]!.error!.message).toContain(bad);
  });

  it('can be cancelled', async () => {
    await makeSet();
    await expect(verifyBackups([file], systemFiles, AbortSignal.abort())).rejects.toMatchObject({ name: 'CANCELLED' });
  });
});
