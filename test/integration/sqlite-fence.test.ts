// Stopping writers from outside, with the file itself as the proof.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clearDurableFence, readHeader, setDurableFence } from '../../core/sqlite/closed-file.ts';
import { Connections } from '../../core/sqlite/connections.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import type { CaptureEvent, DatabaseOwner } from '../../core/sqlite/types.ts';
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
  untilHashed,
} from '../support/writers.ts';

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;
let holder: Holder | null = null;

beforeEach(() => {
  folder = temporaryFolder('fence');
  file = path.join(folder, 'app.db');
});
afterEach(async () => {
  owner?.close();
  owner = null;
  await holder?.stop();
  holder = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

function open(): DatabaseOwner {
  owner = openDatabase(file, [folder], context);
  return owner;
}

const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };

/** What a foreign program gets for a write: empty when it went through. */
function tryWrite(): string {
  const run = spawnSync('sqlite3', ['-cmd', '.timeout 100', file, "INSERT INTO entry(name) VALUES ('late')"], {
    encoding: 'utf8',
  });
  return run.stderr.trim();
}

async function imageNow(opened: DatabaseOwner): Promise<Image> {
  const image = new Image(4096);
  const signal = new AbortController().signal;
  const batches = (await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal })).batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) {
      image.truncate(next.value.pageCount);
      return image;
    }
    image.apply(next.value);
  }
}

test.each(['wal', 'delete'] as const)(
  '%s: alone with the file, the fence becomes durable and outlives the agent',
  (journal) => {
    createDatabase(file, { journal });
    const before = fs.readFileSync(file);
    const opened = open();
    expect(opened.fence(1000)).toEqual({ durable: true, holders: [] });
    expect(opened.fenced).toBe(true);
    expect(opened.info()).toMatchObject({ durablyFenced: true, journal: journal === 'wal' ? 'wal' : 'rollback' });
    expect(tryWrite()).toMatch(/readonly/);
    expect(sqlite3(file, 'SELECT count(*) FROM entry')).toBe('500');
    opened.close();
    expect(tryWrite()).toMatch(/readonly/);
    const after = fs.readFileSync(file);
    expect(after[18]).toBe(3);
    after[18] = before[18] ?? 0;
    expect(after.equals(before), 'nothing but the fence byte has changed').toBe(true);

    const again = open();
    expect(again.fenced).toBe(true);
    again.unfence();
    expect(again.fenced).toBe(false);
    expect(tryWrite()).toBe('');
    expect(again.info().pageCount).toBe(Number(sqlite3(file, 'PRAGMA page_count')));
  },
);

test.each(['wal', 'delete'] as const)(
  '%s: with another program connected, the lock holds and its name is told',
  async (journal) => {
    createDatabase(file, { journal });
    holder = await spawnHolder(file);
    const opened = open();
    const result = opened.fence(1000);
    expect(result.durable).toBe(false);
    expect(result.holders).toMatchObject([{ pid: holder.pid, name: expect.stringMatching(/^python/) }]);
    expect(tryWrite()).toMatch(/locked/);
    expect(opened.fenced).toBe(true);
    await holder.stop();
    holder = null;
    expect(opened.trySealFence()).toEqual({ durable: true, holders: [] });
    expect(tryWrite()).toMatch(/readonly/);
    opened.unfence();
    expect(tryWrite()).toBe('');
  },
);

test('a fence taken by lock alone is given back by unfence, and dies with the agent', async () => {
  createDatabase(file);
  holder = await spawnHolder(file);
  const opened = open();
  opened.fence(1000);
  opened.unfence();
  expect(tryWrite()).toBe('');
  opened.fence(1000);
  opened.close();
  owner = null;
  expect(tryWrite()).toBe('');
});

test('a writer in the middle of a transaction keeps the fence out: DATABASE_BUSY with its pid', async () => {
  createDatabase(file);
  holder = await spawnHolder(file, "BEGIN IMMEDIATE; INSERT INTO entry(name) VALUES ('x')");
  const opened = open();
  expect(() => opened.fence(150)).toThrow(/kept .* locked for 150 ms/);
  expect(opened.fenced).toBe(false);
  await holder.stop();
  holder = null;
  expect(opened.fence(1000).durable).toBe(true);
});

