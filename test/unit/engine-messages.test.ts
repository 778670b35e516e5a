// Verdict, attention, tray and the message board.
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCatalog } from '../../core/catalog/catalog.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { InstanceView, Message, ServerView } from '../../core/contract/site.ts';
import { unknownStatus } from '../../core/contract/unknown-status.ts';
import { attentionOf } from '../../core/messages/attention.ts';
import { createMessageBoard } from '../../core/messages/board.ts';
import { trayOf } from '../../core/messages/tray.ts';
import { ageText, verdictOf } from '../../core/messages/verdict.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fixtureGroup, fixtureMember } from '../support/fixture-snapshot.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const now = 1_000_000_000;
const head = { idtag: 'A', at: now - 5_000, file: '/b/a.bak' };
function status(patch: Partial<InstanceStatus> = {}): InstanceStatus {
  const base = unknownStatus('Directory', '/d.db', '/');
  const logging = { ...base.logging, on: true };
  return { ...base, journal: 'wal', logging, lastFull: head, restorableTo: now - 12_000, ...patch };
}
function view(patch: Partial<InstanceStatus> = {}, more: Partial<InstanceView> = {}): InstanceView {
  const one = status(patch);
  const verdict = verdictOf(one, true, now);
  return {
    id: 'S/Directory',
    server: 'S',
    status: one,
    reachable: true,
    groupId: null,
    ...verdict,
    backupFolder: '/b',
    ...more,
  };
}
const server = (state: ServerView['state']): ServerView => ({
  name: 'S',
  root: '/s',
  state,
  version: null,
  sqliteVersion: null,
  pid: null,
  endpoint: null,
  freeBytes: null,
  lastContact: null,
  lab: false,
});

describe('verdict', () => {
  const say = (patch: Partial<InstanceStatus>, reachable = true) => verdictOf(status(patch), reachable, now);

  it('says how far back the data would be', () => {
    expect(say({ lastCommitAt: now - 11_000 })).toEqual({ verdict: 'restorable to 12 s ago', verdictLevel: 'ok' });
    expect(say({ lastCommitAt: now - 12_000 }).verdict).toBe('restorable to the last commit, 12 s ago');
    expect(say({ lastCommitAt: now }).verdictLevel).toBe('warning');
  });

  it('says what keeps it from being protected', () => {
    expect(say({ lastFull: null })).toEqual({ verdict: 'not protected: no full backup yet', verdictLevel: 'critical' });
    expect(say({ fullRequired: true, fullRequiredReason: 'logging moved' }).verdict).toContain('logging moved');
    expect(say({ outOfSync: true })).toMatchObject({ verdictLevel: 'critical' });
    expect(say({}, false).verdict).toBe('agent does not answer; restorable to 12 s ago');
    const { logging } = status();
    expect(say({ logging: { ...logging, on: false } }).verdict).toBe('restorable to 12 s ago, without logging');
    expect(say({ logging: { ...logging, on: false }, restorableTo: now - 90_000_000 }).verdictLevel).toBe('warning');
  });

  it('speaks of a copy as a copy', () => {
    expect(say({ role: 'standby' }).verdict).toContain('never restored');
    const lastRestore = { idtag: 'A', at: now, dataTime: now - 60_000 };
    expect(say({ role: 'standby', lastRestore })).toEqual({ verdict: 'copy of 60 s ago', verdictLevel: 'ok' });
  });

  it('writes ages for people', () => {
    expect([-5, 119_000, 120_000, 7_200_000, 172_800_000].map(ageText)).toEqual([
      '0 s',
      '119 s',
      '2 min',
      '2 h',
      '2 days',
    ]);
  });
});

