// The failover service over agents in memory: cycles, failover, both ways back, refusals, and what it tells.
import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { RestoreResult } from '../../core/contract/restore.ts';
import { FailoverLab } from '../support/failover-lab.ts';

const lab = async (change = {}, names?: string[]) => {
  const made = new FailoverLab(names);
  await made.group(change);
  return made;
};

describe('cycles', () => {
  test('turning failover on runs a full backup at once, which attaches and fills every copy', async () => {
    const one = await lab();
    expect(one.view().state).toBe('Normal');
    expect(one.attached.sort()).toEqual(['SRV-2/Directory', 'SRV-3/Directory']);
    for (const name of ['SRV-2', 'SRV-3']) {
      expect(one.server(name).database().content).toEqual(one.server('SRV-1').database().content);
      expect(one.row(name)).toMatchObject({ state: 'InSync', behindCommits: 0, active: false, master: false });
    }
    expect(one.view().members.map((row) => row.replica)).toEqual([1, 2, 3]);
    expect(one.row('SRV-1')).toMatchObject({ state: 'Online', master: true, active: true });
    expect(one.kinds()).toEqual(expect.arrayContaining(['enabled', 'fullBackup']));
  });

  test('a differential follows on its schedule and brings the copies forward', async () => {
    const one = await lab();
    one.server('SRV-1').write();
    one.clock.advance(15 * 60_000);
    await one.rounds(2);
    expect(one.row('SRV-2').behindCommits).toBe(0);
    expect(one.server('SRV-2').database().content.size).toBe(4);
    expect(one.view().lastDifferential).not.toBeNull();
  });

  test('a copy that was away gets the newest chain as soon as it is back', async () => {
    const one = await lab();
    one.server('SRV-3').reachable = false;
    await one.rounds(4);
    one.server('SRV-1').write();
    const first = await one.service.backupNow(one.groupId, 'incremental');
    await one.settle();
    const job = await one.jobs.wait(first.jobId);
    expect(job.status).toBe('succeededWithWarnings');
    expect(job.warnings[0]!.message).toContain('SRV-3');
    expect(one.server('SRV-2').database().content.size).toBe(4);
    expect(one.row('SRV-3').state).toBe('Offline');
    one.server('SRV-3').reachable = true;
    await one.rounds(2);
    expect(one.row('SRV-3').state).toBe('InSync');
    expect(one.server('SRV-3').database().content.size).toBe(4);
    const caughtUp = one.jobs.recent(5).filter((known) => known.title === 'Bring SRV-3 up to date');
    expect(caughtUp.map((known) => known.status)).toEqual(['succeeded']);
    one.server('SRV-1').write();
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(one.server('SRV-3').database().content.size).toBe(5);
    await one.rounds(1);
    expect(one.row('SRV-3').state).toBe('InSync');
  });

  test('a copy that answers but cannot take a backup is tried again less and less often', async () => {
    const one = await lab();
    one.server('SRV-3').unwritable.add('/lab/SRV-3/backups');
    one.server('SRV-1').write();
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    const tries = () => one.jobs.recent(100).filter((job) => job.title === 'Bring SRV-3 up to date').length;
    await one.rounds(5);
    expect(tries()).toBe(0);
    await one.rounds(600);
    expect(tries()).toBeGreaterThan(1);
    expect(tries()).toBeLessThan(5);
    one.server('SRV-3').unwritable.clear();
    for (let at = 0; at < 40; at++) await one.round(20_000);
    expect(one.row('SRV-3').state).toBe('InSync');
  });

  test('a copy that was away when a backup database became active takes its contingency chain', async () => {
    const one = await lab();
    one.server('SRV-3').reachable = false;
    await one.rounds(4);
    one.server('SRV-1').kill();
    await one.rounds(3);
    expect(one.active).toBe('SRV-2');
    one.server('SRV-2').write();
    one.clock.advance(15 * 60_000);
    await one.rounds(2);
    one.server('SRV-3').reachable = true;
    await one.rounds(3);
    expect(one.row('SRV-3').state).toBe('InSync');
    expect(one.server('SRV-3').database().content.has('2#1')).toBe(true);
  });

  test('a copy whose own chain does not fit is told so by its agent and gets the whole chain', async () => {
    const one = await lab();
    one.server('SRV-2').database().head = 'something-else';
    one.server('SRV-1').write();
    const job = await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(job.status).toBe('succeeded');
    expect(one.server('SRV-2').database().content.size).toBe(4);
  });

  test('a slow copy delays neither the others nor the next backup', async () => {
    const one = await lab();
    let release: () => void = () => {};
    one.server('SRV-2').gate = (procedure) =>
      procedure === 'receive' ? new Promise<void>((resolve) => (release = resolve)) : undefined;
    one.server('SRV-1').write();
    const first = (await one.service.backupNow(one.groupId, 'incremental')).jobId;
    await one.settle();
    expect(one.row('SRV-2')).toMatchObject({ state: 'Restoring', stateText: 'Receiving the backup.' });
    expect(one.server('SRV-3').database().content.size).toBe(4);
    one.clock.advance(1000);
    one.server('SRV-1').write();
    const second = await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(second.status).toBe('succeededWithWarnings');
    expect(one.server('SRV-3').database().content.size).toBe(5);
    one.server('SRV-2').gate = () => {};
    release();
    await one.jobs.wait(first);
    one.clock.advance(1000);
    one.server('SRV-1').write();
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(one.server('SRV-2').database().content.size).toBe(6);
  });

  test('a copy that says nothing for two minutes is given up', async () => {
    const one = await lab();
    one.server('SRV-2').gate = (procedure) => (procedure === 'receive' ? new Promise<void>(() => {}) : undefined);
    const id = (await one.service.backupNow(one.groupId, 'incremental')).jobId;
    await one.settle();
    expect(one.jobs.get(id)!.status).toBe('running');
    for (let at = 0; at < 13; at++) await one.round(10_000);
    expect(one.jobs.get(id)!.status).toBe('succeededWithWarnings');
    expect(one.row('SRV-2').stateText).toContain('reported nothing of the copy');
  });

  test('cancelling stops the backup, and no copy has changed', async () => {
    const one = await lab();
    one.server('SRV-1').gate = (procedure, _input, signal) =>
      procedure === 'backup:middle'
        ? new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
        : undefined;
    one.server('SRV-1').write();
    const { jobId } = await one.service.backupNow(one.groupId, 'incremental');
    await one.settle();
    await expect(one.service.backupNow(one.groupId, 'full')).rejects.toMatchObject({ name: 'BACKUP_ACTIVE' });
    one.jobs.cancel(jobId);
    const job = await one.jobs.wait(jobId);
    expect(job.status).toBe('canceled');
    expect(one.server('SRV-2').database().content.size).toBe(3);
    one.server('SRV-1').gate = () => {};
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(one.server('SRV-2').database().content.size).toBe(4);
  });

  test('a differential that the agent refuses for want of a full becomes a full', async () => {
    const one = await lab();
    one.server('SRV-1').database().fullRequired = true;
    one.server('SRV-1').write();
    const job = await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    expect(job.verdict).toContain('Full backup');
    expect(one.server('SRV-2').database().content.size).toBe(4);
  });

  test('an unwritable folder of the master fails the job and names the folder', async () => {
    const one = await lab();
    one.server('SRV-1').unwritable.add(one.view().config.members[0]!.folder);
    const job = await one.jobs.wait((await one.service.backupNow(one.groupId, 'full')).jobId);
    expect(job.status).toBe('failed');
    expect(job.error!.message).toContain('read-only file system');
  });
});

