// The words of the logging page: room and forecast, holds on the WAL, what may go.
import { expect, it } from 'vitest';
import type { LogSpace, LogStanding, WalPin } from '../../core/contract/logging.ts';
import { watchedText } from '../../renderer/features/databases/instance-text.ts';
import { changeOf, consequencesOf, draftOf } from '../../renderer/features/logging/logging-draft.ts';
import {
  bytesOf,
  countLogs,
  forecastText,
  pinWhat,
  safeLogs,
  spaceTone,
  usedShare,
} from '../../renderer/features/logging/logging-text.ts';
import { fixtureInstance, fixtureStatus } from '../support/fixture-snapshot.ts';

const MB = 1024 * 1024;
const space: LogSpace = {
  freeBytes: 25 * MB,
  totalBytes: 100 * MB,
  growthPerHour: 50 * MB,
  fullInMs: 30 * 60_000,
  level: 'critical',
  sharedWithDatabase: false,
};

it.each([
  [space, 'The logs grow by 50 MB an hour: full in about 30 min.'],
  [{ ...space, fullInMs: null, level: 'ok' as const }, 'The logs grow by 50 MB an hour; there is room for days.'],
  [{ ...space, growthPerHour: 0, fullInMs: null, level: 'ok' as const }, 'The logs do not grow at present.'],
  [
    { ...space, growthPerHour: null, fullInMs: null, level: 'ok' as const },
    'How fast the logs grow is known after a minute of logging.',
  ],
  [{ ...space, growthPerHour: null, fullInMs: null }, 'Only 25 MB are left.'],
])('says how long the room lasts: %#', (given, text) => {
  expect(forecastText(given)).toBe(text);
});

it('fills the gauge by what is used, in the colour of the level', () => {
  expect(usedShare(space)).toBe(0.75);
  expect(usedShare({ ...space, totalBytes: 0 })).toBe(0);
  expect([spaceTone(space), spaceTone({ ...space, level: 'ok' })]).toEqual(['critical', 'normal']);
});

it('counts what may go', () => {
  const row = (log: string, standing: LogStanding['standing']): LogStanding => ({
    log,
    bytes: MB,
    createdAt: 0,
    standing,
    reason: null,
  });
  const safe = safeLogs([row('00000001.log', 'safe'), row('00000002.log', 'needed'), row('00000003.log', 'current')]);
  expect([safe.map(({ log }) => log), bytesOf(safe), countLogs(1), countLogs(2)]).toEqual([
    ['00000001.log'],
    MB,
    '1 log',
    '2 logs',
  ]);
});

it('names what holds the WAL, and tells of it beside the database only when it is too much', () => {
  const pin: WalPin = { pid: 7, program: 'app', kind: 'reader', since: 0, bytes: MB, level: 'warning' };
  expect(['reader', 'writer', 'copy'].map((kind) => pinWhat({ ...pin, kind: kind as WalPin['kind'] }))).toEqual([
    'a read transaction is open',
    'a write transaction is open',
    'a backup is being read',
  ]);
  const hazard = { code: 'WAL_RESET_RACE', level: 'warning', message: 'm.', action: 'a' } as const;
  const told = (more: Parameters<typeof fixtureStatus>[1]) =>
    watchedText(fixtureInstance('SRV-1', 0, { status: fixtureStatus(0, more) }));
  expect(told({ walPins: [pin, { ...pin, pid: 8 }], hazards: [hazard] })).toBe(
    'app keeps the WAL from being released; 1 hazard',
  );
  expect(told({ walPins: [{ ...pin, level: 'info' }], hazards: [{ ...hazard, level: 'info' }] })).toBeNull();
});

it('warns of what turning itself off means', () => {
  const config = fixtureStatus(0).logging;
  const change = changeOf({ ...draftOf(config), stopWhenFull: true }, config);
  expect(change).toEqual({ stopWhenFull: true });
  expect(consequencesOf(change)[0]).toContain('a full backup is required');
});
