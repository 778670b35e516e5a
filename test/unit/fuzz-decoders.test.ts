// The parsers of the WAL, of roll-forward logs and of backup files against made-up damage, with checksums put right where that lets the
// damage get deeper: nothing but the catalogue's errors, no wrong record or page, no endless loop, no buffer beyond the file's size.
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerLength } from '../../core/backup/header.ts';
import { openBackup } from '../../core/backup/reader.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { inspectLogFolder } from '../../core/rollforward/log-reader.ts';
import { openLogWriter } from '../../core/rollforward/log-writer.ts';
import { replay } from '../../core/rollforward/replay.ts';
import { parseWalHeader, validFrames, WAL_HEADER_BYTES, walChecksum } from '../../core/sqlite/wal.ts';
import { memoryFiles } from '../support/fuzz-memory-files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makePage, writeFull } from './backup-support.ts';

const runs = Number(process.env.HOLDFAST_RUNS ?? 0) || 400;
const seed = Number(process.env.HOLDFAST_SEED ?? 1);
const settings = { numRuns: runs, seed };
const LIMIT_MS = 30_000;

/** What happened to the bytes of a file. Places are shares of its length, so that they fit every file. */
type Damage =
  | { kind: 'set'; at: number; to: number }
  | { kind: 'word'; at: number; to: number }
  | { kind: 'cut'; at: number }
  | { kind: 'repeat' | 'drop' | 'swap'; at: number; length: number };

const place = fc.double({ min: 0, max: 1, noNaN: true });
const word = fc.oneof(
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: place, to: fc.nat(255) }),
  fc.record({ kind: fc.constant('word' as const), at: place, to: word }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({
    kind: fc.constantFrom('repeat' as const, 'drop' as const, 'swap' as const),
    at: place,
    length: fc.nat(3000),
  }),
);

function damaged(bytes: Buffer, list: Damage[], starts: number[] = [0]): Buffer {
  let result = Buffer.from(bytes);
  for (const one of list) {
    if (result.length < 16) break;
    // Half of the places are within 160 bytes of where a structure begins: a random one would nearly always be in a page.
    const scaled = Math.floor(one.at * 2 * (result.length - 8)) % (result.length - 8);
    const near = starts[Math.floor(one.at * 997) % starts.length]! + (Math.floor(one.at * 1e6) % 160);
    const at = Math.floor(one.at * 1e4) % 2 === 0 ? Math.min(near, result.length - 8) : scaled;
    if (one.kind === 'set') result[at] = one.to;
    else if (one.kind === 'word') result.writeUInt32LE(one.to, at);
    else if (one.kind === 'cut') result = result.subarray(0, at);
    else {
      const piece = Buffer.from(result.subarray(at, at + one.length));
      const [before, after] = [result.subarray(0, at), result.subarray(at + piece.length)];
      if (one.kind === 'repeat') result = Buffer.concat([before, piece, piece, after]);
      else if (one.kind === 'drop') result = Buffer.concat([before, after]);
      else result = Buffer.concat([before, piece.reverse(), after]);
    }
  }
  return result;
}

/** Runs the decoder; null when it ended in an error of the catalogue. Any other exception, and slowness, fails the test. */
async function decoded<T>(work: () => T | Promise<T>): Promise<T | null> {
  const began = performance.now();
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.name === 'INTERNAL') throw error;
    return null;
  } finally {
    expect(performance.now() - began).toBeLessThan(LIMIT_MS);
  }
}

test('the WAL parser', async () => {
  const pageSize = 512;
  const header = Buffer.alloc(WAL_HEADER_BYTES);
  for (const [i, value] of [0x377f0682, 3007000, pageSize, 1, 77, 88].entries()) header.writeUInt32BE(value, i * 4);
  let sum = walChecksum(header.subarray(0, 24), { checksum1: 0, checksum2: 0 }, false);
  header.writeUInt32BE(sum.checksum1, 24);
  header.writeUInt32BE(sum.checksum2, 28);
  const frames = Array.from({ length: 9 }, (_, i) => {
    const frame = Buffer.alloc(24 + pageSize, i + 1);
    for (const [at, value] of [i + 1, i % 3 === 2 ? 9 : 0, 77, 88].entries()) frame.writeUInt32BE(value, at * 4);
    sum = walChecksum(Buffer.concat([frame.subarray(0, 8), frame.subarray(24)]), sum, false);
    frame.writeUInt32BE(sum.checksum1, 16);
    frame.writeUInt32BE(sum.checksum2, 20);
    return frame;
  });
  const whole = Buffer.concat([header, ...frames]);
  const starts = [0, ...frames.map((_, i) => 32 + i * 536)];
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { maxLength: 4 }), fc.nat(7), async (list, shift) => {
      const bytes = damaged(whole, list, starts);
      // Also where the bytes do not lie on a word's border.
      const moved = Buffer.alloc(bytes.length + shift).subarray(shift);
      bytes.copy(moved);
      const found = parseWalHeader(moved);
      const valid = found ? [...validFrames(moved.subarray(WAL_HEADER_BYTES), found, found)] : [];
      const same = starts.slice(1).findIndex((at, i) => !bytes.subarray(at, at + 536).equals(frames[i]!));
      const intact = bytes.subarray(0, 32).equals(header) ? (same < 0 ? 9 : same) : 0;
      expect(valid.length).toBe(intact);
      for (const [i, frame] of valid.entries()) expect(frame.data.equals(frames[i]!.subarray(24))).toBe(true);
    }),
    settings,
  );
});

