// The command line on Chinook: backups, chains, restores and logs, compared by the programs of SQLite.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { chinookFolder, digest, holdfast, holdfastJson, sqldiff, sqlite3, start } from '../support/command-line.ts';

const STAMP = /^s[0-9A-F]{8} r\d\d e\d{3}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

it('restores full and incremental backups of Chinook so that sqldiff finds nothing', async () => {
  const { folder, db, at } = chinookFolder();
  const log = ['-l', at('backup.log')];
  const full = await holdfastJson(['backup', db, '-f', at('full.bak'), ...log, '-b']);
  expect(full.stderr).toContain('Copying pages');
  expect(full).toMatchObject({ code: 0, json: { ok: true, type: 'full', file: at('full.bak'), pages: 246 } });
  expect(full.json).toMatchObject({
    ok: true,
    idtag: expect.stringMatching(/^[0-9A-F]{8}$/),
    files: [at('full.bak')],
    bytesRead: 1_007_616,
    bytesWritten: fs.statSync(at('full.bak')).size,
    changedPages: 246,
    durationMs: expect.any(Number),
    consistentAt: expect.stringMatching(ISO),
    currentLog: '00000001.log',
    nextIncId: '1',
    serial: expect.any(String),
    vector: [expect.stringMatching(STAMP)],
  });
  sqlite3(
    db,
    "UPDATE Album SET Title = Title || '!' WHERE AlbumId % 9 = 0; DELETE FROM PlaylistTrack WHERE TrackId < 50",
  );
  const first = await holdfastJson(['backup', db, '-f', at('inc1.bak'), ...log, '-i', '-s', '64k', '--no-compress']);
  expect((first.json.files as string[]).length).toBeGreaterThan(1);
  expect(first.json.changedPages).toBeLessThan(246);
  sqlite3(db, "INSERT INTO Artist (Name) VALUES ('Zoë, and others')");
  const second = await holdfastJson(['backup', db, '-f', at('inc2.bak'), ...log, '-i', '--at', 'end', '--level', '3']);
  expect(second.json).toMatchObject({ type: 'incremental', nextIncId: '3' });

  const restore = ['restore', '-f', at('full.bak'), ...log, '-r', '-a', '-o', '-k'];
  const done = await holdfastJson([...restore, '--to', at('copy.sqlite')]);
  expect(done.json).toMatchObject({
    ok: true,
    steps: [1, 2, 3, 4, 5, 6, 7].map((step) => ({ step, status: expect.stringMatching(/^(done|skipped)$/) })),
    restoredTo: second.json.consistentAt,
    verify: { status: 'noPeers', servers: [] },
    activated: true,
    lastCommit: expect.stringMatching(STAMP),
    vector: second.json.vector,
  });
  expect(sqldiff(db, at('copy.sqlite'))).toBe('');
  expect(sqlite3(at('copy.sqlite'), 'PRAGMA integrity_check; PRAGMA foreign_key_check')).toBe('ok');

  await holdfastJson([...restore, '--to', at('first.sqlite'), '-i', at('inc1.bak')]);
  expect(sqldiff(db, at('first.sqlite'))).toBe('DELETE FROM Artist WHERE ArtistId=276;\n');

  const checked = await holdfastJson(['verify', at('full.bak'), at('inc1.bak'), at('inc2.bak')]);
  const ok = (file: string) => ({ file: at(file), status: 'ok', code: 0 });
  expect(checked.json).toEqual({ ok: true, files: [ok('full.bak'), ok('inc1.bak'), ok('inc2.bak')] });
  const header = await holdfastJson(['header', at('inc1.bak')]);
  expect(header.json).toMatchObject({
    ok: true,
    type: 'incremental',
    incrementalId: '1',
    time: expect.stringMatching(ISO),
  });
  expect(
    execFileSync('xmllint', ['--valid', '--noout', '-'], {
      input: (await holdfast(['header', at('full.bak')])).stdout,
    }),
  ).toHaveLength(0);
  const catalog = await holdfastJson(['catalog', folder]);
  expect(catalog.json).toMatchObject({
    chains: [{ full: { idtag: full.json.idtag }, incrementals: [{ sequence: 1 }, { sequence: 2 }], gaps: [] }],
    unusable: [],
  });
  fs.rmSync(at('inc1.bak.00001'));
  const broken = await holdfast(['catalog', folder]);
  expect(broken.stdout).toMatch(/GAP after [0-9A-F]{8}/);
  expect(broken.stdout).toContain(`Unusable ${at('inc1.bak')}`);
  const entries = (await holdfastJson(['log', at('backup.log')])).json.entries as { kind: string; verdict: string }[];
  expect(entries.map((entry) => `${entry.kind} ${entry.verdict}`)).toEqual([
    ...Array(3).fill('Backup success'),
    ...Array(2).fill('Restore success'),
  ]);
}, 120_000);

