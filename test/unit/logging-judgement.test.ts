// What logging decides without touching anything: which logs may go, when their volume is full, who holds the WAL.
import { describe, expect, it, test } from 'vitest';
import { countForeign, describePins, trackPins } from '../../core/agent/wal-pins.ts';
import type { BackendFile } from '../../core/contract/backend.ts';
import type { BackupFileInfo } from '../../core/contract/backup.ts';
import type { KeptBackup } from '../../core/contract/logging.ts';
import { forecastSpace, type GrowthSample, withSample } from '../../core/rollforward/forecast.ts';
import { judgeLogs, keptBackup, type LogFile, type LogNeeds } from '../../core/rollforward/housekeeping.ts';
import { mappingOf, parseReadMarks } from '../../core/sqlite/read-marks.ts';
import type { WalObservation } from '../../core/sqlite/types.ts';
import { walHolds } from '../../core/sqlite/wal-holds.ts';

const MB = 1024 * 1024;
const HOUR = 3_600_000;

describe('which logs may go', () => {
  const log = (number: number, serial: string | null = 'run-2'): LogFile => ({
    number,
    serial,
    bytes: 1,
    createdAt: 1,
  });
  const full = (idtag: string, currentLog: string, logSerial: string | null | undefined = 'run-2'): KeptBackup => ({
    idtag,
    type: 'full',
    currentLog,
    logSerial,
  });
  const needs: LogNeeds = {
    current: '0000000b.log',
    kept: [full('B', '0000000a.log')],
    unreadable: null,
    newestFull: 'B',
    fullRequired: null,
  };
  const logs = [8, 9, 10, 11].map((number) => log(number));
  const cases: [string, Partial<LogNeeds>, LogFile[], string[]][] = [
    ['those before the newest full, counted in hexadecimal', {}, logs, ['00000008.log', '00000009.log']],
    [
      'never the current one',
      { kept: [full('B', '0000000f.log')] },
      logs,
      ['00000008.log', '00000009.log', '0000000a.log'],
    ],
    [
      'none that an older full that is kept needs',
      { kept: [full('A', '00000009.log'), full('B', '0000000a.log')] },
      logs,
      ['00000008.log'],
    ],
    [
      'none after the full although an incremental is newer: between the two a point in time is reached by logs',
      { kept: [full('B', '00000009.log'), { ...full('C', '0000000b.log'), type: 'incremental' }] },
      logs,
      ['00000008.log'],
    ],
    ['none without a full', { newestFull: null, kept: [] }, logs, []],
    ['none while a full is required', { fullRequired: 'The roll-forward logs were moved' }, logs, []],
    ['none when the newest full is not where it was written', { kept: [full('A', '0000000a.log')] }, logs, []],
    ['none when a folder of backups cannot be read', { unreadable: '/bak' }, logs, []],
    [
      'those of a run that no kept backup belongs to',
      {},
      [log(1, 'run-1'), log(2, 'run-1'), ...logs],
      ['00000001.log', '00000002.log', '00000008.log', '00000009.log'],
    ],
    [
      'not those of an earlier run whose full is kept',
      { kept: [full('A', '00000002.log', 'run-1'), full('B', '0000000a.log')] },
      [log(1, 'run-1'), log(2, 'run-1'), ...logs],
      ['00000001.log', '00000008.log', '00000009.log'],
    ],
    [
      'a backup made while logging was off needs none',
      { kept: [full('A', '00000001.log', null), full('B', '0000000a.log')] },
      logs,
      ['00000008.log', '00000009.log'],
    ],
    [
      'a backup whose header does not name its run may need any',
      { kept: [full('A', '00000009.log', undefined), full('B', '0000000a.log')] },
      logs,
      ['00000008.log'],
    ],
    [
      'a log whose header cannot be read is needed like those around it',
      {},
      [log(8, null), log(10, null), log(11)],
      ['00000008.log'],
    ],
  ];
  it.each(cases)('%s', (_, patch, files, expected) => {
    const rows = judgeLogs(files, { ...needs, ...patch });
    expect(rows.filter(({ standing }) => standing === 'safe').map((row) => row.log)).toEqual(expected);
    expect(rows.filter(({ standing }) => standing !== 'safe').every(({ reason }) => reason)).toBe(true);
    expect(rows.filter(({ standing }) => standing === 'current')).toHaveLength(1);
  });
  it('takes what a backup of several files needs from the part of the file', () => {
    const part = (id: string, currentLog: string) => ({ id, currentLog }) as unknown as BackendFile;
    const info = {
      idtag: 'A',
      type: 'full',
      currentLog: '00000003.log',
      logSerial: 'run-1',
      backends: [part('main', '00000003.log'), part('more', '00000007.log')],
    } as unknown as BackupFileInfo;
    const what = { idtag: 'A', type: 'full' };
    expect(keptBackup(info, null)).toEqual({ ...what, currentLog: '00000003.log', logSerial: 'run-1' });
    expect(keptBackup(info, 'more')).toEqual({ ...what, currentLog: '00000007.log', logSerial: undefined });
    expect(keptBackup({ ...info, logSerial: null }, 'more')).toMatchObject({ logSerial: null });
    expect(keptBackup(info, 'gone')).toEqual({ ...what, currentLog: '00000003.log', logSerial: undefined });
  });
  it('says who needs a log', () => {
    const rows = judgeLogs(logs, { ...needs, kept: [full('A', '00000009.log'), full('B', '0000000a.log')] });
    expect(rows.map(({ reason }) => reason)).toEqual([
      null,
      'Needed by full backup A.',
      'Needed by full backup A and 1 more.',
      'It is being written.',
    ]);
  });
});