test('garbage collection does not take the fence away', () => {
  createDatabase(file);
  const script = `
    import { openDatabase } from ${JSON.stringify(path.resolve('core/sqlite/open-database.ts'))};
    import { systemClock } from ${JSON.stringify(path.resolve('core/platform/clock.ts'))};
    import { systemFiles } from ${JSON.stringify(path.resolve('core/platform/files.ts'))};
    import { spawn, spawnSync } from 'node:child_process';
    const file = ${JSON.stringify(file)};
    const stay = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM entry').fetchall(); print('open', flush=True); sys.stdin.read()";
    const held = spawn('python3', ['-c', stay, file], { stdio: ['pipe', 'pipe', 'ignore'] });
    await new Promise((resolve) => held.stdout.once('data', resolve));
    const owner = openDatabase(file, [${JSON.stringify(folder)}], { files: systemFiles, clock: systemClock });
    const result = owner.fence(1000);
    for (let i = 0; i < 20; i++) { global.gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
    const run = spawnSync('sqlite3', [file, "INSERT INTO entry(name) VALUES ('x')"], { encoding: 'utf8' });
    held.stdin.end();
    console.log(JSON.stringify({ durable: result.durable, error: run.stderr.trim() }));
    owner.close();`;
  const main = path.join(folder, 'gc.ts');
  fs.writeFileSync(main, script);
  const out = execFileSync(process.execPath, ['--expose-gc', main], { encoding: 'utf8' });
  expect(JSON.parse(out)).toEqual({ durable: false, error: expect.stringMatching(/locked/) });
});

test('capture goes through fence and unfence without a gap', async () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle });
  const base = await imageNow(opened);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  sqlite3(file, "INSERT INTO entry(name, data) VALUES ('a', randomblob(20000))");
  expect(opened.fence(1000).durable).toBe(true);
  expect(sink.commits.length).toBe(1);
  expect(opened.sync()).toBe(0);
  const still = await imageNow(opened);
  still.pages.get(1)?.writeUInt8(2, 18);
  expect(still.differences(sink.image)).toEqual([]);
  sqlite3(file, 'SELECT count(*) FROM entry');
  opened.unfence();
  sqlite3(file, "INSERT INTO entry(name) VALUES ('b'); UPDATE entry SET name = 'c' WHERE id = 3");
  expect(opened.sync()).toBe(2);
  expect(events).toEqual([]);
  opened.close();
  owner = null;
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('a file that somebody unfenced by hand meanwhile is compared, not trusted', async () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, pollMs: 1 });
  const base = await imageNow(opened);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  await untilHashed(opened);
  opened.fence(1000);
  const script = `
f = open('${file}', 'r+b'); f.seek(18); f.write(bytes([2])); f.close()
import sqlite3
db = sqlite3.connect('${file}'); db.execute("UPDATE entry SET name='by hand' WHERE id=7"); db.commit(); db.close()
f = open('${file}', 'r+b'); f.seek(18); f.write(bytes([3])); f.close()`;
  execFileSync('python3', ['-c', script]);
  expect(opened.foreignChange()).toMatch(/modified although it is fenced/);
  opened.unfence();
  opened.sync();
  expect(events.map((event) => event.kind)).toEqual(['gap', 'resynced']);
  opened.close();
  owner = null;
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('the fence of a closed file is set and cleared in place, never while this process owns it', () => {
  createDatabase(file);
  const { files } = context;
  setDurableFence(file, files);
  expect(readHeader(file, files)).toMatchObject({ writeVersion: 3, readVersion: 2 });
  expect(tryWrite()).toMatch(/readonly/);
  clearDurableFence(file, files, 'rollback');
  expect(sqlite3(file, 'PRAGMA journal_mode')).toBe('delete');
  clearDurableFence(file, files, 'wal');
  expect(tryWrite()).toBe('');
  open();
  expect(() => setDurableFence(file, files)).toThrow(/open in this very agent/);
  expect(() => readHeader(file, files)).toThrow(/open in this very agent/);
});

test('a log that cannot be written does not keep the fence from becoming durable; pages are compared after it', async () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle });
  const base = await imageNow(opened);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  sqlite3(file, "INSERT INTO entry(name) VALUES ('not logged')");
  sink.fail = () => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  };
  expect(opened.fence(1000)).toEqual({ durable: true, holders: [] });
  expect(events.map((event) => event.kind)).toEqual(['sinkFailed', 'gap']);
  expect(tryWrite()).toMatch(/readonly/);
  sink.fail = null;
  opened.unfence();
  sqlite3(file, "INSERT INTO entry(name) VALUES ('after')");
  opened.sync();
  expect(events.map((event) => event.kind)).toEqual(['sinkFailed', 'gap', 'resynced']);
  opened.close();
  owner = null;
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('closing while durably fenced leaves the fence and the last position', () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  opened.startCapture({ sink, from: null, hashes: null, onEvent: () => {}, ...idle });
  sqlite3(file, "INSERT INTO entry(name) VALUES ('a')");
  expect(opened.fence(1000).durable).toBe(true);
  expect(opened.stopCapture()?.sealed).toBe(true);
  opened.close();
  expect(tryWrite()).toMatch(/readonly/);
});

test('a backup under way keeps the fence from becoming durable until it is over', async () => {
  createDatabase(file);
  const opened = open();
  const signal = new AbortController().signal;
  const snapshot = await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal });
  expect(opened.fence(1000)).toEqual({ durable: false, holders: [] });
  expect(tryWrite()).toMatch(/locked/);
  snapshot.release();
  expect(opened.trySealFence().durable).toBe(true);
});

