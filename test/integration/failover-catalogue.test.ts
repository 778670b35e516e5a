// A group comes back after the engine's catalog is lost: from what its members keep, and only when the administrator has confirmed it.
import { describe, expect, test } from 'vitest';
import type { GroupRecord } from '../../core/contract/group-records.ts';
import { FailoverLab } from '../support/failover-lab.ts';

const made = async (change = {}, names?: string[]) => {
  const lab = new FailoverLab(names);
  await lab.group(change);
  await lab.rounds(1);
  return lab;
};

/** The engine ends, its catalog is gone, and a new one starts. */
const lose = async (lab: FailoverLab) => {
  lab.loseCatalogue();
  lab.boot();
  await lab.rounds(2);
};

const recordOf = (lab: FailoverLab, server: string): GroupRecord => {
  const [text] = lab.server(server).records.values();
  if (!text) throw new Error(`${server} keeps nothing`);
  return JSON.parse(text) as GroupRecord;
};

const review = (lab: FailoverLab) => {
  const found = lab.view().review;
  if (!found) throw new Error('the group is not under review');
  return found;
};

const idOf = (lab: FailoverLab, server: string) => lab.row(server).id;
const confirm = (lab: FailoverLab, server: string, settingsOf: string | null = null) =>
  lab.do({ kind: 'confirm', activeId: idOf(lab, server), settingsOf }, 'Main');

const orders = [
  'setRole',
  'fence',
  'backup',
  'receive',
  'applyToStandby',
  'restore',
  'lease',
  'attachStandby',
  'release',
];
const ordered = (lab: FailoverLab) =>
  [...lab.servers.values()].flatMap(({ name, calls }) =>
    calls.filter((call) => orders.includes(call)).map((call) => `${name}: ${call}`),
  );

describe('what members keep', () => {
  test('follows the settings and the role, on every member', async () => {
    const lab = await made();
    const before = recordOf(lab, 'SRV-2');
    expect(before).toMatchObject({ name: 'Main', memberId: 'srv-2', active: false, term: 1 });
    expect(before.config).toEqual(lab.view().config);
    await lab.do({ kind: 'switch', memberId: 'srv-2' });
    await lab.rounds(2);
    for (const server of ['SRV-1', 'SRV-2', 'SRV-3']) {
      expect(recordOf(lab, server)).toMatchObject({ activeId: 'srv-2', active: server === 'SRV-2' });
      expect(recordOf(lab, server).version).toBe(recordOf(lab, 'SRV-1').version);
    }
    expect(recordOf(lab, 'SRV-1').version).toBeGreaterThan(before.version);
    await lab.service.apply(lab.groupId, { ...lab.view().config, autoReconnect: true });
    await lab.settle();
    expect(recordOf(lab, 'SRV-3').config.autoReconnect).toBe(true);
  });

  test('is forgotten by a row that was removed, and by all when the group is', async () => {
    const lab = await made();
    const config = lab.view().config;
    await lab.service.apply(lab.groupId, { ...config, members: config.members.slice(0, 2) });
    await lab.rounds(1);
    expect(lab.server('SRV-3').records.size).toBe(0);
    lab.server('SRV-2').reachable = false;
    await lab.rounds(3);
    await lab.service.remove(lab.groupId);
    expect(lab.server('SRV-1').records.size).toBe(0);
    lab.server('SRV-2').reachable = true;
    lab.boot();
    await lab.rounds(2);
    expect(lab.service.views()).toEqual([]);
    expect(lab.server('SRV-2').records.size).toBe(0);
  });
});