describe('old backups', () => {
  const here = (one: FailoverLab, folder: string) =>
    [...one.disk.keys()].filter((file: string) => file.startsWith(`${folder}/`) && !file.includes('Contingency'));

  test('two full backups and what stands on them stay in every folder, the older ones go', async () => {
    const one = await lab();
    const folder = one.view().config.members[0]!.folder;
    const cycle = async (type: 'full' | 'incremental') => {
      await one.round(60_000);
      one.server('SRV-1').write();
      return one.jobs.wait((await one.service.backupNow(one.groupId, type)).jobId);
    };
    await cycle('incremental');
    await cycle('full');
    await cycle('incremental');
    expect(here(one, folder)).toHaveLength(4);
    const job = await cycle('full');
    expect(job.status).toBe('succeeded');
    for (const place of [folder, '/lab/SRV-2/backups', '/lab/SRV-3/backups'])
      expect(here(one, place).map((file) => /(full|incremental)\.bak$/.exec(file)![1])).toEqual([
        'full',
        'incremental',
        'full',
      ]);
    const lines = one.jobs.lines(job.id).map((line) => line.text);
    expect(lines.join('\n')).toMatch(new RegExp(`SRV-1: 2 old backup files \\([\\d.]+ k?B\\) removed from ${folder}`));
  });

  test('what a copy that is away was restored from stays in every folder until it has something newer', async () => {
    const one = await lab();
    const folder = one.view().config.members[0]!.folder;
    const first = here(one, folder)[0]!;
    one.server('SRV-3').reachable = false;
    await one.rounds(4);
    for (let at = 0; at < 3; at++) {
      await one.round(60_000);
      await one.jobs.wait((await one.service.backupNow(one.groupId, 'full')).jobId);
    }
    expect(here(one, folder)).toContain(first);
    expect(here(one, folder)).toHaveLength(3);
    expect(here(one, '/lab/SRV-2/backups')).toHaveLength(3);
    one.server('SRV-3').reachable = true;
    await one.rounds(3);
    await one.round(60_000);
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'full')).jobId);
    expect(here(one, folder)).not.toContain(first);
  });

  test('a failure to remove is a warning of the cycle, not its end', async () => {
    const one = await lab();
    one.server('SRV-1').gate = (procedure) => {
      if (procedure === 'removeBackups') throw new HoldfastError('IO_ERROR', 'read-only file system');
    };
    let job = null;
    for (let at = 0; at < 2; at++) {
      await one.round(60_000);
      job = await one.jobs.wait((await one.service.backupNow(one.groupId, 'full')).jobId);
    }
    expect(job).toMatchObject({ status: 'succeededWithWarnings' });
    expect(job!.warnings[0]!.message).toContain('read-only file system');
    expect(one.view().state).toBe('Normal');
  });
});

