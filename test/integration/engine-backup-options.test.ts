// Encryption, security files and cold backups through the console's procedures, over real agents: what is chosen by itself, what is
// kept nowhere, and what a restore brings back.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openBackup } from '../../core/backup/reader.ts';
import { backupOptionsSchema } from '../../core/contract/backup.ts';
import { backupScheduleInputSchema } from '../../core/contract/schedules.ts';
import { unfitOptions } from '../../core/engine/backup-rules.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { createDatabase, sql } from '../support/agent-lab.ts';
import { type RealSite, requestOf, startRealSite } from '../support/real-site.ts';

const SECRET = 'nobody-may-keep-this';

async function site(): Promise<RealSite & { instanceId: string; db: string; keys: string }> {
  const real = await startRealSite();
  onTestFinished(() => real.stop());
  const db = path.join(real.folder, 'databases', 'directory.db');
  createDatabase(db, 50);
  const keys = path.join(real.folder, 'keys-of-the-application');
  fs.mkdirSync(keys);
  fs.writeFileSync(path.join(keys, 'server.pem'), 'PRIVATE KEY');
  const { instanceId } = await real.api.instances.protect({
    server: null,
    name: 'Directory',
    path: db,
    backupFolder: null,
    logging: true,
    switchToWal: false,
  });
  return { ...real, instanceId, db, keys };
}

it('encrypts and takes the security files along by itself where the server keeps the key', async () => {
  const { api, instanceId, keys, backUp, restore, folder } = await site();
  const plain = await api.backup.plan({ instanceId, type: 'full' });
  expect(plain.options).toMatchObject({ encrypt: false, securityFiles: false });
  await api.otherFiles.setSettings({ instanceId, securityFiles: [keys] });
  expect((await api.backup.plan({ instanceId, type: 'full' })).warnings.map(({ name }) => name)).toContain(
    'noSecurityFiles',
  );
  await api.otherFiles.defineEncryption({ instanceId, name: 'Offsite', password: SECRET, kept: true });
  const plan = await api.backup.plan({ instanceId, type: 'full' });
  expect(plan.options).toMatchObject({ encrypt: true, securityFiles: true });
  expect(plan.command).toMatch(/ -b -e --encrypt$/);
  await backUp(instanceId, 'full');
  const file = (await api.instances.timeline({ instanceId })).catalog.chains[0]!.full;
  expect(file).toMatchObject({
    encryption: { definition: 'Offsite' },
    files: [{ name: path.join(keys, 'server.pem'), type: 'nici' }],
  });
  // The engine, its jobs and its catalogue: nothing of the password anywhere, nor in a file of the agent.
  const found = () => execFileSync('grep', ['-rlF', SECRET, folder], { encoding: 'utf8' });
  expect(found).toThrow();

  const target = path.join(folder, 'databases', 'copy.db');
  await restore({ instanceId, target: { kind: 'file', server: instanceId.split('/')[0]!, path: target } });
  expect(sql(target, 'SELECT count(*) FROM entry')).toBe('50');
}, 120_000);

it('keeps no password of a backup or a restore, and brings the security files back with the database', async () => {
  const { api, instanceId, keys, ended, folder } = await site();
  await api.otherFiles.setSettings({ instanceId, securityFiles: [keys] });
  const request = { instanceId, type: 'full' as const, encrypt: true, securityFiles: true };
  const without = await api.backup.start(request);
  expect((await ended(without.jobId)).error).toMatchObject({ name: 'PASSWORD_REQUIRED' });
  const secrets = { pages: SECRET, security: SECRET };
  const { jobId } = await api.backup.start({ ...request, secrets });
  const job = await ended(jobId);
  expect(job.error).toBeNull();
  const file = (await api.instances.timeline({ instanceId })).catalog.chains[0]!.full.file;

  fs.writeFileSync(path.join(keys, 'server.pem'), 'changed since');
  const target = path.join(folder, 'databases', 'copy.db');
  const start = async (given: typeof secrets) => {
    const plan = await api.restore.plan(
      requestOf({ instanceId, target: { kind: 'file', server: instanceId.split('/')[0]!, path: target } }),
    );
    expect(plan.command).toContain('--decrypt @PASSWORD_FILE');
    const otherFiles = { file, security: true, included: false, folder: null, secrets: given };
    const restored = await api.restore.start({ token: plan.token, typed: null, secrets: given, otherFiles });
    return await ended(restored.jobId);
  };
  expect((await start({ ...secrets, security: 'wrong' })).error).toMatchObject({ name: 'WRONG_PASSWORD' });
  expect((await start({ ...secrets, pages: 'wrong' })).error).toMatchObject({ name: 'WRONG_PASSWORD' });
  expect(fs.existsSync(target)).toBe(false);
  expect(fs.readFileSync(path.join(keys, 'server.pem'), 'utf8')).toBe('changed since');
  expect((await start(secrets)).error).toBeNull();
  expect(fs.readFileSync(path.join(keys, 'server.pem'), 'utf8')).toBe('PRIVATE KEY');
  expect(() => execFileSync('grep', ['-rlF', SECRET, folder])).toThrow();
}, 120_000);

it('leaves a database disabled until its name is typed, and backs up nothing meanwhile', async () => {
  const { api, instanceId, db, ended } = await site();
  const { jobId } = await api.backup.start({ instanceId, type: 'full', cold: true, followUp: 'disabled' });
  expect(await ended(jobId)).toMatchObject({ error: null, title: 'Cold backup' });
  expect(
    openBackup((await api.instances.timeline({ instanceId })).catalog.chains[0]!.full.file, systemFiles).info.cold,
  ).toBe(true);
  await expect(api.backup.start({ instanceId, type: 'full' })).rejects.toMatchObject({ name: 'DATABASE_FENCED' });
  await expect(api.otherFiles.openClosed({ instanceId, typed: 'something' })).rejects.toMatchObject({
    name: 'CONFIRMATION_REQUIRED',
  });
  expect(() => sql(db, 'DELETE FROM entry')).toThrow();
  await api.otherFiles.openClosed({ instanceId, typed: 'Directory' });
  sql(db, 'DELETE FROM entry WHERE id = 1');
}, 120_000);

it('refuses what contradicts itself, and a cold backup inside a failover group', () => {
  const options = (change: object) => backupOptionsSchema.parse({ type: 'full', file: '/b/x', log: '/b/l', ...change });
  const name = (change: object, inGroup = false) => unfitOptions(options(change), inGroup, 'A/B')?.name ?? null;
  expect(name({ cold: true })).toBeNull();
  expect(name({ cold: true }, true)).toBe('NOT_SUPPORTED');
  expect(name({}, true)).toBeNull();
  expect(name({ cold: true, type: 'incremental' })).toBe('INVALID_INPUT');
  expect(name({ followUp: 'disabled' })).toBe('INVALID_INPUT');
  expect(name({ partFolders: ['/c'] })).toBe('INVALID_INPUT');
  expect(name({ partFolders: ['c'], partBytes: 1e6 })).toBe('INVALID_INPUT');
  expect(name({ partFolders: ['/c'], partBytes: 1e6 })).toBeNull();
});

it('leaves it to the settings of the day whether a scheduled backup is encrypted', () => {
  const { options } = backupScheduleInputSchema.shape;
  expect(options.parse({ level: 3 })).not.toHaveProperty('encrypt');
  expect(options.parse({ encrypt: false, securityFiles: true })).toMatchObject({ encrypt: false, securityFiles: true });
});