describe('a lost catalog', () => {
  test('the group is shown and does nothing at all until it is confirmed', async () => {
    const lab = await made({ autoReconnect: true });
    await lose(lab);
    expect(lab.view()).toMatchObject({ id: lab.groupId, name: 'Main', state: 'AwaitingDecision', nextFull: null });
    expect(lab.messages.get(`${lab.groupId}:review`)).toMatchObject({ level: 'critical', standing: true });
    expect(review(lab)).toMatchObject({ conflicts: [], settingsOf: [], proposedId: idOf(lab, 'SRV-1') });
    for (const server of lab.servers.values()) server.calls.length = 0;
    lab.server('SRV-1').write();
    lab.server('SRV-1').kill();
    lab.clock.advance(24 * 3_600_000);
    await lab.rounds(30);
    expect(ordered(lab)).toEqual([]);
    expect(lab.writers).toEqual(['SRV-1']);
    await expect(lab.service.backupNow(lab.groupId, 'full')).rejects.toMatchObject({ name: 'GROUP_UNCONFIRMED' });
    await expect(lab.service.apply(lab.groupId, lab.view().config)).rejects.toMatchObject({
      name: 'GROUP_UNCONFIRMED',
    });
    const plan = await lab.service.plan(lab.groupId, { kind: 'switch', memberId: 'srv-2' });
    expect(plan.refusal).toContain('not confirmed');
    // Nor does it after the engine's next start.
    lab.boot();
    await lab.rounds(3);
    expect(review(lab).why).toContain('files of its members');
    expect(ordered(lab)).toEqual([]);
  });

  test('confirming it goes on with the same list, under a higher term, with a full backup to every copy', async () => {
    const lab = await made();
    const before = lab.view();
    const term = lab.server('SRV-1').database().term;
    await lose(lab);
    const plan = await lab.service.plan(lab.groupId, {
      kind: 'confirm',
      activeId: before.members[0]!.id,
      settingsOf: null,
    });
    expect(plan).toMatchObject({ class: 'confirm', refusal: null, warnings: [] });
    expect(plan.checks.map((check) => check.status)).toEqual(['ok', 'ok', 'ok']);
    lab.server('SRV-1').write();
    await lab.do({ kind: 'confirm', activeId: before.members[0]!.id, settingsOf: null });
    expect(lab.row('SRV-2').state).toBe('OutOfSync');
    await lab.rounds(3);
    expect(lab.view()).toMatchObject({ state: 'Normal', config: before.config });
    expect(lab.view().review).toBeUndefined();
    expect(lab.messages.has(`${lab.groupId}:review`)).toBe(false);
    expect(lab.view().members.map((row) => row.replica)).toEqual([1, 2, 3]);
    expect(lab.server('SRV-1').database().term).toBeGreaterThan(term);
    expect(lab.writers).toEqual(['SRV-1']);
    for (const name of ['SRV-2', 'SRV-3']) expect(lab.row(name)).toMatchObject({ state: 'InSync', behindCommits: 0 });
    expect(lab.kinds()).toContain('confirmed');
    // And it lives: a failover, and another loss.
    lab.server('SRV-1').kill();
    await lab.rounds(4);
    expect(lab.active).toBe('SRV-2');
    await lab.rounds(2);
    await lose(lab);
    expect(recordOf(lab, 'SRV-2').active).toBe(true);
    expect(review(lab).proposedId).toBe('srv-2');
  });

  test('a group that had failed over stays on its backup database, and does not reconnect by itself', async () => {
    const lab = await made({ autoReconnect: true });
    lab.server('SRV-1').kill();
    await lab.rounds(4);
    expect(lab.active).toBe('SRV-2');
    lab.server('SRV-2').write();
    await lab.rounds(3);
    const listed = lab.view().contingencies.length;
    expect(listed).toBeGreaterThan(0);
    await lose(lab);
    lab.server('SRV-1').start();
    await lab.rounds(2);
    expect(review(lab)).toMatchObject({ proposedId: 'srv-2', conflicts: [] });
    await confirm(lab, 'SRV-2');
    await lab.rounds(20);
    expect(lab.active).toBe('SRV-2');
    expect(lab.writers).toEqual(['SRV-2']);
    expect(lab.view().state).toBe('AwaitingDecision');
    // What was kept is listed again, and can be restored once the group is back on its master.
    expect(lab.view().contingencies.length).toBeGreaterThanOrEqual(listed);
    await lab.do({ kind: 'reconnect' });
    await lab.rounds(2);
    expect(lab.writers).toEqual(['SRV-1']);
  });

  test('the newest settings count, and an older file is only shown', async () => {
    const lab = await made();
    lab.server('SRV-3').reachable = false;
    await lab.service.apply(lab.groupId, { ...lab.view().config, misses: 7 });
    await lab.rounds(2);
    lab.server('SRV-3').reachable = true;
    lab.server('SRV-2').reachable = false;
    lab.server('SRV-1').reachable = false;
    await lose(lab);
    // Only the old one answers.
    expect(lab.view().config.misses).not.toBe(7);
    expect(review(lab).conflicts.map(({ kind }) => kind)).toEqual(['silent']);
    lab.server('SRV-2').reachable = true;
    lab.server('SRV-1').reachable = true;
    await lab.rounds(2);
    expect(lab.view().config.misses).toBe(7);
    expect(review(lab).conflicts).toEqual([]);
    expect(review(lab).rows.map((row) => row.record?.newest)).toEqual([true, true, false]);
    await confirm(lab, 'SRV-1');
    await lab.rounds(2);
    expect(recordOf(lab, 'SRV-3').config.misses).toBe(7);
  });

  test('two histories that know nothing of each other must be told apart by the administrator', async () => {
    const lab = await made();
    lab.server('SRV-3').reachable = false;
    await lab.rounds(2);
    const undo = lab.copyOfCatalogue();
    await lab.service.apply(lab.groupId, { ...lab.view().config, misses: 7 });
    await lab.rounds(1);
    // The catalog is set back, and only SRV-3 answers to the engine on it, which goes on from there.
    undo();
    lab.boot();
    for (const [name, up] of [
      ['SRV-1', false],
      ['SRV-2', false],
      ['SRV-3', true],
    ] as const)
      lab.server(name).reachable = up;
    await lab.rounds(2);
    await lab.service.apply(lab.groupId, { ...lab.view().config, misses: 9 });
    await lab.rounds(1);
    expect(recordOf(lab, 'SRV-3').config.misses).toBe(9);
    for (const server of lab.servers.values()) server.reachable = true;
    await lose(lab);
    expect(review(lab).conflicts.map(({ kind }) => kind)).toEqual(['settings']);
    expect(review(lab).settingsOf).toEqual(['SRV-1', 'SRV-3']);
    const activeId = idOf(lab, 'SRV-1');
    const open = await lab.service.plan(lab.groupId, { kind: 'confirm', activeId, settingsOf: null });
    expect(open.refusal).toContain('whose settings');
    const chosen = await lab.service.plan(lab.groupId, { kind: 'confirm', activeId, settingsOf: 'SRV-3' });
    expect(chosen).toMatchObject({ class: 'typed', typedName: 'Main', refusal: null });
    await confirm(lab, 'SRV-1', 'SRV-3');
    await lab.rounds(2);
    for (const server of ['SRV-1', 'SRV-2', 'SRV-3']) expect(recordOf(lab, server).config.misses).toBe(9);
    expect(lab.view().review).toBeUndefined();
  });

  test('two databases that accept writes are never left so: the other one is fenced before the group goes on', async () => {
    const lab = await made();
    await lose(lab);
    // What no engine of this group would do.
    const stray = lab.server('SRV-2').database();
    Object.assign(stray, { role: 'primary', durableFence: false, term: 41 });
    lab.server('SRV-2').write();
    await lab.rounds(2);
    expect(review(lab)).toMatchObject({ proposedId: null });
    expect(review(lab).conflicts.map(({ kind }) => kind)).toEqual(['twoActive']);
    const standby = await lab.service.plan(lab.groupId, { kind: 'confirm', activeId: 'srv-3', settingsOf: null });
    expect(standby.refusal).toContain('accepts writes now');
    const plan = await lab.service.plan(lab.groupId, {
      kind: 'confirm',
      activeId: idOf(lab, 'SRV-1'),
      settingsOf: null,
    });
    expect(plan).toMatchObject({ class: 'typed', refusal: null });
    expect(plan.warnings.join(' ')).toContain('SRV-2 will be fenced');
    // One that does not let go keeps the group from going on.
    stray.holders = [{ pid: 7, name: 'program' }];
    const { jobId } = await lab.service.execute(plan.token, 'Main');
    await lab.settle();
    for (let at = 0; at < 100; at++) {
      lab.clock.advance(100);
      await lab.settle();
    }
    expect(await lab.jobs.wait(jobId)).toMatchObject({ status: 'failed', error: { name: 'WRITER_NOT_STOPPED' } });
    expect(lab.view().review).toBeDefined();
    stray.holders = [];
    await confirm(lab, 'SRV-1');
    expect(lab.writers).toEqual(['SRV-1']);
    const left = new Set(stray.content);
    await lab.rounds(3);
    expect(lab.row('SRV-2').state).toBe('InSync');
    for (const commit of left) expect(lab.everything().has(commit)).toBe(true);
    expect(lab.server('SRV-1').database().term).toBeGreaterThan(41);
  });

  test('a member that does not answer is left on the administrator’s word, and fenced when it is back, whatever term it has', async () => {
    const lab = await made();
    lab.server('SRV-2').reachable = false;
    await lose(lab);
    expect(review(lab).conflicts.map(({ kind }) => kind)).toEqual(['silent']);
    await expect(lab.do({ kind: 'confirm', activeId: idOf(lab, 'SRV-1'), settingsOf: null })).rejects.toMatchObject({
      name: 'CONFIRMATION_REQUIRED',
    });
    await confirm(lab, 'SRV-1');
    await lab.rounds(2);
    expect(lab.entry('confirmed').atRisk).toContain('SRV-2');
    // It had been active all the time, for longer than anybody knew.
    const stray = lab.server('SRV-2').database();
    Object.assign(stray, { role: 'primary', durableFence: false, term: 9000 });
    lab.server('SRV-2').write();
    lab.server('SRV-2').reachable = true;
    await lab.rounds(4);
    expect(lab.writers).toEqual(['SRV-1']);
    expect(lab.said_('SRV-2 accepted writes although SRV-1 is active')).toBe(true);
    await lab.rounds(3);
    // Its term is above every other one that was used, and none of them is used twice.
    await lab.do({ kind: 'switch', memberId: 'srv-3' });
    expect(lab.server('SRV-3').database().term).toBeGreaterThan(9000);
  });

  test('a copy is opened only by a typed confirmation, when nobody accepts writes', async () => {
    const lab = await made();
    lab.server('SRV-1').kill();
    await lose(lab);
    expect(review(lab).proposedId).toBeNull();
    const plan = await lab.service.plan(lab.groupId, { kind: 'confirm', activeId: 'srv-2', settingsOf: null });
    expect(plan).toMatchObject({ class: 'typed', refusal: null });
    await confirm(lab, 'SRV-2');
    // Its agent has ended, so that its file could be fenced.
    expect(lab.writers).toEqual([]);
    await lab.rounds(2);
    expect(lab.writers).toEqual(['SRV-2']);
    lab.server('SRV-1').start();
    await lab.rounds(3);
    expect(lab.writers).toEqual(['SRV-2']);
  });

  test('a group that is not wanted any more is removed, and its databases stay as they are', async () => {
    const lab = await made();
    await lose(lab);
    for (const server of lab.servers.values()) server.calls.length = 0;
    await lab.service.remove(lab.groupId);
    expect(lab.service.views()).toEqual([]);
    expect(ordered(lab)).toEqual([]);
    lab.boot();
    await lab.rounds(2);
    expect(lab.service.views()).toEqual([]);
    expect([...lab.servers.values()].map((server) => server.databases.size)).toEqual([1, 1, 1]);
  });

  test('a file that cannot be read is named', async () => {
    const lab = await made();
    lab.server('SRV-2').records.clear();
    lab.server('SRV-2').damagedRecords = ['/lab/SRV-2/groups/x.json'];
    await lose(lab);
    expect(review(lab).conflicts).toEqual([{ kind: 'damaged', text: '/lab/SRV-2/groups/x.json cannot be read' }]);
  });
});

