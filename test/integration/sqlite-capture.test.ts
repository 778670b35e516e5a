import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import type { CaptureEvent, CaptureOptions, DatabaseOwner, Snapshot } from '../../core/sqlite/types.ts';
import {
  context,
  createDatabase,
  Image,
  ImageSink,
  sqlite3,
  startWriter,
  temporaryFolder,
} from '../support/writers.ts';

let folder: string;
let file: string;
const owners: DatabaseOwner[] = [];

beforeEach(() => {
  folder = temporaryFolder('capture');
  file = path.join(folder, 'app.db');
});
afterEach(() => {
  for (const owner of owners.splice(0)) owner.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function open(): DatabaseOwner {
  const owner = openDatabase(file, [folder], context);
  owners.push(owner);
  return owner;
}

function options(sink: ImageSink, events: CaptureEvent[], more: Partial<CaptureOptions> = {}): CaptureOptions {
  return {
    sink,
    from: null,
    hashes: null,
    onEvent: (event) => events.push(event),
    pollMs: 5,
    sealFrames: 300,
    sealMs: 1000,
    ...more,
  };
}

async function drain(snapshot: Snapshot, image: Image, pauseMs = 0): Promise<{ at: string; pageCount: number }> {
  const batches = snapshot.batches();
  for (;;) {
    const next = await batches.next();
    if (next.done) {
      image.truncate(next.value.pageCount);
      return next.value;
    }
    image.apply(next.value);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Full copy into the sink's image, so that from now on it follows the database. */
async function takeBase(owner: DatabaseOwner, sink: ImageSink): Promise<void> {
  const base = new Image(sink.image.pageSize);
  const after: number[] = [];
  const snapshot = await owner.snapshot({
    at: 'start',
    walLimit: Number.POSITIVE_INFINITY,
    only: null,
    signal: new AbortController().signal,
    onConsistent: () => after.push(sink.commits.length),
  });
  expect(after).toEqual([sink.commits.length]);
  await drain(snapshot, base);
  expect(sink.commits.length).toBe(after[0]);
  for (const [page, data] of base.pages) sink.image.pages.set(page, data);
  sink.image.truncate(base.pageCount);
}

test.each([
  { pageSize: 4096, seed: 11 },
  { pageSize: 512, seed: 12 },
  { pageSize: 65536, seed: 13 },
])('three foreign writers and a foreign checkpointer, page size $pageSize, seed $seed', async ({ pageSize, seed }) => {
  createDatabase(file, { pageSize });
  const owner = open();
  const sink = new ImageSink(pageSize);
  const events: CaptureEvent[] = [];
  owner.startCapture(options(sink, events));
  await takeBase(owner, sink);
  const writers = (['transfer', 'bulk', 'delete', 'checkpoint'] as const).map((mode, i) =>
    startWriter(mode, file, seed + i, 4),
  );
  const running = Promise.all(writers.map((writer) => writer.ended));
  let ended = false;
  running.finally(() => {
    ended = true;
  });
  let copies = 0;
  const ends = { start: 0, end: 0 };
  while (!ended) {
    const at = copies % 2 === 0 ? 'start' : 'end';
    let expected: Image | null = null;
    const copy = new Image(pageSize);
    const snapshot = await owner.snapshot({
      at,
      walLimit: copies % 4 === 2 ? 200_000 : 50_000_000,
      only: null,
      signal: new AbortController().signal,
      onConsistent: () => {
        expected = sink.image.copy();
      },
    });
    const result = await drain(snapshot, copy, 3);
    ends[result.at as 'start' | 'end'] += 1;
    expect(copy.differences(expected!), `copy ${copies} at ${at}`).toEqual([]);
    copies += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const summaries = await running;
  owner.sync();
  expect(events).toEqual([]);
  expect(sink.commits.length).toBeGreaterThan(10);
  expect(copies).toBeGreaterThan(1);
  expect(ends.end).toBeGreaterThan(0);
  expect(summaries.reduce((sum, s) => sum + (s.commits ?? 0), 0)).toBeGreaterThan(10);
  const position = owner.stopCapture();
  expect(position?.commitPages).toBe(sink.image.pageCount);
  owners.splice(0);
  owner.close();
  expect(fs.existsSync(`${file}-wal`)).toBe(false);
  expect(sink.image.differences(Image.ofFile(file, pageSize))).toEqual([]);
  const rebuilt = path.join(folder, 'rebuilt.db');
  sink.image.write(rebuilt);
  expect(sqlite3(rebuilt, 'PRAGMA integrity_check')).toBe('ok');
  expect(sqlite3(rebuilt, 'SELECT sum(balance) FROM account')).toBe('100000');
});
