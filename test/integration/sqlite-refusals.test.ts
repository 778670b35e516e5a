// What is not protected, and that looking at it changes nothing.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { mountOf, parseMounts } from '../../core/sqlite/mounts.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';
import { probeDatabase } from '../../core/sqlite/probe.ts';
import { context, createDatabase, spawnHolder, sqlite3, temporaryFolder } from '../support/writers.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = temporaryFolder('refuse');
  file = path.join(folder, 'app.db');
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Name and bytes of everything in the folder. */
function contents(): Record<string, string> {
  return Object.fromEntries(
    fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), 'hex')]),
  );
}

function refusal(
  roots = [folder],
  more: Partial<typeof context> = {},
  mounts?: () => { folder: string; type: string }[],
): string {
  const before = contents();
  const probe = probeDatabase(file, roots, { ...context, ...more }, mounts);
  let thrown: unknown = null;
  try {
    openDatabase(file, roots, { ...context, ...more }, mounts).close();
  } catch (error) {
    thrown = error;
  }
  expect(contents()).toEqual(before);
  if (!probe.refusal) return 'none';
  expect(thrown).toBeInstanceOf(HoldfastError);
  expect((thrown as HoldfastError).report()).toEqual(probe.refusal);
  expect(probe.refusal.message).toContain('app.db');
  return probe.refusal.name;
}

test('a good database of either kind is not refused, and probing it leaves no trace', () => {
  createDatabase(file, { journal: 'delete' });
  expect(refusal()).toBe('none');
  expect(probeDatabase(file, [folder], context)).toMatchObject({
    journal: 'rollback',
    pageSize: 4096,
    pageCount: Number(sqlite3(file, 'PRAGMA page_count')),
    warnings: [{ name: 'JOURNAL_MODE' }],
  });
  sqlite3(file, 'PRAGMA journal_mode=WAL');
  expect(refusal()).toBe('none');
  expect(probeDatabase(file, [folder], context)).toMatchObject({ journal: 'wal', warnings: [] });
  expect(fs.readdirSync(folder)).toEqual(['app.db']);
});

test('NOT_SQLITE for text, for an empty file, an archive and a folder', () => {
  fs.writeFileSync(file, 'name,value\n'.repeat(400));
  expect(refusal()).toBe('NOT_SQLITE');
  fs.writeFileSync(file, '');
  expect(refusal()).toBe('NOT_SQLITE');
  fs.writeFileSync(file, Buffer.concat([Buffer.from('504b0304', 'hex'), randomBytes(4092)]));
  expect(refusal()).toBe('NOT_SQLITE');
  fs.rmSync(file);
  fs.mkdirSync(file);
  const probe = probeDatabase(file, [folder], context);
  expect(probe.refusal?.name).toBe('NOT_SQLITE');
});

test('ENCRYPTED_DATABASE for pages without any pattern', () => {
  fs.writeFileSync(file, randomBytes(4096 * 5));
  expect(refusal()).toBe('ENCRYPTED_DATABASE');
});

test('TRUNCATED_DATABASE for a file shorter than its header says, but not when the log holds the rest', async () => {
  createDatabase(file, { journal: 'delete' });
  fs.truncateSync(file, fs.statSync(file).size - 4096);
  expect(refusal()).toBe('TRUNCATED_DATABASE');
  fs.rmSync(file);
  createDatabase(file);
  const holder = await spawnHolder(file, 'CREATE TABLE more AS SELECT randomblob(90000)');
  expect(probeDatabase(file, [folder], context).refusal).toBeNull();
  await holder.stop();
});

test.each(['wal', 'delete'] as const)(
  'EXCLUSIVE_LOCKING with the pid of the program that does it, %s',
  async (journal) => {
    createDatabase(file, { journal });
    const holder = await spawnHolder(file, "PRAGMA locking_mode=EXCLUSIVE; INSERT INTO entry(name) VALUES ('x')");
    expect(refusal()).toBe('EXCLUSIVE_LOCKING');
    expect(probeDatabase(file, [folder], context).refusal?.details).toMatchObject({ pid: holder.pid });
    await holder.stop();
    expect(refusal()).toBe('none');
  },
);

test('NETWORK_FILE_SYSTEM for WAL only', () => {
  createDatabase(file);
  const nfs = () => [
    { folder: '/', type: 'ext4' },
    { folder, type: 'nfs4' },
  ];
  expect(refusal([folder], {}, nfs)).toBe('NETWORK_FILE_SYSTEM');
  sqlite3(file, 'PRAGMA journal_mode=DELETE');
  expect(refusal([folder], {}, nfs)).toBe('none');
  expect(probeDatabase(file, [folder], context, nfs).warnings.map((warning) => warning.name)).toContain(
    'NETWORK_FILE_SYSTEM',
  );
});

test('mounts are found by their longest folder, with blanks in their names', () => {
  const mounts = parseMounts('/dev/a / ext4 rw 0 0\nsrv:/x /mnt/my\\040share nfs4 rw 0 0\n/dev/b /mnt ext4 rw 0 0\n');
  expect(mountOf('/mnt/my share/db', mounts)?.type).toBe('nfs4');
  expect(mountOf('/mnt/my shared', mounts)?.folder).toBe('/mnt');
  expect(mountOf('/home', mounts)?.folder).toBe('/');
});

test('NO_PERMISSION when file or folder cannot be written', () => {
  createDatabase(file);
  const files = {
    ...context.files,
    accessSync: (target: fs.PathLike) => {
      if (target === folder) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    },
  };
  const probe = probeDatabase(file, [folder], { ...context, files });
  expect(probe.refusal).toMatchObject({ name: 'NO_PERMISSION', message: expect.stringContaining(folder) });
});

test('OUTSIDE_ROOT also through a link, NOT_FOUND for nothing', () => {
  expect(refusal()).toBe('NOT_FOUND');
  createDatabase(file);
  const root = path.join(folder, 'root');
  fs.mkdirSync(root);
  expect(probeDatabase(file, [root], context).refusal?.name).toBe('OUTSIDE_ROOT');
  fs.symlinkSync(file, path.join(root, 'app.db'));
  expect(probeDatabase(path.join(root, 'app.db'), [root], context).refusal?.name).toBe('OUTSIDE_ROOT');
  expect(probeDatabase(path.join(root, 'app.db'), [root, folder], context).refusal).toBeNull();
  expect(probeDatabase(file, [], context).refusal?.name).toBe('OUTSIDE_ROOT');
  expect(probeDatabase(file, [`${folder}-else`], context).refusal?.name).toBe('OUTSIDE_ROOT');
});

test.each(['wal', 'delete'] as const)(
  'a damaged schema is said to be damage, and the file stays as it is, %s',
  (journal) => {
    createDatabase(file, { journal });
    const bytes = fs.readFileSync(file);
    bytes.fill(0xee, 100, 300);
    fs.writeFileSync(file, bytes);
    let thrown: unknown = null;
    try {
      openDatabase(file, [folder], context).close();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: expect.stringMatching(/^(INTEGRITY_FAILED|ENCRYPTED_DATABASE)$/) });
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
  },
);