describe('failover', () => {
  test('a server whose agent has ended is fenced by its file; the first copy takes over at once', async () => {
    const one = await lab();
    one.server('SRV-1').write();
    one.server('SRV-1').kill();
    await one.round();
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);
    expect(one.row('SRV-1')).toMatchObject({ master: true, active: false });
    expect(one.view().state).toBe('FailedOver');
    const entry = one.entry('failover');
    expect(entry).toMatchObject({ from: 'SRV-1', to: 'SRV-2' });
    expect(entry.durationMs).not.toBeNull();
    expect(entry.dataAgeMs).toBeGreaterThan(0);
    expect(entry.atRisk).toContain('SRV-1');
    expect(one.view().term).toBe(2);
    expect(one.said_('failed over from SRV-1 to SRV-2')).toBe(true);
  });

  test('what was last seen on the lost master is counted as at risk', async () => {
    const one = await lab();
    one.server('SRV-1').write();
    one.server('SRV-1').write();
    await one.round();
    one.server('SRV-1').kill();
    await one.round();
    expect(one.entry('failover').atRisk).toMatch(/At least 2 commits/);
  });

  test('a backup database starts with a contingency full backup, which the other copies take too', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    const [kept] = one.view().contingencies;
    expect(kept).toMatchObject({ server: 'SRV-2', kind: 'backup' });
    expect(kept!.path).toContain('/lab/SRV-2/backups/ContingencyBackups/');
    one.clock.advance(15 * 60_000);
    await one.rounds(2);
    expect(one.view().contingencies.filter((entry) => entry.kind === 'backup')).toHaveLength(2);
    expect(one.server('SRV-3').database().content.has('2#1')).toBe(true);
  });

  test('an unusable database is fenced by its own agent before the copy opens', async () => {
    const one = await lab();
    one.server('SRV-1').database().broken = 'page 3 is damaged';
    await one.round();
    expect(one.active).toBe('SRV-2');
    expect(one.server('SRV-1').calls).toContain('fence');
    expect(one.entry('failover').why).toContain('page 3 is damaged');
  });

  test('a copy that is offline is skipped, one that was never restored too', async () => {
    const one = await lab();
    one.server('SRV-2').reachable = false;
    await one.rounds(4);
    one.server('SRV-1').kill();
    await one.round();
    expect(one.active).toBe('SRV-3');
  });

  test('without any copy that was restored there is no failover, and it says why', async () => {
    const one = new FailoverLab(['SRV-1', 'SRV-2']);
    one.server('SRV-2').gate = (procedure) => {
      if (procedure === 'applyToStandby') throw new Error('disk on fire');
    };
    await one.group();
    one.server('SRV-1').kill();
    await one.rounds(3);
    expect(one.active).toBe('SRV-1');
    expect(one.view().blocked!.reason).toContain('SRV-2 is never restored');
    expect([...one.messages.values()].some((message) => message.level === 'critical' && message.standing)).toBe(true);
  });

  test('a silent server blocks the failover in keep mode; the administrator can go on by typing the name', async () => {
    const one = await lab();
    one.server('SRV-1').reachable = false;
    await one.rounds(2);
    expect(one.view().blocked).toBeNull();
    await one.rounds(10);
    expect(one.active).toBe('SRV-1');
    expect(one.view().blocked!.reason).toContain('cannot be proved');
    expect(one.kinds().filter((kind) => kind === 'blocked')).toHaveLength(1);
    expect(one.server('SRV-1').write()).toBe(true);

    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    expect(plan).toMatchObject({ class: 'typed', typedName: 'SRV-2', refusal: null });
    expect(plan.warnings.join()).toContain('cannot be proved');
    await expect(one.service.execute(plan.token, null)).rejects.toMatchObject({ name: 'CONFIRMATION_REQUIRED' });
    await expect(one.service.execute(plan.token, 'srv-2')).rejects.toMatchObject({ name: 'CONFIRMATION_REQUIRED' });
    const { jobId } = await one.service.execute(plan.token, 'SRV-2');
    await one.settle();
    one.clock.advance(10_000);
    expect((await one.jobs.wait(jobId)).status).toBe('succeeded');
    expect(one.active).toBe('SRV-2');

    // The old master comes back and still takes writes: it is stopped at once.
    one.server('SRV-1').reachable = true;
    await one.round();
    expect(one.writers).toEqual(['SRV-2']);
    expect(one.entry('fence')).toMatchObject({ from: 'SRV-1' });
  });

  test('a blocked failover clears itself when the server answers again', async () => {
    const one = await lab();
    one.server('SRV-1').reachable = false;
    await one.rounds(5);
    expect(one.view().blocked).not.toBeNull();
    one.server('SRV-1').reachable = true;
    await one.rounds(2);
    expect(one.view().blocked).toBeNull();
    expect(one.view().state).toBe('Normal');
    expect([...one.messages.values()].filter((message) => message.standing)).toEqual([]);
    expect(one.active).toBe('SRV-1');
  });

  test('programs that keep the file of a gone server open block the failover until they close it', async () => {
    const one = await lab();
    one.server('SRV-1').database().holders = [{ pid: 4711, name: 'directoryd' }];
    one.server('SRV-1').kill();
    await one.rounds(16);
    expect(one.active).toBe('SRV-1');
    expect(one.view().blocked!.reason).toContain('directoryd (4711)');
    expect(one.kinds().filter((kind) => kind === 'blocked')).toHaveLength(1);
    expect(one.jobs.recent(50).filter((job) => job.kind === 'failover')).toEqual([]);
    one.server('SRV-1').database().holders = [];
    await one.rounds(9);
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);
  });

  test('a client that lets go of the file a moment later does not block anything', async () => {
    const one = await lab();
    one.server('SRV-1').database().holders = [{ pid: 4711, name: 'directoryd' }];
    one.server('SRV-1').kill();
    await one.round();
    expect(one.active).toBe('SRV-1');
    one.server('SRV-1').database().holders = [];
    await one.round(200);
    expect(one.active).toBe('SRV-2');
    expect(one.kinds()).not.toContain('blocked');
    expect(one.entry('failover').durationMs).toBeLessThan(2000);
  });

  test('one fence a step: its agent is asked once, and waits itself for clients to let go', async () => {
    const one = await lab();
    one.server('SRV-1').database().holders = [{ pid: 4711, name: 'directoryd' }];
    const before = one.server('SRV-1').calls.filter((call) => call === 'fence').length;
    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    const { jobId } = await one.service.execute(plan.token, null);
    for (let at = 0; at < 12; at++) await one.round(100);
    one.server('SRV-1').database().holders = [];
    for (let at = 0; at < 2; at++) await one.round(100);
    expect((await one.jobs.wait(jobId)).status).toBe('succeeded');
    expect(one.server('SRV-1').calls.filter((call) => call === 'fence').length - before).toBe(1);
  });

  test('fence mode promotes only after the lease and the drift have passed since the last renewal', async () => {
    const one = await lab({ whenConsoleLost: 'fence', leaseMs: 5000 });
    one.remote.add('SRV-1');
    await one.rounds(2);
    expect(one.server('SRV-1').leases.at(-1)).toMatchObject({ ms: 5000 });
    one.server('SRV-1').reachable = false;
    await one.rounds(8);
    expect(one.active).toBe('SRV-1');
    // The agent's part of the bargain.
    one.server('SRV-1').fenceFile('Directory', 1);
    await one.rounds(2);
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);
  });

  test('fence mode does not trust the lease of an agent that hangs on this machine: it cannot fence anything', async () => {
    const one = await lab({ whenConsoleLost: 'fence', leaseMs: 5000 });
    one.server('SRV-1').reachable = false;
    await one.rounds(20);
    expect(one.active).toBe('SRV-1');
    expect(one.view().blocked!.reason).toContain('cannot be proved');
    // Once it is ended, its file is the proof.
    one.server('SRV-1').kill();
    await one.rounds(2);
    expect(one.writers).toEqual(['SRV-2']);
  });

  test('an agent that crashed and is being started again is no failure', async () => {
    const one = await lab();
    for (let at = 0; at < 8; at++) {
      one.clock.advance(1000);
      one.probe();
      one.probes.set('SRV-1', {
        ...one.probes.get('SRV-1')!,
        state: 'starting',
        misses: at + 1,
        lastContact: one.clock.now() - 1000 * (at + 1),
      });
      await one.service.tick();
      await one.settle();
    }
    await one.rounds(2);
    expect(one.active).toBe('SRV-1');
    expect(one.kinds()).not.toContain('masterLost');
  });

  test('the next failure goes on to the next copy, and never past a master that is there', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').kill();
    await one.rounds(2);
    expect(one.active).toBe('SRV-3');
    one.server('SRV-1').start();
    one.server('SRV-2').start();
    await one.rounds(2);
    one.server('SRV-3').kill();
    await one.rounds(2);
    expect(one.active).toBe('SRV-1');
    expect(one.writers).toEqual(['SRV-1']);
  });

  test('an agent that ends while it opens its copy: the next one is taken', async () => {
    const one = await lab();
    one.server('SRV-2').gate = (procedure) => {
      if (procedure === 'setRole') one.server('SRV-2').kill();
    };
    one.server('SRV-1').kill();
    await one.rounds(4);
    expect(one.active).toBe('SRV-3');
    expect(one.writers).toEqual(['SRV-3']);
    expect(one.view().term).toBeGreaterThanOrEqual(3);
  });
});