it('captures with logging on and restores Chinook to a moment between two commits', async () => {
  const { db, at } = chinookFolder();
  const log = ['-l', at('backup.log')];
  sqlite3(db, 'PRAGMA journal_mode = WAL');
  const missing = await holdfastJson(['setconfig', db, '-L', '-r', at('logs')]);
  expect(missing).toMatchObject({ code: 2, json: { name: 'NOT_FOUND' } });
  fs.mkdirSync(at('logs'));
  const config = await holdfastJson(['setconfig', db, '-L', '-r', at('logs')]);
  expect(config.json).toMatchObject({ ok: true, on: true, directory: at('logs/nds.rfl') });
  const full = await holdfastJson(['backup', db, '-f', at('full.bak'), ...log, '--at', 'end']);
  expect(full.json).toMatchObject({ ok: true, at: 'end' });
  const capture = start(['capture', db, '--json']);
  await capture.says('capturing');
  const commit = (name: string) =>
    execFileSync('python3', [
      '-c',
      'import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as c: c.execute("INSERT INTO Artist (Name) VALUES (?)", sys.argv[2:])',
      db,
      name,
    ]);
  const written = () =>
    fs.readdirSync(at('logs/nds.rfl')).reduce((sum, name) => sum + fs.statSync(at(`logs/nds.rfl/${name}`)).size, 0);
  const captured = async (work: () => void) => {
    const bytes = written();
    work();
    await expect.poll(written, { timeout: 30_000 }).toBeGreaterThan(bytes);
  };
  await captured(() => commit('before'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const between = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await captured(() => commit('after'));
  capture.child.kill('SIGTERM');
  const ended = await capture.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(JSON.parse(ended.stdout)).toEqual({ ok: true, captured: [{ database: db, log: '00000001.log' }] });

  const restore = ['restore', '-f', at('full.bak'), ...log, '-r', '-a', '-o', '-n', '-d', at('logs/nds.rfl')];
  const whole = await holdfastJson([...restore, '--to', at('whole.sqlite')]);
  expect(whole.json, whole.stderr).toMatchObject({ ok: true });
  expect(sqldiff(db, at('whole.sqlite'))).toBe('');
  const part = await holdfastJson([...restore, '--to', at('part.sqlite'), '--until', between]);
  expect(sqldiff(db, at('part.sqlite'))).toBe('DELETE FROM Artist WHERE ArtistId=277;\n');
  expect((part.json.restoredTo as string) < between).toBe(true);
  const byStamp = await holdfastJson([
    ...restore,
    '--to',
    at('stamp.sqlite'),
    '--until',
    part.json.lastCommit as string,
  ]);
  expect(byStamp.json.lastCommit).toBe(part.json.lastCommit);
  expect(sqldiff(at('part.sqlite'), at('stamp.sqlite'))).toBe('');
  expect((await holdfastJson(['vector', db])).json.vector).toEqual(whole.json.vector);
  const off = await holdfast(['setconfig', db, '-l']);
  expect(off.stdout).toMatch(/Roll forward log status +OFF/);
  const settings = (text: string) => text.replace(/^Room on the volume .*$/m, '');
  expect(settings((await holdfast(['getconfig', db])).stdout)).toBe(settings(off.stdout));
  const logs = await holdfastJson(['catalog', at('none'), '--logs', at('logs/nds.rfl')]);
  expect(logs.json).toMatchObject({ chains: [], logs: [{ number: '00000001', from: expect.stringMatching(ISO) }] });
}, 120_000);

it('leaves a restored set in RST without -a, and the active one as it was', async () => {
  const { db, at } = chinookFolder();
  const log = ['-l', at('backup.log')];
  await holdfast(['backup', db, '-f', at('full.bak'), ...log]);
  sqlite3(db, "UPDATE Genre SET Name = 'changed' WHERE GenreId = 1");
  const before = digest(db);
  const waiting = await holdfastJson(['restore', '-f', at('full.bak'), ...log, '--to', db, '-r']);
  expect(waiting.json).toMatchObject({ ok: true, activated: false });
  expect(digest(db)).toBe(before);
  const activated = await holdfastJson(['restadv', '--to', db, ...log, '-o', '-k']);
  expect(activated.json, activated.stderr).toMatchObject({
    ok: true,
    action: 'activate',
    contingency: expect.any(String),
  });
  expect(sqlite3(db, 'SELECT Name FROM Genre WHERE GenreId = 1')).toBe('Rock');
}, 120_000);

it('clears the lock after a good verification, and without one only when told to', async () => {
  const { db, at } = chinookFolder();
  const log = ['-l', at('backup.log')];
  await holdfastJson(['backup', db, '-f', at('full.bak'), ...log, '-b']);
  const into = (name: string, ...flags: string[]) =>
    holdfastJson(['restore', '-f', at('full.bak'), ...log, '--to', at(name), '-r', '-a', ...flags]);
  const write = (name: string) => sqlite3(at(name), "INSERT INTO Artist (Name) VALUES ('x'); SELECT 'written'");
  expect((await into('verified.db')).json).toMatchObject({ activated: true });
  expect(write('verified.db')).toBe('written');
  expect((await into('unverified.db', '-n')).json).toMatchObject({ activated: true });
  expect(() => write('unverified.db')).toThrow(/readonly/);
  await into('told.db', '-n', '-k');
  expect(write('told.db')).toBe('written');
});
