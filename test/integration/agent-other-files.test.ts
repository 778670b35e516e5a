// Files beside a database that are too large for a header: backed up and put back by an agent, with full disks, changes and locked kinds.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readBackupLog } from '../../core/backup/backup-log.ts';
import { openBackup } from '../../core/backup/reader.ts';
import type { BackupOptions, BackupResult } from '../../core/contract/backup.ts';
import type { Secrets } from '../../core/contract/other-files.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { locksOn } from '../../core/sqlite/lock-table.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import type { DatabaseOwner } from '../../core/sqlite/types.ts';
import { createDatabase, createLab, type Lab } from '../support/agent-lab.ts';
import { context, createDatabase as createOther } from '../support/writers.ts';

const MiB = 1024 * 1024;
let lab: Lab;
let faults: Partial<Files>;
let api: AgentApi;
const etc = (name: string) => lab.path('etc', name);
const bak = (name: string) => lab.path('backups', name);

beforeEach(async () => {
  lab = createLab();
  faults = {};
  const db = lab.path('data', 'directory.db');
  createDatabase(db, 20);
  for (const name of ['backups', 'etc']) fs.mkdirSync(lab.path(name));
  const files = new Proxy(systemFiles, { get: (real, name: keyof Files) => faults[name] ?? real[name] });
  ({ api } = await lab.agent('SRV-1', { files }));
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  fs.writeFileSync(etc('small.conf'), 'loglevel 1\n');
  fs.writeFileSync(etc('ring.key'), randomBytes(2 * MiB));
  fs.writeFileSync(etc('large.ldif'), randomBytes(3 * MiB));
  fs.writeFileSync(lab.path('include'), `${etc('small.conf')};${etc('large.ldif')}`);
});
afterEach(() => lab.close());

async function backUp(options: Partial<BackupOptions> = {}, secrets: Partial<Secrets> = {}): Promise<BackupResult> {
  const stream = await api.backup({
    instance: 'Directory',
    options: { type: 'full', log: bak('log'), file: bak('x.bak'), include: lab.path('include'), ...options },
    secrets: { security: null, pages: null, ...secrets },
  });
  for await (const event of stream) if (event.kind === 'result') return event.result;
  throw new Error('the backup ended without a result');
}

const back = (secrets: Partial<Secrets> = {}, folder: string | null = null, security = false) =>
  api.placeFiles({
    ...{ file: bak('x.bak'), security, included: true, folder, log: bak('log') },
    secrets: { security: null, pages: null, ...secrets },
  });

it('go along however large, and come back with the replaced one kept', async () => {
  const before = fs.readFileSync(etc('large.ldif'));
  const { file, warnings } = await backUp();
  expect(warnings).toEqual([]);
  expect(openBackup(file, systemFiles).info.files?.map(({ bytes }) => bytes)).toEqual([11, 3 * MiB]);
  expect(readBackupLog(bak('log'), systemFiles).at(-1)?.lines).toContain(
    `Backing up user included file: ${etc('large.ldif')}`,
  );
  fs.writeFileSync(etc('large.ldif'), 'written since');
  fs.chmodSync(etc('large.ldif'), 0o640);
  const { files } = await back();
  expect(fs.readFileSync(etc('large.ldif')).equals(before)).toBe(true);
  expect(fs.statSync(etc('large.ldif')).mode & 0o777).toBe(0o640);
  expect(files.map(({ kept }) => kept && fs.readFileSync(kept, 'utf8'))).toEqual([null, 'written since']);
  expect(fs.readdirSync(lab.path('etc')).filter((name) => name.endsWith('.holdfast-new'))).toEqual([]);
});

it('are as secret as the pages, and security files under their own password', async () => {
  await api.setBackupSettings({ instance: 'Directory', securityFiles: [etc('ring.key')] });
  const secrets = { security: 'for the ring', pages: 'for the pages' };
  await backUp({ encrypt: true, securityFiles: true }, secrets);
  const bytes = fs.readFileSync(bak('x.bak'));
  expect(bytes.includes('loglevel 1')).toBe(false);
  const folder = lab.path('aside');
  await expect(back({ pages: secrets.pages }, folder, true)).rejects.toMatchObject({ name: 'PASSWORD_REQUIRED' });
  await expect(back({ ...secrets, pages: 'another' }, folder, true)).rejects.toThrow(/included files/);
  expect(fs.existsSync(folder)).toBe(false);
  await back(secrets, folder, true);
  for (const name of ['ring.key', 'small.conf', 'large.ldif'])
    expect(fs.readFileSync(path.join(folder, name)).equals(fs.readFileSync(etc(name)))).toBe(true);
});

it('that are written to while they are read are told, in the result and in the log', async () => {
  let read = 0;
  faults.readSync = ((fd: number, ...rest: unknown[]) => {
    const name = fs.readlinkSync(`/proc/self/fd/${fd}`);
    if (name === etc('large.ldif') && Number(rest[2]) > 1000 && read++ === 0) fs.appendFileSync(name, 'x');
    return (systemFiles.readSync as (...all: unknown[]) => number)(fd, ...rest);
  }) as Files['readSync'];
  const { warnings } = await backUp();
  expect(warnings).toMatchObject([{ name: 'FILE_CHANGED', message: expect.stringContaining(etc('large.ldif')) }]);
  expect(readBackupLog(bak('log'), systemFiles).at(-1)?.lines.join('\n')).toContain('may be of two moments');
  // Only as much as there was when it was opened: a log that grows for ever ends.
  expect(openBackup(bak('x.bak'), systemFiles).info.files?.at(-1)?.bytes).toBe(3 * MiB);
  const { files } = await back();
  expect(files.map(({ changed }) => changed ?? false)).toEqual([false, true]);
});

