// One flipped bit, or a cut, in what the agent keeps for itself: the state, the page index and its changes, the header of the newest log.
// It is noticed or it makes no difference; it is never believed.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { placePageIndex, settlePageIndex, stagePageIndex } from '../../core/agent/page-index.ts';
import { appendChange } from '../../core/agent/page-index-changes.ts';
import { type InstanceFacts, newFacts, openStateStore } from '../../core/agent/state-store.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { openLogWriter } from '../../core/rollforward/log-writer.ts';
import { replay } from '../../core/rollforward/replay.ts';
import { seeded } from '../support/ledger/random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const long = Number(process.env.HOLDFAST_RUNS ?? 0) > 0;
const seed = Number(process.env.HOLDFAST_SEED ?? 1);

/** Every place in the long form; otherwise about so many, spread and shifted by the seed. */
function places(length: number, about: number): number[] {
  const step = long ? 1 : Math.max(1, Math.floor(length / about));
  return Array.from(
    { length: Math.floor((length - 1 - (seed % step)) / step) + 1 },
    (_, i) => (seed % step) + i * step,
  );
}

test(`the state, seed ${seed}`, () => {
  const folder = temporaryFolder('flip-state');
  const good = path.join(folder, 'good.db');
  const given = {
    name: 'Directory',
    path: '/srv/d.db',
    role: 'primary' as const,
    replica: 1,
    site: 'S',
    organization: 'O',
    databaseSerial: 'serial',
  };
  const initial = newFacts(given, folder);
  const first = openStateStore(good, initial);
  const chain = {
    serial: 'a1'.repeat(16),
    sequence: 4,
    idtag: '697D8132',
    baseIdtag: '697D8132',
    vector: [{ replica: 1, sec: 9, event: 2, seq: 77 }],
  };
  first.update({
    nextIncId: 17,
    vector: chain.vector,
    chain: { ...chain, pageSize: 4096, pageCount: 99, logSerial: 'x', currentLog: '0000000a.log', consistentAt: 5 },
  });
  const expected = first.facts;
  first.close();
  const bytes = fs.readFileSync(good);
  const file = path.join(folder, 'state.db');
  const random = seeded(seed);
  let noticed = 0;
  const judge = (what: string) => {
    for (const suffix of ['-wal', '-shm', '-journal']) fs.rmSync(file + suffix, { force: true });
    let facts: Readonly<InstanceFacts>;
    try {
      const store = openStateStore(file, { ...initial, name: 'anew' });
      ({ facts } = store);
      store.close();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw new Error(`${what}: ${String(error)}`);
      expect(['INTEGRITY_FAILED', 'NOT_SUPPORTED'], what).toContain(error.name);
      noticed += 1;
      return;
    }
    expect(facts, what).toEqual(expected);
  };
  for (const at of places(bytes.length, 200)) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 1 << random.below(8);
    fs.writeFileSync(file, bad);
    judge(`byte ${at}`);
  }
  // The pointers of the table's page: a row that is not there any more, or another in its place, be it that of the checksum.
  for (let at = 4096; at < 4112; at++)
    for (let bit = 0; bit < 8; bit++) {
      const bad = Buffer.from(bytes);
      bad[at]! ^= 1 << bit;
      fs.writeFileSync(file, bad);
      judge(`bit ${bit} of byte ${at}`);
    }
  expect(noticed).toBeGreaterThan(5);
  for (let length = 512; length < bytes.length; length += 512) {
    fs.writeFileSync(file, bytes.subarray(0, length));
    judge(`cut at ${length}`);
  }
});