describe('the way back', () => {
  test('without automatic reconnection the group waits for a decision; reconnecting keeps what is left behind', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(5);
    expect(one.view().state).toBe('AwaitingDecision');
    expect(one.kinds()).toContain('masterBack');
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);

    const plan = await one.service.plan(one.groupId, { kind: 'reconnect' });
    expect(plan.class).toBe('confirm');
    expect(plan.warnings.join()).toMatch(/1 commit made on SRV-2 since \d\d:\d\d:\d\d UTC will not be/);
    const job = await one.do({ kind: 'reconnect' });
    expect(job.status).toBe('succeeded');
    expect(one.active).toBe('SRV-1');
    expect(one.writers).toEqual(['SRV-1']);
    expect(one.said_(/1 commit made on SRV-2 meanwhile was left behind and kept in .*ContingencyBackups/)).toBe(true);
    await one.rounds(3);
    expect(one.view().state).toBe('Normal');
    // The full backup that follows replaces the copy, whose set is kept.
    expect(one.server('SRV-2').database().content.has('2#1')).toBe(false);
    expect(
      one
        .server('SRV-2')
        .database()
        .kept.some((set) => set.has('2#1')),
    ).toBe(true);
    const newest = one.view().contingencies[0]!;
    expect(one.disk.get(newest.path).content.has('2#1')).toBe(true);
  });

  test('with automatic reconnection it goes back by itself, after a contingency backup', async () => {
    const one = await lab({ autoReconnect: true });
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(6);
    expect(one.active).toBe('SRV-1');
    expect(one.writers).toEqual(['SRV-1']);
    expect(one.entry('reconnect')).toMatchObject({ from: 'SRV-2', to: 'SRV-1' });
    expect(one.view().contingencies.some((kept) => one.disk.get(kept.path).content.has('2#1'))).toBe(true);
    await one.rounds(3);
    expect(one.view().state).toBe('Normal');
  });

  test('what is committed between the contingency backup and the fence is in the newest contingency backup', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(5);
    one.server('SRV-2').gate = (procedure) => {
      if (procedure === 'fence') one.server('SRV-2').write();
    };
    const job = await one.do({ kind: 'reconnect' });
    expect(job.status).toBe('succeeded');
    const newest = one.view().contingencies[0]!;
    expect(one.disk.get(newest.path).content).toEqual(one.server('SRV-2').database().content);
    expect(one.disk.get(newest.path).content.has('2#2')).toBe(true);
    expect(newest.reason).toContain('fenced');
    expect(one.entry('reconnect').atRisk).toMatch(
      /2 commits made on SRV-2.*left behind and kept in .*equals the fenced/,
    );
    expect(
      one.said_(/2 commits made on SRV-2 meanwhile were left behind and kept in .*equals the fenced database/),
    ).toBe(true);
  });

  test('without the last contingency backup it goes on only while the fenced file is there, and says where', async () => {
    for (const lost of [false, true]) {
      const one = await lab();
      one.server('SRV-1').kill();
      await one.rounds(3);
      one.server('SRV-1').start();
      await one.rounds(5);
      let fenced = false;
      one.server('SRV-2').gate = (procedure) => {
        if (procedure === 'fence') {
          one.server('SRV-2').write();
          fenced = true;
        }
        if (procedure === 'backup' && fenced) throw new HoldfastError('IO_ERROR', 'the disk is full');
        if (procedure === 'status' && fenced && lost) one.server('SRV-2').database().broken = 'page 3 is damaged';
      };
      const job = await one.do({ kind: 'reconnect' });
      expect(job.status).toBe(lost ? 'failed' : 'succeededWithWarnings');
      expect(one.active).toBe(lost ? 'SRV-2' : 'SRV-1');
      if (lost) continue;
      expect(
        one.said_(/1 commit made on SRV-2 .*kept in \/lab\/SRV-2\/Directory\/directory.db on SRV-2 .*the disk is full/),
      ).toBe(true);
      one.server('SRV-2').gate = () => {};
      await one.rounds(3);
      expect(one.everything().has('2#1')).toBe(true);
    }
  });

  test('a contingency backup that does not equal the fenced database is not taken for complete', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-1').start();
    await one.rounds(5);
    const database = one.server('SRV-2').database();
    let fenced = false;
    one.server('SRV-2').gate = (procedure) => {
      fenced ||= procedure === 'fence';
      if (procedure === 'backup:middle' && fenced) database.content.add('2#99');
    };
    const job = await one.do({ kind: 'reconnect' });
    expect(job.warnings[0]?.message).toContain('does not hold what its fenced database holds');
  });

  test('switching between two backup databases leaves nothing out either', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-2').gate = (procedure) => {
      if (procedure === 'fence') one.server('SRV-2').write();
    };
    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-3' });
    expect(plan.effects.join()).toContain('A contingency backup of SRV-2 is made, and another once it accepts no more');
    const job = await one.do({ kind: 'switch', memberId: 'srv-3' });
    expect(job.status).toBe('succeeded');
    expect(one.writers).toEqual(['SRV-3']);
    expect(one.server('SRV-3').database().content.has('2#2')).toBe(true);
    expect(one.disk.get(one.view().contingencies[0]!.path).content.has('2#2')).toBe(true);
  });

  test('no contingency backup, no reconnection: the group stays and says why', async () => {
    const one = await lab({ autoReconnect: true });
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-2').unwritable.add('/lab/SRV-2/backups/ContingencyBackups');
    one.server('SRV-1').start();
    await one.rounds(6);
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);
    expect(one.said_('stays on SRV-2')).toBe(true);
    one.server('SRV-2').unwritable.clear();
    for (let at = 0; at < 4; at++) await one.round(10_000);
    expect(one.active).toBe('SRV-1');
  });

  test('a copy that programs keep open is not left: reconnecting fails and the copy goes on serving', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-1').start();
    await one.rounds(5);
    one.server('SRV-2').database().holders = [{ pid: 7, name: 'client' }];
    const plan = await one.service.plan(one.groupId, { kind: 'reconnect' });
    const { jobId } = await one.service.execute(plan.token, null);
    for (let at = 0; at < 40; at++) await one.round(150);
    const job = await one.jobs.wait(jobId);
    expect(job.error).toMatchObject({ name: 'WRITER_NOT_STOPPED' });
    await one.rounds(2);
    expect(one.active).toBe('SRV-2');
    expect(one.writers).toEqual(['SRV-2']);
  });

  test('a contingency backup goes back to the master by hand, and a full backup follows', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(5);
    const tooEarly = await one.service.plan(one.groupId, {
      kind: 'restoreContingency',
      contingencyId: one.view().contingencies[0]!.id,
    });
    expect(tooEarly.refusal).toContain('Reconnect to the master');
    await one.do({ kind: 'reconnect' });
    await one.rounds(2);
    const newest = one.view().contingencies[0]!;
    const job = await one.do({ kind: 'restoreContingency', contingencyId: newest.id }, 'SRV-1');
    expect(job.status).toBe('succeeded');
    expect(one.jobs.outcome(job.id).result).toMatchObject({ verify: { status: 'ok' } });
    expect(one.server('SRV-1').restores[0]).toMatchObject({ override: false });
    expect(one.server('SRV-1').database().content.has('2#1')).toBe(true);
    await one.rounds(2);
    expect(one.server('SRV-2').database().content.has('2#1')).toBe(true);
    expect(one.entry('fullBackup').why).toContain('contingency backup was restored');
  });

  test('a restored contingency backup is verified; what the master has of its own is behind, and overridden by name', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(5);
    await one.do({ kind: 'reconnect' });
    one.server('SRV-1').write();
    one.server('SRV-1').write();
    await one.rounds(3);
    const newest = one.view().contingencies[0]!;
    const plan = await one.service.plan(one.groupId, { kind: 'restoreContingency', contingencyId: newest.id });
    expect(plan.warnings.join()).toContain('2 commits made on SRV-1');
    const job = await one.do({ kind: 'restoreContingency', contingencyId: newest.id }, 'SRV-1');
    expect(job.status).toBe('succeeded');
    const { verify } = one.jobs.outcome(job.id).result as RestoreResult;
    expect(verify.status).toBe('overridden');
    expect(verify.servers.map(({ server, status }) => [server, status])).toEqual([
      ['\\T=SITE\\O=ORG\\CN=SRV-2', 'ok'],
      ['\\T=SITE\\O=ORG\\CN=SRV-1', 'behind'],
    ]);
    expect(verify.servers[1]!.rows.find((row) => row.replica === 1)).toMatchObject({
      status: 'behind',
      behindCommits: 2,
    });
  });

  test('sets that agents kept are listed with their place, and refused as a backup', async () => {
    const one = await lab();
    await one.do({ kind: 'promote', memberId: 'srv-2' });
    await one.rounds(4);
    const set = one.view().contingencies.find((kept) => kept.kind === 'set')!;
    expect(set).toMatchObject({
      server: 'SRV-1',
      reason: 'Replaced by a restore',
      path: expect.stringContaining('/lab/SRV-1/'),
    });
    const plan = await one.service.plan(one.groupId, { kind: 'restoreContingency', contingencyId: set.id });
    expect(plan.refusal).toContain(
      `not a backup: it cannot be restored from here. Its database is ${set.path} on SRV-1`,
    );
  });

  test('promoting the active backup database makes it the master; the old one becomes a copy of it', async () => {
    const one = await lab();
    one.server('SRV-1').kill();
    await one.rounds(3);
    one.server('SRV-2').write();
    one.server('SRV-1').start();
    await one.rounds(5);
    await one.do({ kind: 'promote', memberId: 'srv-2' });
    await one.rounds(4);
    expect(one.view().members.map((row) => row.server)).toEqual(['SRV-2', 'SRV-1', 'SRV-3']);
    expect(one.view().state).toBe('Normal');
    expect(one.writers).toEqual(['SRV-2']);
    expect(one.server('SRV-1').database()).toMatchObject({ role: 'standby' });
    expect(one.server('SRV-1').database().content.has('2#1')).toBe(true);
    expect(one.server('SRV-1').database().kept).toHaveLength(1);
  });
});

