// Copies of databases that are not being captured, copies of some pages only, and the locks that must survive all of it.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkIntegrity } from '../../core/sqlite/integrity.ts';
import { locksOn } from '../../core/sqlite/lock-table.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import { createPageFile, openPageFile, readPages } from '../../core/sqlite/page-file.ts';
import { probeDatabase } from '../../core/sqlite/probe.ts';
import type { CaptureEvent, DatabaseOwner, SnapshotOptions } from '../../core/sqlite/types.ts';
import {
  context,
  createDatabase,
  type Holder,
  Image,
  ImageSink,
  spawnHolder,
  sqlite3,
  startWriter,
  temporaryFolder,
} from '../support/writers.ts';

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;
let holder: Holder | null = null;

beforeEach(() => {
  folder = temporaryFolder('copies');
  file = path.join(folder, 'app.db');
});
afterEach(async () => {
  owner?.close();
  owner = null;
  await holder?.stop();
  holder = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };

function open(): DatabaseOwner {
  owner = openDatabase(file, [folder], context);
  return owner;
}

async function copyOf(
  opened: DatabaseOwner,
  more: Partial<SnapshotOptions> = {},
  between?: (batch: number) => void,
): Promise<{ image: Image; at: string; given: number[] }> {
  const image = new Image(opened.info().pageSize);
  const given: number[] = [];
  const signal = new AbortController().signal;
  const snapshot = await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal, ...more });
  const batches = snapshot.batches();
  for (let i = 0; ; i++) {
    const next = await batches.next();
    if (next.done) {
      image.truncate(next.value.pageCount);
      return { image, at: next.value.at, given };
    }
    given.push(...next.value.numbers);
    image.apply(next.value);
    between?.(i);
  }
}

