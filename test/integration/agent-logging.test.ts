// Roll-forward logging of an instance: its settings, a full volume, and what went by while no agent was there.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createDatabase, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';

let lab: Lab;
let db: string;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  db = lab.path('data', 'Directory.db');
  createDatabase(db);
});
afterEach(() => lab.close());

const protect = (api: AgentApi) => api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
const one = async (api: AgentApi) => (await api.status({})).instances[0]!;
const write = (text: string) => sql(db, `INSERT INTO entry (name) VALUES ('${text}'); SELECT 'ok'`);

/** Restores the whole chain elsewhere and compares it with the database as it is now. */
async function expectChainToMatch(api: AgentApi, full: string): Promise<void> {
  const target = lab.path(`restored-${Date.now()}.db`);
  const run = await collect(await api.restoreToFile({ path: target, options: { file: full, log: lab.path('l') } }));
  expect(run.error).toBeNull();
  expect(execFileSync('sqldiff', [db, target], { encoding: 'utf8' })).toBe('');
}

describe('the log settings', () => {
  it('clamp sizes, change nothing when nothing changes, and require a full after a move', async () => {
    const { api } = await lab.agent();
    await protect(api);
    await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') });
    const before = await api.getConfig({ instance: 'Directory' });
    const clamped = await api.setConfig({ instance: 'Directory', minBytes: 500_000, maxBytes: 100_000 });
    expect(clamped).toMatchObject({ minBytes: 100_000, maxBytes: 100_000 });
    expect((await one(api)).fullRequired).toBe(false);
    expect(await api.setConfig({ instance: 'Directory', on: true })).toMatchObject({ currentLog: clamped.currentLog });
    const rolled = await api.setConfig({ instance: 'Directory', roll: true });
    expect(rolled.currentLog).not.toBe(clamped.currentLog);
    expect(rolled.lastNotUsed).toBe(clamped.currentLog);
    expect(await failure(api.setConfig({ instance: 'Directory', directory: lab.path('not', 'there') }))).toBe(
      'NOT_FOUND',
    );
    expect(await failure(api.setConfig({ instance: 'Directory', directory: '/etc' }))).toBe('OUTSIDE_ROOT');

    fs.mkdirSync(lab.path('other'));
    const moved = await api.setConfig({ instance: 'Directory', directory: lab.path('other') });
    expect(moved).toMatchObject({ directory: lab.path('other', 'nds.rfl'), on: true });
    expect(fs.readdirSync(before.directory).length).toBeGreaterThan(0);
    expect(await one(api)).toMatchObject({
      fullRequired: true,
      fullRequiredReason: 'The roll-forward logs were moved',
    });
    expect(await failure(backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') }))).toBe(
      'FULL_BACKUP_REQUIRED',
    );
  });
});

it('keeps the writers going when the volume of the logs is full, and goes on by itself', async () => {
  let full = false;
  const names = new Map<number, string>();
  const files = {
    ...systemFiles,
    openSync: (file: string, flags: string, mode?: number) => {
      const fd = systemFiles.openSync(file, flags, mode);
      names.set(fd, file);
      return fd;
    },
    writeSync: (fd: number, bytes: Buffer, offset?: number, length?: number, position?: number) => {
      if (full && names.get(fd)?.includes('nds.rfl')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return systemFiles.writeSync(fd, bytes, offset, length, position);
    },
  } as typeof systemFiles;
  const { api } = await lab.agent('SRV-1', { files });
  await protect(api);
  const chain = lab.path('bak', 'f.bak');
  await backup(api, 'Directory', { file: chain });
  full = true;
  expect(write('while full')).toBe('ok');
  await expect.poll(async () => (await one(api)).error?.name).toBe('LOG_DEVICE_FULL');
  expect(await one(api)).toMatchObject({ state: 'Error', writable: true });
  expect(write('still full')).toBe('ok');
  full = false;
  await expect.poll(async () => (await one(api)).error).toBeNull();
  await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
  expect(await one(api)).toMatchObject({ fullRequired: false, outOfSync: false });
  await expectChainToMatch(api, chain);
});

describe('after the agent was killed', () => {
  const entry = path.resolve(import.meta.dirname, '../../headless/agent.ts');

  async function killedAgent(): Promise<string> {
    const child = await createChildLauncher({ entry }).launch(lab.spec('SRV-1'));
    await protect(child.api);
    const full = lab.path('bak', 'f.bak');
    await backup(child.api, 'Directory', { file: full });
    write('captured');
    await expect.poll(async () => (await one(child.api)).vector[0]?.seq ?? 0).toBeGreaterThan(0);
    child.kill();
    await child.exited;
    return full;
  }

  it('captures commits of the meantime one by one while the WAL proves it', async () => {
    const full = await killedAgent();
    // A program that stays connected keeps the WAL from being folded in at the last close.
    const holder = `import sqlite3; c=sqlite3.connect(${JSON.stringify(db)}); d=sqlite3.connect(${JSON.stringify(db)})
for i in range(5): c.execute("insert into entry (name) values ('unseen')"); c.commit()
import os; os._exit(0)`;
    execFileSync('python3', ['-c', holder]);
    const { api } = await lab.agent();
    const status = await one(api);
    expect(status).toMatchObject({ outOfSync: false, fullRequired: false });
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    await expectChainToMatch(api, full);
  });

  it('finds by comparing what the WAL cannot tell any more, and goes on with the chain', async () => {
    const full = await killedAgent();
    for (const n of [1, 2, 3]) {
      write(`unseen ${n}`);
      sql(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
    }
    sql(db, 'DELETE FROM entry WHERE id < 50; VACUUM');
    const { api } = await lab.agent();
    await expect.poll(async () => (await one(api)).vector[0]?.seq ?? 0).toBeGreaterThan(1);
    expect(await one(api)).toMatchObject({ outOfSync: false, fullRequired: false });
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    write('after');
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i2.bak') });
    await expectChainToMatch(api, full);
    const replayed = await collect(
      await api.restoreToFile({
        path: lab.path('replayed.db'),
        options: {
          file: full,
          incrementals: [],
          log: lab.path('l'),
          logFolder: (await one(api)).logging.directory,
        },
      }),
    );
    expect(replayed.error).toBeNull();
    expect(count(lab.path('replayed.db'))).toBe(count(db));
  });
});