describe('attention', () => {
  const of = (patch: Partial<InstanceStatus>, more: Partial<InstanceView> = {}) =>
    attentionOf({ servers: [], instances: [view(patch, more)], groups: [] });

  it('is empty when all is well', () => {
    expect(of({})).toEqual([]);
  });

  it('offers the one button that deals with it, worst first', () => {
    const { logging } = status();
    const items = of({ lastFull: null, logging: { ...logging, on: false } });
    expect(items.map((item) => [item.level, item.action?.kind])).toEqual([
      ['critical', 'backup'],
      ['warning', 'setLogging'],
    ]);
    expect(of({ fullRequired: true, fullRequiredReason: 'restored' })[0]?.text).toBe(
      'Full backup required on S/Directory: restored',
    );
  });

  it('asks nothing of a copy, nor of a server that does not answer beyond that it does not', () => {
    expect(of({ role: 'standby', lastFull: null })).toEqual([]);
    const instances = [view({ lastFull: null }, { reachable: false })];
    expect(attentionOf({ servers: [server('offline')], instances, groups: [] }).map((item) => item.id)).toEqual([
      'server:S',
    ]);
    expect(attentionOf({ servers: [server('stopped')], instances, groups: [] })).toEqual([]);
  });

  it('lets the group take the backup that a member wants, and names an active database that is fenced', () => {
    const group = fixtureGroup(now, { members: [fixtureMember(1, now, { state: 'Fenced' }), fixtureMember(2, now)] });
    const instances = [view({ fullRequired: true }, { groupId: group.id })];
    const items = attentionOf({ servers: [], instances, groups: [group] });
    expect(items.map((item) => [item.level, item.action?.kind])).toEqual([
      ['critical', 'openGroup'],
      ['warning', 'groupFull'],
    ]);
    expect(items[0]?.text).toContain('SRV-1 is active but fenced');
    const off = { ...group, config: { ...group.config, enabled: false } };
    expect(attentionOf({ servers: [], instances, groups: [off] })[0]?.action?.kind).toBe('backup');
  });
});

describe('tray', () => {
  const message = (level: Message['level'], patch: Partial<Message> = {}): Message => ({
    id: level,
    at: 0,
    level,
    text: '',
    source: '',
    acknowledged: false,
    standing: false,
    ...patch,
  });

  it('counts what is unread or still holds, and shows the worst', () => {
    expect(trayOf([], [])).toEqual({ level: 'ok', critical: 0, warning: 0, info: 0 });
    expect(trayOf([message('info'), message('warning', { acknowledged: true })], [])).toMatchObject({
      level: 'info',
      warning: 0,
    });
    expect(trayOf([message('critical', { acknowledged: true, standing: true })], [])).toMatchObject({
      level: 'critical',
      critical: 1,
    });
    expect(trayOf([], [{ id: 'x', level: 'warning', text: '', action: null }]).level).toBe('warning');
  });
});

describe('message board', () => {
  function setUp(folder = temporaryFolder()) {
    const clock = new FakeClock();
    const catalog = createCatalog(folder, clock.now());
    onTestFinished(() => catalog.close());
    const seen = { changes: 0, errors: 0 };
    const board = createMessageBoard(
      catalog.messages,
      clock,
      () => void seen.changes++,
      () => void seen.errors++,
    );
    return { folder, clock, catalog, board, seen };
  }
  const offline = { level: 'critical', text: 'SRV-1 is gone', source: 'SRV-1', standing: true } as const;

  it('takes a standing condition once, however often it is raised, until it is cleared', () => {
    const { board, seen } = setUp();
    for (let n = 0; n < 5; n++) board.raise('offline:SRV-1', offline);
    expect(board.list()).toHaveLength(1);
    expect(seen.changes).toBe(1);
    board.clear('offline:SRV-1');
    board.clear('offline:SRV-1');
    expect(board.list()).toMatchObject([{ standing: false, acknowledged: true }]);
    board.raise('offline:SRV-1', offline);
    expect(board.list()).toMatchObject([{ standing: true, acknowledged: false }]);
  });

  it('is news again when the text changes, and survives a restart in order', () => {
    const { board, folder, clock } = setUp();
    board.raise('a', offline);
    board.acknowledge(board.list()[0]?.id ?? '');
    clock.advance(1000);
    board.raise('b', { ...offline, text: 'b' });
    clock.advance(1000);
    board.raise('a', { ...offline, text: 'SRV-1 is still gone' });
    expect(board.list().map((one) => [one.text, one.acknowledged])).toEqual([
      ['SRV-1 is still gone', false],
      ['b', false],
    ]);
    expect(setUp(folder).board.list()).toEqual(board.list());
  });

  it('drops the oldest that no longer hold, never one that does', () => {
    const { board } = setUp();
    board.raise('kept', offline);
    for (let n = 0; n < 250; n++) board.raise(`event ${n}`, { ...offline, standing: false, text: `${n}` });
    expect(board.list()).toHaveLength(200);
    expect(board.list().at(-1)?.text).toBe('SRV-1 is gone');
  });

  it('shows a message that cannot be written down', () => {
    const { board, catalog, seen } = setUp();
    catalog.close();
    board.raise('x', offline);
    expect(board.list()).toHaveLength(1);
    expect(seen.errors).toBe(1);
    expect(() => board.acknowledge('nobody')).toThrowError(expect.objectContaining({ name: 'NOT_FOUND' }));
  });
});