function grow(rows: number): void {
  sqlite3(
    file,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${rows}) INSERT INTO entry(name, data) SELECT 'g'||i, randomblob(3000) FROM n`,
  );
}

test('rollback journal: writers wait for the copy, the copy is the file', async () => {
  createDatabase(file, { journal: 'delete' });
  grow(600);
  const opened = open();
  const write = () =>
    spawnSync('sqlite3', ['-cmd', '.timeout 50', file, "UPDATE entry SET name = 'w' WHERE id = 1"]).status;
  const blocked: (number | null)[] = [];
  const { image, at } = await copyOf(opened, {}, (batch) => {
    if (batch === 0) blocked.push(write());
  });
  expect(at).toBe('start');
  expect(blocked).not.toEqual([0]);
  expect(image.differences(Image.ofFile(file, 4096))).toEqual([]);
  expect(write(), 'after the copy writers go on').toBe(0);
  const only = await copyOf(opened, { only: Uint32Array.of(1, 3, 7, 100_000) });
  expect(only.given).toEqual([1, 3, 7]);
  expect(only.image.pages.get(3)).toEqual(Image.ofFile(file, 4096).pages.get(3));
  expect(() =>
    opened.startCapture({ sink: new ImageSink(4096), from: null, hashes: null, onEvent: () => {}, ...idle }),
  ).toThrow(/rollback journal/);
  opened.switchToWal();
  expect(opened.info().journal).toBe('wal');
});

test('switching to WAL is refused while another program is in the way', async () => {
  createDatabase(file, { journal: 'delete' });
  holder = await spawnHolder(file, 'BEGIN; SELECT count(*) FROM entry');
  const opened = open();
  expect(() => opened.switchToWal()).toThrow(/stayed locked/);
  expect(opened.info().journal).toBe('rollback');
});

test('WAL without capture: start shows the state at the call, end the state when it ends', async () => {
  createDatabase(file);
  grow(1500);
  const opened = open();
  const state = () => sqlite3(file, 'SELECT max(id), count(*) FROM entry');
  const check = async (at: 'start' | 'end', walLimit = 1e12) => {
    const before = state();
    const copy = await copyOf(opened, { at, walLimit }, (batch) => {
      if (batch < 3)
        sqlite3(file, `INSERT INTO entry(name, data) VALUES ('${at}', randomblob(5000)); PRAGMA wal_checkpoint`);
    });
    const rebuilt = path.join(folder, `${at}.db`);
    copy.image.write(rebuilt);
    const seen = sqlite3(rebuilt, 'SELECT max(id), count(*) FROM entry');
    expect(sqlite3(rebuilt, 'PRAGMA integrity_check')).toBe('ok');
    fs.rmSync(rebuilt);
    return { before, seen, after: state(), at: copy.at };
  };
  const start = await check('start');
  expect(start.seen).toBe(start.before);
  expect(start.seen).not.toBe(start.after);
  const end = await check('end');
  expect(end.seen).toBe(end.after);
  const over = await check('start', 10_000);
  expect(over.at, 'the WAL outgrew its limit').toBe('end');
  expect(over.seen).toBe(over.after);
});

test('an incremental of the pages since a moment, asked for at the moment that it shows', async () => {
  createDatabase(file);
  grow(800);
  const opened = open();
  const sink = new ImageSink(4096);
  const changed = new Set<number>();
  const commit = sink.commit.bind(sink);
  sink.commit = (given) => {
    commit(given);
    for (const page of given.numbers) changed.add(page);
  };
  opened.startCapture({ sink, from: null, hashes: null, onEvent: () => {}, ...idle });
  const base = (await copyOf(opened)).image;
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  changed.clear();
  sqlite3(
    file,
    'UPDATE entry SET data = randomblob(3000) WHERE id % 97 = 0; DELETE FROM entry WHERE id BETWEEN 30 AND 60',
  );
  for (const at of ['start', 'end'] as const) {
    let expected: Image | null = null;
    const onConsistent = () => {
      expected = sink.image.copy();
    };
    const only = () => Uint32Array.from(changed).sort();
    const copy = await copyOf(opened, { at, only, onConsistent }, (batch) => {
      if (batch < 2) sqlite3(file, `INSERT INTO entry(name, data) VALUES ('x', randomblob(2000))`);
    });
    expect(copy.given.length).toBeLessThan(base.pageCount / 2);
    for (const [page, data] of copy.image.pages) base.pages.set(page, data);
    base.truncate(copy.image.pageCount);
    expect(base.differences(expected!), at).toEqual([]);
  }
});

test('a copy is given up when its signal says so or when the capture under it ends', async () => {
  createDatabase(file);
  grow(1500);
  const opened = open();
  opened.startCapture({ sink: new ImageSink(4096), from: null, hashes: null, onEvent: () => {}, ...idle });
  const abort = new AbortController();
  await expect(copyOf(opened, { signal: abort.signal }, () => abort.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  );
  await expect(copyOf(opened, {}, (batch) => batch === 0 && opened.stopCapture())).rejects.toThrow(/given up/);
  const { image } = await copyOf(opened);
  opened.close();
  owner = null;
  expect(image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('our locks outlive copies, probes and integrity checks of other files', async () => {
  createDatabase(file);
  grow(300);
  const opened = open();
  const { inode } = opened.info();
  const shm = fs.statSync(`${file}-shm`).ino;
  opened.startCapture({ sink: new ImageSink(4096), from: null, hashes: null, onEvent: () => {}, ...idle });
  const ours = () =>
    [...locksOn(context.files, inode, 0), ...locksOn(context.files, shm, 0)]
      .filter((lock) => lock.pid === process.pid)
      .map((lock) => `${lock.inode}:${lock.from}-${lock.to}`)
      .sort();
  const before = ours();
  expect(before.length).toBeGreaterThanOrEqual(2);
  const { image } = await copyOf(opened, { at: 'end' });
  expect(probeDatabase(file, [folder], context)).toMatchObject({ refusal: null, journal: 'wal' });
  expect(() => openDatabase(file, [folder], context)).toThrow(/protected by this agent already/);
  await expect(checkIntegrity(file)).rejects.toThrow(/open in this very agent/);
  expect(() => [...readPages(file, context.files)]).toThrow(/open in this very agent/);
  const rebuilt = path.join(folder, 'copy.db');
  image.write(rebuilt);
  expect(await checkIntegrity(rebuilt)).toEqual([]);
  opened.holders();
  opened.foreignChange();
  expect(ours()).toEqual(before);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('other program comes and goes')");
  expect(fs.existsSync(`${file}-wal`), 'the log is still there, since our connections hold it').toBe(true);
});

test('a lost lock is noticed, and capture goes on with continuity proved', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  const base = (await copyOf(opened)).image;
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('first')");
  // A clock of our own makes the next heartbeat due at once.
  opened.close();
  let monotonic = 0;
  const clock = { ...context.clock, monotonic: () => monotonic };
  owner = openDatabase(file, [folder], { ...context, clock });
  sqlite3(file, "INSERT INTO entry(name) VALUES ('second')");
  owner.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, pollMs: 2 });
  await new Promise((resolve) => setTimeout(resolve, 30));
  fs.closeSync(fs.openSync(`${file}-shm`, 'r'));
  fs.closeSync(fs.openSync(file, 'r'));
  await new Promise((resolve) => setTimeout(resolve, 600));
  monotonic = 10_000;
  await expect.poll(() => events.map((event) => event.kind)).toEqual(['lockLost']);
  await new Promise((resolve) => setTimeout(resolve, 600));
  monotonic = 20_000;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(events.length, 'the new connections hold their locks').toBe(1);
  const before = sink.commits.length;
  sqlite3(file, "INSERT INTO entry(name) VALUES ('third')");
  owner.sync();
  expect(sink.commits.length).toBe(before + 1);
});

test('info, changed and foreignChange tell what others do', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const opened = open();
  expect(opened.changed()).toBe(true);
  expect(opened.changed()).toBe(false);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('x'); CREATE TABLE another(x)");
  expect(opened.changed()).toBe(true);
  expect(opened.changed()).toBe(false);
  const info = opened.info();
  expect(info).toMatchObject({
    journal: 'wal',
    pageSize: 4096,
    pageCount: Number(sqlite3(file, 'PRAGMA page_count')),
    schemaCookie: Number(sqlite3(file, 'PRAGMA schema_version')),
    durablyFenced: false,
  });
  expect(info.wal?.frames).toBeGreaterThan(0);
  expect(opened.foreignChange()).toBeNull();
  expect(opened.holders()).toMatchObject([{ pid: holder.pid }]);
  fs.copyFileSync(file, `${file}.other`);
  fs.renameSync(`${file}.other`, file);
  expect(opened.foreignChange()).toMatch(/Another file/);
  expect(opened.foreignChange()).toBeNull();
});

test('a long foreign reader: seals stay partial, nothing is lost, the log is sealed after it', async () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({
    sink,
    from: null,
    hashes: null,
    onEvent: (event) => events.push(event),
    pollMs: 3,
    sealFrames: 20,
    sealMs: 50,
  });
  const base = (await copyOf(opened)).image;
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('before the reader')");
  holder = await spawnHolder(file, 'BEGIN; SELECT count(*) FROM entry');
  await startWriter('mixed', file, 77, 1.5).ended;
  const during = opened.info().wal;
  expect(during?.frames).toBeGreaterThan(during?.copiedBack ?? 0);
  expect(during?.copiedBack).toBeGreaterThan(0);
  for (const at of ['start', 'end'] as const) {
    const { image } = await copyOf(opened, { at });
    expect(image.differences(sink.image), `${at}, with a part of the log copied back`).toEqual([]);
  }
  await holder.stop();
  holder = null;
  sqlite3(file, "INSERT INTO entry(name) VALUES ('after')");
  await expect.poll(() => opened.info().wal?.frames).toBeLessThanOrEqual(2);
  opened.close();
  owner = null;
  expect(events).toEqual([]);
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('a page file takes batches in any order, leaves the lock page empty and says what it holds', () => {
  const pageSize = 65536;
  const skipped = 0x40000000 / pageSize + 1;
  const target = createPageFile(path.join(folder, 'rst'), pageSize, context.files);
  const numbers = Uint32Array.of(skipped - 1, skipped, skipped + 1);
  const data = Buffer.concat([1, 2, 3].map((fill) => Buffer.alloc(pageSize, fill)));
  const first = Buffer.alloc(pageSize);
  Buffer.from('SQLite format 3\0').copy(first);
  first.writeUInt16BE(1, 16);
  target.writeBatch({ numbers, data });
  target.writeBatch({ numbers: Uint32Array.of(1), data: first });
  expect(target.pageCount).toBe(skipped + 1);
  target.setJournalMode('wal');
  target.sync();
  target.close();
  expect(() => createPageFile(path.join(folder, 'rst'), pageSize, context.files)).toThrow(/exists already/);
  const again = openPageFile(path.join(folder, 'rst'), context.files);
  const page = Buffer.alloc(1);
  const fd = fs.openSync(path.join(folder, 'rst'), 'r');
  const byteOf = (number: number) => fs.readSync(fd, page, 0, 1, (number - 1) * pageSize) && page[0];
  expect([skipped - 1, skipped, skipped + 1].map(byteOf)).toEqual([1, 0, 3]);
  fs.closeSync(fd);
  again.setPageCount(3);
  const held = [...again.batches()];
  expect(held.flatMap((batch) => [...batch.numbers])).toEqual([1, 2, 3]);
  expect(held[0]?.data.subarray(18, 20)).toEqual(Buffer.of(2, 2));
  again.close();
});

test('integrity: a sound file is sound and untouched, a damaged one is not', async () => {
  createDatabase(file);
  grow(200);
  const before = fs.readFileSync(file);
  expect(await checkIntegrity(file)).toEqual([]);
  expect(fs.readFileSync(file).equals(before)).toBe(true);
  expect(fs.readdirSync(folder)).toEqual(['app.db']);
  const damaged = Buffer.from(before);
  randomBytes(4096 * 4).copy(damaged, 4096 * 20);
  fs.writeFileSync(file, damaged);
  expect((await checkIntegrity(file)).length).toBeGreaterThan(0);
  expect(fs.readdirSync(folder)).toEqual(['app.db']);
  await expect(checkIntegrity(path.join(folder, 'missing'))).rejects.toThrow();
});
