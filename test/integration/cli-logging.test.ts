// holdfast setconfig, logs and hazards straight on a file.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createDatabase, sql } from '../support/agent-lab.ts';
import { holdfast, holdfastJson } from '../support/command-line.ts';
import { temporaryFolder } from '../support/writers.ts';

it('shows the logs, refuses to delete one that a backup needs, and deletes after a confirmation what may go', async () => {
  const folder = temporaryFolder('cli-logs');
  onTestFinished(() => fs.rmSync(folder, { recursive: true }));
  const at = (...parts: string[]) => path.join(folder, ...parts);
  fs.mkdirSync(at('bak'));
  fs.mkdirSync(at('old'));
  createDatabase(at('x.db'));
  const db = at('x.db');
  expect((await holdfastJson(['setconfig', db, '-L', '--stop-when-full', 'on'])).json).toMatchObject({
    on: true,
    stopWhenFull: true,
    space: { level: 'ok' },
  });
  expect((await holdfast(['setconfig', db, '--stop-when-full', 'maybe'])).code).toBe(2);
  const full = (name: string) => holdfastJson(['backup', db, '-f', at('bak', name), '-l', at('l'), '-b']);
  const first = (await full('f.bak')).json;
  sql(db, "INSERT INTO entry (name) VALUES ('x')");
  await holdfastJson(['setconfig', db, '-s']);
  await full('g.bak');
  const needed = await holdfastJson(['logs', db]);
  expect(needed.json.logs).toMatchObject([
    { log: '00000001.log', standing: 'needed', reason: `Needed by full backup ${first.idtag}.` },
    { log: '00000002.log', standing: 'current' },
  ]);
  const refused = await holdfastJson(['logs', db, '--delete', '00000001.log', '--confirm', 'yes']);
  expect(refused).toMatchObject({ code: 3, json: { ok: false, name: 'LOG_NEEDED' } });
  fs.renameSync(at('bak', 'f.bak'), at('old', 'f.bak'));
  const elsewhere = await holdfastJson(['logs', db, '--backups', at('old'), '--delete-safe', '--confirm', 'yes']);
  expect(elsewhere.json).toMatchObject({ ok: true, deleted: [] });
  const asked = await holdfastJson(['logs', db, '--delete-safe']);
  expect(asked).toMatchObject({ code: 3, json: { name: 'CONFIRMATION_REQUIRED' } });
  const done = await holdfastJson(['logs', db, '--delete-safe', '--confirm', 'yes']);
  expect(done.json).toMatchObject({ ok: true, deleted: ['00000001.log'] });
  expect((await holdfastJson(['getconfig', db])).json).toMatchObject({ currentLog: '00000002.log', logCount: 1 });
  const hazards = await holdfastJson(['hazards', db]);
  expect(hazards.json).toMatchObject({ ok: true, openers: [], hazards: [{ code: 'LOGS_BESIDE_DATABASE' }] });
});