describe('when the volume of the logs is full', () => {
  const grown = (spanMs: number, bytes: number): GrowthSample[] => [
    { at: 1_000, bytes: 0 },
    { at: 1_000 + spanMs, bytes },
  ];
  it('says nothing before a minute was measured', () => {
    expect(forecastSpace(grown(59_000, 500 * MB), 1000 * MB)).toEqual({
      growthPerHour: null,
      fullInMs: null,
      level: 'ok',
    });
  });
  it.each([
    ['red within the hour', 600_000, 100 * MB, 500 * MB, 3_000_000, 'critical'],
    ['yellow within the day', HOUR, 100 * MB, 2000 * MB, 20 * HOUR, 'warning'],
    ['all well beyond it', HOUR, 100 * MB, 2500 * MB, 25 * HOUR, 'ok'],
    ['red when next to nothing is left, however slowly it grows', HOUR, 0, 60 * MB, null, 'critical'],
    ['nothing to say without growth', HOUR, 0, 2500 * MB, null, 'ok'],
    ['a burst of a minute says nothing about tomorrow', 60_000, 100 * MB, 30_000 * MB, null, 'ok'],
  ] as const)('%s', (_, span, bytes, free, fullInMs, level) => {
    expect(forecastSpace(grown(span, bytes), free)).toMatchObject({ fullInMs, level });
  });
  it('takes other thresholds', () => {
    const limits = { warningMs: 2, criticalMs: 1, criticalBytes: 0, minimumSpanMs: 1, reach: 10 };
    expect(forecastSpace(grown(10, 10), 1.5, limits)).toMatchObject({ fullInMs: 2, level: 'ok' });
    expect(forecastSpace(grown(10, 10), 0.4, limits)).toMatchObject({ fullInMs: 0, level: 'critical' });
  });
  it('keeps six hours of samples a quarter of a minute apart, the newest always', () => {
    let samples: GrowthSample[] = [];
    for (let at = 0; at <= 8 * HOUR; at += 5_000) samples = withSample(samples, { at, bytes: at });
    expect(samples[0]?.at).toBeGreaterThanOrEqual(2 * HOUR);
    expect(samples.at(-1)).toEqual({ at: 8 * HOUR, bytes: 8 * HOUR });
    expect(samples.length).toBeLessThan(1_500);
    expect(forecastSpace(samples, 1e9).growthPerHour).toBe(HOUR);
  });
  it('begins anew when the clock goes back or the count starts over', () => {
    const samples = grown(HOUR, 5);
    expect(withSample(samples, { at: 0, bytes: 9 })).toEqual([{ at: 0, bytes: 9 }]);
    expect(withSample(samples, { at: 2 * HOUR, bytes: 1 })).toEqual([{ at: 2 * HOUR, bytes: 1 }]);
  });
});

