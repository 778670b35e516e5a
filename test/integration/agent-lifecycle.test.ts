// Fences, terms, roles, the lease, the endpoint, the lock, out-of-sync: what an agent does between backups.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { openDirectAgent } from '../../core/agent/open-agent.ts';
import type { AgentEvent } from '../../core/contract/agent.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import {
  backup,
  collect,
  count,
  createDatabase,
  createLab,
  failure,
  holdOpen,
  type Lab,
  sql,
} from '../support/agent-lab.ts';

let lab: Lab;
let db: string;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  db = lab.path('data', 'Directory.db');
  createDatabase(db);
});
afterEach(() => lab.close());

const protect = (api: AgentApi, more: object = {}) =>
  api.protect({ instance: 'Directory', path: db, replica: 1, logging: true, ...more });
const one = async (api: AgentApi, name = 'Directory') =>
  (await api.status({})).instances.find((instance) => instance.name === name)!;
const write = () => sql(db, `INSERT INTO entry (name) VALUES ('w'); SELECT 'ok'`);

describe('a fence', () => {
  it('is durable when nobody has the file open, and survives a restart until a term that is not older', async () => {
    const first = await lab.agent();
    await protect(first.api);
    const result = await first.api.fence({ instance: 'Directory', reason: 'test', term: 3 });
    expect(result).toMatchObject({ durable: true, holders: [] });
    expect(write).toThrow(/readonly/);
    expect(await one(first.api)).toMatchObject({ state: 'Fenced', writable: false, term: 3 });
    await first.agent.stop();
    expect(write).toThrow(/readonly/);

    const { api } = await lab.agent();
    expect(await one(api)).toMatchObject({ state: 'Fenced', writable: false });
    expect(await failure(api.unfence({ instance: 'Directory', term: 2 }))).toBe('STALE_TERM');
    expect(await failure(api.fence({ instance: 'Directory', reason: 'old', term: 2 }))).toBe('STALE_TERM');
    await api.unfence({ instance: 'Directory', term: 4 });
    expect(write()).toBe('ok');
    expect(await one(api)).toMatchObject({
      state: 'Online',
      writable: true,
      term: 4,
      outOfSync: false,
      fullRequired: false,
    });
  });

  it('holds the lock and names the holders, and becomes durable when they leave', async () => {
    const { api, agent } = await lab.agent();
    await protect(api);
    const holder = await holdOpen(db);
    const result = await api.fence({ instance: 'Directory', reason: 'test', term: 1, timeoutMs: 300 });
    expect(result).toMatchObject({ durable: false, holders: [{ pid: holder.pid }] });
    expect(() => sql(db, `.timeout 0\nINSERT INTO entry (name) VALUES ('x')`)).toThrow(/locked/);
    await holder.stop();
    agent.tick();
    expect(await api.fence({ instance: 'Directory', reason: 'again', term: 1 })).toMatchObject({ durable: true });
    expect(write).toThrow(/readonly/);
  });

  it('waits for clients that follow /primary and let go', async () => {
    const { api } = await lab.agent();
    await protect(api);
    const holder = await holdOpen(db);
    const fencing = api.fence({ instance: 'Directory', reason: 'test', term: 1 });
    await expect.poll(() => JSON.parse(fs.readFileSync(lab.path('SRV-1', 'active.json'), 'utf8'))).toBeNull();
    await holder.stop();
    expect(await fencing).toMatchObject({ durable: true });
  });

  it('ends a running backup, and is durable once that has let go', async () => {
    sql(db, 'UPDATE entry SET body = zeroblob(20000)');
    const { api } = await lab.agent();
    await protect(api);
    const stream = await api.backup({
      instance: 'Directory',
      options: { type: 'full', file: lab.path('bak', 'f.bak'), log: lab.path('bak', 'b.log') },
    });
    await stream.next();
    const fencing = api.fence({ instance: 'Directory', reason: 'failover', term: 1 });
    expect(
      await failure(async () => {
        for await (const _ of stream);
      }),
    ).toBe('CANCELLED');
    expect(await fencing).toMatchObject({ durable: true });
  });

  it('that somebody else set is not lifted by protecting the file', async () => {
    const first = await lab.agent('SRV-1');
    await protect(first.api);
    await first.api.fence({ instance: 'Directory', reason: 'test', term: 1 });
    await first.agent.stop();
    const { api } = await lab.agent('SRV-2');
    const status = await protect(api, { instance: 'Other' });
    expect(status).toMatchObject({ state: 'Fenced', writable: false });
    expect(write).toThrow(/readonly/);
  });

  it('can be set by a fence-only agent after the agent was killed', async () => {
    const entry = path.resolve(import.meta.dirname, '../../headless/agent.ts');
    const launcher = createChildLauncher({ entry });
    const doomed = await launcher.launch(lab.spec('SRV-9'));
    await protect(doomed.api);
    expect(await failure(launcher.launch(lab.spec('SRV-9')))).toBe('SERVER_UNREACHABLE');
    doomed.kill();
    await doomed.exited;
    expect(write()).toBe('ok');
    const fencer = await launcher.launch(lab.spec('SRV-9', { fenceOnly: true }));
    expect(await failure(fencer.api.getConfig({ instance: 'Directory' }))).toBe('NOT_SUPPORTED');
    const result = await fencer.api.fence({ instance: 'Directory', reason: 'failover', term: 7 });
    expect(result).toMatchObject({ durable: true, holders: [] });
    await fencer.api.shutdown({});
    await fencer.exited;
    expect(write).toThrow(/readonly/);
    const back = await launcher.launch(lab.spec('SRV-9'));
    expect(await one(back.api)).toMatchObject({ state: 'Fenced', writable: false, term: 7 });
    back.kill();
    await back.exited;
  });

  it('lets a fenced database be backed up, the drained commits included', async () => {
    const { api } = await lab.agent();
    await protect(api);
    await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') });
    write();
    await api.fence({ instance: 'Directory', reason: 'switch', term: 1 });
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    const run = await collect(
      await api.restoreToFile({
        path: lab.path('r.db'),
        options: { file: lab.path('bak', 'f.bak'), log: lab.path('l') },
      }),
    );
    expect(run.error).toBeNull();
    expect(count(lab.path('r.db'))).toBe(201);
    expect(sql(lab.path('r.db'), `INSERT INTO entry (name) VALUES ('w'); SELECT 'ok'`)).toBe('ok');
  });
});

