// What capture does after it was away, and after somebody took its ground away.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import type { CaptureEvent, CaptureOptions, DatabaseOwner, PageHashes } from '../../core/sqlite/types.ts';
import {
  context,
  createDatabase,
  type Holder,
  Image,
  ImageSink,
  spawnHolder,
  sqlite3,
  temporaryFolder,
  untilHashed,
} from '../support/writers.ts';

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;
let holder: Holder | null = null;
let events: CaptureEvent[] = [];

beforeEach(() => {
  folder = temporaryFolder('restart');
  file = path.join(folder, 'app.db');
  events = [];
  createDatabase(file);
});
afterEach(async () => {
  owner?.close();
  owner = null;
  await holder?.stop();
  holder = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };

function start(sink: ImageSink, more: Partial<CaptureOptions> = {}): DatabaseOwner {
  const opened = openDatabase(file, [folder], context);
  owner = opened;
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, ...more });
  return opened;
}

const kinds = () => events.map((event) => event.kind);

async function fill(opened: DatabaseOwner, sink: ImageSink): Promise<void> {
  const signal = new AbortController().signal;
  const batches = (await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal })).batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) {
      sink.image.truncate(next.value.pageCount);
      return;
    }
    sink.image.apply(next.value);
  }
}

/** Runs capture until all hashes are known, then stops it as an agent does that goes down. */
async function firstRun(sink: ImageSink): Promise<PageHashes> {
  const opened = start(sink, { pollMs: 1 });
  await fill(opened, sink);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('before')");
  opened.sync();
  const table = opened.hashes();
  if (!table) throw new Error('no hashes');
  await untilHashed(opened);
  const copy = { pageCount: table.pageCount, bytes: Buffer.from(table.bytes) };
  opened.close();
  owner = null;
  return copy;
}

function expectSame(sink: ImageSink): void {
  owner?.close();
  owner = null;
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
}

test('down while others keep the log: continuity is proved and nothing is missed', async () => {
  holder = await spawnHolder(file);
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('while down'); DELETE FROM entry WHERE id < 5");
  const before = sink.commits.length;
  start(sink, { from: sink.flushed, hashes });
  expect(sink.commits.length).toBe(before + 2);
  expect(events).toEqual([]);
  await holder.stop();
  holder = null;
  expectSame(sink);
});

test.each([1, 2, 5])('down during %i restarts of the log: a gap, closed by comparing pages', async (restarts) => {
  holder = await spawnHolder(file);
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  for (let i = 0; i < restarts; i++) {
    sqlite3(file, `INSERT INTO entry(name, data) VALUES ('r${i}', randomblob(9000)); PRAGMA wal_checkpoint(RESTART)`);
    sqlite3(file, `UPDATE entry SET name = 'u${i}' WHERE id = ${10 + i}`);
  }
  const before = sink.commits.length;
  const opened = start(sink, { from: sink.flushed, hashes });
  opened.sync();
  expect(events.map((event) => event.kind)).toEqual(['gap', 'resynced']);
  expect(sink.commits.slice(before).map((commit) => commit.kind)).toEqual(['resync']);
  const touched = sink.commits[before]?.numbers.length ?? 0;
  expect(touched).toBeGreaterThan(0);
  expect(touched).toBeLessThan(hashes.pageCount / 2);
  await holder.stop();
  holder = null;
  expectSame(sink);
});

test('down while the last program closed the database: no log is left, pages are compared', async () => {
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('unseen'); VACUUM");
  expect(fs.existsSync(`${file}-wal`)).toBe(false);
  start(sink, { from: sink.flushed, hashes }).sync();
  expect(events.map((event) => event.kind)).toEqual(['gap', 'resynced']);
  expectSame(sink);
});

test('down and nothing changed: the comparison finds nothing and writes nothing', async () => {
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  const before = sink.commits.length;
  start(sink, { from: sink.flushed, hashes }).sync();
  expect(events).toMatchObject([{ kind: 'gap' }, { kind: 'resynced', pages: 0 }]);
  expect(sink.commits.length).toBe(before);
});

test('a gap without page hashes asks for a full backup', async () => {
  const sink = new ImageSink(4096);
  await firstRun(sink);
  start(sink, { from: sink.flushed, hashes: null }).sync();
  expect(events.map((event) => event.kind)).toEqual(['gap', 'replaced']);
});