test('fence after fence while programs come and go: what is durable stays as it is, what was committed is in the log', async () => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, pollMs: 2 });
  const base = await imageNow(opened);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  await untilHashed(opened);
  const visitors = [startWriter('visitor', file, 31, 5), startWriter('visitor', file, 32, 5)];
  let running = true;
  const ended = Promise.all(visitors.map((visitor) => visitor.ended)).finally(() => {
    running = false;
  });
  const tally = { durable: 0, lock: 0, busy: 0 };
  while (running) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    try {
      opened.fence(200);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'DATABASE_BUSY') throw error;
      tally.busy += 1;
      continue;
    }
    for (let i = 0; i < 20 && !opened.trySealFence().durable; i++)
      await new Promise((resolve) => setTimeout(resolve, 3));
    if (opened.info().durablyFenced) {
      tally.durable += 1;
      const before = fs.statSync(file, { bigint: true }).mtimeNs;
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(fs.statSync(file, { bigint: true }).mtimeNs).toBe(before);
    } else tally.lock += 1;
    opened.unfence();
  }
  const visits = (await ended).reduce((sum, summary) => sum + (summary.commits ?? 0), 0);
  opened.sync();
  opened.close();
  owner = null;
  expect(tally.durable).toBeGreaterThan(0);
  expect(Number(sqlite3(file, "SELECT count(*) FROM entry WHERE name = 'visit'"))).toBe(visits);
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
  expect(events.filter((event) => event.kind === 'gap').length).toBe(
    events.filter((event) => event.kind === 'resynced').length,
  );
});

test.each([
  { stays: false, durable: true },
  { stays: true, durable: false },
])('somebody commits in the instant before the exclusive lock, and stays: $stays', async ({ stays, durable }) => {
  createDatabase(file);
  const opened = open();
  const sink = new ImageSink(4096);
  const events: CaptureEvent[] = [];
  opened.startCapture({ sink, from: null, hashes: null, onEvent: (event) => events.push(event), ...idle, pollMs: 2 });
  const base = await imageNow(opened);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
  await untilHashed(opened);
  const setJournalMode = Connections.prototype.setJournalMode;
  const stayFile = path.join(folder, 'stay');
  const leaveFile = path.join(folder, 'leave');
  Connections.prototype.setJournalMode = function (this: Connections, mode) {
    const script = `
import sqlite3, os, subprocess, sys, time
db = sqlite3.connect('${file}', isolation_level=None); db.execute("INSERT INTO entry(name) VALUES ('slipped in')")
if ${stays ? 'True' : 'False'}:
    stay = "import os, sqlite3, time; own = sqlite3.connect('${file}'); own.execute('SELECT count(*) FROM entry').fetchall(); open('${stayFile}', 'w').close(); [time.sleep(0.02) for _ in range(3000) if not os.path.exists('${leaveFile}')]"
    subprocess.Popen([sys.executable, '-c', stay], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not os.path.exists('${stayFile}'): time.sleep(0.01)
db.close()`;
    execFileSync('python3', ['-c', script]);
    return setJournalMode.call(this, mode);
  };
  try {
    expect(opened.fence(1000).durable).toBe(durable);
  } finally {
    Connections.prototype.setJournalMode = setJournalMode;
  }
  expect(opened.fenced).toBe(true);
  expect(tryWrite()).toMatch(durable ? /readonly/ : /locked/);
  opened.sync();
  expect(sink.commits.length).toBe(1);
  expect(events.map((event) => event.kind)).toEqual(['gap', 'resynced']);
  opened.unfence();
  opened.close();
  owner = null;
  fs.writeFileSync(leaveFile, '');
  await expect
    .poll(() => {
      expect(sqlite3(file, "SELECT count(*) FROM entry WHERE name = 'slipped in'")).toBe('1');
      return fs.existsSync(`${file}-wal`);
    })
    .toBe(false);
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
});

test('a disk error while the fence is being made durable leaves the lock in force, and the next try succeeds', async () => {
  createDatabase(file);
  let failing = false;
  const files = {
    ...context.files,
    fsyncSync: (fd: number) => {
      if (failing) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
      fs.fsyncSync(fd);
    },
  };
  const opened = openDatabase(file, [folder], { ...context, files });
  owner = opened;
  failing = true;
  expect(() => opened.fence(1000)).toThrow(/EIO/);
  expect(opened.fenced).toBe(true);
  expect(tryWrite()).toMatch(/locked|readonly/);
  failing = false;
  expect(opened.trySealFence().durable).toBe(true);
  opened.unfence();
  expect(tryWrite()).toBe('');
  expect(sqlite3(file, 'PRAGMA integrity_check')).toBe('ok');
});
