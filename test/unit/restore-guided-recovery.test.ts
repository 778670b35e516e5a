// The guided recovery as a pure function: no way that would still be behind, no loss that is understated.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupFileInfo, LogFileInfo } from '../../core/contract/backup.ts';
import type { Stamp, Vector } from '../../core/contract/common.ts';
import type { Peer } from '../../core/contract/restore.ts';
import { planRecovery, type RecoveryFacts } from '../../core/restore/guided-recovery.ts';
import { nextMove } from '../../core/restore/peers-waiting.ts';
import { formatStamp, nextStamp, parseStamp } from '../../core/vectors/stamp.ts';
import { verifyVectors } from '../../core/vectors/verify.ts';
import { backupInfo } from '../support/fake-agent.ts';

const SEED = 6034;

/** Commits of one origin at these gaps in ms. */
function historyOf(replica: number, gaps: readonly number[]): Stamp[] {
  let now = 1_000_000;
  let last: Stamp | null = null;
  return gaps.map((gap) => {
    now += gap;
    last = nextStamp(last, replica, now);
    return last;
  });
}

const printed = (stamp: Stamp) => parseStamp(formatStamp(stamp));
const gaps = fc.array(fc.nat({ max: 2500 }), { minLength: 1, maxLength: 12 });
const histories = fc
  .array(gaps, { minLength: 1, maxLength: 4 })
  .map((all) => all.map((one, i) => historyOf(i + 1, one)));

/** A site: histories, how much of each is restored, and what each peer holds, some of it read from print, some silent. */
const sites = histories.chain((all) => {
  const cut = fc.tuple(...all.map((one) => fc.nat({ max: one.length })));
  const peer = fc.record({ held: cut, print: fc.boolean(), silent: fc.boolean() });
  return fc.record({ all: fc.constant(all), restored: cut, peers: fc.array(peer, { maxLength: 4 }) });
});
const vectorOf = (all: Stamp[][], cut: readonly number[]): Vector => all.flatMap((one, i) => one[cut[i]! - 1] ?? []);

function backup(patch: Partial<BackupFileInfo>): BackupFileInfo {
  return { ...backupInfo({ name: 'S1', backups: [] }, 'Directory', 'full', '/b/0.bak', 0), ...patch };
}