test('a state of an earlier version, which has no checksum, is taken and gets one', () => {
  const file = path.join(temporaryFolder('old-state'), 'state.db');
  const given = {
    name: 'Directory',
    path: '/srv/d.db',
    role: 'primary' as const,
    replica: 1,
    site: 'S',
    organization: 'O',
    databaseSerial: 'serial',
  };
  openStateStore(file, newFacts(given, '/home')).close();
  const sums = () => {
    const db = new Database(file);
    const found = db.prepare("SELECT count(*) FROM fact WHERE key = '#sum'").pluck().get();
    db.close();
    return found;
  };
  const db = new Database(file);
  db.exec("DELETE FROM fact WHERE key = '#sum'");
  db.close();
  expect(sums()).toBe(0);
  const store = openStateStore(file, newFacts(given, '/home'));
  expect(store.facts.name).toBe('Directory');
  store.update({ term: 2 });
  store.close();
  expect(sums()).toBe(1);
  const wrong = new Database(file);
  wrong.exec("UPDATE fact SET value = '3' WHERE key = 'term'");
  wrong.close();
  expect(() => openStateStore(file, newFacts(given, '/home'))).toThrow(/is damaged/);
});

test.each(['pages.idx', 'pages.idx.changes'])(`the page index: %s, seed ${seed}`, (name) => {
  const home = temporaryFolder('flip-index');
  const [serial, later] = ['b2'.repeat(16), 'c3'.repeat(16)];
  const hashes = { pageCount: 40, bytes: Buffer.alloc(640, 7) };
  stagePageIndex(systemFiles, home, serial, hashes);
  placePageIndex(systemFiles, home);
  const change = {
    serial: later,
    previousSerial: serial,
    pageCount: 42,
    numbers: Uint32Array.of(3, 41, 42),
    bytes: Buffer.alloc(48, 9),
  };
  expect(appendChange(systemFiles, home, serial, change, 1 << 20)).toBe(true);
  const wanted = settlePageIndex(systemFiles, home, later)!;
  expect(wanted.pageCount).toBe(42);
  const file = path.join(home, name);
  const bytes = fs.readFileSync(file);
  const random = seeded(seed);
  let noticed = 0;
  const judge = (what: string) => {
    const found = settlePageIndex(systemFiles, home, later);
    if (found)
      expect({ pageCount: found.pageCount, bytes: Buffer.from(found.bytes) }, what).toEqual({
        pageCount: 42,
        bytes: Buffer.from(wanted.bytes),
      });
    else noticed += 1;
  };
  for (let at = 0; at < bytes.length; at++) {
    const bad = Buffer.from(bytes);
    bad[at]! ^= 1 << random.below(8);
    fs.writeFileSync(file, bad);
    judge(`byte ${at}`);
  }
  for (let length = 0; length < bytes.length; length += 13) {
    fs.writeFileSync(file, bytes.subarray(0, length));
    judge(`cut at ${length}`);
  }
  expect(noticed).toBeGreaterThan(bytes.length * 0.9);
});

test('the header of the newest log: none of its bytes can make its records disappear', () => {
  const folder = temporaryFolder('flip-log');
  const clock = { now: () => 1_700_000_000_000, monotonic: () => 0, sleep: () => Promise.resolve() };
  const options = { folder, files: systemFiles, clock, databaseSerial: 'db', serial: 'run', previousSerial: null };
  const writer = openLogWriter({
    ...options,
    pageSize: 512,
    origin: 1,
    vector: [],
    minBytes: 1 << 20,
    maxBytes: 1 << 24,
    resume: true,
  });
  const header = writer.currentBytes();
  for (let n = 1; n <= 3; n++)
    writer.append({ at: n, kind: 'commit', pageCount: 9, numbers: Uint32Array.of(n), data: Buffer.alloc(512, n) });
  writer.close();
  const file = path.join(folder, '00000001.log');
  const good = fs.readFileSync(file);
  const used = 24 + good.readUInt32LE(16);
  for (let at = 0; at < header; at++) {
    for (const bit of [0, 5, 7]) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1 << bit;
      fs.writeFileSync(file, bad);
      let outcome: string | number;
      try {
        outcome = [
          ...replay({ folder, databaseSerial: 'db', firstLog: '00000001.log', after: [], until: null }, systemFiles),
        ].length;
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        outcome = error.name;
      }
      // A lower format version is one that is read as well; whatever is read has all records.
      if (at >= used || outcome === 3) expect(outcome, `byte ${at}`).toBe(3);
      else expect(['LOG_GAP', 'NOT_A_LOG', 'BACKUP_NEWER_FORMAT'], `byte ${at}`).toContain(outcome);
    }
  }
});
