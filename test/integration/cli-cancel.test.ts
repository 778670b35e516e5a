// Ctrl+C in the middle of a backup and of a restore: exit 130, nothing left behind, the target as it was.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createLarge, digest, holdfast, holdfastJson, sqlite3, start } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('is told as cancelled, and a later run finds everything as before', async () => {
  const folder = temporaryFolder('holdfast-cli');
  const at = (name: string) => path.join(folder, name);
  const db = at('large.db');
  createLarge(db);
  const original = digest(db);
  const backup = ['backup', db, '-f', at('full.bak'), '-l', at('log')];

  const first = start([...backup, '--level', '15', '--json']);
  await first.says(/Copying pages: [^\n]+ of/);
  first.child.kill('SIGINT');
  const cancelled = await first.ended;
  expect(cancelled.code, cancelled.stderr).toBe(130);
  expect(JSON.parse(cancelled.stdout)).toMatchObject({ ok: false, code: -7090, name: 'CANCELLED' });
  expect(fs.readdirSync(folder).sort()).toEqual(['.holdfast', 'large.db', 'log']);
  expect(digest(db)).toBe(original);

  expect((await holdfastJson([...backup, '--no-compress'])).code).toBe(0);
  sqlite3(db, 'DELETE FROM entry WHERE id % 2 = 0');
  const target = digest(db);
  const restore = ['restore', '-f', at('full.bak'), '-l', at('log'), '-r', '-a', '-o', '-k', '--to'];
  for (const to of [db, at('new.db')]) {
    const run = start([...restore, to]);
    await run.says(/Restoring/);
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code, ended.stdout + ended.stderr).toBe(130);
    expect(ended.stderr).toMatch(/CANCELLED \(-7090\)/);
    expect(fs.readdirSync(at(`.holdfast/${path.basename(to)}/staging`))).toEqual([]);
  }
  expect(digest(db)).toBe(target);
  expect(fs.readdirSync(folder).sort()).toEqual(['.holdfast', 'full.bak', 'large.db', 'log']);
  expect(sqlite3(db, 'UPDATE entry SET body = NULL WHERE id = 1; SELECT count(*) FROM entry')).toBe('400');
  const log = await holdfast(['log', at('log')]);
  expect(
    log.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(26).replace(/ +/g, ' ').replace(folder, '')),
  ).toEqual([
    expect.stringMatching(/^Backup \S+ failed, error -7090$/),
    expect.stringMatching(/^Backup \S+ success$/),
    'Restore /full.bak failed, error -7090',
    'Restore /full.bak failed, error -7090',
  ]);
}, 120_000);