describe('the loss', () => {
  it('is what the peers hold and the set does not, never less than claimed and exact where it says so', () => {
    fc.assert(
      fc.property(sites, ({ all, restored, peers }) => {
        const held = peers.map(({ held: cut, print, silent }, i): Peer => {
          const vector = vectorOf(all, cut);
          return { server: `P${i}`, replica: 'D', vector: silent ? null : print ? vector.map(printed) : vector };
        });
        const { loss, missing, ways } = planRecovery(facts({ restored: vectorOf(all, restored), peers: held }));
        const answered = peers.filter((peer) => !peer.silent);
        const truth = all.map((_, i) => Math.max(0, ...answered.map((peer) => peer.held[i]! - restored[i]!)));
        const lost = truth.reduce((sum, one) => sum + one, 0);
        expect(missing.map((range) => range.replica)).toEqual(truth.flatMap((one, i) => (one > 0 ? [i + 1] : [])));
        for (const range of missing) {
          const true1 = truth[range.replica - 1]!;
          if (range.exact) expect(range.commits).toBe(true1);
          else expect(range.commits).toBeLessThanOrEqual(true1);
          expect(range.commits).toBeGreaterThan(0);
          if (range.from) expect(range.seconds).toBe(range.to.sec - range.from.sec);
          else expect(range.seconds).toBeNull();
        }
        if (loss.exact) expect(loss.commits).toBe(lost);
        expect(loss.exact).toBe(loss.silent.length === 0 && missing.every((range) => range.exact));
        expect(loss.silent).toHaveLength(peers.filter((peer) => peer.silent).length);
        expect(ways.map((way) => way.kind)).toEqual(lost > 0 ? ['accept'] : []);
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});

const facts = (patch: Partial<RecoveryFacts>): RecoveryFacts => ({
  ...{ restored: [], restoredTo: null, baseIdtag: 'F', srvname: 'S1', used: [], peers: [], places: [], copies: [] },
  ...patch,
});

/** A chain with one origin: a full, incrementals, and logs of two commits each from the last of them on. */
function chainOf(history: Stamp[], incrementals: number, logsAfter: number) {
  const at = (count: number): Vector => (count > 0 ? [history[count - 1]!] : []);
  const backups = Array.from({ length: incrementals + 1 }, (_, i) =>
    backup({
      ...{
        file: `/b/${i}.bak`,
        idtag: i === 0 ? 'F' : `I${i}`,
        serial: `s${i}`,
        type: i === 0 ? 'full' : 'incremental',
      },
      ...{
        previousSerial: i === 0 ? null : `s${i - 1}`,
        sequence: i,
        baseIdtag: 'F',
        databaseSerial: 'db',
        logSerial: 'run',
      },
      ...{ vector: at(i), srvname: 'S1', currentLog: '00000001.log', consistentAt: i, instance: 'Directory' },
    }),
  );
  const logs = Array.from({ length: logsAfter }, (_, i): LogFileInfo => {
    const first = i * 2;
    const last = Math.min(first + 2, history.length);
    return {
      ...{ file: `/l/${i + 1}.log`, number: `0000000${i + 1}`, bytes: 100, serial: 'run', previousSerial: null },
      ...{ databaseSerial: 'db', floor: at(first), have: at(last), firstSeq: first + 1, lastSeq: last },
      ...{ from: first, to: last, closed: true, problem: null },
    };
  });
  return { backups, logs };
}

describe('the ways on', () => {
  it('never offer a restore that would still be behind, and find the complete set when the files are there', () => {
    const found = fc.record({
      history: fc.array(fc.nat({ max: 900 }), { minLength: 4, maxLength: 8 }).map((one) => historyOf(1, one)),
      incrementals: fc.nat({ max: 3 }),
      logs: fc.nat({ max: 3 }),
      lost: fc.array(fc.nat({ max: 6 }), { maxLength: 3 }),
      peer: fc.nat({ max: 8 }),
    });
    fc.assert(
      fc.property(found, ({ history, incrementals, logs: count, lost, peer }) => {
        const { backups, logs } = chainOf(history, incrementals, count);
        const there = [...backups, ...logs].filter((_, i) => !lost.includes(i));
        const peers = [{ server: 'P', replica: 'D', vector: vectorOf([history], [Math.min(peer, history.length)]) }];
        const isLog = (one: BackupFileInfo | LogFileInfo): one is LogFileInfo => 'firstSeq' in one;
        const split = Math.floor(there.length / 2);
        const places = [there.slice(0, split), there.slice(split)].map((part, i) => ({
          server: `A${i}`,
          backups: part.filter((one) => !isLog(one)) as BackupFileInfo[],
          logs: part.filter(isLog),
        }));
        const { ways } = planRecovery(facts({ peers, places }));
        for (const way of ways)
          if (way.kind !== 'accept') expect(verifyVectors(way.reaches, peers).status).not.toBe('behind');
        const all = lost.length === 0 && Math.max(incrementals, Math.min(count * 2, history.length)) >= peer;
        if (all && peer > 0) expect(ways[0]?.kind).toBe('complete');
        if (ways.length > 0) expect(ways.at(-1)?.kind).toBe('accept');
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  const history = historyOf(1, [0, 500, 500, 500, 500, 500]);
  const peers = [{ server: 'P', replica: 'D', vector: [history[3]!] }];

  it('rank the missing log before a backup of another server, that before its live copy, and the loss last', () => {
    const { backups, logs } = chainOf(history, 0, 3);
    const other = backup({
      ...{ file: '/o.bak', idtag: 'O', serial: 'o', type: 'full', baseIdtag: 'O', srvname: 'S2', databaseSerial: 'x' },
      ...{ vector: [history[4]!], currentLog: '00000001.log', consistentAt: 9, instance: 'Directory' },
    });
    const places = [
      { server: 'A', backups, logs: logs.slice(0, 1) },
      { server: 'B', backups: [other], logs: logs.slice(1) },
    ];
    const copies = [{ instanceId: 'S2/Directory', vector: [history[5]!] }];
    const planned = planRecovery(facts({ peers, places, copies, used: ['/b/0.bak', '/l/1.log'] }));
    expect(planned.ways.map((way) => way.id)).toEqual(['complete:s0', 'backup:o', 'copy:S2/Directory', 'accept']);
    expect(planned.ways[0]!.files.map((one) => [one.file, one.server, one.added])).toEqual([
      ['/b/0.bak', 'A', false],
      ['/l/1.log', 'A', false],
      ['/l/2.log', 'B', true],
      ['/l/3.log', 'B', true],
    ]);
  });

  it('use no log of another run, behind a hole, damaged, or torn while another follows', () => {
    const { backups, logs } = chainOf(history, 0, 3);
    const [one, two, three] = logs as [LogFileInfo, LogFileInfo, LogFileInfo];
    const kinds = (given: LogFileInfo[]) =>
      planRecovery(facts({ peers, places: [{ server: 'A', backups, logs: given }] })).ways.map((way) => way.kind);
    expect(kinds([one, two])).toEqual(['complete', 'accept']);
    expect(kinds([one, { ...two, serial: 'later run' }])).toEqual(['accept']);
    expect(kinds([one, { ...two, databaseSerial: 'other' }])).toEqual(['accept']);
    expect(kinds([one, three])).toEqual(['accept']);
    expect(kinds([{ ...one, closed: false }, two])).toEqual(['accept']);
    expect(kinds([one, { ...two, problem: { code: -6022, name: 'LOG_GAP', message: '', hint: '' } }])).toEqual([
      'accept',
    ]);
  });

  it('know silence from a lack', () => {
    const silent = [{ server: 'P', replica: 'D', vector: null }];
    expect(planRecovery(facts({ peers: silent }))).toMatchObject({ status: 'unreachable', ways: [] });
    expect(planRecovery(facts({ restored: [history[5]!], peers }))).toMatchObject({ status: 'none', ways: [] });
  });
});

describe('step 6 decides', () => {
  const state = { status: 'unreachable' as const, override: false, decision: null, waitedMs: 0, waitMs: 100 };
  it.each([
    [{ status: 'ok' as const }, 'pass'],
    [{ status: 'noPeers' as const, override: true }, 'pass'],
    [{}, 'wait'],
    [{ waitedMs: 100 }, 'fail'],
    [{ waitMs: 0 }, 'fail'],
    [{ override: true }, 'override'],
    [{ decision: 'leave' as const }, 'fail'],
    [{ decision: 'goOn' as const }, 'override'],
    [{ status: 'behind' as const, decision: 'goOn' as const }, 'fail'],
    [{ status: 'behind' as const }, 'fail'],
    [{ status: 'behind' as const, override: true }, 'override'],
  ])('%o: %s', (patch, move) => {
    expect(nextMove({ ...state, ...patch })).toBe(move);
  });
});
