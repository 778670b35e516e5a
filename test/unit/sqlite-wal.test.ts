import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseWalHeader, validFrames, type WalFrame, walChecksum } from '../../core/sqlite/wal.ts';
import { temporaryFolder } from '../support/writers.ts';

/** Straight from the format's description, with no typed arrays: what the parser is measured against. */
function slowChecksum(bytes: Buffer, seed: [number, number], big: boolean): [number, number] {
  let [s0, s1] = seed.map(BigInt) as [bigint, bigint];
  const mask = 0xffffffffn;
  for (let i = 0; i < bytes.length; i += 8) {
    const a = BigInt(big ? bytes.readUInt32BE(i) : bytes.readUInt32LE(i));
    const b = BigInt(big ? bytes.readUInt32BE(i + 4) : bytes.readUInt32LE(i + 4));
    s0 = (s0 + a + s1) & mask;
    s1 = (s1 + b + s0) & mask;
  }
  return [Number(s0), Number(s1)];
}

interface Given {
  page: number;
  commit: number;
  fill: number;
}

function buildWal(pageSize: number, big: boolean, frames: Given[], salt1 = 0xfedcba98): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32BE(big ? 0x377f0683 : 0x377f0682, 0);
  header.writeUInt32BE(3007000, 4);
  header.writeUInt32BE(pageSize, 8);
  header.writeUInt32BE(7, 12);
  header.writeUInt32BE(salt1, 16);
  header.writeUInt32BE(0x01234567, 20);
  let sum = slowChecksum(header.subarray(0, 24), [0, 0], big);
  header.writeUInt32BE(sum[0], 24);
  header.writeUInt32BE(sum[1], 28);
  const parts = [header];
  for (const given of frames) {
    const head = Buffer.alloc(24);
    const data = Buffer.alloc(pageSize, given.fill);
    data.writeUInt32BE((given.page * 2654435761) >>> 0, 0);
    head.writeUInt32BE(given.page, 0);
    head.writeUInt32BE(given.commit, 4);
    head.writeUInt32BE(salt1, 8);
    head.writeUInt32BE(0x01234567, 12);
    sum = slowChecksum(Buffer.concat([head.subarray(0, 8), data]), sum, big);
    head.writeUInt32BE(sum[0], 16);
    head.writeUInt32BE(sum[1], 20);
    parts.push(head, data);
  }
  return Buffer.concat(parts);
}

function frames(wal: Buffer): WalFrame[] {
  const header = parseWalHeader(wal);
  return header ? [...validFrames(wal.subarray(32), header, header)] : [];
}

const three: Given[] = [
  { page: 1, commit: 0, fill: 0xff },
  { page: 9, commit: 9, fill: 0x81 },
  { page: 2, commit: 9, fill: 3 },
];

test.each([512, 1024, 4096, 65536].flatMap((pageSize) => [true, false].map((big) => ({ pageSize, big }))))(
  'finds header and frames: page size $pageSize, big-endian checksums $big',
  ({ pageSize, big }) => {
    const wal = buildWal(pageSize, big, three);
    expect(parseWalHeader(wal)).toMatchObject({ pageSize, bigEndian: big, salt1: 0xfedcba98, salt2: 0x01234567 });
    const found = frames(wal);
    expect(found.map(({ page, commit, offset }) => ({ page, commit, offset }))).toEqual(
      three.map(({ page, commit }, i) => ({ page, commit, offset: i * (24 + pageSize) })),
    );
    expect(found[1]?.data[10]).toBe(0x81);
  },
);

test('agrees with the slow checksum at an address that is not a multiple of four', () => {
  const bytes = Buffer.alloc(4104).map((_, i) => (i * 131) & 255);
  const odd = Buffer.from(bytes.buffer, bytes.byteOffset + 3, 4096);
  for (const big of [true, false]) {
    const [checksum1, checksum2] = slowChecksum(odd, [5, 4294967295], big);
    expect(walChecksum(odd, { checksum1: 5, checksum2: 4294967295 }, big)).toEqual({ checksum1, checksum2 });
  }
});

test('a header with any byte changed, torn or of another version counts as no log', () => {
  const wal = buildWal(512, false, []);
  expect(parseWalHeader(wal.subarray(0, 31))).toBeNull();
  expect(parseWalHeader(Buffer.alloc(32))).toBeNull();
  for (let at = 0; at < 32; at++) {
    const torn = Buffer.from(wal);
    torn[at] = (torn[at] ?? 0) ^ 0x10;
    expect(parseWalHeader(torn), `byte ${at}`).toBeNull();
  }
});

test('validity ends at the first byte that is wrong, wherever it is', () => {
  const wal = buildWal(512, false, three);
  const frame = 24 + 512;
  for (let at = 32 + frame; at < wal.length; at += 7) {
    const damaged = Buffer.from(wal);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(frames(damaged).length, `byte ${at}`).toBe(Math.floor((at - 32) / frame));
  }
  expect(frames(wal.subarray(0, wal.length - 1)).length).toBe(2);
});

test('frames left over from the log before are not taken', () => {
  const old = buildWal(512, false, [...three, ...three]);
  const fresh = buildWal(512, false, three.slice(0, 1), 0xfedcba99);
  const reused = Buffer.concat([fresh, old.subarray(fresh.length)]);
  expect(frames(reused).length).toBe(1);
  const otherSalt = Buffer.from(old);
  otherSalt.writeUInt32BE(1, 32 + 3 * 536 + 8);
  expect(frames(otherSalt).length).toBe(3);
});

test('reads what SQLite itself wrote, and the valid prefix is what SQLite counts', () => {
  const folder = temporaryFolder('wal');
  try {
    const script = `
import sqlite3, shutil, sys
db = sqlite3.connect(sys.argv[1] + '/a.db', isolation_level=None)
db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA cache_size=5'); db.execute('PRAGMA wal_autocheckpoint=0')
db.execute('CREATE TABLE t(x)')
for i in range(20): db.execute('INSERT INTO t VALUES (randomblob(3000))')
db.execute('BEGIN')
for i in range(200): db.execute('INSERT INTO t VALUES (randomblob(3000))')
print(db.execute('PRAGMA page_count').fetchone()[0])
db.execute('ROLLBACK')
print(db.execute('PRAGMA wal_checkpoint(PASSIVE)').fetchone()[1])
shutil.copy(sys.argv[1] + '/a.db-wal', sys.argv[1] + '/copy')
`;
    const [, counted] = execFileSync('python3', ['-c', script, folder], { encoding: 'utf8' }).split('\n').map(Number);
    const found = frames(fs.readFileSync(path.join(folder, 'copy')));
    expect(found.findLastIndex((frame) => frame.commit > 0) + 1).toBe(counted);
    expect(found.length, 'spilled frames of the rolled-back transaction follow').toBeGreaterThan(counted ?? 0);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
