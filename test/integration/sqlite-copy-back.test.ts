// Copying back without the write lock: the reader moves on, no program has to wait for it or pays for it, and nothing is missed.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemFiles } from '../../core/platform/files.ts';
import { Connections } from '../../core/sqlite/connections.ts';
import { locksOn } from '../../core/sqlite/lock-table.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import type { CaptureEvent, CaptureOptions, DatabaseOwner } from '../../core/sqlite/types.ts';
import { WalCapture } from '../../core/sqlite/wal-capture.ts';
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

/** Of the shared memory: the lock of readers that look at the database alone, and those of the marks. */
const [NO_MARK, FIRST_MARK, LAST_MARK] = [123, 124, 127];
const idle = { pollMs: 1_000_000, sealFrames: 1_000_000, sealMs: 1_000_000 };
const soon = { timeout: 15_000, interval: 5 };

let folder: string;
let file: string;
let owner: DatabaseOwner | null = null;
let holder: Holder | null = null;
let events: CaptureEvent[];
let sink: ImageSink;

beforeEach(() => {
  folder = temporaryFolder('copy-back');
  file = path.join(folder, 'app.db');
  events = [];
  createDatabase(file);
  sink = new ImageSink(4096);
});
afterEach(async () => {
  await holder?.kill();
  holder = null;
  owner?.close();
  owner = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

function capture(more: Partial<CaptureOptions>): DatabaseOwner {
  owner = openDatabase(file, [folder], context);
  owner.startCapture({
    sink,
    from: null,
    hashes: null,
    onEvent: (event) => events.push(event),
    ...idle,
    ...more,
  });
  return owner;
}

/** A copy of now into the sink's image, so that it follows the database from here on. */
async function begin(opened: DatabaseOwner): Promise<void> {
  const signal = new AbortController().signal;
  const batches = (await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal })).batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) return;
    sink.image.apply(next.value);
  }
}

function expectSame(opened: DatabaseOwner): void {
  opened.sync();
  opened.close();
  owner = null;
  expect(events).toEqual([]);
  expect(sink.image.differences(Image.ofFile(file, 4096))).toEqual([]);
}

const insert = (bytes: number) => sqlite3(file, `INSERT INTO entry(name, data) VALUES ('x', randomblob(${bytes}))`);
const wal = (opened: DatabaseOwner) => opened.info().wal ?? { frames: 0, copiedBack: 0 };

function ownLocks(): number[] {
  const locks = locksOn(systemFiles, fs.statSync(`${file}-shm`).ino, 0).filter(({ pid }) => pid === process.pid);
  return [NO_MARK, FIRST_MARK, 125, 126, LAST_MARK].filter((byte) =>
    locks.some(({ from, to }) => from <= byte && to >= byte),
  );
}

test.runIf(process.platform === 'linux')(
  'after a seal our reader holds a mark, so that programs which checkpoint by themselves do not sort the log for nothing',
  async () => {
    const opened = capture({ pollMs: 2, sealFrames: 1, sealMs: 1 });
    insert(20_000);
    await expect.poll(() => wal(opened).frames, soon).toBeLessThanOrEqual(1);
    expect(ownLocks()).toEqual([expect.toSatisfy((byte) => byte >= FIRST_MARK)]);
  },
);

test('a log is copied back while another program holds the write lock, and is not begun anew', async () => {
  const opened = capture({ pollMs: 2, sealFrames: 20 });
  await begin(opened);
  const signal = new AbortController().signal;
  // A pinned copy keeps everything as it is until the other program has the lock.
  const copy = await opened.snapshot({ at: 'start', walLimit: 1e12, only: null, signal });
  insert(600_000);
  holder = await spawnHolder(file, 'BEGIN IMMEDIATE');
  expect(wal(opened).copiedBack).toBeLessThan(5);
  copy.release();
  await expect.poll(() => wal(opened).copiedBack, soon).toBeGreaterThan(20);
  await holder.stop();
  holder = null;
  const { frames } = wal(opened);
  insert(10);
  expect(wal(opened).frames, 'the log goes on').toBeGreaterThan(frames);
  expectSame(opened);
});

