// Backups through the agent: the chain, its refusals, and round trips of a database that other programs write to.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentApi } from '../../core/rpc/types.ts';
import {
  backup,
  collect,
  count,
  createDatabase,
  createLab,
  failure,
  type Lab,
  restore,
  sql,
} from '../support/agent-lab.ts';

const chinook = path.resolve(import.meta.dirname, '../data/chinook.sqlite');

let lab: Lab;
let api: AgentApi;
let db: string;

beforeEach(async () => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  ({ api } = await lab.agent());
  db = lab.path('data', 'Directory.db');
});
afterEach(() => lab.close());

const protect = (logging: boolean, more: object = {}) =>
  api.protect({ instance: 'Directory', path: db, replica: 1, logging, ...more });
const status = async () => (await api.status({})).instances[0]!;
const diff = (a: string, b: string) => execFileSync('sqldiff', [a, b], { encoding: 'utf8' });

describe('a chain of backups', () => {
  it.each([true, false])('restores chinook with an incremental of foreign changes, logging %s', async (logging) => {
    fs.mkdirSync(path.dirname(db), { recursive: true });
    fs.copyFileSync(chinook, db);
    await protect(logging, { switchToWal: true });
    const full = await backup(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    sql(db, `INSERT INTO Artist (Name) VALUES ('Nobody'); DELETE FROM PlaylistTrack WHERE PlaylistId = 1;`);
    const incremental = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'inc.bak') });
    expect(incremental.changedPages).toBeGreaterThan(0);
    expect(incremental.changedPages).toBeLessThan(full.pages);
    const target = lab.path('restored.db');
    const run = await collect(
      await api.restoreToFile({
        path: target,
        options: { file: lab.path('bak', 'full.bak'), log: lab.path('bak', 'r.log') },
      }),
    );
    expect(run.error).toBeNull();
    expect(run.result?.activated).toBe(true);
    expect(run.view.steps.map((step) => step.status)).toEqual([
      'done',
      'done',
      'done',
      'done',
      'skipped',
      'done',
      'done',
    ]);
    expect(run.view.blockMap).toMatch(/^v+$/);
    expect(diff(db, target)).toBe('');
    expect(sql(target, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('is refused before a full backup, while one runs, and while one is required', async () => {
    createDatabase(db);
    await protect(false);
    const options = { file: lab.path('bak', 'x.bak'), log: lab.path('bak', 'b.log') };
    expect(await failure(backup(api, 'Directory', { ...options, type: 'incremental' }))).toBe('NO_FULL_BACKUP');
    expect((await status()).lastIncremental).toBeNull();

    const running = await api.backup({ instance: 'Directory', options: { ...options, type: 'full' } });
    await running.next();
    expect((await status()).state).toBe('BackingUp');
    expect(await failure(backup(api, 'Directory', { file: lab.path('bak', 'y.bak') }))).toBe('BACKUP_ACTIVE');
    expect(await failure(api.setConfig({ instance: 'Directory', on: true }))).toBe('BACKUP_ACTIVE');
    for await (const _ of running);

    await api.setConfig({ instance: 'Directory', on: true });
    expect((await status()).fullRequired).toBe(true);
    expect(
      await failure(backup(api, 'Directory', { ...options, type: 'incremental', file: lab.path('bak', 'i.bak') })),
    ).toBe('FULL_BACKUP_REQUIRED');
    await backup(api, 'Directory', { file: lab.path('bak', 'z.bak') });
    expect((await status()).fullRequired).toBe(false);
    expect((await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') })).type).toBe(
      'incremental',
    );
  });

  it('does not move when a backup is cancelled or fails', async () => {
    createDatabase(db, 20_000);
    await protect(true);
    await backup(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    const before = await status();
    sql(db, 'UPDATE entry SET body = randomblob(300)');
    const controller = new AbortController();
    const stream = await api.backup(
      {
        instance: 'Directory',
        options: { type: 'incremental', file: lab.path('bak', 'i.bak'), log: lab.path('bak', 'b.log') },
      },
      { signal: controller.signal },
    );
    await stream.next();
    controller.abort();
    expect(
      await failure(async () => {
        for await (const _ of stream);
      }),
    ).toBe('CANCELLED');
    expect(fs.existsSync(lab.path('bak', 'i.bak'))).toBe(false);
    expect(await failure(backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'full.bak') }))).toBe(
      'FILE_EXISTS',
    );
    const after = await status();
    expect(after.lastIncremental).toEqual(before.lastIncremental);
    const log = await api.readLog({ file: lab.path('bak', 'b.log') });
    expect(log.at(-1)).toMatchObject({ verdict: 'failed', errorCode: -7090 });

    const next = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i2.bak') });
    const { info } = await api.header({ file: next.file });
    expect(info.sequence).toBe(1);
    expect(info.incrementalId).toBe('1');
    const target = lab.path('r.db');
    await collect(
      await api.restoreToFile({ path: target, options: { file: lab.path('bak', 'full.bak'), log: lab.path('l') } }),
    );
    expect(diff(db, target)).toBe('');
  });

  it('goes on after a restart, and numbers incrementals across fulls', async () => {
    createDatabase(db);
    const { agent, api: first } = await lab.agent('SRV-2');
    await first.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
    await backup(first, 'Directory', { file: lab.path('bak', 'full.bak') });
    sql(db, `INSERT INTO entry (name) VALUES ('one')`);
    await agent.stop();
    sql(db, `INSERT INTO entry (name) VALUES ('while nobody watched')`);

    const { api: second } = await lab.agent('SRV-2');
    const incremental = await backup(second, 'Directory', { type: 'incremental', file: lab.path('bak', 'i1.bak') });
    expect((await second.header({ file: incremental.file })).info.incrementalId).toBe('1');
    expect((await second.status({})).instances[0]).toMatchObject({ outOfSync: false, fullRequired: false });
    const full = await backup(second, 'Directory', { file: lab.path('bak', 'full2.bak') });
    expect(full.nextIncId).toBe('2');
    const target = lab.path('r.db');
    const run = await collect(
      await second.restoreToFile({ path: target, options: { file: lab.path('bak', 'full.bak'), log: lab.path('l') } }),
    );
    expect(run.error).toBeNull();
    expect(count(target)).toBe(202);
    expect(diff(db, target)).toBe('');
  });

  it('compares pages when the logs of an incremental were moved away', async () => {
    createDatabase(db);
    await protect(true);
    const full = await backup(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    sql(db, `INSERT INTO entry (name) VALUES ('logged')`);
    const { logging } = await status();
    await api.setConfig({ instance: 'Directory', roll: true });
    fs.rmSync(path.join(logging.directory, full.currentLog));
    const incremental = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    expect(incremental.changedPages).toBeLessThan(full.pages);
    const target = lab.path('r.db');
    await collect(
      await api.restoreToFile({ path: target, options: { file: lab.path('bak', 'full.bak'), log: lab.path('l') } }),
    );
    expect(diff(db, target)).toBe('');
    expect(count(target)).toBe(201);
  });

  it('never gives one id twice', async () => {
    createDatabase(db, 20);
    await protect(false);
    const ids = new Set<string>();
    for (let n = 0; n < 4; n++) ids.add((await backup(api, 'Directory', { file: lab.path('bak', `${n}.bak`) })).idtag);
    expect(ids.size).toBe(4);
  });

  it('replays the logs up to a moment', async () => {
    createDatabase(db);
    await protect(true);
    await backup(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    sql(db, `INSERT INTO entry (name) VALUES ('kept')`);
    await api.captureNow({ instance: 'Directory' });
    const kept = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(kept + 20);
    const until = kept + 10;
    sql(db, `INSERT INTO entry (name) VALUES ('later')`);
    await api.captureNow({ instance: 'Directory' });
    const logFolder = (await status()).logging.directory;
    const options = { file: lab.path('bak', 'full.bak'), log: lab.path('l'), logFolder };
    const all = await collect(await api.restoreToFile({ path: lab.path('all.db'), options }));
    expect(all.error).toBeNull();
    expect(count(lab.path('all.db'))).toBe(202);
    expect(all.view.sources.map((source) => [source.kind, source.status])).toEqual([
      ['full', 'done'],
      ['log', 'done'],
    ]);
    const some = await collect(await api.restoreToFile({ path: lab.path('some.db'), options: { ...options, until } }));
    expect(count(lab.path('some.db'))).toBe(201);
    expect(some.result?.restoredTo).toBeLessThanOrEqual(until);
  });

  it('asks before a rollback-journal database is logged', async () => {
    fs.mkdirSync(path.dirname(db), { recursive: true });
    fs.copyFileSync(chinook, db);
    sql(db, 'PRAGMA journal_mode=DELETE');
    expect(await failure(protect(true))).toBe('JOURNAL_MODE');
    await protect(false);
    await backup(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    sql(db, `INSERT INTO Artist (Name) VALUES ('Nobody')`);
    const incremental = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    expect(incremental.changedPages).toBeGreaterThan(0);
    const run = await restore(api, 'Directory', { file: lab.path('bak', 'full.bak') });
    expect(run.error).toBeNull();
    expect(sql(db, `SELECT count(*) FROM Artist WHERE Name = 'Nobody'`)).toBe('1');
  });
});

describe('removing old backups', () => {
  const bak = (name: string) => lab.path('bak', name);
  const here = () =>
    fs
      .readdirSync(lab.path('bak'))
      .filter((name) => name.includes('.bak'))
      .sort();

  it('removes whole sets that nothing stands on, and frees their bytes', async () => {
    createDatabase(db);
    await protect(true);
    await backup(api, 'Directory', { file: bak('1-full.bak'), partBytes: 20_000 });
    sql(db, `DELETE FROM entry WHERE id < 20`);
    await backup(api, 'Directory', { type: 'incremental', file: bak('1-inc.bak') });
    const old = here().map(bak);
    expect(old.length).toBeGreaterThan(2);
    const full = await backup(api, 'Directory', { file: bak('2-full.bak') });
    const bytes = old.reduce((sum, file) => sum + fs.statSync(file).size, 0);
    const gone = await api.removeBackups({ files: [...old, bak('never-there.bak')] });
    expect(gone.removed.toSorted()).toEqual(old.toSorted());
    expect(gone.bytes).toBe(bytes);
    expect(here()).toEqual(['2-full.bak']);
    expect(fs.existsSync(full.file)).toBe(true);
  });

  it('refuses, before anything is gone, what is foreign, outside, in use, or the base of something that stays', async () => {
    createDatabase(db);
    await protect(true);
    await backup(api, 'Directory', { file: bak('1-full.bak'), partBytes: 20_000 });
    await backup(api, 'Directory', { type: 'incremental', file: bak('1-inc.bak') });
    await backup(api, 'Directory', { type: 'incremental', file: bak('1-inc-2.bak') });
    const first = here()
      .filter((name) => name.startsWith('1-full'))
      .map(bak);
    fs.writeFileSync(bak('letter.bak'), 'not a backup');
    const before = here();
    const remove = (files: string[]) => failure(api.removeBackups({ files }));
    expect(await remove([...first, bak('1-inc.bak'), bak('1-inc-2.bak')])).toBe('INVALID_INPUT');
    await backup(api, 'Directory', { file: bak('2-full.bak') });
    expect(await remove([bak('2-full.bak')])).toBe('INVALID_INPUT');
    expect(await remove(first)).toBe('INVALID_INPUT');
    expect(await remove([...first, bak('1-inc-2.bak')])).toBe('INVALID_INPUT');
    expect(await remove([bak('1-inc.bak')])).toBe('INVALID_INPUT');
    expect(await remove([...first.slice(1), bak('1-inc.bak'), bak('1-inc-2.bak')])).toBe('INVALID_INPUT');
    expect(await remove([...first, bak('1-inc.bak'), bak('1-inc-2.bak'), bak('letter.bak')])).toBe('NOT_A_BACKUP');
    expect(await remove([db])).toBe('NOT_A_BACKUP');
    expect(await remove(['/etc/hostname'])).toBe('OUTSIDE_ROOT');
    fs.symlinkSync('/etc/hostname', bak('link.bak'));
    expect(await remove([bak('link.bak')])).toBe('OUTSIDE_ROOT');
    expect(here()).toEqual([...before, '2-full.bak', 'link.bak'].toSorted());
    expect(fs.existsSync(db)).toBe(true);
  });

  it('keeps what a copy was restored from', async () => {
    createDatabase(db);
    await protect(true);
    const full = await backup(api, 'Directory', { file: bak('1-full.bak') });
    await backup(api, 'Directory', { file: bak('2-full.bak') });
    await api.attachStandby({ instance: 'Copy', path: lab.path('data', 'Copy.db'), replica: 2 });
    await collect(await api.applyToStandby({ instance: 'Copy', file: full.file, log: bak('backup.log') }));
    expect(await failure(api.removeBackups({ files: [full.file] }))).toBe('INVALID_INPUT');
    expect(here()).toContain('1-full.bak');
  });
});
