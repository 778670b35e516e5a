// Cold backups with their follow-ups, encryption by definition, security and included files, parts over folders: on real databases.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from '../../core/agent/agent.ts';
import { createAgentRouter } from '../../core/agent/router.ts';
import { readBackupLog } from '../../core/backup/backup-log.ts';
import { openBackup } from '../../core/backup/reader.ts';
import type { BackupOptions, BackupResult } from '../../core/contract/backup.ts';
import type { Secrets } from '../../core/contract/other-files.ts';
import { restoreOptionsSchema } from '../../core/contract/restore.ts';
import { type Clock, systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { inProcessAgent } from '../../core/rpc/serve.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { collect, count, createDatabase, createLab, holdOpen, type Lab, sql } from '../support/agent-lab.ts';

let lab: Lab;
let db: string;
beforeEach(() => {
  lab = createLab();
  db = lab.path('data', 'directory.db');
  createDatabase(db);
  for (const name of ['backups', 'second', 'third', 'etc']) fs.mkdirSync(lab.path(name));
});
afterEach(() => lab.close());

async function protectedAgent(deps: Parameters<Lab['agent']>[1] = {}) {
  const { agent, api } = await lab.agent('SRV-1', deps);
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  return { agent, api };
}

/** Patience runs out ten times as fast. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 10,
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};

const bak = (name: string) => lab.path('backups', name);

async function backUp(
  api: AgentApi,
  options: Partial<BackupOptions> & { file: string },
  secrets: Partial<Secrets> = {},
): Promise<BackupResult> {
  const log = bak('backup.log');
  const stream = await api.backup({
    instance: 'Directory',
    options: { type: 'full', log, ...options },
    secrets: { security: null, pages: null, ...secrets },
  });
  for await (const event of stream) if (event.kind === 'result') return event.result;
  throw new Error('the backup ended without a result');
}

async function restoreTo(api: AgentApi, file: string, name: string, secrets: Partial<Secrets> = {}) {
  const target = lab.path('data', name);
  const options = restoreOptionsSchema.parse({ file, log: bak('restore.log'), skipVerify: true });
  const given = { security: null, pages: null, ...secrets };
  return { target, run: await collect(await api.restoreToFile({ path: target, options, secrets: given })) };
}

const statusOf = async (api: AgentApi) => (await api.status({})).instances[0]!;
const insert = (id: number) => sql(db, `INSERT INTO entry VALUES (${id}, 'later', x'00')`);

describe('a cold backup', () => {
  it('is refused while somebody has the database open, says who, and changes nothing', async () => {
    const { api } = await protectedAgent({ clock: hasty });
    const holder = await holdOpen(db);
    try {
      await expect(backUp(api, { file: bak('cold.bak'), cold: true })).rejects.toMatchObject({
        name: 'DATABASE_IN_USE',
        message: expect.stringContaining(String(holder.pid)),
      });
    } finally {
      await holder.stop();
    }
    expect(fs.existsSync(bak('cold.bak'))).toBe(false);
    insert(1000);
    expect((await statusOf(api)).state).toBe('Online');
    const result = await backUp(api, { file: bak('cold.bak'), cold: true });
    expect(openBackup(result.file, systemFiles).info).toMatchObject({ type: 'full', cold: true });
    insert(1001);
    expect(await statusOf(api)).toMatchObject({ state: 'Online', writable: true, closed: null });
    const incremental = await backUp(api, { file: bak('inc.bak'), type: 'incremental' });
    expect(incremental.changedPages).toBeLessThan(10);
  }, 120_000);

  it('lets nobody write while it runs, and /primary says so', async () => {
    let during: string | null = null;
    let writable: boolean | null = null;
    const { api, agent } = await protectedAgent({
      at(name) {
        if (name !== 'cold.closed') return;
        writable = agent.instance('Directory').place().writable;
        try {
          insert(2000);
          during = 'written';
        } catch (error) {
          during = String((error as { stderr?: string }).stderr ?? error);
        }
      },
    });
    await backUp(api, { file: bak('cold.bak'), cold: true });
    expect(writable).toBe(false);
    expect(during).toMatch(/readonly|read-only|attempt to write/i);
    insert(2001);
  }, 120_000);

  it('leaves it closed (-o): no capture, open to maintenance, and opened again on demand', async () => {
    const { api } = await protectedAgent();
    await backUp(api, { file: bak('cold.bak'), cold: true, followUp: 'closed' });
    expect(await statusOf(api)).toMatchObject({ state: 'Offline', closed: 'closed', writable: false });
    insert(3000);
    await api.openClosed({ instance: 'Directory', clearLock: false });
    expect(await statusOf(api)).toMatchObject({ state: 'Online', closed: null, writable: true });
    const { file } = await backUp(api, { file: bak('inc.bak'), type: 'incremental' });
    expect(openBackup(file, systemFiles).info.sequence).toBe(1);
    const { run, target } = await restoreTo(api, bak('cold.bak'), 'copy.db');
    expect(run.error).toBeNull();
    expect(sql(target, 'SELECT count(*) FROM entry WHERE id = 3000')).toBe('1');
  }, 120_000);

  it('leaves it disabled (-d): no program can write, through a restart of the agent, until it is enabled', async () => {
    const { api, agent } = await protectedAgent();
    await backUp(api, { file: bak('cold.bak'), cold: true, followUp: 'disabled' });
    expect(await statusOf(api)).toMatchObject({ state: 'Fenced', closed: 'disabled', writable: false });
    expect(() => insert(4000)).toThrow();
    await agent.stop();
    const again = await lab.agent('SRV-1');
    expect(await statusOf(again.api)).toMatchObject({ closed: 'disabled' });
    expect(() => insert(4000)).toThrow();
    await expect(again.api.openClosed({ instance: 'Directory', clearLock: false })).rejects.toMatchObject({
      name: 'DATABASE_FENCED',
    });
    await again.api.openClosed({ instance: 'Directory', clearLock: true });
    insert(4001);
    expect(await statusOf(again.api)).toMatchObject({ closed: null, writable: true });
  }, 120_000);

  it('that a crash interrupts is taken back by the next agent', async () => {
    const { agent } = await protectedAgent();
    const instance = agent.instance('Directory');
    // As a killed agent leaves it: locked, with the note of what it was for.
    instance.update({ cold: { idtag: '', followUp: 'open' } });
    instance.owner!.fence(2000);
    expect(() => insert(5000)).toThrow();
    await agent.stop();
    const { api } = await lab.agent('SRV-1');
    expect(await statusOf(api)).toMatchObject({ state: 'Online', writable: true, closed: null });
    insert(5000);
  }, 120_000);

  it('of several files closes them all, or none', async () => {
    const second = lab.path('data', 'attachments.db');
    createDatabase(second);
    const { api } = await lab.agent('SRV-1', { clock: hasty });
    const backends = [{ id: 'attachments', path: second }];
    await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true, backends });
    const holder = await holdOpen(second);
    await expect(backUp(api, { file: bak('cold.bak'), cold: true })).rejects.toMatchObject({
      name: 'DATABASE_IN_USE',
      message: expect.stringContaining(second),
    });
    await holder.stop();
    const addBoth = (id: number) =>
      [db, second].map((file) => sql(file, `INSERT INTO entry VALUES (${id}, 'later', x'00')`));
    addBoth(8000);
    const otherFiles = lab.path('etc', 'app.conf');
    fs.writeFileSync(otherFiles, 'level=1\n');
    fs.writeFileSync(lab.path('etc', 'list'), otherFiles);
    const result = await backUp(
      api,
      { file: bak('cold.bak'), cold: true, followUp: 'disabled', encrypt: true, include: lab.path('etc', 'list') },
      { pages: 'one password for all' },
    );
    expect(result.files.length).toBeGreaterThan(1);
    for (const file of [db, second])
      expect(() => sql(file, "INSERT INTO entry VALUES (8001, 'later', x'00')")).toThrow();
    await api.openClosed({ instance: 'Directory', clearLock: true });
    addBoth(8001);
    for (const file of result.files)
      expect(openBackup(file, systemFiles).info).toMatchObject({ cold: true, encryption: { cipher: 'aes-256-gcm' } });
    expect(openBackup(result.files[0]!, systemFiles).info.files).toHaveLength(1);
  }, 120_000);

  it('is put back when it fails, with every rule about its follow-ups', async () => {
    const { api } = await protectedAgent();
    fs.writeFileSync(bak('there.bak'), 'something');
    await expect(backUp(api, { file: bak('there.bak'), cold: true, followUp: 'disabled' })).rejects.toMatchObject({
      name: 'FILE_EXISTS',
    });
    insert(6000);
    await expect(backUp(api, { file: bak('x.bak'), followUp: 'closed' })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
    await expect(backUp(api, { file: bak('x.bak'), type: 'incremental', cold: true })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
    expect(await statusOf(api)).toMatchObject({ state: 'Online', writable: true });
  }, 120_000);
});

describe('encryption', () => {
  it('under a kept definition needs nobody, for incrementals and restores too; elsewhere it needs the password', async () => {
    const { api } = await protectedAgent();
    await api.defineEncryption({ instance: 'Directory', name: 'Offsite', password: 'a long password', kept: true });
    const keys = lab.path('SRV-1', 'keys');
    const [key] = fs.readdirSync(keys);
    expect(fs.statSync(path.join(keys, key!)).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(path.join(keys, key!), 'utf8')).not.toContain('a long password');
    const full = await backUp(api, { file: bak('full.bak'), encrypt: true });
    insert(7000);
    // The chain may mix: this one is not encrypted.
    await backUp(api, { file: bak('inc1.bak'), type: 'incremental' });
    insert(7001);
    await backUp(api, { file: bak('inc2.bak'), type: 'incremental', encrypt: true });
    expect(openBackup(full.file, systemFiles).info.encryption).toEqual({
      cipher: 'aes-256-gcm',
      definition: 'Offsite',
    });
    expect(execFileSync('grep', ['-c', 'entry 17', full.file, db], { encoding: 'utf8' })).toContain(`${full.file}:0`);
    const here = await restoreTo(api, full.file, 'here.db');
    expect(here.run.error).toBeNull();
    expect(count(here.target)).toBe(202);
    const { api: other } = await lab.agent('SRV-2');
    await expect(restoreTo(other, full.file, 'elsewhere.db')).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
    await expect(restoreTo(other, full.file, 'elsewhere.db', { pages: 'a wrong one' })).rejects.toMatchObject({
      name: 'WRONG_PASSWORD',
      code: -7029,
    });
    expect(fs.existsSync(lab.path('data', 'elsewhere.db'))).toBe(false);
    const there = await restoreTo(other, full.file, 'elsewhere.db', { pages: 'a long password' });
    expect(there.run.error).toBeNull();
    expect(count(there.target)).toBe(202);
    const verdict = await other.verify({ files: [full.file], secrets: { security: null, pages: null } });
    expect(verdict.files[0]).toMatchObject({ status: 'failed', error: { name: 'PASSWORD_REQUIRED' } });
    expect((await api.verify({ files: [full.file] })).ok).toBe(true);
    // The agent of a drill keeps no keys, and may look at those of the servers that it stands in for.
    const drill = lab.spec('DRILL', { keyFolders: [keys] });
    const stand = await Agent.start(drill, { files: systemFiles, clock: systemClock });
    const drilled = await restoreTo(inProcessAgent(createAgentRouter(stand)), full.file, 'drill.db');
    await stand.stop();
    expect(drilled.run.error).toBeNull();
  }, 120_000);

  it('refuses a mistyped password of a definition before anything is written, and asks for one that is not kept', async () => {
    const { api } = await protectedAgent();
    await api.defineEncryption({ instance: 'Directory', name: 'Vault', password: 'the right one', kept: false });
    const file = bak('full.bak');
    await expect(backUp(api, { file, encrypt: true })).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
    await expect(backUp(api, { file, encrypt: true }, { pages: 'the wrong one' })).rejects.toMatchObject({
      name: 'WRONG_PASSWORD',
    });
    expect(fs.existsSync(file)).toBe(false);
    await backUp(api, { file, encrypt: true }, { pages: 'the right one' });
    await expect(
      api.defineEncryption({ instance: 'Directory', name: 'vault', password: 'another one', kept: false }),
    ).rejects.toMatchObject({ name: 'DUPLICATE' });
  }, 120_000);
});

describe('other files', () => {
  const etc = (name: string) => lab.path('etc', name);
  beforeEach(() => {
    fs.writeFileSync(etc('server.pem'), 'PRIVATE KEY of the server');
    fs.mkdirSync(etc('ring'));
    fs.writeFileSync(etc('ring/a.key'), Buffer.from([0, 1, 2, 255]));
    fs.writeFileSync(etc('slapd.conf'), 'loglevel 1\n');
    fs.writeFileSync(etc('include.txt'), `${etc('slapd.conf')};${etc('server.pem')}\n`);
  });

  it('travel in a header that stays valid, security files unreadable, and come back with the old ones kept', async () => {
    const { api } = await protectedAgent();
    await api.setBackupSettings({ instance: 'Directory', securityFiles: [etc('server.pem'), etc('ring')] });
    const left = await backUp(api, { file: bak('without.bak') });
    expect(left.warnings.map(({ name }) => name)).toContain('noSecurityFiles');
    const options = { file: bak('with.bak'), securityFiles: true, include: etc('include.txt') };
    await expect(backUp(api, options)).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
    const { file } = await backUp(api, options, { security: 'sesame' });
    const { info, xml } = openBackup(file, systemFiles);
    expect(info.files?.map(({ name, type }) => [path.basename(name), type])).toEqual([
      ['server.pem', 'nici'],
      ['a.key', 'nici'],
      ['slapd.conf', 'user'],
    ]);
    fs.writeFileSync(bak('header.xml'), xml);
    execFileSync('xmllint', ['--valid', '--noout', bak('header.xml')]);
    expect(fs.readFileSync(file).includes('PRIVATE KEY')).toBe(false);
    expect(xml).not.toContain(Buffer.from('PRIVATE KEY of the server').toString('base64').slice(0, 20));
    const entry = readBackupLog(bak('backup.log'), systemFiles).at(-1)!;
    expect(entry.lines).toContain(`Backing up security file: ${etc('server.pem')}`);
    expect(entry.lines).toContain(`Backing up user included file: ${etc('slapd.conf')}`);

    fs.writeFileSync(etc('server.pem'), 'changed since');
    fs.chmodSync(etc('server.pem'), 0o640);
    fs.rmSync(etc('ring'), { recursive: true });
    const log = bak('restore.log');
    const secrets = { security: 'wrong', pages: null };
    const all = { file, security: true, included: true, folder: null, log };
    await expect(api.placeFiles({ ...all, secrets })).rejects.toMatchObject({ name: 'WRONG_PASSWORD' });
    expect(fs.readFileSync(etc('server.pem'), 'utf8')).toBe('changed since');
    const { files } = await api.placeFiles({ ...all, secrets: { security: 'sesame', pages: null } });
    expect(fs.readFileSync(etc('server.pem'), 'utf8')).toBe('PRIVATE KEY of the server');
    expect(fs.statSync(etc('server.pem')).mode & 0o777).toBe(0o640);
    expect([...fs.readFileSync(etc('ring/a.key'))]).toEqual([0, 1, 2, 255]);
    const replaced = files.find(({ name }) => name === etc('server.pem'));
    expect(fs.readFileSync(replaced!.kept!, 'utf8')).toBe('changed since');
    // What is the same as before needs no copy.
    expect(files.find(({ name }) => name === etc('slapd.conf'))?.kept).toBeNull();
    expect(readBackupLog(log, systemFiles).at(-1)).toMatchObject({ kind: 'Restore', verdict: 'success' });
    const folder = lab.path('third');
    const aside = await api.placeFiles({ ...all, folder, secrets: { security: 'sesame', pages: null } });
    expect(aside.files.map((one) => one.path)).toEqual(
      ['server.pem', 'a.key', 'slapd.conf'].map((n) => path.join(folder, n)),
    );
  }, 120_000);

  it('are refused before the backup starts: missing, outside, too large, a database, a list in the wrong form', async () => {
    const { api } = await protectedAgent();
    const refused = async (content: string, name: string) => {
      fs.writeFileSync(etc('list'), content);
      await expect(backUp(api, { file: bak('x.bak'), include: etc('list') })).rejects.toMatchObject({ name });
    };
    await refused(`${etc('nothing')}`, 'NOT_FOUND');
    await refused('/etc/hostname', 'OUTSIDE_ROOT');
    await refused(`${etc('slapd.conf')}\n${etc('server.pem')}`, 'INVALID_INPUT');
    await refused(`${etc('slapd.conf')}; ${etc('server.pem')}`, 'INVALID_INPUT');
    await refused('slapd.conf', 'INVALID_INPUT');
    await refused(db, 'INVALID_INPUT');
    const { home } = await statusOf(api);
    await refused(`${home}/state.db`, 'INVALID_INPUT');
    await refused(home, 'INVALID_INPUT');
    fs.writeFileSync(etc('large'), '');
    fs.truncateSync(etc('large'), 5 * 1024 ** 3);
    await refused(etc('large'), 'OTHER_FILES_TOO_LARGE');
    await expect(backUp(api, { file: bak('x.bak'), securityFiles: true })).rejects.toMatchObject({
      name: 'INVALID_INPUT',
    });
    expect(fs.readdirSync(lab.path('backups'))).toEqual([]);
    // The lock of the protected database has not been lost by a look at it.
    expect((await statusOf(api)).state).toBe('Online');
  }, 120_000);
});

describe('parts over several folders', () => {
  it('are written in turn, found again, and the missing one is named; a shorter set leaves no old part behind', async () => {
    sql(db, `INSERT INTO entry SELECT id + 10000, name, randomblob(9000) FROM entry`);
    const { api } = await protectedAgent();
    const partFolders = [lab.path('second'), lab.path('third')];
    const options = { file: bak('big.bak'), partFolders, partBytes: 600_000 };
    await expect(backUp(api, { ...options, partBytes: 0 })).rejects.toMatchObject({ name: 'INVALID_INPUT' });
    const { files } = await backUp(api, options);
    expect(files.length).toBeGreaterThan(3);
    expect(files.slice(0, 4).map((file) => path.basename(path.dirname(file)))).toEqual([
      'backups',
      'second',
      'third',
      'backups',
    ]);
    expect((await api.verify({ files: [files[0]!] })).ok).toBe(true);
    fs.renameSync(files[1]!, lab.path('etc', path.basename(files[1]!)));
    const missing = await api.verify({ files: [files[0]!] });
    expect(missing.files[0]?.error).toMatchObject({
      name: 'BACKUP_PART_MISSING',
      message: expect.stringContaining(files[1]!),
    });
    expect((await api.verify({ files: [files[0]!], searchFolders: [lab.path('etc')] })).ok).toBe(true);
    fs.renameSync(lab.path('etc', path.basename(files[1]!)), files[1]!);

    await expect(backUp(api, options)).rejects.toMatchObject({ name: 'FILE_EXISTS' });
    const whole = await backUp(api, { ...options, partBytes: 20_000_000, overwrite: true });
    expect(whole.files).toEqual([bak('big.bak')]);
    for (const old of files.slice(1)) expect(fs.existsSync(old)).toBe(false);
    // Never over what the next incremental is built on.
    await expect(backUp(api, { file: bak('big.bak'), type: 'incremental', overwrite: true })).rejects.toMatchObject({
      name: 'FILE_EXISTS',
    });
  }, 120_000);
});