describe('manual actions', () => {
  test('a switch hands the last changes over, so that nothing is at risk, and stays there', async () => {
    const one = await lab({ autoReconnect: true });
    one.server('SRV-1').write();
    await one.round();
    const job = await one.do({ kind: 'switch', memberId: 'srv-2' });
    expect(job.status).toBe('succeeded');
    expect(one.active).toBe('SRV-2');
    expect(one.server('SRV-2').database().content).toEqual(one.server('SRV-1').database().content);
    expect(one.entry('switch')).toMatchObject({ atRisk: null, dataAgeMs: 0 });
    await one.rounds(10);
    expect(one.active).toBe('SRV-2');
    expect(one.view().state).toBe('AwaitingDecision');
  });

  test('a switch that cannot hand over goes back: the old database serves again', async () => {
    const one = await lab();
    one.server('SRV-2').gate = (procedure) => {
      if (procedure === 'receive') throw new Error('no route');
    };
    const job = await one.do({ kind: 'switch', memberId: 'srv-2' });
    expect(job.status).toBe('failed');
    await one.rounds(2);
    expect(one.active).toBe('SRV-1');
    expect(one.writers).toEqual(['SRV-1']);
    expect(one.view().state).toBe('Normal');
  });

  test('promoting a copy of a healthy master switches, reorders and backs up in full', async () => {
    const one = await lab();
    one.server('SRV-1').write();
    await one.do({ kind: 'promote', memberId: 'srv-3' });
    await one.rounds(4);
    expect(one.view().members.map((row) => row.server)).toEqual(['SRV-3', 'SRV-1', 'SRV-2']);
    expect(one.writers).toEqual(['SRV-3']);
    expect(one.view().state).toBe('Normal');
    for (const name of ['SRV-1', 'SRV-2']) expect(one.row(name).state).toBe('InSync');
  });

  test('refusals name their reason', async () => {
    const one = await lab();
    const refusal = async (action: Parameters<typeof one.service.plan>[1]) =>
      (await one.service.plan(one.groupId, action)).refusal;
    const master = one.view().members[0]!.id;
    expect(await refusal({ kind: 'switch', memberId: master })).toContain('active already');
    expect(await refusal({ kind: 'reconnect' })).toContain('active already');
    expect(await refusal({ kind: 'promote', memberId: master })).toContain('master already');
    expect(await refusal({ kind: 'unfence', memberId: 'srv-2' })).toContain('never allowed');
    expect(await refusal({ kind: 'unfence', memberId: master })).toContain('accepts writes');
    expect(await refusal({ kind: 'fence', memberId: 'srv-2' })).toContain('accepts no writes');
    expect(await refusal({ kind: 'restoreContingency', contingencyId: 'x' })).toContain('no such');
    one.server('SRV-3').reachable = false;
    await one.rounds(1);
    expect(await refusal({ kind: 'switch', memberId: 'srv-3' })).toContain('does not answer');
    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-3' });
    await expect(one.service.execute(plan.token, null)).rejects.toMatchObject({ name: 'SERVER_UNREACHABLE' });
  });

  test('a plan is good for its two minutes, one use, and the situation it was made in', async () => {
    const one = await lab();
    const late = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    one.clock.advance(120_000);
    await expect(one.service.execute(late.token, null)).rejects.toMatchObject({ name: 'PLAN_EXPIRED' });
    await one.rounds(1);
    const stale = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    await one.do({ kind: 'switch', memberId: 'srv-3' });
    await expect(one.service.execute(stale.token, null)).rejects.toMatchObject({ name: 'PLAN_EXPIRED' });
    await expect(one.service.execute('no-such-token', null)).rejects.toMatchObject({ name: 'PLAN_EXPIRED' });
  });

  test('fencing by hand holds: no failover and no unfencing by itself; unfencing ends it', async () => {
    const one = await lab();
    const master = one.view().members[0]!.id;
    await one.do({ kind: 'fence', memberId: master }, 'SRV-1');
    await one.rounds(10);
    expect(one.writers).toEqual([]);
    expect(one.active).toBe('SRV-1');
    expect(one.row('SRV-1').state).toBe('Fenced');
    await one.do({ kind: 'unfence', memberId: master });
    expect(one.writers).toEqual(['SRV-1']);
  });
});