/** Lets the file get an owner in this process in the middle of its second piece. */
function ownedWhileRead(file: string): () => DatabaseOwner {
  let pieces = 0;
  let owner: DatabaseOwner | null = null;
  faults.readSync = ((fd: number, ...rest: unknown[]) => {
    const large = fs.readlinkSync(`/proc/self/fd/${fd}`) === file && Number(rest[2]) > 1000;
    if (large && ++pieces === 2) owner = openDatabase(file, [path.dirname(file)], context);
    return (systemFiles.readSync as (...all: unknown[]) => number)(fd, ...rest);
  }) as Files['readSync'];
  return () => {
    if (!owner) throw new Error('it was not read in pieces');
    return owner;
  };
}

const locksOf = (file: string) =>
  locksOn(systemFiles, fs.statSync(file).ino, 0).filter((lock) => lock.pid === process.pid).length;
const descriptorsOf = (file: string) =>
  fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false;
    }
  }).length;

it.each(['a backup', 'a restore'])('that become a protected database during %s leave its locks alone', async (what) => {
  const file = etc('large.ldif');
  fs.rmSync(file);
  createOther(file, { rows: 10_000 });
  if (what === 'a restore') await backUp();
  const owner = ownedWhileRead(file);
  if (what === 'a backup') await backUp();
  else await expect(back()).rejects.toMatchObject({ name: 'DATABASE_IN_USE' });
  expect(locksOf(file)).toBeGreaterThan(0);
  owner().close();
  expect(descriptorsOf(file)).toBe(0);
});

it('replace nothing when the disk is full on the way, and leave nothing half-written', async () => {
  await backUp();
  for (const name of ['small.conf', 'large.ldif']) fs.writeFileSync(etc(name), 'of today');
  const listing = () => fs.readdirSync(lab.path('etc')).sort();
  const there = listing();
  let room = 2 * MiB;
  faults.writeSync = ((fd: number, bytes: Buffer, ...rest: number[]) => {
    const staged = fs.readlinkSync(`/proc/self/fd/${fd}`).endsWith('.holdfast-new');
    if (staged) room -= rest[1] ?? 0;
    if (staged && room < 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    return systemFiles.writeSync(fd, bytes, ...rest);
  }) as Files['writeSync'];
  await expect(back()).rejects.toMatchObject({ name: 'NO_SPACE' });
  expect(listing()).toEqual(there);
  for (const name of ['small.conf', 'large.ldif']) expect(fs.readFileSync(etc(name), 'utf8')).toBe('of today');
  expect(readBackupLog(bak('log'), systemFiles).at(-1)).toMatchObject({ kind: 'Restore', verdict: 'failed' });
  faults = {};
  faults.statfsSync = ((folder: string) => ({ ...fs.statfsSync(folder), bavail: 0, bsize: 1 })) as Files['statfsSync'];
  await expect(back()).rejects.toMatchObject({ name: 'NO_SPACE', message: expect.stringContaining('3145739') });
});

it('replace nothing when the backup is damaged in any of them', async () => {
  await backUp();
  const bytes = fs.readFileSync(bak('x.bak'));
  bytes[bytes.length - 5000]! ^= 1;
  fs.writeFileSync(bak('x.bak'), bytes);
  fs.writeFileSync(etc('small.conf'), 'of today');
  const request = { file: bak('x.bak'), security: false, included: true };
  await expect(api.checkFiles(request)).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  await expect(back()).rejects.toMatchObject({ name: 'BACKUP_DAMAGED' });
  expect(fs.readFileSync(etc('small.conf'), 'utf8')).toBe('of today');
});

it('are refused before the database is closed for a cold backup where they have no room', async () => {
  fs.truncateSync(etc('large.ldif'), 1024 * MiB);
  faults.statfsSync = ((folder: string) => ({
    ...fs.statfsSync(folder),
    bavail: 900,
    bsize: MiB,
  })) as Files['statfsSync'];
  const lines: string[] = [];
  const run = async () => {
    const options = { type: 'full' as const, log: bak('log'), file: bak('x.bak'), include: lab.path('include') };
    for await (const event of await api.backup({ instance: 'Directory', options: { ...options, cold: true } }))
      if (event.kind === 'log') lines.push(event.line);
  };
  await expect(run()).rejects.toMatchObject({ name: 'NO_SPACE' });
  expect(lines).toEqual([]);
  fs.truncateSync(etc('large.ldif'), 5000 * MiB);
  await expect(backUp()).rejects.toMatchObject({ name: 'OTHER_FILES_TOO_LARGE' });
  const chosen = await api.selectFiles({ instance: 'Directory', securityFiles: false, include: null });
  expect(chosen.files).toEqual([]);
});

it('of 110 MB pass through the agent within 64 MiB', async () => {
  const child = path.join(import.meta.dirname, 'other-files-memory-child.ts');
  const env = {
    ...process.env,
    MALLOC_ARENA_MAX: '2',
    MALLOC_MMAP_THRESHOLD_: '131072',
    MALLOC_TRIM_THRESHOLD_: '131072',
  };
  const { stdout } = await promisify(execFile)(process.execPath, [child, '110'], { env });
  const { size, name, growth } = JSON.parse(stdout) as { size: number; name: string; growth: number };
  expect({ size, name }).toEqual({ size: 110 * MiB, name: 'large.img' });
  expect(growth).toBeLessThan(64 * MiB);
}, 120_000);
