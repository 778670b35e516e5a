// What other programs do to a captured database, on purpose or by dying: whatever it is, the image made of captured commits is the file.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import { hashPage } from '../../core/sqlite/page-hash.ts';
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
} from '../support/writers.ts';

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;
let holder: Holder | null = null;
let events: CaptureEvent[] = [];

beforeEach(() => {
  folder = temporaryFolder('foreign');
  file = path.join(folder, 'app.db');
  events = [];
});
afterEach(async () => {
  owner?.close();
  owner = null;
  await holder?.stop();
  holder = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Nothing happens by itself: every look at the WAL is one of the test. */
const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };

async function capture(
  pageSize = 4096,
  more: Partial<CaptureOptions> = {},
): Promise<{ owner: DatabaseOwner; sink: ImageSink }> {
  const sink = new ImageSink(pageSize);
  const opened = openDatabase(file, [folder], context);
  owner = opened;
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, ...more });
  const signal = new AbortController().signal;
  const batches = (await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal })).batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) {
      sink.image.truncate(next.value.pageCount);
      return { owner: opened, sink };
    }
    sink.image.apply(next.value);
  }
}

/** What an agent has that ran long enough: every page's hash. */
function hashesOf(image: Image): PageHashes {
  const bytes = Buffer.alloc(image.pageCount * 16);
  for (const [page, data] of image.pages) hashPage(data).copy(bytes, (page - 1) * 16);
  return { pageCount: image.pageCount, bytes };
}

/** The last look, then the file as everybody left it. */
async function expectSame(sink: ImageSink, pageSize = 4096): Promise<void> {
  owner?.sync();
  owner?.close();
  owner = null;
  await holder?.stop();
  holder = null;
  expect(sink.image.differences(Image.ofFile(file, pageSize))).toEqual([]);
  const rebuilt = path.join(folder, 'rebuilt.db');
  sink.image.write(rebuilt);
  expect(sqlite3(rebuilt, 'PRAGMA integrity_check')).toBe('ok');
  expect(sqlite3(rebuilt, 'SELECT sum(balance) FROM account')).toBe('100000');
}

/** A Python program on the database that says `ready` when it has run `script`, and then waits to be killed. */
async function doomed(script: string): Promise<{ kill(): Promise<void> }> {
  const lines = [
    'import sqlite3, sys, time',
    `db = sqlite3.connect(${JSON.stringify(file)}, isolation_level=None, timeout=5)`,
    script,
  ];
  const child = spawn('python3', ['-u', '-c', [...lines, 'print("ready")', 'sys.stdin.read()'].join('\n')]);
  let errors = '';
  child.stderr.on('data', (data) => (errors += data));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('close', () => reject(new Error(errors)));
  });
  return {
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

test('a program killed in the middle of a transaction whose pages were in the WAL already', async () => {
  createDatabase(file);
  const { owner, sink } = await capture();
  for (let round = 0; round < 3; round++) {
    const app = await doomed(
      `db.execute("PRAGMA cache_size=3"); db.execute("BEGIN IMMEDIATE")\nfor i in range(200): db.execute("INSERT INTO entry(name, data) VALUES ('lost', randomblob(3000))")`,
    );
    const before = sink.commits.length;
    expect(owner.sync(), 'frames without a commit are not captured').toBe(0);
    expect(fs.statSync(`${file}-wal`).size, 'they are in the WAL, though').toBeGreaterThan(200_000);
    await app.kill();
    owner.sync();
    sqlite3(file, `INSERT INTO entry(name) VALUES ('after ${round}')`);
    owner.sync();
    expect(sink.commits.length).toBe(before + 1);
  }
  expect(events).toEqual([]);
  await expectSame(sink);
});

test('a program killed while it checkpoints, again and again', async () => {
  createDatabase(file, { rows: 3000 });
  const { owner, sink } = await capture(4096, { pollMs: 3, sealFrames: 20, sealMs: 50 });
  for (let round = 0; round < 4; round++) {
    const app = await doomed(
      `print("ready")\nwhile True:\n  db.execute("UPDATE entry SET name = 'r${round}' WHERE id % 7 = ${round}")\n  for mode in ('PASSIVE', 'RESTART', 'TRUNCATE'):\n    db.execute("PRAGMA busy_timeout=20"); db.execute("PRAGMA wal_checkpoint(%s)" % mode).fetchall()`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 17));
    await app.kill();
    owner.sync();
  }
  expect(events).toEqual([]);
  await expectSame(sink);
});