test('the log decoder', async () => {
  const folder = temporaryFolder('fuzz-logs');
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
  const starts = [0];
  for (let n = 1; n <= 8; n++) {
    starts.push(writer.currentBytes());
    const numbers = Uint32Array.from({ length: n }, (_, i) => i + n);
    writer.append({ at: n, kind: 'commit', pageCount: 50, numbers, data: Buffer.alloc(n * 512, n) });
    if (n === 5) {
      writer.roll();
      starts.length = 1;
    }
  }
  writer.close();
  const names = ['00000001.log', '00000002.log'].map((name) => path.join(folder, name));
  const good = names.map((name) => fs.readFileSync(name)) as [Buffer, Buffer];
  const range = { folder, databaseSerial: 'db', firstLog: '00000001.log', after: [], until: null };
  const read = (files: Files) => [...replay(range, files)].map(({ record }) => record);
  const originals = read(systemFiles);
  expect(originals.length).toBe(8);
  const firstRecord = (bytes: Buffer) => bytes.readUInt32LE(12);

  await fc.assert(
    fc.asyncProperty(
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (list, last, repair) => {
        const index = last ? 1 : 0;
        const bytes = damaged(good[index]!, list, last ? starts : [0, firstRecord(good[0]), 1200, 3000]);
        if (repair && bytes.length > 700) {
          // The header's checksum and that of the first record's head are right again: what they say has to be judged by itself.
          const json = Math.min(bytes.readUInt32LE(16), bytes.length - 24);
          bytes.writeUInt32LE(crc32(bytes.subarray(24, 24 + json)), 20);
          const at = Math.min(firstRecord(good[index]!), bytes.length - 128);
          bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 124)), at + 124);
        }
        const { files, largest } = memoryFiles(
          new Map([
            [names[index]!, bytes],
            [names[1 - index]!, good[1 - index]!],
          ]),
        );
        const records = await decoded(() => read(files));
        expect(inspectLogFolder(folder, files).length).toBe(2);
        // A search for life after damage reads four MiB at a time, never more than the file has.
        expect(largest()).toBeLessThan(bytes.length + 4 * 1024 * 1024 + 4096);
        if (repair || !records) return;
        // Without a repaired checksum: a prefix of what was written, byte for byte.
        for (const [i, record] of records.entries()) expect(record).toEqual(originals[i]);
        expect(records.length).toBeGreaterThanOrEqual(last ? 5 : 8);
      },
    ),
    settings,
  );
});

test.each(['none', 'zstd'] as const)('the backup decoder, compression %s', async (compression) => {
  const folder = temporaryFolder('fuzz-backup');
  const file = path.join(folder, 'x.bak');
  await writeFull(file, { pages: 60, perBatch: 13 }, { options: { compression, partBytes: 60_000 } });
  const names = fs
    .readdirSync(folder)
    .sort()
    .map((name) => path.join(folder, name));
  const good = names.map((name) => fs.readFileSync(name));
  const preamble = headerLength(good[0]!);

  await fc.assert(
    fc.asyncProperty(
      fc.array(damage, { minLength: 1, maxLength: 3 }),
      fc.nat(9),
      fc.boolean(),
      async (list, which, repair) => {
        const index = which % names.length;
        const starts = [0, 900, preamble, preamble + 16384, preamble + 16384 + 64, good[index]!.length - 300];
        const bytes = damaged(good[index]!, list, starts);
        if (repair && bytes.length > preamble + 16384 + 64) {
          bytes.writeUInt32LE(0, preamble + 20);
          const length = Math.min(bytes.readUInt32LE(preamble + 12), bytes.length - preamble);
          bytes.writeUInt32LE(crc32(bytes.subarray(preamble, preamble + length)), preamble + 20);
          const block = preamble + 16384;
          bytes.writeUInt32LE(crc32(bytes.subarray(block, block + 60)), block + 60);
        }
        const content = new Map(names.map((name, i) => [name, i === index ? bytes : good[i]!]));
        const { files, largest } = memoryFiles(content);
        const pages = await decoded(async () => {
          const backup = openBackup(file, files);
          const found: number[] = [];
          for await (const { numbers, data } of backup.batches(new AbortController().signal))
            numbers.forEach((number, i) => {
              expect(data.subarray(i * 4096, (i + 1) * 4096).equals(makePage(number, 4096))).toBe(true);
              found.push(number);
            });
          return found;
        });
        // The preamble may claim 16 MiB.
        expect(largest()).toBeLessThanOrEqual(16 * 1024 * 1024 + bytes.length);
        if (pages) expect(new Set(pages).size).toBe(60);
      },
    ),
    { ...settings, numRuns: Math.ceil(runs / 2) },
  );
});
