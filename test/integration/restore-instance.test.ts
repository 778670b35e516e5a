// Restores into a protected instance: verification, failure, cancel, contingency, the set that waits in RST.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { systemFiles } from '../../core/platform/files.ts';
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
  restore,
  sql,
} from '../support/agent-lab.ts';

let lab: Lab;
let agent: Agent;
let api: AgentApi;
let db: string;
let full: string;

beforeEach(async () => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  ({ agent, api } = await lab.agent());
  db = lab.path('data', 'Directory.db');
  full = lab.path('bak', 'full.bak');
  createDatabase(db);
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  await backup(api, 'Directory', { file: full });
  sql(db, `INSERT INTO entry (name) VALUES ('after the backup')`);
});
afterEach(() => lab.close());

/** A file system on which every write to a path that contains `part` finds no space. */
function fullDisk(part: string) {
  const names = new Map<number, string>();
  let failures = 0;
  const openSync = (file: string, flags: string, mode?: number) => {
    const fd = systemFiles.openSync(file, flags, mode);
    names.set(fd, file);
    return fd;
  };
  const writeSync = (fd: number, bytes: Buffer, offset?: number, length?: number, position?: number) => {
    if (names.get(fd)?.includes(part)) {
      failures += 1;
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }
    return systemFiles.writeSync(fd, bytes, offset, length, position);
  };
  return { files: { ...systemFiles, openSync, writeSync } as typeof systemFiles, failures: () => failures };
}

const status = async () => (await api.status({})).instances[0]!;
const writable = () =>
  sql(db, `INSERT INTO entry (name) VALUES ('probe'); DELETE FROM entry WHERE name = 'probe'; SELECT 'ok'`);