test('a WAL header that was torn by a crash: the log counts for nobody, and capture says what is gone', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const { owner: first, sink } = await capture();
  sqlite3(file, "INSERT INTO entry(name) VALUES ('in the log')");
  first.sync();
  const hashes = hashesOf(sink.image);
  const position = sink.flushed;
  first.close();
  owner = null;
  await holder.kill();
  holder = null;
  const fd = fs.openSync(`${file}-wal`, 'r+');
  fs.writeSync(fd, Buffer.alloc(12, 0x5a), 0, 12, 12);
  fs.closeSync(fd);
  fs.rmSync(`${file}-shm`);
  const again = openDatabase(file, [folder], context);
  owner = again;
  again.startCapture({ sink, from: position, hashes, onEvent: (event) => events.push(event), ...idle });
  again.sync();
  expect(events.map(({ kind }) => kind)).toEqual(['gap', 'resynced']);
  await expectSame(sink);
});

test.each(['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE'])(
  'checkpoint %s by the sqlite3 program and by Python, between commits',
  async (mode) => {
    createDatabase(file);
    const { owner, sink } = await capture(4096, { pollMs: 2, sealFrames: 4, sealMs: 20 });
    for (let round = 0; round < 3; round++) {
      sqlite3(
        file,
        `INSERT INTO entry(name, data) VALUES ('cli', randomblob(20000)); PRAGMA busy_timeout=30; PRAGMA wal_checkpoint(${mode})`,
      );
      const app = await doomed(
        `db.execute("DELETE FROM entry WHERE id < ${1 + round * 9}"); db.execute("PRAGMA busy_timeout=30"); db.execute("PRAGMA wal_checkpoint(${mode})").fetchall()`,
      );
      await app.kill();
      if (round % 2 === 0) owner.sync();
    }
    expect(events).toEqual([]);
    expect(sink.commits.length).toBeGreaterThanOrEqual(5);
    await expectSame(sink);
  },
);

/** Which WAL it is. */
const saltsOf = () => fs.readFileSync(`${file}-wal`).subarray(16, 24).toString('hex');

test('the WAL used again with exactly as many frames as before', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const { sink } = await capture(4096, { pollMs: 2, sealFrames: 1, sealMs: 1 });
  const sizes = new Set<number>();
  const salts = new Set([saltsOf()]);
  for (let round = 0; round < 6; round++) {
    sqlite3(
      file,
      `UPDATE account SET balance = balance + ${round % 2 === 0 ? 5 : -5} WHERE id = 1; UPDATE account SET balance = balance - ${round % 2 === 0 ? 5 : -5} WHERE id = 2`,
    );
    await expect.poll(() => salts.has(saltsOf()), { timeout: 15_000, interval: 2 }).toBe(false);
    sizes.add(fs.statSync(`${file}-wal`).size);
    salts.add(saltsOf());
  }
  expect(salts.size, 'restarts of the WAL').toBeGreaterThan(4);
  expect(sizes.size, 'sizes of the WAL').toBeLessThan(4);
  expect(events).toEqual([]);
  expect(sink.commits.length).toBeGreaterThanOrEqual(5);
  await expectSame(sink);
});