describe('roles', () => {
  it('a standby takes fulls and incrementals in order, and becomes primary under a new term', async () => {
    const { api } = await lab.agent();
    await protect(api);
    const copyPath = lab.path('copy', 'Directory.db');
    await api.attachStandby({ instance: 'Copy', path: copyPath, replica: 2 });
    expect(await failure(api.setRole({ instance: 'Copy', role: 'primary', term: 1 }))).toBe('COPY_NEVER_RESTORED');
    const log = lab.path('bak', 'apply.log');
    const apply = async (file: string) => {
      const run = await collect(await api.applyToStandby({ instance: 'Copy', file, log }));
      if (run.error) throw run.error;
      return run;
    };
    const full = await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') });
    write();
    const i1 = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i1.bak') });
    write();
    const i2 = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i2.bak') });
    expect(await failure(apply(i1.file))).toBe('NO_FULL_BACKUP');
    await apply(full.file);
    expect(await failure(apply(i2.file))).toBe('INVALID_SEQUENCE');
    await apply(i1.file);
    await apply(i2.file);
    expect(count(copyPath)).toBe(202);
    expect(() => sql(copyPath, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
    expect(await one(api, 'Copy')).toMatchObject({
      role: 'standby',
      state: 'Online',
      writable: false,
      lastRestore: { idtag: i2.idtag, dataTime: i2.consistentAt },
      vector: i2.vector,
    });
    const holder = await holdOpen(copyPath);
    write();
    const i3 = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i3.bak') });
    expect(await failure(apply(i3.file))).toBe('DATABASE_IN_USE');
    await holder.stop();
    await apply(i3.file);

    // A full that holds all that the copy held replaces it without a trace; an older one must not discard what is newer.
    const later = await backup(api, 'Directory', { file: lab.path('bak', 'f2.bak') });
    await apply(later.file);
    expect(await api.contingencies({ instance: 'Copy' })).toEqual([]);
    await apply(full.file);
    const [kept] = await api.contingencies({ instance: 'Copy' });
    expect(count(kept!.path)).toBe(203);
    await apply(later.file);

    await api.fence({ instance: 'Directory', reason: 'failover', term: 5 });
    expect(await api.setRole({ instance: 'Copy', role: 'primary', term: 5 })).toMatchObject({
      role: 'primary',
      writable: true,
      term: 5,
      logging: { on: true },
      fullRequired: true,
    });
    sql(copyPath, `INSERT INTO entry (name) VALUES ('new primary')`);
    await expect.poll(async () => (await one(api, 'Copy')).vector.map((stamp) => stamp.replica)).toEqual([1, 2]);
    expect(await failure(apply(i3.file))).toBe('ALREADY_ACTIVE');
    expect(await failure(api.setRole({ instance: 'Copy', role: 'standby', term: 4 }))).toBe('STALE_TERM');

    expect(await api.setRole({ instance: 'Directory', role: 'standby', term: 5 })).toMatchObject({
      role: 'standby',
      writable: false,
    });
    const back = await backup(api, 'Copy', { file: lab.path('bak', 'back.bak') });
    const run = await collect(await api.applyToStandby({ instance: 'Directory', file: back.file, log }));
    expect(run.error).toBeNull();
    expect(count(db)).toBe(204);
    expect(write).toThrow(/readonly/);
    expect(await api.setRole({ instance: 'Directory', role: 'primary', term: 6 })).toMatchObject({ writable: true });
    expect(write()).toBe('ok');
  });

  it('keeps the set of a copy that was a primary since its restore, whatever its vector says', async () => {
    sql(db, 'PRAGMA journal_mode = DELETE');
    const { api } = await lab.agent();
    await protect(api, { logging: false });
    const copyPath = lab.path('copy', 'Directory.db');
    await api.attachStandby({ instance: 'Copy', path: copyPath, replica: 2 });
    const apply = async (file: string) =>
      collect(await api.applyToStandby({ instance: 'Copy', file, log: lab.path('bak', 'apply.log') }));
    await apply((await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') })).file);
    await api.setRole({ instance: 'Copy', role: 'primary', term: 2 });
    // Without a log nobody has seen this commit when the copy is closed again.
    sql(copyPath, `INSERT INTO entry (name) VALUES ('interim')`);
    await api.setRole({ instance: 'Copy', role: 'standby', term: 3 });
    write();
    const later = await backup(api, 'Directory', { file: lab.path('bak', 'f2.bak') });
    const run = await apply(later.file);
    expect(run.error).toBeNull();
    const [kept] = await api.contingencies({ instance: 'Copy' });
    expect(sql(kept!.path, `SELECT count(*) FROM entry WHERE name = 'interim'`)).toBe('1');
    await apply((await backup(api, 'Directory', { file: lab.path('bak', 'f3.bak') })).file);
    expect(await api.contingencies({ instance: 'Copy' })).toHaveLength(1);
  });
});

describe('the lease', () => {
  it('fences every primary when it runs out, and 0 ends it', async () => {
    let ahead = 0;
    const clock = {
      now: () => Date.now(),
      monotonic: () => performance.now() + ahead,
      sleep: async () => {},
    };
    const { api, agent } = await lab.agent('SRV-1', { clock });
    await protect(api);
    await api.lease({ ms: 60_000, term: 1 });
    ahead += 59_000;
    agent.tick();
    expect((await one(api)).state).toBe('Online');
    await api.lease({ ms: 0, term: 1 });
    ahead += 3_600_000;
    agent.tick();
    expect((await one(api)).state).toBe('Online');
    await api.lease({ ms: 60_000, term: 1 });
    ahead += 60_001;
    agent.tick();
    expect((await one(api)).state).toBe('Fenced');
    expect(write).toThrow(/readonly/);
  });

  it('opens nothing once it has run out, until the next one', async () => {
    let ahead = 0;
    const clock = { now: () => Date.now(), monotonic: () => performance.now() + ahead, sleep: async () => {} };
    const { api, agent } = await lab.agent('SRV-1', { clock });
    await protect(api);
    await api.lease({ ms: 60_000, term: 1 });
    ahead += 60_001;
    // Before the next beat of the agent, too.
    expect(await failure(api.setRole({ instance: 'Directory', role: 'primary', term: 2 }))).toBe('DATABASE_FENCED');
    agent.tick();
    expect(await failure(api.unfence({ instance: 'Directory', term: 2 }))).toBe('DATABASE_FENCED');
    expect(await failure(api.setRole({ instance: 'Directory', role: 'primary', term: 2 }))).toBe('DATABASE_FENCED');
    expect(write).toThrow(/readonly/);
    await api.lease({ ms: 60_000, term: 2 });
    expect((await one(api)).state).toBe('Fenced');
    await api.setRole({ instance: 'Directory', role: 'primary', term: 2 });
    expect(write()).toBe('ok');
  });

  it('outlasts the agent: without a new one what it opens again stays fenced', async () => {
    const first = await lab.agent();
    await protect(first.api);
    await first.api.lease({ ms: 60_000, term: 1 });
    expect(write()).toBe('ok');
    await first.agent.stop();
    const second = await lab.agent();
    expect(await one(second.api)).toMatchObject({ state: 'Fenced', writable: false, outOfSync: false });
    expect(write).toThrow(/readonly/);
    expect(await failure(second.api.unfence({ instance: 'Directory', term: 2 }))).toBe('DATABASE_FENCED');
    await second.api.lease({ ms: 60_000, term: 2 });
    await second.api.unfence({ instance: 'Directory', term: 2 });
    expect(write()).toBe('ok');

    await second.api.lease({ ms: 0, term: 2 });
    await second.agent.stop();
    const third = await lab.agent();
    expect((await one(third.api)).state).toBe('Online');
    expect(write()).toBe('ok');
  });

  it('counts from the answer that the console has seen, not from the arrival', async () => {
    let ahead = 0;
    const clock = { now: () => Date.now(), monotonic: () => performance.now() + ahead, sleep: async () => {} };
    const { api } = await lab.agent('SRV-1', { clock });
    await protect(api);
    const { at } = await api.status({});
    ahead += 10_000;
    await api.lease({ ms: 5_000, term: 1, asOf: at });
    expect((await one(api)).state).toBe('Fenced');
  });
});

describe('the agent', () => {
  it('shows clients the way', async () => {
    const { api } = await lab.agent();
    const { endpoint } = await api.status({});
    const get = async (what: string) => fetch(`${endpoint}${what}`);
    expect((await get('/primary')).status).toBe(503);
    await protect(api);
    const primary = await get('/primary');
    expect(primary.status).toBe(200);
    expect(await primary.json()).toEqual({ server: 'SRV-1', instance: 'Directory', path: db, term: 0 });
    expect((await get('/replica')).status).toBe(503);
    expect((await get('/health')).status).toBe(200);
    expect(await (await get('/metrics')).text()).toContain('holdfast_primary{server="SRV-1",instance="Directory"} 1');
    const active = () => JSON.parse(fs.readFileSync(lab.path('SRV-1', 'active.json'), 'utf8')) as unknown;
    expect(active()).toMatchObject({ instance: 'Directory', path: db });
    await api.fence({ instance: 'Directory', reason: 'test', term: 1 });
    expect((await get('/primary')).status).toBe(503);
    expect(active()).toBeNull();
  });

  it('keeps its port, and its root to itself', async () => {
    const first = await lab.agent();
    const { endpoint } = await first.api.status({});
    expect(await failure(lab.agent())).toBe('AGENT_RUNNING');
    await first.agent.stop();
    const second = await lab.agent();
    expect((await second.api.status({})).endpoint).toBe(endpoint);
  });

  it('refuses what is outside its folders, taken, or no database', async () => {
    const { api } = await lab.agent();
    expect(await failure(api.protect({ instance: 'Etc', path: '/etc/hostname', replica: 1, logging: false }))).toBe(
      'OUTSIDE_ROOT',
    );
    fs.writeFileSync(lab.path('text.db'), 'plain text');
    expect(
      await failure(api.protect({ instance: 'Text', path: lab.path('text.db'), replica: 1, logging: false })),
    ).toBe('NOT_SQLITE');
    await protect(api);
    expect(await failure(protect(api))).toBe('DUPLICATE');
    expect(await failure(protect(api, { instance: 'Other' }))).toBe('DUPLICATE');
    expect(await failure(api.status({}).then(() => api.getConfig({ instance: 'Nobody' })))).toBe('NOT_FOUND');
    expect(await api.checkFolder({ folder: lab.path('new', 'folder'), create: true })).toMatchObject({
      writable: true,
      problem: null,
    });
    expect(await api.checkFolder({ folder: '/proc' })).toMatchObject({ writable: false });
    // The runtime's own recursive mkdir never comes back from there, and took the agent with it.
    expect(await api.checkFolder({ folder: '/proc/holdfast/x', create: true })).toMatchObject({ writable: false });
  });

  it('notices another file in the place of its own', async () => {
    const { api, agent } = await lab.agent();
    await protect(api);
    await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') });
    const seen: AgentEvent[] = [];
    const controller = new AbortController();
    const listening = (async () => {
      for await (const event of await api.events({}, { signal: controller.signal })) seen.push(event);
    })();
    const other = lab.path('data', 'other.db');
    createDatabase(other, 7);
    sql(other, 'PRAGMA journal_mode=DELETE; PRAGMA journal_mode=WAL');
    for (const suffix of ['-wal', '-shm']) fs.rmSync(other + suffix, { force: true });
    fs.renameSync(other, db);
    agent.tick();
    await expect.poll(async () => (await one(api)).outOfSync).toBe(true);
    expect(await one(api)).toMatchObject({ fullRequired: true });
    await expect
      .poll(() => seen.some((event) => event.kind === 'outOfSync' && event.severity === 'critical'))
      .toBe(true);
    agent.tick();
    await backup(api, 'Directory', { file: lab.path('bak', 'f2.bak') });
    await api.clearOutOfSync({ instance: 'Directory' });
    expect(await one(api)).toMatchObject({ outOfSync: false, fullRequired: false });
    await collect(
      await api.restoreToFile({
        path: lab.path('r.db'),
        options: { file: lab.path('bak', 'f2.bak'), log: lab.path('l') },
      }),
    );
    expect(count(lab.path('r.db'))).toBe(7);
    controller.abort();
    await listening.catch(() => {});
  });

  it('says that its file is gone, and is well again when it is back', async () => {
    const { api, agent } = await lab.agent();
    await protect(api);
    fs.renameSync(db, `${db}.away`);
    agent.tick();
    expect(await one(api)).toMatchObject({ state: 'Error', error: { name: 'DATABASE_REPLACED' }, writable: false });
    fs.renameSync(`${db}.away`, db);
    agent.tick();
    expect(await one(api)).toMatchObject({ state: 'OutOfSync', error: null, writable: true });
    expect(write()).toBe('ok');
  });

  it('notices an older state that was copied over the file while it was down', async () => {
    const first = await lab.agent();
    await protect(first.api);
    await backup(first.api, 'Directory', { file: lab.path('bak', 'f.bak') });
    await first.agent.stop();
    sql(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const old = fs.readFileSync(db);
    const again = await lab.agent();
    for (let n = 0; n < 5; n++) sql(db, `CREATE TABLE t${n} (x)`);
    await expect.poll(async () => (await one(again.api)).lastCommitAt ?? 0).toBeGreaterThan(0);
    await again.agent.stop();
    sql(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
    for (const suffix of ['-wal', '-shm']) fs.rmSync(db + suffix, { force: true });
    fs.writeFileSync(db, old);
    const last = await lab.agent();
    expect((await one(last.api)).outOfSync).toBe(true);
  });
});

describe('an agent straight on a file', () => {
  it('takes a chain, and leaves the database as it found it', async () => {
    const direct = await openDirectAgent(db);
    await backup(direct.api, direct.instance!, { file: lab.path('bak', 'f.bak') });
    expect(await failure(openDirectAgent(db))).toBe('AGENT_RUNNING');
    await direct.close();
    write();
    const again = await openDirectAgent(db);
    const result = await backup(again.api, again.instance!, { type: 'incremental', file: lab.path('bak', 'i.bak') });
    await again.close();
    expect(result.changedPages).toBeLessThan(result.pages);
    expect(sql(db, 'PRAGMA journal_mode')).toBe('wal');
    expect(write()).toBe('ok');

    const target = await openDirectAgent(lab.path('new.db'));
    expect(target.instance).toBeNull();
    const options = { file: lab.path('bak', 'f.bak'), log: lab.path('bak', 'r.log') };
    const run = await collect(await target.api.restoreToFile({ path: lab.path('new.db'), options }));
    expect(run.error).toBeNull();
    await target.close();
    expect(count(lab.path('new.db'))).toBe(201);
  });

  it('activates a set that waits in RST for a path with no file', async () => {
    const direct = await openDirectAgent(db);
    await backup(direct.api, direct.instance!, { file: lab.path('bak', 'f.bak') });
    await direct.close();
    const target = lab.path('new.db');
    const first = await openDirectAgent(target);
    const options = { file: lab.path('bak', 'f.bak'), log: lab.path('bak', 'r.log'), activate: false };
    const run = await collect(await first.api.restoreToFile({ path: target, options }));
    expect(run.result).toMatchObject({ activated: false });
    await first.close();
    expect(fs.existsSync(target)).toBe(false);

    const second = await openDirectAgent(target);
    await second.close();
    const third = await openDirectAgent(target);
    await third.api.finishRst({
      instance: third.instance!,
      action: 'activate',
      override: false,
      open: false,
      clearLock: true,
      log: lab.path('bak', 'r.log'),
    });
    await third.close();
    expect(count(target)).toBe(200);
    expect(sql(target, `INSERT INTO entry (name) VALUES ('w'); SELECT 'ok'`)).toBe('ok');
    const fourth = await openDirectAgent(target);
    expect((await backup(fourth.api, fourth.instance!, { file: lab.path('bak', 'n.bak') })).pages).toBeGreaterThan(0);
    await fourth.close();
    expect(await failure(openDirectAgent(lab.path('never.db')).then((agent) => agent.close()))).toBe('no failure');
    expect(fs.existsSync(lab.path('.holdfast', 'never.db'))).toBe(false);
  });

  it('leaves alone what an engine protects', async () => {
    const { api } = await lab.agent();
    await protect(api);
    expect(await failure(openDirectAgent(db))).toBe('AGENT_RUNNING');
    expect(write()).toBe('ok');
  });
});