describe('a catalog that is older than the files', () => {
  test('puts the group under review before anything is done, and no second database opens', async () => {
    const lab = await made();
    const undo = lab.copyOfCatalogue();
    await lab.do({ kind: 'switch', memberId: 'srv-2' });
    await lab.rounds(2);
    expect(lab.writers).toEqual(['SRV-2']);
    undo();
    for (const server of lab.servers.values()) server.calls.length = 0;
    lab.boot();
    lab.probe();
    await lab.service.recover();
    await lab.rounds(10);
    expect(ordered(lab)).toEqual([]);
    expect(lab.writers).toEqual(['SRV-2']);
    expect(review(lab).why).toContain('older than the files');
    expect(review(lab).proposedId).toBe('srv-2');
    await confirm(lab, 'SRV-2');
    await lab.rounds(2);
    expect(lab.writers).toEqual(['SRV-2']);
    expect(lab.active).toBe('SRV-2');
  });

  test('a member that knew more and answers only later stops the group', async () => {
    const lab = await made();
    const undo = lab.copyOfCatalogue();
    await lab.do({ kind: 'switch', memberId: 'srv-2' });
    await lab.rounds(2);
    lab.server('SRV-2').reachable = false;
    lab.server('SRV-3').reachable = false;
    lab.server('SRV-1').records.clear();
    undo();
    lab.boot();
    await lab.rounds(2);
    lab.server('SRV-2').reachable = true;
    await lab.rounds(3);
    expect(lab.view().review).toBeDefined();
  });

  test('nothing is decided before the file of a member that answers has been read', async () => {
    const lab = await made();
    const undo = lab.copyOfCatalogue();
    await lab.service.apply(lab.groupId, {
      ...lab.view().config,
      full: { kind: 'off' },
      differential: { kind: 'off' },
    });
    await lab.rounds(1);
    undo();
    for (const name of ['SRV-1', 'SRV-3']) lab.server(name).records.clear();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    lab.server('SRV-2').gate = (procedure) => (procedure === 'groupRecords' ? held : undefined);
    for (const server of lab.servers.values()) server.calls.length = 0;
    lab.boot();
    // By the older settings a cycle is long due.
    lab.clock.advance(3 * 3_600_000);
    await lab.rounds(3);
    expect(ordered(lab)).toEqual([]);
    release();
    await lab.rounds(2);
    expect(lab.view().review).toBeDefined();
    expect(ordered(lab)).toEqual([]);
  });

  test('a term that it never gave out is noticed, even where no file tells of it', async () => {
    const lab = await made();
    const undo = lab.copyOfCatalogue();
    for (const server of lab.servers.values())
      server.gate = (procedure) => (procedure === 'keepGroupRecord' ? new Promise<void>(() => {}) : undefined);
    await lab.do({ kind: 'switch', memberId: 'srv-2' });
    lab.server('SRV-2').write();
    undo();
    for (const server of lab.servers.values()) {
      server.gate = () => {};
      server.calls.length = 0;
    }
    lab.boot();
    await lab.rounds(5);
    expect(recordOf(lab, 'SRV-2').activeId).toBe(idOf(lab, 'SRV-1'));
    expect(review(lab).why).toContain('never gave out');
    expect(review(lab)).toMatchObject({ proposedId: 'srv-2', conflicts: [{ kind: 'activeDiffers' }] });
    expect(ordered(lab)).toEqual([]);
    await confirm(lab, 'SRV-2');
    await lab.rounds(2);
    expect(lab.writers).toEqual(['SRV-2']);
  });
});
