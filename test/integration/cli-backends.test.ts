// A database of several files on the command line: backed up, verified and restored as one. Eleven processes, one after the other.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { chinookFolder, holdfastJson, sqldiff, sqlite3 } from '../support/command-line.ts';

it('backs up and restores two files together, and refuses a set that is not whole', async () => {
  const { db, at } = chinookFolder();
  const schema = at('schema.sqlite');
  fs.copyFileSync(db, schema);
  const log = ['-l', at('backup.log')];
  const full = await holdfastJson([
    'backup',
    '--backend',
    `main=${db}`,
    '--backend',
    `schema=${schema}`,
    '-f',
    at('full.bak'),
    ...log,
  ]);
  expect(full.stderr + JSON.stringify(full.json)).toContain('full.schema.bak');
  expect(full).toMatchObject({ code: 0, json: { ok: true, files: [at('full.bak'), at('full.schema.bak')] } });
  for (const file of [db, schema]) sqlite3(file, "INSERT INTO Artist (Name) VALUES ('after the full')");
  // What the home remembers needs no naming.
  const next = await holdfastJson(['backup', db, '-i', '-f', at('inc.bak'), ...log]);
  expect(next).toMatchObject({ code: 0, json: { type: 'incremental', files: [at('inc.bak'), at('inc.schema.bak')] } });

  const restore = ['restore', '-f', at('full.bak'), ...log, '-r', '-a', '-o', '-k'];
  // What `vector` prints is what `--peers` takes, file by file.
  const held = (await holdfastJson(['vector', db])).json;
  expect(held.backends).toMatchObject([{ id: 'main' }, { id: 'schema' }]);
  fs.writeFileSync(at('peers.json'), JSON.stringify([{ server: 'SRV-2', replica: 'D', ...held }]));
  const behind = await holdfastJson([...restore, '--to', db, '-i', '', '--peers', at('peers.json')]);
  expect(behind.json).toMatchObject({
    ok: false,
    code: -6034,
    verify: { servers: [{ backend: 'main', status: 'behind' }, { backend: 'schema' }] },
    recovery: { loss: { commits: 2, backends: [{ id: 'main', commits: 1 }, { id: 'schema' }] } },
  });
  fs.mkdirSync(at('new'));
  const [first, second] = [at('new/a.sqlite'), at('new/b.sqlite')];
  const done = await holdfastJson([...restore, '--to', first, '--backend', `schema=${second}`]);
  expect(done).toMatchObject({ code: 0, json: { ok: true, activated: true } });
  expect([sqldiff(db, first), sqldiff(schema, second)]).toEqual(['', '']);

  for (const file of [db, schema])
    sqlite3(file, 'DELETE FROM Artist WHERE ArtistId > 200 AND ArtistId NOT IN (SELECT ArtistId FROM Album)');
  expect((await holdfastJson([...restore, '--to', db])).code).toBe(0);
  expect([sqldiff(first, db), sqldiff(second, schema)]).toEqual(['', '']);

  fs.renameSync(at('full.schema.bak'), at('hidden'));
  fs.copyFileSync(at('inc.schema.bak'), at('full.schema.bak'));
  expect((await holdfastJson(['verify', at('full.bak')])).json).toMatchObject({ ok: false, files: [{ code: -7121 }] });
  expect((await holdfastJson([...restore, '--to', db])).json).toMatchObject({ name: 'BACKEND_MISMATCH' });
  expect(sqldiff(first, db)).toBe('');
  expect((await holdfastJson(['backup', db, '--backend', 'schema', '-f', at('x.bak'), ...log])).code).toBe(2);
  expect(fs.existsSync(path.join(at('new'), 'a.schema.sqlite'))).toBe(false);
}, 300_000);
