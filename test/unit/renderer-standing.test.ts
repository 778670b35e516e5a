// The sign of a database: green only when it does its work and is protected as it was asked to be.
import { describe, expect, it, test } from 'vitest';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { InstanceView } from '../../core/contract/site.ts';
import { groupStanding, memberLed, serves, standingOf } from '../../renderer/app/standing.ts';
import { fixtureGroup, fixtureInstance, fixtureMember, fixtureStatus } from '../support/fixture-snapshot.ts';

const now = Date.UTC(2026, 10, 20, 8, 15, 4);
const row = fixtureInstance('SRV-1', now);
const having = (change: Partial<InstanceStatus>, more: Partial<InstanceView> = {}): InstanceView => ({
  ...row,
  ...more,
  status: fixtureStatus(now, change),
});
const restored = { idtag: '6920F3B7', at: now - 60_000, dataTime: now - 62_000 };
const copy: Partial<InstanceStatus> = {
  role: 'standby',
  writable: false,
  lastFull: null,
  lastRestore: restored,
  logging: { ...row.status.logging, on: false },
};

describe('a primary', () => {
  it('is green when it serves, logs and has a full backup', () => {
    expect(standingOf(row)).toMatchObject({ led: 'on', level: 'ok', word: 'online' });
    expect(standingOf(having({ state: 'BackingUp' }))).toMatchObject({ led: 'on', word: 'backing up' });
  });

  const { logging } = row.status;
  test.each<[string, InstanceView, string, RegExp]>([
    ['fenced', having({ state: 'Fenced', writable: false }), 'warning', /^fenced, accepts no writes/],
    ['not writable', having({ writable: false }), 'warning', /^fenced/],
    ['without logging', having({ logging: { ...logging, on: false } }), 'warning', /logging is off/],
    [
      'wanting a full backup',
      having({ fullRequired: true }, { verdictLevel: 'warning', verdict: 'full backup required: x' }),
      'warning',
      /full backup required/,
    ],
    [
      'without any backup',
      having({}, { verdictLevel: 'critical', verdict: 'not protected' }),
      'error',
      /not protected/,
    ],
    ['out of sync', having({ state: 'OutOfSync', outOfSync: true }), 'error', /^out of sync/],
    ['in error', having({ state: 'Error' }), 'error', /^error/],
    ['being restored', having({ state: 'Restoring' }), 'warning', /^restoring/],
    ['with a set that waits', having({ hasRst: true }), 'warning', /a restored set waits/],
    ['that does not answer', { ...row, reachable: false }, 'gone', /^unreachable/],
  ])('%s is never green', (_, instance, led, text) => {
    const standing = standingOf(instance);
    expect(standing.led).toBe(led);
    expect(standing.level).not.toBe('ok');
    expect(standing.text).toMatch(text);
  });
});

describe('a copy', () => {
  it('is a ring when it can take over', () => {
    expect(standingOf(having(copy), fixtureMember(2, now))).toMatchObject({ led: 'standby', level: 'ok' });
  });

  test.each<[string, Partial<InstanceStatus>, Parameters<typeof fixtureMember>[2], string]>([
    ['was never restored', { lastRestore: null }, {}, 'warning'],
    ['its group says so', {}, { state: 'NeverRestored', stateText: 'Has received no backup yet.' }, 'warning'],
    ['is out of sync', { outOfSync: true, outOfSyncReason: 'diverged' }, {}, 'error'],
    ['is out of sync for its group', {}, { state: 'OutOfSync', stateText: 'diverged' }, 'error'],
    ['failed to restore', {}, { state: 'Error', stateText: 'no space' }, 'error'],
  ])('says that it cannot take over: %s', (_, change, member, led) => {
    const standing = standingOf(having({ ...copy, ...change }), fixtureMember(2, now, member));
    expect(standing.led).toBe(led);
    expect(standing.text).toMatch(/^copy that cannot take over/);
  });
});

describe('the list of a group', () => {
  it('shows by the LED who is active, whoever is master, and who cannot do its work', () => {
    expect(memberLed(fixtureMember(2, now, { active: true, state: 'Online' }))).toEqual({
      state: 'on',
      label: 'Active',
    });
    expect(memberLed(fixtureMember(1, now, { active: false, state: 'Offline' })).state).toBe('gone');
    expect(memberLed(fixtureMember(2, now))).toEqual({ state: 'standby', label: 'Not active, can take over' });
    expect(memberLed(fixtureMember(2, now, { state: 'OutOfSync' })).state).toBe('error');
    expect(memberLed(fixtureMember(2, now, { state: 'NeverRestored' })).state).toBe('warning');
    // The first restore of a copy is under way: no ring before there is something to take over with.
    expect(memberLed(fixtureMember(2, now, { state: 'Restoring', dataTime: null })).state).toBe('off');
    expect(memberLed(fixtureMember(2, now, { state: 'Restoring' })).state).toBe('standby');
    const fenced = fixtureMember(1, now, { state: 'Fenced' });
    expect(memberLed(fenced)).toEqual({ state: 'warning', label: 'Active, fenced' });
    expect(serves(fenced)).toBe(false);
    expect(serves(fixtureMember(1, now))).toBe(true);
  });

  it('calls a group fine only when the active one serves and every copy can take over', () => {
    const of = (...more: Parameters<typeof fixtureMember>[2][]) =>
      groupStanding(fixtureGroup(now, { members: more.map((each, at) => fixtureMember(at + 1, now, each)) })).led;
    expect(of({}, {}, {})).toBe('on');
    expect(of({}, { state: 'NeverRestored' }, {})).toBe('warning');
    expect(of({}, { state: 'Restoring', dataTime: null }, {})).toBe('warning');
    expect(of({}, { state: 'Restoring' }, {})).toBe('on');
    expect(of({ state: 'Fenced' }, {}, {})).toBe('error');
    expect(groupStanding(fixtureGroup(now, { state: 'Disabled' })).led).toBe('off');
    expect(groupStanding(fixtureGroup(now, { blocked: { since: now, reason: 'x' } })).led).toBe('error');
  });
});
