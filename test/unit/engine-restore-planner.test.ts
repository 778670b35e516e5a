// The planner: which way brings a database back, with what loss and how fast, over the week of the worked example and worse days.
import { describe, expect, it } from 'vitest';
import type { BackupFileInfo, CatalogView, LogFileInfo } from '../../core/contract/backup.ts';
import type { Vector } from '../../core/contract/common.ts';
import { type CopyState, type PlannerFacts, waysBack } from '../../core/engine/restore-planner.ts';
import { timelineOf } from '../../core/engine/timeline.ts';
import { commitsBetween, feeds } from '../../core/vectors/feed.ts';
import { marksOf, pointAt } from '../../renderer/features/chains/restore-points.ts';
import { draftAt, newDraft, toRequest } from '../../renderer/features/restore/restore-draft.ts';
import { lossText } from '../../renderer/features/restore/WaysPanel.tsx';
import { backupInfo } from '../support/fake-agent.ts';

/** Friday, 6 November 2026; further days count on. */
const at = (day: number, hour: number) => Date.UTC(2026, 10, 6 + day, hour);
const vector = (time: number, seq: number): Vector => [{ replica: 1, sec: Math.floor(time / 1000), event: 1, seq }];

function backup(day: number, seq: number, chain: { base: string; number: number } | null): BackupFileInfo {
  const time = at(day, 22);
  const idtag = Math.floor(time / 1000)
    .toString(16)
    .toUpperCase();
  const info = backupInfo(
    { backups: [], name: 'SRV-1' },
    'Directory',
    chain ? 'incremental' : 'full',
    `/b/${idtag}`,
    time,
  );
  return { ...info, idtag, bytes: 1_000_000, baseIdtag: chain?.base ?? idtag, vector: vector(time, seq) };
}

function log(from: number, to: number, floor: Vector, have: Vector): LogFileInfo {
  const names = {
    file: '/l/00000001.log',
    number: '00000001',
    serial: 'run',
    previousSerial: null,
    databaseSerial: 'd',
  };
  const seqs = { firstSeq: 1, lastSeq: 100, closed: false, problem: null };
  return { ...names, ...seqs, bytes: 2_000_000, from, to, floor, have };
}

const [FRIDAY, MONDAY, TUESDAY, WEDNESDAY] = [7, 10, 11, 12];
const full = backup(FRIDAY, 100, null);
const monday = backup(MONDAY, 110, { base: full.idtag, number: 1 });
const tuesday = backup(TUESDAY, 120, { base: full.idtag, number: 2 });
const last = vector(at(WEDNESDAY, 15), 128);
const week: CatalogView = {
  chains: [{ full, incrementals: [monday, tuesday], gaps: [] }],
  logs: [log(at(FRIDAY, 9), at(WEDNESDAY, 15), vector(at(FRIDAY, 8), 90), last)],
  unusable: [],
};
const facts = (more: Partial<PlannerFacts> = {}): PlannerFacts => ({
  catalog: week,
  status: null,
  current: { vector: last, lastCommitAt: at(WEDNESDAY, 15) },
  copies: [],
  proofs: [],
  restoreRate: null,
  failoverMs: [],
  ...more,
});
const copy = (memberId: string, more: Partial<CopyState> = {}): CopyState => ({
  ...{ memberId, server: `SRV-${memberId}`, instance: 'Directory' },
  ...{ vector: vector(at(WEDNESDAY, 14), 127), dataTime: at(WEDNESDAY, 14), problem: null },
  ...more,
});

