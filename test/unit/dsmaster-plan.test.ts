// The DSMASTER planner: coverage, overlap, replica types, the fewest servers, and the order after the loss of everything.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coverPartitions } from '../../core/advice/cover.ts';
import { planDsmaster } from '../../core/advice/dsmaster.ts';
import type { DsmasterServer, ReplicaType } from '../../core/contract/dsmaster.ts';

const server = (
  name: string,
  replicas: Record<string, ReplicaType>,
  more: Partial<DsmasterServer> = {},
): DsmasterServer => ({
  name,
  dsmaster: false,
  replicas: Object.entries(replicas).map(([partition, type]) => ({ partition, type })),
  ...more,
});
const plan = (servers: DsmasterServer[], partitions: string[] = [], now?: number) =>
  planDsmaster({ servers, partitions, ...(now === undefined ? {} : { now }) });
const texts = (result: ReturnType<typeof plan>) => result.warnings.map((warning) => warning.text);

describe('the DSMASTER planner', () => {
  it('is content with one server that holds the whole tree, writable', () => {
    const result = plan([
      server('CHIP', { TREE: 'MASTER', PART1: 'SECONDARY' }, { dsmaster: true }),
      server('DALE', { PART1: 'MASTER', TREE: 'READONLY' }),
    ]);
    expect(result).toMatchObject({ ready: true, verdict: 'CHIP holds the whole tree, each partition once' });
    expect(result.partitions.map((one) => one.status)).toEqual(['covered', 'covered']);
    expect(result.restoreOrder.map((one) => [one.server, one.how])).toEqual([
      ['CHIP', 'dsmaster'],
      ['DALE', 'recovery'],
    ]);
    expect(result.restoreOrder[0]!.steps.join()).toContain('Make its replicas of PART1, TREE the master replicas');
    expect(result.restoreOrder[1]!.steps.join()).toContain('-6034');
  });

  it('calls the same partition on two of them a planning error, though replication wants it', () => {
    const result = plan([
      server('CHIP', { TREE: 'MASTER', PART1: 'SECONDARY' }, { dsmaster: true }),
      server('DALE', { PART1: 'MASTER', PART2: 'MASTER' }, { dsmaster: true }),
    ]);
    expect(result.ready).toBe(false);
    expect(result.partitions.find((one) => one.name === 'PART1')).toMatchObject({ status: 'overlap' });
    expect(texts(result)[0]).toContain('PART1 is on CHIP and DALE');
    expect(result.proposal.changes).toEqual(['Take the replica of PART1 from CHIP: DALE keeps it']);
    expect(result.restoreOrder[1]!.steps.join()).toContain('Remove its replicas of PART1');
  });

  it('takes read-only, filtered and subordinate replicas for no coverage', () => {
    const result = plan(
      [
        server('CHIP', { A: 'READONLY', B: 'SPARSE_WRITE', C: 'SUBREF', D: 'MASTER' }, { dsmaster: true }),
        server('DALE', { A: 'MASTER', C: 'MASTER' }),
      ],
      ['E'],
    );
    expect(Object.fromEntries(result.partitions.map((one) => [one.name, one.status]))).toEqual({
      ...{ A: 'readOnly', B: 'readOnly', C: 'missing', D: 'covered', E: 'missing' },
    });
    expect(result.verdict).toBe(
      'CHIP does not hold each partition once and writable: 2 of 5 are missing, 2 cannot be written',
    );
    expect(texts(result)).toEqual(
      expect.arrayContaining([
        'No server holds a replica of E',
        'B has no replica that can be made the master: only SPARSE_WRITE',
        'The DSMASTER replica of A cannot be written: make it read/write',
        'No DSMASTER server holds C',
        'D has one replica only: the loss of CHIP is felt at once',
      ]),
    );
    expect(result.proposal).toMatchObject({ missing: ['B', 'E'], overlap: [] });
    expect(result.proposal.servers.map((one) => one.name).sort()).toEqual(['CHIP', 'DALE']);
  });

  it('warns of two masters, none, a missing and an old backup of a DSMASTER server', () => {
    const day = 86_400_000;
    const result = plan(
      [
        server('CHIP', { A: 'MASTER', B: 'SECONDARY' }, { dsmaster: true, lastFull: 0 }),
        server('DALE', { A: 'MASTER' }, { dsmaster: true, lastFull: null }),
        server('EMPTY', {}),
      ],
      [],
      9 * day,
    );
    expect(texts(result)).toEqual(
      expect.arrayContaining([
        'A has 2 master replicas: CHIP, DALE',
        'B has no master replica',
        'The full backup of CHIP is 9 days old',
        'DALE is a DSMASTER server without a full backup',
      ]),
    );
    expect(result.restoreOrder.at(-1)).toMatchObject({ server: 'EMPTY', how: 'fresh' });
    expect(result.backupOrder.map((one) => one.server)).toEqual(['CHIP', 'DALE', 'EMPTY']);
  });

  it('says what an empty site and one without a mark lack', () => {
    expect(plan([])).toMatchObject({ ready: false, verdict: 'There is no partition to plan for' });
    expect(plan([server('A', { T: 'MASTER' })]).verdict).toContain('No server is marked');
  });

  it('proposes as few servers as can be, that hold all that can be held (any table)', () => {
    const held = fc.subarray(['A', 'B', 'C', 'D', 'E']);
    fc.assert(
      fc.property(fc.array(held, { minLength: 1, maxLength: 7 }), (all) => {
        const servers = all.map((holds, n) => ({ name: `S${n}`, marked: n % 2 === 0, holds }));
        const wanted = [...new Set(all.flat())];
        const chosen = coverPartitions(servers, ['A', 'B', 'C', 'D', 'E']);
        expect(wanted.every((name) => chosen.some((one) => one.holds.includes(name)))).toBe(true);
        const covers = (bits: number) =>
          wanted.every((name) => servers.some((one, n) => bits & (1 << n) && one.holds.includes(name)));
        const sizes = Array.from({ length: 1 << servers.length }, (_, bits) => bits)
          .filter(covers)
          .map((bits) => servers.filter((_, n) => bits & (1 << n)).length);
        expect(chosen.length).toBe(wanted.length === 0 ? 0 : Math.min(...sizes));
      }),
      { numRuns: 300, seed: 11 },
    );
    const many = Array.from({ length: 60 }, (_, n) => ({
      name: `S${n}`,
      marked: false,
      holds: [`P${n}`, `P${n + 1}`],
    }));
    const names = Array.from({ length: 61 }, (_, n) => `P${n}`);
    const chosen = coverPartitions(many, names);
    expect(names.every((name) => chosen.some((one) => one.holds.includes(name)))).toBe(true);
    expect(chosen.length).toBeLessThan(45);
  });
});