describe('a restore into an instance', () => {
  it('replaces the database, keeps the old set, and requires a full backup', async () => {
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect(run.view.steps.map((step) => step.status)).toEqual(Array(7).fill('done'));
    expect(run.view.lights).toEqual({ data: 'on', verified: 'on', active: 'on' });
    expect(run.view.nds.state).toBe('active');
    expect(count(db)).toBe(200);
    expect(writable()).toBe('ok');
    const [kept] = await api.contingencies({ instance: 'Directory' });
    expect(count(kept!.path)).toBe(201);
    expect(() => sql(kept!.path, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
    expect(await status()).toMatchObject({
      state: 'Online',
      writable: true,
      fullRequired: true,
      hasRst: false,
      logging: { on: false },
      vector: run.result!.vector,
    });
    expect(await failure(backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') }))).toBe(
      'NO_FULL_BACKUP',
    );
    const entry = (await api.readLog({ file: lab.path('bak', 'restore.log') })).at(-1)!;
    expect(entry).toMatchObject({ kind: 'Restore', verdict: 'success' });
  });

  it('keeps the log settings when asked, under a new serial', async () => {
    await restore(api, 'Directory', { file: full, keepLogSettings: true });
    expect(await status()).toMatchObject({ logging: { on: true }, fullRequired: true });
    await backup(api, 'Directory', { file: lab.path('bak', 'full2.bak') });
    sql(db, `INSERT INTO entry (name) VALUES ('new time')`);
    const { logging } = await status();
    const run = await restore(api, 'Directory', { file: lab.path('bak', 'full2.bak'), logFolder: logging.directory });
    expect(run.error).toBeNull();
    expect(count(db)).toBe(201);
  });

  it('fails with -6034 and the table when a peer is ahead; the old set stays active and RST waits', async () => {
    await expect.poll(async () => (await status()).vector.length).toBe(1);
    const before = (await status()).vector;
    const ahead = before.map((stamp) => ({ ...stamp, sec: stamp.sec + 77, seq: stamp.seq + 9 }));
    const peers = [
      { server: '\\T=TEST\\O=LAB\\CN=SRV-2', replica: 'Directory', vector: ahead },
      { server: '\\T=TEST\\O=LAB\\CN=SRV-3', replica: 'Directory', vector: [] },
    ];
    const run = await restore(api, 'Directory', { file: full, peers });
    expect(run.error).toMatchObject({ name: 'VERIFICATION_BEHIND', code: -6034 });
    expect(run.result).toBeNull();
    expect(run.view.verification).toMatchObject({ status: 'behind', code: -6034, integrity: 'ok' });
    expect(run.view.verification.servers.map((server) => server.status)).toEqual(['behind', 'ok']);
    expect(run.view.verification.servers[0]!.rows[0]).toMatchObject({ replica: 1, status: 'behind' });
    expect(run.view.steps.map((step) => step.status)).toEqual([
      'done',
      'done',
      'done',
      'done',
      'done',
      'failed',
      'waiting',
    ]);
    expect(run.view.lights).toEqual({ data: 'on', verified: 'failed', active: 'off' });
    expect(run.view.nds.state).toBe('active');
    expect(count(db)).toBe(201);
    expect(writable()).toBe('ok');
    expect(await status()).toMatchObject({ state: 'Online', hasRst: true, logging: { on: true }, fullRequired: false });
    const text = fs.readFileSync(lab.path('bak', 'restore.log'), 'utf8');
    expect(text).toContain('Status: ERROR = -6034');
    expect(text).toContain('Local TV');
    expect(text.trimEnd().endsWith('Restore failed, error -6034')).toBe(true);

    const finish = { instance: 'Directory', open: true, clearLock: true, log: lab.path('bak', 'restore.log') };
    expect(await failure(api.finishRst({ ...finish, action: 'activate', override: false }))).toBe(
      'CONFIRMATION_REQUIRED',
    );
    const done = await api.finishRst({ ...finish, action: 'activate', override: true });
    expect(count(done.contingency!.concat('/Directory.db'))).toBe(201);
    expect(count(db)).toBe(200);
    expect(writable()).toBe('ok');
    expect((await status()).hasRst).toBe(false);
    expect(await failure(api.finishRst({ ...finish, action: 'delete', override: false }))).toBe('NO_RST');
  });

  it('stops for a decision when a peer cannot be reached, and goes on with an override', async () => {
    const peers = [{ server: 'SRV-2', replica: 'Directory', vector: null }];
    const stopped = await restore(api, 'Directory', { file: full, peers });
    expect(stopped.error?.name).toBe('VERIFICATION_UNREACHABLE');
    expect(count(db)).toBe(201);
    await api.finishRst({
      instance: 'Directory',
      action: 'delete',
      override: false,
      open: true,
      clearLock: true,
      log: lab.path('bak', 'restore.log'),
    });
    const forced = await restore(api, 'Directory', { file: full, peers, override: true });
    expect(forced.error).toBeNull();
    expect(forced.view.verification.status).toBe('overridden');
    expect(count(db)).toBe(200);
  });

  it('leaves the set in RST without activation', async () => {
    const run = await restore(api, 'Directory', { file: full, activate: false });
    expect(run.result).toMatchObject({ activated: false, contingency: null });
    expect(run.view.steps[6]!.status).toBe('skipped');
    expect(await status()).toMatchObject({ hasRst: true, state: 'Online', writable: true });
    expect(count(db)).toBe(201);
    expect(writable()).toBe('ok');
  });

  it('is refused while another program has the database open, with nothing changed', async () => {
    const holder = await holdOpen(db);
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error?.name).toBe('DATABASE_IN_USE');
    expect(run.error?.details).toMatchObject({ holders: [{ pid: holder.pid }] });
    expect(writable()).toBe('ok');
    await holder.stop();
    expect(await status()).toMatchObject({ state: 'Online', hasRst: false, fullRequired: false, outOfSync: false });
    sql(db, `INSERT INTO entry (name) VALUES ('captured')`);
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    const target = lab.path('r.db');
    await collect(await api.restoreToFile({ path: target, options: { file: full, log: lab.path('l') } }));
    expect(execFileSync('sqldiff', [db, target], { encoding: 'utf8' })).toBe('');
  });

  it('discards RST and reopens the old set when the backup is damaged', async () => {
    const bytes = fs.readFileSync(full);
    const middle = bytes.length - 5000;
    bytes[middle] = bytes[middle]! ^ 1;
    fs.writeFileSync(lab.path('bak', 'bad.bak'), bytes);
    const run = await restore(api, 'Directory', { file: lab.path('bak', 'bad.bak') });
    expect(run.error?.name).toBe('BACKUP_DAMAGED');
    expect(run.view.steps[2]!.status).toBe('failed');
    expect(run.view.rst.state).toBe('discarded');
    expect(fs.readdirSync(lab.path('data', '.holdfast', 'Directory', 'staging'))).toEqual([]);
    expect(writable()).toBe('ok');
    expect(await status()).toMatchObject({ hasRst: false, state: 'Online' });
  });

  it.each(['step1.end', 'step2.end', 'step3.begin', 'step4.end', 'verifying', 'step6.end'])(
    'can be cancelled at %s',
    async (point) => {
      const controller = new AbortController();
      agent.deps.at = (name) => {
        if (name === point) controller.abort();
      };
      const stream = await api.restore(
        { instance: 'Directory', options: { file: full, log: lab.path('bak', 'restore.log') } },
        { signal: controller.signal },
      );
      const run = await collect(stream).catch(() => null);
      if (run) expect(run.error?.name).toBe('CANCELLED');
      agent.deps.at = () => {};
      await expect.poll(async () => (await status()).state).toBe('Online');
      expect(count(db)).toBe(201);
      expect(writable()).toBe('ok');
      expect((await api.readLog({ file: lab.path('bak', 'restore.log') })).at(-1)).toMatchObject({ errorCode: -7090 });
      const again = await restore(api, 'Directory', { file: full });
      expect(again.error).toBeNull();
      expect(count(db)).toBe(200);
    },
  );

  it.each(['/staging/', 'journal.json'])('leaves the old set active when the disk is full at %s', async (where) => {
    const disk = fullDisk(where);
    agent.deps.files = disk.files;
    const run = await restore(api, 'Directory', { file: full });
    agent.deps.files = systemFiles;
    expect(disk.failures()).toBeGreaterThan(0);
    expect(run.error?.name).toBe('NO_SPACE');
    expect(writable()).toBe('ok');
    expect(await status()).toMatchObject({ state: 'Online', hasRst: false, fullRequired: false });
    expect((await restore(api, 'Directory', { file: full })).error).toBeNull();
  });

  it.each(['activated', 'swap.renamed'])(
    'is completed when something fails at %s, past the point of no return',
    async (point) => {
      agent.deps.at = (name) => {
        if (name === point) throw Object.assign(new Error('disk is gone'), { code: 'EIO' });
      };
      const run = await restore(api, 'Directory', { file: full });
      agent.deps.at = () => {};
      expect(run.error?.name).toBe('IO_ERROR');
      expect(count(db)).toBe(200);
      expect(writable()).toBe('ok');
      expect(await status()).toMatchObject({ state: 'Online', hasRst: false, fullRequired: true });
      expect((await api.contingencies({ instance: 'Directory' })).length).toBe(1);
    },
  );

  it('brings back a database whose pages make no sense', async () => {
    await agent.stop();
    sql(db, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const bytes = fs.readFileSync(db);
    fs.writeFileSync(db, bytes.fill(0x5a, 100));
    ({ agent, api } = await lab.agent());
    expect((await status()).error?.name).toBe('INTEGRITY_FAILED');
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect(count(db)).toBe(200);
    expect((await status()).state).toBe('Online');
  });

  it('brings back a database that is damaged beyond opening', async () => {
    await agent.stop();
    fs.rmSync(`${db}-wal`, { force: true });
    fs.rmSync(`${db}-shm`, { force: true });
    fs.writeFileSync(db, 'nothing of it is left');
    ({ agent, api } = await lab.agent());
    expect((await status()).state).toBe('Error');
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect(count(db)).toBe(200);
    expect(writable()).toBe('ok');
    expect((await status()).state).toBe('Online');
    expect(fs.readFileSync((await api.contingencies({ instance: 'Directory' }))[0]!.path, 'utf8')).toBe(
      'nothing of it is left',
    );
  });

  it('stays locked when the lock is not cleared', async () => {
    await restore(api, 'Directory', { file: full, clearLock: false });
    expect(() => sql(db, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
    expect(await status()).toMatchObject({ state: 'Fenced', writable: false });
    await api.unfence({ instance: 'Directory', term: 0 });
    expect(writable()).toBe('ok');
  });
});

describe('a restore into a new file', () => {
  it('refuses a target that is there, an incremental alone, and a moment before the full', async () => {
    const incremental = (await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') })).file;
    const log = lab.path('l');
    const to = async (options: { file: string; until?: number }) =>
      collect(await api.restoreToFile({ path: lab.path('n.db'), options: { log, ...options } }));
    expect(await failure(api.restoreToFile({ path: db, options: { file: full, log } }).then(collect))).toBe(
      'TARGET_EXISTS',
    );
    expect(await failure(to({ file: incremental }))).toBe('NOT_A_FULL_BACKUP');
    expect(await failure(to({ file: full, until: 1000 }))).toBe('POINT_NOT_COVERED');
    expect(await failure(to({ file: '/etc/hostname' }))).toBe('OUTSIDE_ROOT');
  });
});