test('a fence by hand can be taken back when failover is off', async () => {
  const one = await lab();
  const master = one.view().members[0]!.id;
  await one.do({ kind: 'fence', memberId: master }, 'SRV-1');
  await one.service.apply(one.groupId, { ...one.view().config, enabled: false });
  await one.rounds(2);
  expect((await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' })).refusal).toContain('is off');
  await one.do({ kind: 'unfence', memberId: master });
  expect(one.writers).toEqual(['SRV-1']);
});

test('a change of the active database ends the cycle that runs, and the next cycle does not wait', async () => {
  const one = await lab();
  one.server('SRV-1').gate = (procedure, _input, signal) =>
    procedure === 'backup:middle'
      ? new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
      : undefined;
  const cycle = (await one.service.backupNow(one.groupId, 'incremental')).jobId;
  await one.settle();
  one.server('SRV-1').gate = () => {};
  await one.do({ kind: 'switch', memberId: 'srv-2' });
  expect((await one.jobs.wait(cycle)).status).toBe('canceled');
  expect(one.writers).toEqual(['SRV-2']);
  await one.rounds(2);
  expect(one.view().contingencies.length).toBeGreaterThan(0);
});

test('an automatic reconnection that keeps failing is tried less and less often', async () => {
  const one = await lab({ autoReconnect: true });
  one.server('SRV-1').kill();
  await one.rounds(3);
  one.server('SRV-2').unwritable.add('/lab/SRV-2/backups/ContingencyBackups');
  one.server('SRV-1').start();
  for (let at = 0; at < 300; at++) await one.round(1000);
  const tries = one.jobs.recent(500).filter((job) => job.kind === 'reconnect').length;
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThan(6);
  expect(one.writers).toEqual(['SRV-2']);
});

describe('out of sync', () => {
  test('raises the alarm, stops automatic failover and scheduled backups; a full backup from here ends it', async () => {
    const one = await lab();
    one.server('SRV-1').database().outOfSync = 'an older backup was restored';
    await one.rounds(2);
    expect(one.view().state).toBe('OutOfSync');
    expect(one.row('SRV-2').state).toBe('OutOfSync');
    const backups = one.server('SRV-1').calls.filter((call) => call === 'backup').length;
    one.clock.advance(86_400_000);
    await one.rounds(3);
    expect(one.server('SRV-1').calls.filter((call) => call === 'backup')).toHaveLength(backups);
    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    expect(plan.class).toBe('typed');
    await one.jobs.wait((await one.service.backupNow(one.groupId, 'incremental')).jobId);
    await one.rounds(2);
    expect(one.view().state).toBe('Normal');
    expect(one.server('SRV-1').database().outOfSync).toBeNull();
    expect(one.row('SRV-2').state).toBe('InSync');
  });

  test('a master lost while out of sync is not replaced without a typed confirmation', async () => {
    const one = await lab();
    one.server('SRV-1').database().outOfSync = 'an older backup was restored';
    await one.rounds(2);
    one.server('SRV-1').kill();
    await one.rounds(4);
    expect(one.active).toBe('SRV-1');
    expect(one.view().blocked!.reason).toContain('out of sync');
    const plan = await one.service.plan(one.groupId, { kind: 'switch', memberId: 'srv-2' });
    expect(plan.typedName).toBe('SRV-2');
    const { jobId } = await one.service.execute(plan.token, 'SRV-2');
    await one.settle();
    expect((await one.jobs.wait(jobId)).status).toBe('succeeded');
    expect(one.writers).toEqual(['SRV-2']);
  });
});

describe('settings', () => {
  test('rows are checked: relative names, lengths, duplicates, own databases, folders', async () => {
    const one = await lab();
    one.server('SRV-2').addPrimary('Other', 9);
    const check = async (change: object) => {
      const row = { server: 'SRV-2', databaseServer: 'srv-2', instance: 'New', folder: '/f', exceptId: 'srv-2' };
      const { problems } = await one.service.checkMember(one.groupId, { ...row, ...change });
      return problems.map((problem) => problem.field);
    };
    await one.rounds(1);
    expect(await check({})).toEqual([]);
    expect(await check({ databaseServer: '(local)' })).toEqual(['databaseServer']);
    expect(await check({ databaseServer: '(local)\\SQLEXPRESS' })).toEqual(['databaseServer']);
    expect(await check({ databaseServer: 'localhost' })).toEqual(['databaseServer']);
    expect(await check({ server: 'A-NAME-OF-16-CHR' })).toEqual(['server']);
    expect(await check({ server: 'NOWHERE' })).toEqual(['server']);
    expect(await check({ instance: 'Other' })).toEqual(['instance']);
    expect(await check({ server: 'SRV-3', instance: 'Directory' })).toEqual(['instance']);
    expect(await check({ folder: 'relative' })).toEqual(['folder']);
    expect(await check({ folder: '/lab/SRV-3/backups' })).toEqual(['folder']);
    one.server('SRV-2').unwritable.add('/ro');
    expect(await check({ folder: '/ro' })).toEqual(['folder']);
    expect(await check({ exceptId: null })).toEqual(['server']);
  });

  test('apply refuses before anything is changed', async () => {
    const one = await lab();
    const { config } = one.view();
    const apply = (change: object) => one.service.apply(one.groupId, { ...config, ...change });
    const [master, second, third] = config.members as [
      (typeof config.members)[0],
      (typeof config.members)[0],
      (typeof config.members)[0],
    ];
    await expect(apply({ members: [second, third] })).rejects.toMatchObject({ name: 'MASTER_PROTECTED' });
    await expect(apply({ members: [second, master, third] })).rejects.toMatchObject({ name: 'MASTER_PROTECTED' });
    await expect(apply({ members: [{ ...master, instance: 'X' }, second] })).rejects.toMatchObject({
      name: 'MASTER_PROTECTED',
    });
    await expect(apply({ members: [master, second, second] })).rejects.toMatchObject({ name: 'DUPLICATE' });
    await expect(apply({ full: { kind: 'cron', expression: 'every day' } })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
    await expect(apply({ members: [master, second, { ...third, databaseServer: '(local)' }] })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
    expect(one.view().config).toEqual(config);
    await apply({ members: [master, third, second] });
    expect(one.view().members.map((row) => row.server)).toEqual(['SRV-1', 'SRV-3', 'SRV-2']);
  });

  test('a removed row is let go, its replica number is never given again', async () => {
    const one = await lab();
    const { config } = one.view();
    await one.service.apply(one.groupId, { ...config, members: config.members.slice(0, 2) });
    expect(one.server('SRV-3').databases.size).toBe(0);
    expect(one.detached).toEqual(['SRV-3/Directory']);
    await one.rounds(1);
    const back = { ...config.members[2]!, id: 'new-row' };
    await one.service.apply(one.groupId, { ...config, members: [...config.members.slice(0, 2), back] });
    await one.rounds(3);
    expect(one.row('SRV-3')).toMatchObject({ replica: 4, state: 'InSync' });
  });

  test('a removed row whose agent is away is let go when it answers, also after a restart of the engine', async () => {
    const one = await lab();
    one.server('SRV-3').reachable = false;
    await one.rounds(4);
    const { config } = one.view();
    await one.service.apply(one.groupId, { ...config, members: config.members.slice(0, 2) });
    one.boot();
    await one.service.recover();
    await one.rounds(2);
    expect(one.server('SRV-3').databases.size).toBe(1);
    one.server('SRV-3').reachable = true;
    await one.rounds(2);
    expect(one.server('SRV-3').databases.size).toBe(0);
    expect(one.detached).toEqual(['SRV-3/Directory']);
  });

  test('a group that is removed lets go of its copies, and names one that does not answer', async () => {
    const one = await lab();
    one.server('SRV-3').reachable = false;
    await one.rounds(4);
    await one.service.remove(one.groupId);
    expect(one.service.views()).toEqual([]);
    expect(one.server('SRV-2').databases.size).toBe(0);
    expect(one.server('SRV-1').databases.size).toBe(1);
    expect(one.detached).toEqual(['SRV-2/Directory']);
    expect(one.said.at(-1)).toContain('SRV-3 did not let go of its copy');
  });

  test('the modes that are not built here cannot be turned on', async () => {
    const one = await lab();
    const { config } = one.view();
    await one.service.apply(one.groupId, { ...config, enabled: false });
    await expect(one.service.apply(one.groupId, { ...config, mode: 'patroni' })).rejects.toMatchObject({
      name: 'NOT_SUPPORTED',
    });
    one.server('SRV-1').kill();
    await one.rounds(5);
    expect(one.active).toBe('SRV-1');
    expect(one.view().state).toBe('Disabled');
  });

  test('leaving tells agents under a lease to keep serving; so does turning fence mode off', async () => {
    const one = await lab({ whenConsoleLost: 'fence' });
    await one.service.leave();
    expect(one.server('SRV-1').leases.at(-1)!.ms).toBe(0);
    await one.rounds(1);
    expect(one.server('SRV-1').leases.at(-1)!.ms).toBeGreaterThan(0);
    await one.service.apply(one.groupId, { ...one.view().config, whenConsoleLost: 'keep' });
    expect(one.server('SRV-1').leases.at(-1)!.ms).toBe(0);
  });
});
