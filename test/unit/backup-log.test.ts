// The backup log: the documented entries field by field, appended only, readable after a crash.
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  formatVerification,
  readBackupLog,
  startBackupEntry,
  startRestoreEntry,
} from '../../core/backup/backup-log.ts';
import { parseBackupLog } from '../../core/backup/backup-log-reader.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { parseStamp } from '../../core/vectors/stamp.ts';
import { verifyVectors } from '../../core/vectors/verify.ts';
import { temporaryFolder } from './backup-support.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'backup.log');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const start = {
  type: 'full' as const,
  startedAt: Date.UTC(2002, 5, 21, 19, 53, 5),
  backupFile: '/backup/backup.bak',
  serverName: '\\T=VIRTUALNW_TREE\\O=novell\\CN=VIRTUALNW',
  currentLog: '00000001.log',
  dsversion: '1041072',
  idtag: '3D138421',
};

const local = ['s3D35F377 r02 e002', 's3D35F370 r01 e001'].map(parseStamp);
const remote = ['s3D35F3C4 r02 e002', 's3D35F370 r01 e001'].map(parseStamp);
const peers = [
  { server: '\\T=LONE_RANGER\\O=novell\\CN=CHIP', replica: '\\T=LONE_RANGER\\O=novell', vector: remote },
  { server: '\\T=LONE_RANGER\\O=novell\\CN=DALE', replica: '\\T=LONE_RANGER\\O=novell', vector: null },
];

describe('writing', () => {
  it('gives the entry of a backup line by line', () => {
    const entry = startBackupEntry(file, start, systemFiles);
    entry.succeeded(3000);
    expect(fs.readFileSync(file, 'utf8')).toBe(
      [
        '|==================DSBackup Log: Backup================|',
        'Backup type: Full',
        `Log file name: ${file}`,
        'Backup started: 2002-06-21T19:53:05Z',
        'Backup file name: /backup/backup.bak',
        'Server name: \\T=VIRTUALNW_TREE\\O=novell\\CN=VIRTUALNW',
        'Current Roll Forward Log: 00000001.log',
        'DS Version: 1041072',
        'Backup ID: 3D138421',
        'Starting database backup...',
        'Database backup finished',
        'Completion time 00:00:03',
        'Backup completed successfully',
        '',
        '',
      ].join('\n'),
    );
  });

  it('gives the entry of a restore with its verification', () => {
    const entry = startRestoreEntry(file, { startedAt: start.startedAt, restoreFile: '/b/x.bak' }, systemFiles);
    entry.line('Restoring file /b/x.bak');
    entry.verification(verifyVectors(local, peers).servers);
    entry.failed(-6034, 3_723_000);
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    expect(lines.slice(0, 6)).toEqual([
      '|==================DSBackup Log: Restore================|',
      `Log file name: ${file}`,
      'Restore started: 2002-06-21T19:53:05Z',
      'Restore file name: /b/x.bak',
      'Starting database restore...',
      'Restoring file /b/x.bak',
    ]);
    expect(lines.slice(-4, -2)).toEqual(['Completion time 01:02:03', 'Restore failed, error -6034']);
    expect(lines).not.toContain('Database restore finished');
  });

  it('lays the verification out as documented', () => {
    expect(formatVerification(verifyVectors(local, peers).servers)).toEqual([
      'Server: \\T=LONE_RANGER\\O=novell\\CN=CHIP',
      '   Replica: \\T=LONE_RANGER\\O=novell',
      '      Status: ERROR = -6034',
      '         Local TV             Remote TV',
      '         s3D35F370 r01 e001   s3D35F370 r01 e001',
      '         s3D35F377 r02 e002   s3D35F3C4 r02 e002',
      'Server: \\T=LONE_RANGER\\O=novell\\CN=DALE',
      '   Replica: \\T=LONE_RANGER\\O=novell',
      '      Status: ERROR = -7034',
    ]);
  });

  it('never writes into a database', () => {
    new Database(file).exec('create table t (a)').close();
    const before = fs.readFileSync(file);
    expect(() => startBackupEntry(file, start, systemFiles)).toThrow(expect.objectContaining({ name: 'FILE_EXISTS' }));
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  it('says what it could not write to', () => {
    const missing = path.join(folder, 'none', 'backup.log');
    expect(() => startBackupEntry(missing, start, systemFiles)).toThrow(missing);
  });
});

describe('reading', () => {
  it('gives back what was written, entry by entry', () => {
    startBackupEntry(file, start, systemFiles).succeeded(3000);
    startBackupEntry(file, { ...start, type: 'incremental', idtag: '3D138422' }, systemFiles).failed(-7007, 10);
    const [first, second, ...rest] = readBackupLog(file, systemFiles);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ kind: 'Backup', startedAt: start.startedAt, verdict: 'success', errorCode: null });
    expect(first!.fields).toMatchObject({ 'Backup type': 'Full', 'Backup ID': '3D138421' });
    expect(second).toMatchObject({ verdict: 'failed', errorCode: -7007 });
    expect(second!.lines.at(-1)).toBe('Backup failed, error -7007');
  });

  it('takes an entry without a verdict for unfinished, and the next one is whole', () => {
    startBackupEntry(file, start, systemFiles).line('half a li');
    fs.truncateSync(file, fs.statSync(file).size - 3);
    startBackupEntry(file, start, systemFiles).succeeded(1);
    expect(readBackupLog(file, systemFiles).map((entry) => entry.verdict)).toEqual(['unfinished', 'success']);
  });

  it('survives a cut at any byte', () => {
    startBackupEntry(file, start, systemFiles).succeeded(1);
    const one = fs.statSync(file).size;
    startRestoreEntry(file, { startedAt: 0, restoreFile: 'x' }, systemFiles).succeeded(1);
    const text = fs.readFileSync(file);
    for (let length = one; length < text.length - 2; length++) {
      const entries = parseBackupLog(text.subarray(0, length).toString());
      expect(entries[0]!.verdict).toBe('success');
      expect(
        entries.slice(1).every((entry) => entry.verdict === 'unfinished'),
        `${length}`,
      ).toBe(true);
    }
  });

  it('is not fooled by names with line breaks', () => {
    const forged = 'x.bak\nBackup completed successfully\n';
    startBackupEntry(file, { ...start, backupFile: forged }, systemFiles).failed(-7025, 1);
    expect(readBackupLog(file, systemFiles)).toMatchObject([{ verdict: 'failed', errorCode: -7025 }]);
  });

  it("reads the field's original entries", () => {
    const entries = parseBackupLog(`|==================DSBackup Log: Backup================|
Backup type: Full
Log file name: sys:/backup/backup.log
Backup started: 2002-6-21'T19:53:5GMT
Backup ID: 3D138421
Backing up security file: sys:/system/nici/INITNICI.LOG
Backing up security file: sys:/system/nici/NICISDI.KEY
Backup completed successfully

|==================DSBackup Log: Restore================|
Restore started: 2002-7-19'T19:1:34GMT
Restore completed successfully`);
    expect(entries).toMatchObject([
      { kind: 'Backup', startedAt: 0x3d138421 * 1000, verdict: 'success' },
      { kind: 'Restore', startedAt: Date.UTC(2002, 6, 19, 19, 1, 34), verdict: 'success' },
    ]);
    expect(entries[0]!.fields['Log file name']).toBe('sys:/backup/backup.log');
  });

  it('says when there is none', () => {
    expect(() => readBackupLog(file, systemFiles)).toThrow(expect.objectContaining({ name: 'NOT_FOUND' }));
  });
});
