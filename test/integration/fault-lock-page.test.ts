// Databases over one gibibyte, made sparse: growth across the page that SQLite never uses, at every page size; and logs whose checksums
// are big-endian, as another machine would have written them.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockPage } from '../../core/sqlite/header.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import { openPageFile } from '../../core/sqlite/page-file.ts';
import type { CapturedCommit, CaptureEvent, DatabaseOwner } from '../../core/sqlite/types.ts';
import { walChecksum } from '../../core/sqlite/wal.ts';
import {
  context,
  createDatabase,
  Image,
  ImageSink,
  spawnHolder,
  sqlite3,
  temporaryFolder,
} from '../support/writers.ts';

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;

beforeEach(() => {
  folder = temporaryFolder('lock-page');
  file = path.join(folder, 'app.db');
});
afterEach(() => {
  owner?.close();
  owner = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };

/** Makes the database `pages` long without writing them: its header says so, the file has a hole. */
function stretch(database: string, pages: number, pageSize: number): void {
  const fd = fs.openSync(database, 'r+');
  const header = Buffer.alloc(100);
  fs.readSync(fd, header, 0, 100, 0);
  header.writeUInt32BE(pages, 28);
  header.copy(header, 92, 24, 28);
  fs.writeSync(fd, header, 0, 100, 0);
  fs.ftruncateSync(fd, pages * pageSize);
  fs.closeSync(fd);
}

/** The rows of the table, by pages that are far behind the hole. */
const rows = (database: string) =>
  sqlite3(database, 'SELECT count(*), sum(length(data)), sum(unicode(substr(data, 1, 1))) FROM grown');

test.each([512, 1024, 2048, 4096, 8192, 16384, 32768, 65536])(
  'a transaction grows a database across the lock page, page size %i',
  async (pageSize) => {
    createDatabase(file, { pageSize, rows: 5 });
    sqlite3(file, 'CREATE TABLE grown(id INTEGER PRIMARY KEY, data TEXT)');
    const lock = lockPage(pageSize);
    expect(lock).toBe(0x40000000 / pageSize + 1);
    const base = path.join(folder, 'base.db');
    fs.copyFileSync(file, base);
    for (const database of [file, base]) stretch(database, lock - 4, pageSize);
    const commits: CapturedCommit[] = [];
    const events: CaptureEvent[] = [];
    const opened = openDatabase(file, [folder], context);
    owner = opened;
    opened.startCapture({
      sink: { commit: (commit) => commits.push({ ...commit, data: Buffer.from(commit.data) }), flush: () => {} },
      from: null,
      hashes: null,
      onEvent: (event) => events.push(event),
      ...idle,
    });
    const row = (count: number) =>
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${count}) INSERT INTO grown(data) SELECT printf('%.*c', ${pageSize - 100}, 'a' || i) FROM n`;
    sqlite3(file, `BEGIN; ${row(12)}; COMMIT; ${row(3)}; DELETE FROM grown WHERE id % 4 = 0`);
    opened.sync();
    expect(events).toEqual([]);
    expect(commits.length).toBe(3);
    const given = new Set(commits.flatMap(({ numbers }) => [...numbers]));
    expect(given.has(lock), 'the lock page is in no commit').toBe(false);
    const end = commits[0]!.pageCount;
    expect(end).toBeGreaterThan(lock);
    for (let page = lock - 3; page <= end; page++)
      if (page !== lock) expect(given.has(page), `page ${page}`).toBe(true);
    expect(opened.info().pageCount).toBe(commits.at(-1)!.pageCount);

    const pages = openPageFile(base, context.files);
    for (const commit of commits) {
      pages.writeBatch(commit);
      pages.setPageCount(commit.pageCount);
    }
    pages.close();
    opened.close();
    owner = null;
    expect(fs.statSync(base).size).toBe(fs.statSync(file).size);
    expect(rows(base)).toBe(rows(file));
    for (const page of given)
      expect(pageOf(base, page, pageSize).equals(pageOf(file, page, pageSize)), `page ${page}`).toBe(true);
    expect(pageOf(base, lock, pageSize).equals(Buffer.alloc(pageSize)), 'the lock page is zeros').toBe(true);
  },
);

function pageOf(database: string, page: number, pageSize: number): Buffer {
  const fd = fs.openSync(database, 'r');
  try {
    const bytes = Buffer.alloc(pageSize);
    fs.readSync(fd, bytes, 0, pageSize, (page - 1) * pageSize);
    return bytes;
  } finally {
    fs.closeSync(fd);
  }
}

/** The same log with checksums over big-endian words. */
function bigEndian(wal: Buffer, pageSize: number): Buffer {
  const bytes = Buffer.from(wal);
  bytes.writeUInt32BE(0x377f0683, 0);
  let sum = walChecksum(bytes.subarray(0, 24), { checksum1: 0, checksum2: 0 }, true);
  bytes.writeUInt32BE(sum.checksum1, 24);
  bytes.writeUInt32BE(sum.checksum2, 28);
  for (let at = 32; at + 24 + pageSize <= bytes.length; at += 24 + pageSize) {
    const input = Buffer.concat([bytes.subarray(at, at + 8), bytes.subarray(at + 24, at + 24 + pageSize)]);
    sum = walChecksum(input, sum, true);
    bytes.writeUInt32BE(sum.checksum1, at + 16);
    bytes.writeUInt32BE(sum.checksum2, at + 20);
  }
  return bytes;
}

test.each([512, 4096, 65536])(
  'a log with big-endian checksums is followed while SQLite goes on in it, page size %i',
  async (pageSize) => {
    createDatabase(file, { pageSize, rows: 40 });
    const holder = await spawnHolder(file);
    sqlite3(file, "INSERT INTO entry(name) VALUES ('in the log')");
    const wal = fs.readFileSync(`${file}-wal`);
    const main = fs.readFileSync(file);
    await holder.kill();
    for (const suffix of ['-shm', '-wal', '']) fs.rmSync(file + suffix, { force: true });
    fs.writeFileSync(file, main);
    fs.writeFileSync(`${file}-wal`, bigEndian(wal, pageSize));

    const events: CaptureEvent[] = [];
    const sink = new ImageSink(pageSize);
    const opened = openDatabase(file, [folder], context);
    owner = opened;
    opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle });
    const batches = (
      await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal: new AbortController().signal })
    ).batches();
    for (let next = await batches.next(); ; next = await batches.next()) {
      if (next.done) {
        sink.image.truncate(next.value.pageCount);
        break;
      }
      sink.image.apply(next.value);
    }
    sqlite3(
      file,
      "INSERT INTO entry(name, data) SELECT 'more', randomblob(3000) FROM entry LIMIT 9; DELETE FROM entry WHERE id = 2",
    );
    expect(opened.sync()).toBe(2);
    expect(fs.readFileSync(`${file}-wal`).readUInt32BE(0), 'SQLite kept the order of the words').toBe(0x377f0683);
    expect(events).toEqual([]);
    opened.close();
    owner = null;
    expect(sink.image.differences(Image.ofFile(file, pageSize))).toEqual([]);
    expect(sqlite3(file, "SELECT count(*) FROM entry WHERE name = 'in the log'")).toBe('1');
  },
);
