// Which hazards follow from what was seen, and which SQLite a program has inside.
import { spawn } from 'node:child_process';
import { expect, it, test } from 'vitest';
import { describeOpeners, factsOf, findHazards, type HazardObservations } from '../../core/agent/hazard-rules.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { codeFiles, hasWalResetRace, LibraryReader } from '../../core/sqlite/library-version.ts';

const GB = 1024 ** 3;
const calm: HazardObservations = {
  journal: 'wal',
  pageSize: 4096,
  autoVacuum: 0,
  encoding: 'UTF-8',
  synchronous: 1,
  openers: [],
  exclusive: null,
  fileSystem: 'ext4',
  network: false,
  freeBytes: 50 * GB,
  totalBytes: 100 * GB,
  logging: true,
  logsBesideDatabase: false,
  pins: [],
  foreign: { count: 0, waited: 0, since: 0 },
  ownVersion: '3.54.1',
};
const library = (version: string | null, madeOn: string) => ({ file: `/lib/${version}`, version, madeOn });
const old = { pid: 9, program: 'app', libraries: [library('3.40.1', '2022-12-28')] };
const good = { pid: 8, program: 'good', libraries: [library('3.54.1', '2026-10-16')] };
const pin = { pid: 9, program: 'app', kind: 'reader' as const, since: 0, bytes: 1, level: 'warning' as const };

it('finds nothing where all is well', () => {
  expect(findHazards({ ...calm, openers: [good] })).toEqual([]);
});

it.each<[string, Partial<HazardObservations>, string, string]>([
  ['an opener before 3.51.3', { openers: [good, old] }, 'WAL_RESET_RACE', 'warning'],
  [
    'an opener of which nothing can be told',
    { openers: [{ ...old, libraries: [] }] },
    'SQLITE_VERSION_UNKNOWN',
    'info',
  ],
  [
    'two libraries in one process',
    { openers: [{ ...good, libraries: [library('3.54.1', '2026-10-16'), library('3.53.4', '2026-07-24')] }] },
    'DOUBLE_LIBRARY',
    'warning',
  ],
  ['exclusive locking', { exclusive: { pid: 9, program: 'app' } }, 'EXCLUSIVE_LOCKING', 'warning'],
  ['WAL over a network', { network: true, fileSystem: 'nfs4' }, 'NETWORK_FILE_SYSTEM', 'critical'],
  ['a rollback journal', { journal: 'rollback' }, 'ROLLBACK_JOURNAL', 'warning'],
  ['checkpoints of others', { foreign: { count: 2, waited: 0, since: 0 } }, 'FOREIGN_CHECKPOINT', 'info'],
  ['one that waits for readers', { foreign: { count: 2, waited: 1, since: 0 } }, 'FOREIGN_CHECKPOINT', 'warning'],
  ['auto_vacuum', { autoVacuum: 2 }, 'AUTO_VACUUM', 'info'],
  ['small pages', { pageSize: 512 }, 'PAGE_SIZE', 'info'],
  ['synchronous=OFF', { synchronous: 0 }, 'SYNCHRONOUS', 'info'],
  ['a small rest of the disk', { freeBytes: GB }, 'LOW_DISK', 'warning'],
  ['next to no rest', { freeBytes: 100 * 1024 ** 2 }, 'LOW_DISK', 'critical'],
  ['logs on the disk of the database', { logsBesideDatabase: true }, 'LOGS_BESIDE_DATABASE', 'info'],
  ['a reader that holds much', { pins: [pin] }, 'WAL_PINNED', 'warning'],
])('%s', (_, patch, code, level) => {
  const found = findHazards({ ...calm, ...patch });
  expect(found.map((hazard) => [hazard.code, hazard.level])).toEqual([[code, level]]);
  expect(found[0]?.message).toMatch(/\.$/);
  expect(found[0]?.action.length).toBeGreaterThan(10);
});

test('the worst stands first, and who it is about is named', () => {
  const found = findHazards({ ...calm, openers: [old], network: true, autoVacuum: 1 });
  expect(found.map(({ level }) => level)).toEqual(['critical', 'warning', 'info']);
  expect(found[1]?.message).toContain('app (process 9) uses SQLite 3.40.1');
  expect(describeOpeners([old, { ...good, libraries: [library(null, '2026-10-16')] }])).toEqual([
    { pid: 9, program: 'app', sqliteVersions: ['3.40.1'] },
    { pid: 8, program: 'good', sqliteVersions: ['of 2026-10-16'] },
  ]);
  expect(factsOf(calm)).toContainEqual({ label: 'Journal mode', value: 'WAL' });
});

it.each([
  ['3.51.2', '2026-01-09', true],
  ['3.51.3', '2026-03-13', false],
  ['3.40.1', '2022-12-28', true],
  [null, '2022-12-28', true],
  [null, '2026-10-16', false],
  ['3.50.7', '2026-03-13', false],
] as const)('the race is in %s of %s: %s', (version, madeOn, race) => {
  expect(hasWalResetRace({ version, madeOn })).toBe(race);
});

test('only private code is read: never a database that a program has mapped', () => {
  const maps = `55a000000000-55a000001000 r-xp 00000000 fe:00 11                         /usr/bin/app
7f0000000000-7f0000001000 r--p 00000000 fe:00 12                         /usr/lib/libsqlite3.so.0
7f0000001000-7f0000002000 r-xp 00001000 fe:00 12                         /usr/lib/libsqlite3.so.0
7f1000000000-7f1000001000 r--s 00000000 fe:00 13                         /data/app.sqlite
7f1000001000-7f1000002000 rw-s 00000000 fe:00 14                         /data/app.sqlite-shm
7f2000000000-7f2000001000 r-xp 00000000 fe:00 15                         /usr/lib/gone.so (deleted)
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]`;
  expect(codeFiles(maps)).toEqual(['/usr/bin/app', '/usr/lib/libsqlite3.so.0']);
});

test('the SQLite of a running program is found in the library that it has mapped', async () => {
  const child = spawn('python3', ['-uc', 'import sqlite3,sys; print(sqlite3.sqlite_version); sys.stdin.read()']);
  try {
    const version = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text) => resolve(String(text).trim())),
    );
    const found = await new LibraryReader(systemFiles).of(child.pid as number);
    expect(found.map((one) => one.version)).toEqual([version]);
  } finally {
    child.stdin.end();
  }
});
