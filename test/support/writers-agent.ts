// The smallest program that protects a database for good: capture into roll-forward logs, a base copy, resume after any end.
// Run as a process of its own, to be killed. Arguments: database, folder. Ends in an orderly way when its input ends.
import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../core/platform/clock.ts';
import { systemFiles, writeFileDurably } from '../../core/platform/files.ts';
import { openLogWriter } from '../../core/rollforward/log-writer.ts';
import { replay } from '../../core/rollforward/replay.ts';
import { resumePosition } from '../../core/rollforward/resume-position.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import { hashPage, PageHashTable } from '../../core/sqlite/page-hash.ts';
import type { CaptureEvent, DatabaseOwner } from '../../core/sqlite/types.ts';
import { Image } from './writers.ts';

export interface Base {
  firstLog: string;
  vector: { replica: number; sec: number; event: number; seq: number }[];
  pageSize: number;
}

const basePath = (folder: string) => path.join(folder, 'base.db');
const statePath = (folder: string) => path.join(folder, 'state.json');

/** The base copy with all logs replayed over it. */
export function rebuild(folder: string): Image {
  const base: Base = JSON.parse(fs.readFileSync(`${basePath(folder)}.json`, 'utf8'));
  const image = Image.ofFile(basePath(folder), base.pageSize);
  const range = { folder, databaseSerial: 'db', firstLog: base.firstLog, after: base.vector, until: null };
  for (const { record } of replay(range, systemFiles)) image.apply(record, record.pageCount);
  return image;
}

async function copyBase(owner: DatabaseOwner, folder: string, now: () => Omit<Base, 'pageSize'>): Promise<void> {
  const { pageSize } = owner.info();
  const image = new Image(pageSize);
  let facts: Omit<Base, 'pageSize'> | null = null;
  const snapshot = await owner.snapshot({
    at: 'start',
    walLimit: 1e12,
    only: null,
    signal: new AbortController().signal,
    onConsistent: () => {
      facts = now();
    },
  });
  const batches = snapshot.batches();
  for (let next = await batches.next(); ; next = await batches.next()) {
    if (next.done) {
      image.truncate(next.value.pageCount);
      break;
    }
    image.apply(next.value);
  }
  image.write(basePath(folder));
  writeFileDurably(systemFiles, `${basePath(folder)}.json`, JSON.stringify({ ...(facts ?? now()), pageSize }));
}

async function main(database: string, folder: string): Promise<void> {
  const hasBase = fs.existsSync(`${basePath(folder)}.json`);
  const state = fs.existsSync(statePath(folder))
    ? JSON.parse(fs.readFileSync(statePath(folder), 'utf8'))
    : { position: null, vector: [] };
  const owner = openDatabase(database, [path.dirname(database)], { files: systemFiles, clock: systemClock });
  const writer = openLogWriter({
    folder,
    files: systemFiles,
    clock: systemClock,
    databaseSerial: 'db',
    serial: 'run',
    previousSerial: null,
    pageSize: owner.info().pageSize,
    origin: 1,
    vector: [],
    minBytes: 400_000,
    maxBytes: 4_000_000,
    resume: true,
  });
  let hashes: PageHashTable | null = null;
  if (hasBase) {
    const image = rebuild(folder);
    hashes = new PageHashTable();
    hashes.resize(image.pageCount);
    for (const [page, data] of image.pages) hashes.set(page, hashPage(data));
  }
  const events: CaptureEvent['kind'][] = [];
  const from = hasBase ? resumePosition(state, { position: writer.position(), vector: writer.vector() }, 1) : null;
  owner.startCapture({
    sink: {
      commit: ({ at, kind, pageCount, numbers, data, position }) => {
        writer.append({ at, kind, pageCount, numbers, data }, position);
      },
      flush: (position) => {
        writer.flush();
        writeFileDurably(systemFiles, statePath(folder), JSON.stringify({ position, vector: writer.vector() }));
      },
    },
    from,
    hashes,
    onEvent: (event) => events.push(event.kind),
    pollMs: 5,
    sealFrames: 200,
    sealMs: 300,
  });
  if (!hasBase) await copyBase(owner, folder, () => ({ firstLog: writer.currentLog(), vector: writer.vector() }));
  process.stdout.write('ready\n');
  process.stdin.resume();
  process.stdin.on('end', () => {
    owner.close();
    writer.close();
    process.stdout.write(`${JSON.stringify(events)}\n`);
    process.exit(0);
  });
}

if (import.meta.main) {
  const [database, folder] = process.argv.slice(2);
  await main(database ?? '', folder ?? '');
}