test('the log grows no longer than it may while commits keep coming, and is begun anew in their pauses', async () => {
  const opened = capture({ pollMs: 2, sealFrames: 10, sealMs: 60_000 });
  await begin(opened);
  const writers = [1, 2].map((n) => startWriter('transfer', file, n, 1.5));
  let longest = 0;
  let ended = false;
  Promise.all(writers.map((writer) => writer.ended)).finally(() => {
    ended = true;
  });
  while (!ended) {
    longest = Math.max(longest, wal(opened).frames);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  insert(100_000);
  await expect.poll(() => wal(opened).frames, soon).toBeLessThan(10);
  expect(longest).toBeGreaterThan(0);
  expectSame(opened);
});

test('a copy of the start stays what it was while commits go on and others checkpoint; the reader moves on after it', async () => {
  const opened = capture({ pollMs: 2, sealFrames: 5, sealMs: 5 });
  await begin(opened);
  const copy = new Image(4096);
  insert(30_000);
  const expected: Image[] = [];
  const snapshot = await opened.snapshot({
    ...{ at: 'start', walLimit: 1e12, only: null, signal: new AbortController().signal },
    onConsistent: () => expected.push(sink.image.copy()),
  });
  for (let round = 0; round < 5; round++) {
    const before = sink.commits.length;
    sqlite3(file, "UPDATE account SET balance = balance + 1; UPDATE entry SET name = name || 'y'");
    await expect.poll(() => sink.commits.length, soon).toBeGreaterThan(before);
    sqlite3(file, 'PRAGMA wal_checkpoint(PASSIVE)');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const batches = snapshot.batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) break;
    copy.apply(next.value);
  }
  expect(copy.differences(expected[0] as Image)).toEqual([]);
  await expect.poll(() => wal(opened).frames, soon).toBeLessThan(5);
  expectSame(opened);
});

/** A capture without owner and timer; `refuse` makes its sink fail. */
function bareCapture() {
  const databaseFd = fs.openSync(file, 'r+');
  const { ino: inode, dev: device } = fs.fstatSync(databaseFd);
  const connections = new Connections(file, 2000);
  const state = { refuse: false, commits: 0 };
  const capture = new WalCapture(
    { path: file, ...context, databaseFd, inode, device, pageSize: 4096, connections },
    {
      sink: {
        commit() {
          if (state.refuse) throw new Error('no room');
          state.commits += 1;
        },
        flush() {},
      },
      ...{ from: null, hashes: null, hashing: true },
      onEvent: (event) => events.push(event),
    },
  );
  const close = () => {
    capture.close();
    connections.close();
    fs.closeSync(databaseFd);
  };
  return { capture, connections, state, close };
}

test('nobody can copy back a frame before it is captured, nor what a pinned copy still reads from the file', () => {
  const { capture, connections, state, close } = bareCapture();
  const captured = () => (capture.position.endOffset - 32) / (4096 + 24);
  try {
    insert(20_000);
    capture.sync();
    const before = captured();
    insert(20_000);
    insert(20_000);
    state.refuse = true;
    expect(() => capture.copyBack()).toThrow('no room');
    sqlite3(file, 'PRAGMA wal_checkpoint(PASSIVE)');
    expect(connections.gauge().copied, 'while the sink fails').toBeLessThanOrEqual(before);
    expect(captured()).toBe(before);

    state.refuse = false;
    expect(capture.step(1), 'one of the two').toBe(true);
    sqlite3(file, 'PRAGMA wal_checkpoint(PASSIVE)');
    expect(connections.gauge().copied, 'with one of two captured').toBeLessThanOrEqual(before);

    const unpin = capture.pin();
    capture.sync();
    const pinned = captured();
    expect(pinned).toBeGreaterThan(before);
    expect(capture.copyBack()).toBe(false);
    sqlite3(file, 'PRAGMA wal_checkpoint(PASSIVE)');
    expect(connections.gauge().copied, 'while a copy is pinned').toBeLessThanOrEqual(before);

    unpin();
    expect(capture.copyBack()).toBe(true);
    expect(connections.gauge().copied).toBe(pinned);
    expect(captured()).toBe(pinned);
    insert(10);
    expect(connections.gauge().log, 'the log was not begun anew').toBeGreaterThan(pinned);
    expect(capture.sync()).toBe(1);
    expect(state.commits).toBe(4);
    expect(events).toEqual([]);
  } finally {
    close();
  }
});

test('with everything copied back the reader stays where it is', () => {
  const { capture, connections, close } = bareCapture();
  try {
    insert(20_000);
    capture.sync();
    expect(capture.copyBack()).toBe(true);
    expect(connections.gauge()).toMatchObject({ log: connections.gauge().copied });
    // A reader that began now would hold no mark, and the next writer could begin the log anew.
    expect(capture.copyBack()).toBe(false);
    const { log } = connections.gauge();
    insert(10);
    expect(connections.gauge().log).toBeGreaterThan(log);
    expect(capture.sync()).toBe(1);
    expect(events).toEqual([]);
  } finally {
    close();
  }
});
