// A full volume of the logs, made by a file system that refuses and by a really small one: the database goes on, logging goes on
// when it can, and what it could not keep is said.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../core/contract/agent.ts';
import { systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, createDatabase, createLab, failure, holdOpen, type Lab, sql } from '../support/agent-lab.ts';

const instance = 'Directory';
const within = { timeout: 20_000 };
let lab: Lab;
let db: string;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  db = lab.path('data', 'Directory.db');
  createDatabase(db);
});
afterEach(() => lab.close());

/** Files whose writes into the default folder of the logs fail with ENOSPC while `full` is set. */
function narrowFiles() {
  const state = { full: false };
  const names = new Map<number, string>();
  const files = {
    ...systemFiles,
    openSync: (file: string, flags: string, mode?: number) => {
      const fd = systemFiles.openSync(file, flags, mode);
      names.set(fd, file);
      return fd;
    },
    writeSync: (fd: number, bytes: Buffer, offset?: number, length?: number, position?: number) => {
      if (state.full && names.get(fd)?.includes('/data/.holdfast/Directory/nds.rfl/'))
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return systemFiles.writeSync(fd, bytes, offset, length, position);
    },
  } as typeof systemFiles;
  return { files, state };
}

const one = async (api: AgentApi) => (await api.status({})).instances[0]!;
const protect = (api: AgentApi) => api.protect({ instance, path: db, replica: 1, logging: true });
const write = (text: string) => sql(db, `INSERT INTO entry (name) VALUES ('${text}'); SELECT 'ok'`);

