// Stamps, vectors and the restore verification, with the table of the field's own documentation.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Stamp, Vector } from '../../core/contract/common.ts';
import {
  compareStamps,
  formatHeaderStamp,
  formatStamp,
  nextStamp,
  parseStamp,
  stampTime,
} from '../../core/vectors/stamp.ts';
import { advance, covers, formatVector, mergeVectors, stampOf } from '../../core/vectors/vector.ts';
import { verifyVectors } from '../../core/vectors/verify.ts';

const table = `
s3D35F377 r02 e002   s3D35F3C4 r02 e002
s3D35F370 r01 e001   s3D35F370 r01 e001
s3D35F363 r03 e001   s3D35F363 r03 e001
s3D35F31E r04 e004   s3D35F372 r04 e002
s3D35F2EE r05 e001   s3D35F2EE r05 e001
s3D35F365 r06 e003   s3D35F365 r06 e003`
  .trim()
  .split('\n')
  .map((line) => line.split(/ {3}/));
const local = table.map((row) => parseStamp(row[0]!));
const remote = table.map((row) => parseStamp(row[1]!));
const chip = (vector: Vector | null) => ({ server: '\\T=LONE_RANGER\\O=novell\\CN=CHIP', replica: 'r', vector });

const stamps = fc.record({
  replica: fc.integer({ min: 1, max: 9999 }),
  sec: fc.integer({ min: 0, max: 0xffffffff }),
  event: fc.integer({ min: 0, max: 99999 }),
  seq: fc.constant(0),
});
const vectors = fc.uniqueArray(stamps, { selector: (s) => s.replica, maxLength: 8 });

describe('stamps', () => {
  it('are written and read in both forms', () => {
    const stamp = { replica: 2, sec: 0x3d35f377, event: 2, seq: 0 };
    expect(formatStamp(stamp)).toBe('s3D35F377 r02 e002');
    expect(parseStamp('s3D35F377 r02 e002')).toEqual(stamp);
    expect(parseStamp('s3D611D95_r1_e2')).toEqual({ replica: 1, sec: 0x3d611d95, event: 2, seq: 0 });
    expect(formatHeaderStamp(stamp)).toBe('s3D35F377_r2_e2');
    expect(new Date(stampTime(stamp)).toISOString()).toBe('2002-07-17T22:45:11.000Z');
  });

  it('survive a round trip, whatever they hold', () => {
    fc.assert(
      fc.property(stamps, (stamp) => {
        expect(parseStamp(formatStamp(stamp))).toEqual(stamp);
        expect(parseStamp(formatHeaderStamp(stamp))).toEqual(stamp);
      }),
      { seed: 3 },
    );
  });

  it('refuse what is not one', () => {
    for (const text of ['', 's3D35F377', 'sXYZ r01 e001', 's3D35F377 r00 e001', 's3D35F377_r1 e2', 's123456789 r1 e1'])
      expect(() => parseStamp(text), text).toThrow(expect.objectContaining({ name: 'INVALID_INPUT' }));
  });

  it('only ever grow, even when the clock goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 2 }), (clock) => {
        let previous: Stamp | null = null;
        for (const now of clock) {
          const next: Stamp = nextStamp(previous, 7, now);
          if (previous) {
            expect(compareStamps(next, previous)).toBeGreaterThan(0);
            expect(next.seq).toBe(previous.seq + 1);
          }
          previous = next;
        }
      }),
      { seed: 3 },
    );
  });
});

describe('vectors', () => {
  it('merge to the later of each and cover what went in', () => {
    fc.assert(
      fc.property(vectors, vectors, (a, b) => {
        const merged = mergeVectors(a, b);
        expect(covers(merged, a)).toBe(true);
        expect(covers(merged, b)).toBe(true);
        expect(merged.map((s) => s.replica)).toEqual(
          [...new Set([...a, ...b].map((s) => s.replica))].sort((x, y) => x - y),
        );
        expect(mergeVectors(b, a)).toEqual(merged);
        for (const stamp of merged)
          expect([stampOf(a, stamp.replica), stampOf(b, stamp.replica)]).toContainEqual(stamp);
      }),
      { seed: 3 },
    );
  });

  it('never go back', () => {
    const vector = advance([], { replica: 1, sec: 10, event: 2, seq: 5 });
    expect(advance(vector, { replica: 1, sec: 9, event: 9, seq: 4 })).toEqual(vector);
    expect(advance(vector, { replica: 1, sec: 10, event: 3, seq: 6 })).toEqual([
      { replica: 1, sec: 10, event: 3, seq: 6 },
    ]);
    expect(covers(vector, [{ replica: 2, sec: 1, event: 1, seq: 1 }])).toBe(false);
    expect(formatVector(advance(vector, { replica: 3, sec: 0x3d35f363, event: 1, seq: 1 }))).toBe(
      's0000000A r01 e002\ns3D35F363 r03 e001',
    );
  });
});

describe('verification', () => {
  it('finds r02 and r04 behind in the documented table', () => {
    const result = verifyVectors(local, [chip(remote)]);
    expect(result).toMatchObject({ status: 'behind', code: -6034 });
    const rows = result.servers[0]!.rows;
    expect(rows.filter((row) => row.status === 'behind').map((row) => [row.replica, row.behindSec])).toEqual([
      [2, 77],
      [4, 84],
    ]);
    expect(rows.filter((row) => row.status === 'equal').map((row) => row.replica)).toEqual([1, 3, 5, 6]);
  });

  it('accepts a local vector that is ahead or equal', () => {
    expect(verifyVectors(remote, [chip(local)])).toMatchObject({ status: 'ok', code: 0 });
    expect(verifyVectors(local, [chip(local)]).servers[0]!.status).toBe('ok');
    expect(verifyVectors(local, [chip([])]).servers[0]!.rows.every((row) => row.status === 'ahead')).toBe(true);
  });

  it('compares events within the same second and counts the commits in between', () => {
    const here = [{ replica: 1, sec: 100, event: 2, seq: 40 }];
    const there = [{ replica: 1, sec: 100, event: 5, seq: 43 }];
    expect(verifyVectors(here, [chip(there)]).servers[0]!.rows[0]).toMatchObject({
      status: 'behind',
      behindSec: 0,
      behindCommits: 3,
    });
  });

  it('counts a replica that is not here at all as behind', () => {
    const there = [{ replica: 9, sec: 160, event: 1, seq: 12 }];
    const here = [{ replica: 1, sec: 100, event: 1, seq: 1 }];
    expect(verifyVectors(here, [chip(there)]).servers[0]!.rows[1]).toMatchObject({
      local: null,
      status: 'behind',
      behindSec: 60,
      behindCommits: 12,
    });
  });

  it('keeps unreachable apart from behind, and behind outranks it', () => {
    expect(verifyVectors(local, [chip(local), chip(null)])).toMatchObject({ status: 'unreachable', code: -7034 });
    expect(verifyVectors(local, [chip(null), chip(remote)])).toMatchObject({ status: 'behind', code: -6034 });
    expect(verifyVectors(local, [])).toEqual({ status: 'noPeers', code: 0, servers: [] });
  });
});