test('the WAL used again at the same size while nobody captured', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const { owner: first, sink } = await capture();
  sqlite3(
    file,
    'UPDATE account SET balance = balance + 1 WHERE id = 3; UPDATE account SET balance = balance - 1 WHERE id = 4',
  );
  first.sync();
  const hashes = hashesOf(sink.image);
  const position = sink.flushed;
  first.close();
  owner = null;
  const size = fs.statSync(`${file}-wal`).size;
  sqlite3(file, 'PRAGMA wal_checkpoint(PASSIVE)');
  const before = saltsOf();
  sqlite3(file, 'UPDATE account SET balance = balance + 7 WHERE id = 1');
  sqlite3(file, 'UPDATE account SET balance = balance - 7 WHERE id = 2');
  expect(framesOf(file)).toBe(position!.endOffset);
  expect(saltsOf()).not.toBe(before);
  expect(fs.statSync(`${file}-wal`).size).toBe(size);
  const again = openDatabase(file, [folder], context);
  owner = again;
  again.startCapture({ sink, from: position, hashes, onEvent: (event) => events.push(event), ...idle });
  again.sync();
  expect(events.map(({ kind }) => kind)).toEqual(['gap', 'resynced']);
  await expectSame(sink);
});

/** Where the frames with the header's salts end. */
function framesOf(database: string): number {
  const wal = fs.readFileSync(`${database}-wal`);
  let end = 32;
  while (end + 4120 <= wal.length && wal.subarray(end + 8, end + 16).equals(wal.subarray(16, 24))) end += 4120;
  return end;
}

test('TRUNCATE and a writer with salts of its own while nobody captured', async () => {
  createDatabase(file);
  const { owner: first, sink } = await capture();
  sqlite3(file, "INSERT INTO entry(name) VALUES ('seen')");
  const position = first.stopCapture();
  first.close();
  owner = null;
  sqlite3(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  sqlite3(file, "INSERT INTO entry(name) VALUES ('unseen')");
  const again = openDatabase(file, [folder], context);
  owner = again;
  again.startCapture({
    sink,
    from: position,
    hashes: () => hashesOf(sink.image),
    onEvent: (event) => events.push(event),
    ...idle,
  });
  again.sync();
  expect(events).toMatchObject([{ kind: 'gap' }, { kind: 'resynced' }]);
  await expectSame(sink);
});

test('an older copy of the file in its place, same inode', async () => {
  createDatabase(file);
  const old = fs.readFileSync(file);
  const { owner: first, sink } = await capture();
  sqlite3(file, "INSERT INTO entry(name, data) VALUES ('newer', randomblob(90000))");
  first.sync();
  const position = first.stopCapture();
  first.close();
  owner = null;
  const fd = fs.openSync(file, 'r+');
  fs.ftruncateSync(fd, old.length);
  fs.writeSync(fd, old, 0, old.length, 0);
  fs.closeSync(fd);
  const again = openDatabase(file, [folder], context);
  owner = again;
  again.startCapture({
    sink,
    from: position,
    hashes: () => hashesOf(sink.image),
    onEvent: (event) => events.push(event),
    ...idle,
  });
  again.sync();
  expect(events).toMatchObject([{ kind: 'gap' }, { kind: 'resynced' }]);
  await expectSame(sink);
});

test('huge transactions taken back, savepoints within savepoints, full-text indexes and triggers', async () => {
  createDatabase(file, { pageSize: 1024 });
  sqlite3(
    file,
    `CREATE VIRTUAL TABLE words USING fts5(text); CREATE TABLE history(id INTEGER, was TEXT);
     CREATE TRIGGER entry_history AFTER UPDATE ON entry BEGIN INSERT INTO history VALUES (old.id, old.name); INSERT INTO words VALUES (old.name || ' ' || hex(randomblob(200))); END;`,
  );
  const { owner, sink } = await capture(1024);
  const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000)';
  sqlite3(
    file,
    `PRAGMA cache_size=10; BEGIN; ${numbers} INSERT INTO entry(name, data) SELECT 'gone', randomblob(800) FROM n; ROLLBACK;`,
  );
  expect(owner.sync()).toBe(0);
  sqlite3(
    file,
    `PRAGMA cache_size=10; BEGIN; SAVEPOINT a; UPDATE entry SET name = 'a'; SAVEPOINT b; ${numbers} INSERT INTO entry(name, data) SELECT 'b', randomblob(300) FROM n;
     ROLLBACK TO b; UPDATE entry SET name = 'c' WHERE id < 50; RELEASE b; SAVEPOINT c; DELETE FROM entry; ROLLBACK TO c; RELEASE a; COMMIT;`,
  );
  expect(owner.sync()).toBe(1);
  sqlite3(
    file,
    `PRAGMA cache_size=10; BEGIN; DELETE FROM words; SAVEPOINT x; INSERT INTO words(words) VALUES ('optimize'); ROLLBACK TO x; COMMIT; INSERT INTO words(words) VALUES ('rebuild');`,
  );
  owner.sync();
  expect(events).toEqual([]);
  await expectSame(sink, 1024);
  expect(
    sqlite3(
      path.join(folder, 'rebuilt.db'),
      "INSERT INTO words(words) VALUES ('integrity-check'); SELECT count(*) FROM history",
    ),
  ).toBe('549');
});