describe('a crash on Wednesday afternoon', () => {
  it('leaves exactly two points: the last commit with the logs, Tuesday night without', () => {
    const { ways, newestAt } = waysBack(facts());
    expect(ways.map((way) => [way.id, way.reaches, way.lossCommits, way.problem])).toEqual([
      ['logs', at(WEDNESDAY, 15), 0, null],
      ['backup', at(TUESDAY, 22), 8, null],
    ]);
    expect(newestAt).toBe(at(WEDNESDAY, 15));
    expect(ways.map(lossText)).toEqual(['nothing', '8 commits, 17 h']);
    expect(lossText({ lossCommits: 10, lossMs: 0, lossHeldBy: [] })).toBe('10 commits');
    expect(lossText({ lossCommits: null, lossMs: null, lossHeldBy: [] })).toBe('not known');
  });

  it('is what the wizard asks for, and what the timeline offers', () => {
    const timeline = timelineOf(week, null);
    const marks = marksOf(timeline);
    expect([timeline.restorableFrom, timeline.restorableTo]).toEqual([at(FRIDAY, 22), at(WEDNESDAY, 15)]);
    expect(pointAt(timeline, marks, at(TUESDAY, 22))).toMatchObject({
      kind: 'backup',
      mark: { info: { idtag: tuesday.idtag } },
    });
    expect(pointAt(timeline, marks, at(WEDNESDAY, 15)).kind).toBe('log');
    expect(pointAt(timeline, marks, at(WEDNESDAY, 16)).kind).toBe('none');
    const whole = toRequest(newDraft('SRV-1/Directory'), marks);
    expect(whole).toMatchObject({ idtag: null, useLogs: true, until: null });
    const night = toRequest(draftAt('SRV-1/Directory', at(TUESDAY, 22), timeline, marks), marks);
    expect(night).toMatchObject({ idtag: tuesday.idtag, useLogs: false, until: null });
  });

  it('without the logs leaves Tuesday night alone', () => {
    const { ways } = waysBack(facts({ catalog: { ...week, logs: [] } }));
    expect(ways.map((way) => [way.id, way.reaches, way.lossCommits])).toEqual([['backup', at(TUESDAY, 22), 8]]);
  });

  it('puts the quicker way first where nothing more is lost, and the shorter loss before the quicker way', () => {
    const same = copy('2', { vector: last, dataTime: at(WEDNESDAY, 15) });
    const { ways } = waysBack(
      facts({ copies: [same, copy('3')], restoreRate: 1_000, failoverMs: [900, 2_000, 1_100] }),
    );
    expect(ways.map((way) => [way.id, way.lossCommits, way.estimatedMs])).toEqual([
      ['copy:2', 0, 1_100],
      ['logs', 0, 5_000],
      ['copy:3', 1, 1_100],
      ['backup', 8, 3_000],
    ]);
  });

  it('counts what a copy holds beyond the database, and puts what cannot be taken last', () => {
    const ahead = copy('2', { vector: vector(at(WEDNESDAY, 16), 130), dataTime: at(WEDNESDAY, 16) });
    const silent = copy('3', { problem: 'The agent of SRV-3 does not answer' });
    const { ways } = waysBack(facts({ copies: [silent, ahead] }));
    expect(ways.map((way) => [way.id, way.lossCommits])).toEqual([
      ['copy:2', 0],
      ['logs', 2],
      ['backup', 10],
      ['copy:3', 3],
    ]);
    expect(ways.map(lossText)).toEqual([
      'nothing',
      '2 commits that only SRV-2 has',
      '10 commits, 18 h',
      '3 commits, 2 h',
    ]);
  });

  it('prefers a way that was proven where all else is equal, and offers the part before a hole', () => {
    const proof = { instanceId: 'i', idtag: tuesday.idtag, reachedAt: at(TUESDAY, 23), provenAt: 1, stamp: null };
    const { ways } = waysBack(facts({ proofs: [{ ...proof, kind: 'drill', durationMs: 1, bytes: 1 }] }));
    expect(ways.map((way) => way.proof?.kind)).toEqual(['drill', 'drill']);
    const bare = { ...proof, reachedAt: at(TUESDAY, 22), kind: 'restore' as const, durationMs: 1, bytes: 1 };
    const half = waysBack(facts({ proofs: [bare] })).ways;
    expect(half.map((way) => [way.id, way.proof !== null])).toEqual([
      ['logs', false],
      ['backup', true],
    ]);
    const later = { ...(week.logs[0] as LogFileInfo), file: '/l/00000003.log', number: '00000003' };
    const hole = waysBack(facts({ catalog: { ...week, logs: [week.logs[0] as LogFileInfo, later] } })).ways;
    expect(hole.map((way) => [way.id, way.problem !== null])).toEqual([
      ['logs:gap', false],
      ['backup', false],
      ['logs', true],
    ]);
  });
});

describe('the feed test', () => {
  const stamp = (replica: number, seq: number) => ({ replica, sec: seq, event: 1, seq });
  it('asks for each origin whether what is lacking is still there', () => {
    const source = { floor: [stamp(1, 10), stamp(2, 5)], have: [stamp(1, 20), stamp(2, 5)] };
    expect(feeds(source, [stamp(1, 10), stamp(2, 5)])).toBe(true);
    expect(feeds(source, [stamp(1, 9), stamp(2, 5)])).toBe(false);
    expect(feeds(source, [stamp(1, 25)]), 'of origin 2 it holds nothing').toBe(false);
    expect(feeds({ floor: [], have: [stamp(3, 4)] }, [])).toBe(true);
  });

  it('counts commits, and does not where two histories went apart', () => {
    expect(commitsBetween([stamp(1, 10)], [stamp(1, 14), stamp(2, 3)])).toBe(7);
    expect(commitsBetween([stamp(1, 14)], [stamp(1, 10)])).toBe(0);
    expect(commitsBetween([{ ...stamp(1, 50), sec: 1 }], [{ ...stamp(1, 40), sec: 2 }])).toBeNull();
  });
});
