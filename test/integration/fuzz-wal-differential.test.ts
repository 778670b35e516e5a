// Our valid prefix of a WAL against what the sqlite3 program recovers from a copy: logs of random transactions, damaged at random, opened by
// SQLite; the file that it leaves must be the one that the frames we take would make, byte for byte.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseWalHeader, validFrames, WAL_HEADER_BYTES } from '../../core/sqlite/wal.ts';
import { seeded } from '../support/ledger/random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const seed = Number(process.env.HOLDFAST_SEED ?? 1);
const samples = Number(process.env.HOLDFAST_RUNS ?? 0) || 150;
const PAGE_SIZES = [512, 1024, 4096, 65536];

/** A database and its log for each seed: spilled and taken back transactions, restarts that leave older frames behind, shrinking. */
const script = `
import random, shutil, sqlite3, sys
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for seed in range(first, first + count):
    r = random.Random(seed)
    name = '%s/base-%d.db' % (folder, seed)
    db = sqlite3.connect(name, isolation_level=None)
    db.execute('PRAGMA page_size=%d' % r.choice([512, 1024, 4096, 65536]))
    db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA wal_autocheckpoint=0'); db.execute('PRAGMA cache_size=4')
    db.execute('CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)')
    for _ in range(r.randrange(3, 14)):
        db.execute('BEGIN')
        for _ in range(r.randrange(1, 12)):
            if r.random() < 0.7: db.execute('INSERT INTO t(x) VALUES (?)', (r.randbytes(r.randrange(1, 3000)),))
            else: db.execute('DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY random() LIMIT 3)')
        db.execute('ROLLBACK' if r.random() < 0.2 else 'COMMIT')
        if r.random() < 0.15: db.execute('VACUUM')
        if r.random() < 0.2: db.execute('PRAGMA wal_checkpoint(PASSIVE)').fetchall()
    if r.random() < 0.3:
        db.execute('BEGIN')
        for _ in range(40): db.execute('INSERT INTO t(x) VALUES (?)', (r.randbytes(900),))
    shutil.copy(name, name + '.main'); shutil.copy(name + '-wal', name + '.log')
    db.close()
`;

/** What the database is once the log's valid prefix is in it. */
function recovered(main: Buffer, wal: Buffer): Buffer {
  const header = parseWalHeader(wal);
  if (!header) return main;
  const frames = [...validFrames(wal.subarray(WAL_HEADER_BYTES), header, header)];
  const taken = frames.slice(0, frames.findLastIndex(({ commit }) => commit > 0) + 1);
  const last = taken.at(-1);
  if (!last) return main;
  const image = Buffer.alloc(last.commit * header.pageSize);
  main.copy(image);
  for (const { page, data } of taken) if (page <= last.commit) data.copy(image, (page - 1) * header.pageSize);
  return image;
}

test(`${samples} damaged logs, seed ${seed}`, () => {
  const folder = temporaryFolder('wal-differential');
  const random = seeded(seed);
  const bases = Math.max(8, Math.ceil(samples / 20));
  execFileSync('python3', ['-c', script, folder, String(seed), String(bases)]);
  const expected: Buffer[] = [];
  const how: string[] = [];
  const commands: string[] = [];
  let cutShort = 0;
  for (let i = 0; i < samples; i++) {
    const base = path.join(folder, `base-${seed + (i % bases)}.db`);
    const main = fs.readFileSync(`${base}.main`);
    let wal = fs.readFileSync(`${base}.log`);
    const whole = recovered(main, wal);
    const pageSize = wal.readUInt32BE(8);
    expect(PAGE_SIZES).toContain(pageSize);
    const frame = 24 + pageSize;
    const frames = Math.floor((wal.length - 32) / frame);
    const kind = random.pick([
      'none',
      'bit',
      'bit',
      'header',
      'frame header',
      'cut',
      'swap',
      'repeat',
      'zeros',
      'salt',
    ] as const);
    const at = 32 + random.below(frames) * frame;
    if (kind === 'bit') wal[random.below(wal.length)]! ^= 1 << random.below(8);
    if (kind === 'header') wal[random.below(32)]! ^= 1 << random.below(8);
    if (kind === 'frame header') wal[at + random.below(24)]! ^= 1 << random.below(8);
    if (kind === 'cut') wal = wal.subarray(0, random.below(wal.length));
    if (kind === 'zeros') wal.fill(0, at, Math.min(wal.length, at + random.below(3 * frame)));
    if (kind === 'salt') wal.writeUInt32BE(random.below(2 ** 32), at + 8);
    if (kind === 'swap' || kind === 'repeat') {
      const other = 32 + random.below(frames) * frame;
      const one = Buffer.from(wal.subarray(at, at + frame));
      if (kind === 'swap') wal.copy(wal, at, other, other + frame);
      one.copy(wal, other);
    }
    const copy = path.join(folder, `copy-${i}.db`);
    fs.writeFileSync(copy, main);
    fs.writeFileSync(`${copy}-wal`, wal);
    const image = recovered(main, wal);
    if (!image.equals(whole)) cutShort += 1;
    expected.push(image);
    how.push(`${kind} at ${at} of ${path.basename(base)}`);
    commands.push(`.open ${copy}`, 'PRAGMA wal_checkpoint(TRUNCATE);');
  }
  const shell = spawnSync('sqlite3', ['-batch', ':memory:'], { input: commands.join('\n'), encoding: 'utf8' });
  const errors = shell.stderr.split('\n').filter((line) => line !== '');
  // Where the database of the log's beginning is none, SQLite refuses to work on it; which sample that was, its log shows.
  for (const line of errors) expect(line).toMatch(/malformed/);
  let refused = 0;
  for (let i = 0; i < samples; i++) {
    const copy = path.join(folder, `copy-${i}.db`);
    if (fs.existsSync(`${copy}-wal`) && fs.statSync(`${copy}-wal`).size > 0) {
      refused += 1;
      continue;
    }
    const found = fs.readFileSync(copy);
    const difference =
      found.length === expected[i]!.length
        ? found.compare(expected[i]!)
        : `${found.length} bytes, not ${expected[i]!.length}`;
    expect(difference, `sample ${i} of seed ${seed}: ${how[i]}`).toBe(0);
  }
  expect(refused).toBeLessThanOrEqual(Math.max(errors.length, samples / 20));
  expect(cutShort, 'damage that took commits away').toBeGreaterThan(samples / 5);
});