describe('who holds the WAL', () => {
  const lock = (pid: number, from: number, write = false, inode = 7) => ({
    pid,
    write,
    inode,
    device: '8:1',
    from,
    to: from,
  });
  const marks = { frames: 100, copiedBack: 20, marks: [0, 40, 100, 100, 100] };
  it('finds readers by their mark, writers by their lock, and nothing of other files', () => {
    const locks = [
      lock(1, 124),
      lock(1, 125),
      lock(2, 123),
      lock(3, 120, true),
      lock(4, 126, true),
      lock(5, 124, false, 8),
      lock(6, 128),
    ];
    expect(walHolds(locks, 7, marks)).toEqual([
      { pid: 1, kind: 'reader', frame: 40, heldFrames: 60 },
      { pid: 2, kind: 'reader', frame: 20, heldFrames: 80 },
      { pid: 3, kind: 'writer', frame: 100, heldFrames: 0 },
    ]);
    expect(walHolds([lock(1, 124)], 7, null)).toEqual([{ pid: 1, kind: 'reader', frame: null, heldFrames: null }]);
  });
  it('reads the marks only when both copies of the header agree', () => {
    const index = Buffer.alloc(136);
    for (const at of [16, 64]) index.writeUInt32LE(100, at);
    index.writeUInt32LE(20, 96);
    [0, 40, 0xffffffff, 100, 100].forEach((mark, slot) => {
      index.writeUInt32LE(mark, 100 + slot * 4);
    });
    expect(parseReadMarks(index)).toEqual(marks);
    index.writeUInt32LE(101, 64);
    expect(parseReadMarks(index)).toBeNull();
    expect(parseReadMarks(Buffer.alloc(100))).toBeNull();
  });
  it('finds its own mapping by inode', () => {
    const maps = `7f0000000000-7f0000008000 rw-s 00008000 fe:00 7                         /d/x.db-shm
7f1000000000-7f1000008000 rw-s 00000000 fe:00 7                         /d/x.db-shm
7f2000000000-7f2000008000 r--p 00000000 fe:00 7                         /d/x.db-shm`;
    expect(mappingOf(maps, 7)).toBe(0x7f1000000000);
    expect(mappingOf(maps, 8)).toBeNull();
  });

  const seen = (patch: Partial<WalObservation>): WalObservation => ({
    frames: 100,
    copiedBack: 20,
    frameBytes: 4096,
    ownCheckpoints: 3,
    copying: false,
    checkpointing: [],
    holds: [],
    ...patch,
  });
  const reader = (pid: number, frame: number, heldFrames: number) => ({
    pid,
    kind: 'reader' as const,
    frame,
    heldFrames,
  });
  it('follows a transaction, not a process', () => {
    let pins = trackPins([], seen({ holds: [reader(5, 40, 60)] }), 1, 1_000);
    pins = trackPins(pins, seen({ frames: 200, holds: [reader(5, 40, 160)] }), 1, 5_000);
    expect(pins).toMatchObject([{ pid: 5, since: 1_000, bytes: 160 * 4096 }]);
    pins = trackPins(pins, seen({ holds: [reader(5, 90, 10)] }), 1, 9_000);
    expect(pins).toMatchObject([{ since: 9_000 }]);
    expect(trackPins(pins, seen({}), 1, 10_000)).toEqual([]);
  });
  it('counts our own reader only while it serves a copy', () => {
    expect(trackPins([], seen({ holds: [reader(1, 40, 60)] }), 1, 0)).toEqual([]);
    expect(trackPins([], seen({ copying: true, holds: [reader(1, 40, 60)] }), 1, 0)).toMatchObject([{ kind: 'copy' }]);
  });
  it.each([
    ['a moment', 1_000, 0, []],
    ['a while, with little', 60_000, MB, ['info']],
    ['long, with some', 11 * 60_000, 5 * MB, ['warning']],
    ['not long, with much', 2_000, 65 * MB, ['warning']],
  ] as const)('a reader that holds for %s', (_, heldMs, bytes, levels) => {
    const pins = describePins([{ pid: 5, kind: 'reader', frame: 1, since: 0, bytes }], () => 'app', heldMs);
    expect(pins.map(({ level }) => level)).toEqual(levels);
  });
  it('warns of a write transaction that stays open, and never of a copy of our own', () => {
    const pins = describePins(
      [
        { pid: 5, kind: 'writer', frame: 1, since: 500, bytes: 0 },
        { pid: 1, kind: 'copy', frame: 1, since: 0, bytes: 900 * MB },
      ],
      (pid) => `p${pid}`,
      90_000,
    );
    expect(pins.map(({ program, level }) => [program, level])).toEqual([
      ['p1', 'info'],
      ['p5', 'warning'],
    ]);
  });
  test('a checkpoint that was not ours is counted', () => {
    const none = { count: 0, waited: 0, since: 0 };
    expect(countForeign(none, seen({}), seen({ copiedBack: 50 })).count).toBe(1);
    expect(countForeign(none, seen({}), seen({ copiedBack: 50, ownCheckpoints: 4 })).count).toBe(0);
    expect(countForeign(none, null, seen({ copiedBack: 50 })).count).toBe(0);
    expect(countForeign(none, seen({}), seen({})).count).toBe(0);
    const busy = seen({ checkpointing: [9] });
    expect(countForeign(none, seen({}), busy)).toMatchObject({ count: 1, waited: 1 });
    expect(countForeign(none, busy, busy).count).toBe(0);
  });
});