test('another file in the place of the captured one is not taken for it', async () => {
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  fs.copyFileSync(file, `${file}.other`);
  fs.renameSync(`${file}.other`, file);
  start(sink, { from: sink.flushed, hashes }).sync();
  expect(events.map((event) => event.kind)).toEqual(['replaced']);
});

test('commits taken away by a power failure are announced as behind', async () => {
  holder = await spawnHolder(file);
  const sink = new ImageSink(4096);
  const hashes = await firstRun(sink);
  await holder.kill();
  holder = null;
  fs.truncateSync(`${file}-wal`, fs.statSync(`${file}-wal`).size - 100);
  start(sink, { from: sink.flushed, hashes }).sync();
  expect(events.map((event) => event.kind)).toEqual(['behind', 'gap', 'resynced']);
  expectSame(sink);
});

test('commits during a failing sink are neither lost nor given twice', () => {
  const sink = new ImageSink(4096);
  const opened = start(sink);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('a')");
  sink.fail = () => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  expect(() => opened.sync()).toThrow('no space left');
  sqlite3(file, "INSERT INTO entry(name) VALUES ('b')");
  expect(() => opened.sync()).toThrow('no space left');
  sink.fail = null;
  expect(opened.sync()).toBe(2);
  expect(opened.sync()).toBe(0);
});

test('the timer reports a failing sink once and its recovery once', async () => {
  const sink = new ImageSink(4096);
  start(sink, { pollMs: 2 });
  let failures = 0;
  sink.fail = () => {
    failures += 1;
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  sqlite3(file, "INSERT INTO entry(name) VALUES ('a')");
  await expect.poll(() => failures).toBeGreaterThan(3);
  sink.fail = null;
  await expect.poll(kinds).toEqual(['sinkFailed', 'sinkRecovered']);
  expect(sink.commits.length).toBe(1);
});

test('a filling disk and a failing sink: the log is let go so that it can shrink, and pages are compared later', async () => {
  const sink = new ImageSink(4096);
  let free = 10 ** 12;
  const files = {
    ...context.files,
    statfsSync: ((target: string) => ({ ...fs.statfsSync(target), bavail: free, bsize: 1 })) as typeof fs.statfsSync,
  };
  const opened = openDatabase(file, [folder], { ...context, files });
  owner = opened;
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, pollMs: 2 });
  await fill(opened, sink);
  await untilHashed(opened);
  const truncate = () => sqlite3(file, 'PRAGMA busy_timeout=20; PRAGMA wal_checkpoint(TRUNCATE)').split('\n').at(-1);
  sink.fail = () => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  sqlite3(file, "INSERT INTO entry(name, data) VALUES ('a', randomblob(50000))");
  await expect.poll(kinds).toEqual(['sinkFailed']);
  expect(truncate(), 'the reader keeps the log').toMatch(/^1/);
  free = 1000;
  await expect.poll(kinds).toEqual(['sinkFailed', 'gap']);
  await expect.poll(truncate).toBe('0|0|0');
  sink.fail = null;
  free = 10 ** 12;
  await expect.poll(kinds).toEqual(['sinkFailed', 'gap', 'resynced', 'sinkRecovered']);
  expectSame(sink);
});

test('a reader that pins the log for long is reported, once in a while', async () => {
  let monotonic = 0;
  const clock = { ...context.clock, monotonic: () => monotonic };
  const opened = openDatabase(file, [folder], { ...context, clock });
  owner = opened;
  opened.startCapture({
    sink: new ImageSink(4096),
    from: null,
    hashes: null,
    onEvent: (event) => events.push(event),
    pollMs: 2,
    sealFrames: 3,
    sealMs: 1,
  });
  sqlite3(file, "INSERT INTO entry(name) VALUES ('a')");
  holder = await spawnHolder(file, 'BEGIN; SELECT count(*) FROM entry');
  sqlite3(file, "INSERT INTO entry(name, data) VALUES ('b', randomblob(50000))");
  // In steps: since when it is pinned is known once capture has met the reader.
  await expect
    .poll(() => {
      if (events.length === 0) monotonic += 5_000;
      return events.length;
    })
    .toBeGreaterThan(0);
  expect(events).toMatchObject([{ kind: 'walPinned', forMs: expect.any(Number) }]);
});