/** Everything that the agent says by itself from now on. */
function listen(api: AgentApi): { events: AgentEvent[]; stop(): Promise<void> } {
  const controller = new AbortController();
  const events: AgentEvent[] = [];
  const done = (async () => {
    try {
      for await (const event of await api.events({}, { signal: controller.signal })) events.push(event);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
  })();
  return {
    events,
    stop: () => {
      controller.abort();
      return done;
    },
  };
}

async function expectAllRestored(api: AgentApi, file: string): Promise<void> {
  const target = lab.path('restored.db');
  const logFolder = (await one(api)).logging.directory;
  const options = { file, log: lab.path('l'), logFolder, incrementals: [] };
  const run = await collect(await api.restoreToFile({ path: target, options }));
  expect(run.error).toBeNull();
  expect(execFileSync('sqldiff', [db, target], { encoding: 'utf8' })).toBe('');
}

describe('while the volume of the logs is full', () => {
  it('opens the database for its writers all the same, and logs without a gap when there is room again', async () => {
    const first = await lab.agent();
    await protect(first.api);
    const full = lab.path('bak', 'f.bak');
    await backup(first.api, instance, { file: full });
    write('before');
    await expect.poll(async () => (await one(first.api)).vector[0]?.seq ?? 0, within).toBeGreaterThan(0);
    // A program that keeps the database open keeps the WAL from being folded in when the agent ends.
    const holder = await holdOpen(db);
    await first.agent.stop();
    write('nobody watches');
    const { files, state } = narrowFiles();
    state.full = true;
    const { agent, api } = await lab.agent('SRV-1', { files });
    expect(write('while full')).toBe('ok');
    await expect.poll(async () => (await one(api)).error?.name, within).toBe('LOG_DEVICE_FULL');
    expect(await one(api)).toMatchObject({ writable: true, state: 'Error' });
    expect(agent.instance(instance).owner).not.toBeNull();
    const heard = listen(api);
    state.full = false;
    await expect.poll(async () => (await one(api)).error, within).toBeNull();
    write('after');
    await api.captureNow({ instance });
    expect(await one(api)).toMatchObject({ fullRequired: false, outOfSync: false });
    expect(heard.events.filter(({ kind }) => kind === 'gap')).toEqual([]);
    await heard.stop();
    await holder.stop();
    await expectAllRestored(api, full);
  });

  it('lets the logs be moved away, or turned off, or changed in size', async () => {
    const { files, state } = narrowFiles();
    const { api } = await lab.agent('SRV-1', { files });
    await protect(api);
    await backup(api, instance, { file: lab.path('bak', 'f.bak') });
    state.full = true;
    write('while full');
    await expect.poll(async () => (await one(api)).error?.name, within).toBe('LOG_DEVICE_FULL');
    expect(await api.setConfig({ instance, minBytes: 1_000_000 })).toMatchObject({ on: true, minBytes: 1_000_000 });
    fs.mkdirSync(lab.path('other'));
    const moved = await api.setConfig({ instance, directory: lab.path('other') });
    expect(moved).toMatchObject({ on: true, currentLog: '00000001.log' });
    expect(await one(api)).toMatchObject({ fullRequired: true });
    write('into the other place');
    await expect.poll(async () => (await one(api)).error, within).toBeNull();
    expect(await api.setConfig({ instance, on: false })).toMatchObject({ on: false });
    state.full = false;
  });

  it('turns logging off by itself only where that was chosen, and then says so', async () => {
    const { files, state } = narrowFiles();
    const { api } = await lab.agent('SRV-1', { files });
    await protect(api);
    await backup(api, instance, { file: lab.path('bak', 'f.bak') });
    const heard = listen(api);
    await api.setConfig({ instance, stopWhenFull: true });
    state.full = true;
    expect(write('while full')).toBe('ok');
    await expect.poll(async () => (await one(api)).logging.on, within).toBe(false);
    const status = await one(api);
    expect(status).toMatchObject({
      fullRequired: true,
      fullRequiredReason: 'Roll-forward logging turned itself off: the volume of its logs was full',
      error: null,
      writable: true,
    });
    await expect
      .poll(() => heard.events.filter(({ message }) => message.includes('turned itself off because')).length, within)
      .toBe(1);
    expect(heard.events.find(({ message }) => message.includes('turned itself off because'))?.severity).toBe(
      'critical',
    );
    await heard.stop();
    state.full = false;
    expect(await api.setConfig({ instance, on: true })).toMatchObject({ on: true, stopWhenFull: true });
  });

  it('says that the WAL was begun anew meanwhile, and finds by comparing what went by', async () => {
    const { files, state } = narrowFiles();
    const before = await lab.agent('SRV-1', { files });
    await protect(before.api);
    const full = lab.path('bak', 'f.bak');
    await backup(before.api, instance, { file: full });
    write('captured');
    await expect.poll(async () => (await one(before.api)).vector[0]?.seq ?? 0, within).toBeGreaterThan(0);
    await before.agent.stop();
    // Without an agent nothing holds the WAL.
    for (const text of ['a', 'b', 'c']) {
      write(text);
      sql(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
    }
    state.full = true;
    const { agent, api } = await lab.agent('SRV-1', { files });
    const heard = listen(api);
    await expect.poll(async () => (await one(api)).error?.name, within).toBe('LOG_DEVICE_FULL');
    write('d');
    state.full = false;
    await expect.poll(async () => (await one(api)).error, within).toBeNull();
    await expect
      .poll(() => heard.events.some(({ message }) => message.includes('captured after the gap')), within)
      .toBe(true);
    expect(heard.events.some(({ kind, severity }) => kind === 'gap' && severity === 'warning')).toBe(true);
    await heard.stop();
    await api.captureNow({ instance });
    expect(agent.instance(instance).facts.fullRequired).toBeNull();
    await expectAllRestored(api, full);
  });
});

describe('on a volume that is really small', () => {
  let mounted: string | null = null;
  afterEach(() => {
    if (mounted) execFileSync('umount', ['-l', mounted]);
    mounted = null;
  });

  it('keeps what it has, never blocks a writer, goes on when room was made', async (test) => {
    const folder = lab.path('small');
    fs.mkdirSync(folder);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
      mounted = folder;
    } catch {
      test.skip('a small file system can only be mounted by root');
    }
    const { agent, api } = await lab.agent();
    await protect(api);
    await api.setConfig({ instance, directory: folder });
    const full = lab.path('bak', 'f.bak');
    await backup(api, instance, { file: full });
    expect((await one(api)).logging.space).toMatchObject({ level: 'critical', sharedWithDatabase: false });
    fs.writeFileSync(lab.path('small', 'ballast'), Buffer.alloc(400 * 1024));
    await expect
      .poll(async () => {
        expect(sql(db, "UPDATE entry SET body = randomblob(300); SELECT 'ok'")).toBe('ok');
        return (await one(api)).error?.name;
      }, within)
      .toBe('LOG_DEVICE_FULL');
    expect(await one(api)).toMatchObject({ writable: true });
    const safe = (await one(api)).restorableTo;
    expect(sql(db, "UPDATE entry SET name = 'still'; SELECT 'ok'")).toBe('ok');
    expect((await one(api)).restorableTo).toBe(safe);
    fs.rmSync(lab.path('small', 'ballast'));
    execFileSync('mount', ['-o', 'remount,size=16m', folder]);
    await expect.poll(async () => (await one(api)).error, within).toBeNull();
    await api.captureNow({ instance });
    expect(await one(api)).toMatchObject({ fullRequired: false, outOfSync: false });
    await expectAllRestored(api, full);
    await agent.stop();
  });
});

it.each([
  ['is full', 'SQLITE_FULL', 'NO_SPACE'],
  ['reports errors', 'SQLITE_IOERR_FSYNC', 'IO_ERROR'],
])('goes on logging while only the volume of the state %s', async (_, code, name) => {
  const { agent, api } = await lab.agent();
  await protect(api);
  const facts = agent.instance(instance);
  const update = facts.update.bind(facts);
  let full = true;
  facts.update = (patch) => {
    if (full && 'capture' in patch) throw Object.assign(new Error('database or disk is full'), { code });
    update(patch);
  };
  await expect
    .poll(async () => {
      write('a');
      return (await one(api)).error?.name;
    }, within)
    .toBe(name);
  const seq = (await one(api)).vector[0]?.seq ?? 0;
  write('b');
  await expect.poll(async () => (await one(api)).vector[0]?.seq ?? 0, within).toBeGreaterThan(seq);
  full = false;
  await expect
    .poll(async () => {
      write('d');
      return (await one(api)).error;
    }, within)
    .toBeNull();
  expect(await failure(api.getConfig({ instance }))).toBe('no failure');
});