test.each(['none', 'full', 'incremental'])('shrinks and grows between two looks, auto_vacuum %s', async (mode) => {
  sqlite3(file, `PRAGMA page_size=1024; PRAGMA auto_vacuum=${mode}; VACUUM;`);
  createDatabase(file, { pageSize: 1024, rows: 3000 });
  const { owner, sink } = await capture(1024);
  const numbers = (count: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${count}) INSERT INTO entry(name, data) SELECT 'n'||i, randomblob(700) FROM n`;
  const shrink = mode === 'incremental' ? 'PRAGMA incremental_vacuum' : mode === 'full' ? 'SELECT 1' : 'VACUUM';
  const largest = sink.image.pageCount;
  sqlite3(file, `DELETE FROM entry WHERE id > 50; ${shrink}; ${numbers(40)}; ${shrink}`);
  owner.sync();
  expect(sink.image.pageCount).toBeLessThan(largest / 2);
  sqlite3(
    file,
    `${numbers(900)}; DELETE FROM entry WHERE id % 3 > 0; ${shrink}; ${numbers(4500)}; PRAGMA wal_checkpoint(PASSIVE); DELETE FROM entry WHERE id % 5 = 0; ${shrink}`,
  );
  owner.sync();
  sqlite3(file, `${numbers(5000)}`);
  owner.sync();
  expect(sink.image.pageCount, 'pages beyond what it ever had').toBeGreaterThan(largest);
  expect(events).toEqual([]);
  await expectSame(sink, 1024);
});

test('a long foreign reader: the WAL grows, nothing is lost, writers are not held up, and it is sealed when the reader has gone', async () => {
  createDatabase(file);
  const reader = await spawnHolder(file, 'BEGIN; SELECT count(*) FROM entry');
  const { owner, sink } = await capture(4096, { pollMs: 2, sealFrames: 20, sealMs: 20 });
  let slowest = 0;
  for (let round = 0; round < 15; round++) {
    const began = performance.now();
    sqlite3(file, "INSERT INTO entry(name, data) VALUES ('x', randomblob(200000))");
    slowest = Math.max(slowest, performance.now() - began);
    owner.sync();
  }
  expect(owner.info().wal!.sealed).toBe(false);
  expect(owner.info().wal!.bytes).toBeGreaterThan(2_500_000);
  expect(slowest, 'a writer waits at most for one barrier').toBeLessThan(4000);
  await reader.stop();
  await expect.poll(() => owner.info().wal!.frames, { timeout: 15_000 }).toBeLessThan(10);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('after')");
  expect(events).toEqual([]);
  await expectSame(sink);
});
