// holdfast restore --plan, --until a stamp, -d with several folders, catalog of folders and what lies below: straight on files.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { sql } from '../support/agent-lab.ts';
import { holdfast, holdfastJson } from '../support/command-line.ts';
import { startRealSite } from '../support/real-site.ts';

const instanceId = 'SRV-1/Directory';
const words = (file: string) => sql(file, 'SELECT group_concat(word) FROM (SELECT word FROM entry ORDER BY id)');

it('says how far the files reach, ends at a stamp, and reads logs of two folders', { timeout: 90_000 }, async () => {
  const site = await startRealSite();
  const at = (...parts: string[]) => path.join(site.folder, ...parts);
  fs.mkdirSync(at('files'));
  const file = at('files', 'directory.db');
  sql(file, 'PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, word TEXT)');
  await site.api.servers.add({ name: 'SRV-1', root: null });
  const options = { backupFolder: at('bak', 'deep'), logging: true, switchToWal: false };
  await site.api.instances.protect({ server: 'SRV-1', name: 'Directory', path: file, ...options });
  await site.backUp(instanceId, 'full');
  const capture = () => site.agent('SRV-1').instance('Directory').captureNow();
  for (const word of ['one', 'two']) {
    sql(file, `INSERT INTO entry (word) VALUES ('${word}')`);
    capture();
  }
  await site.api.instances.setConfig({ instanceId, roll: true });
  for (const word of ['three', 'four']) {
    sql(file, `INSERT INTO entry (word) VALUES ('${word}')`);
    capture();
  }
  const { commits } = await site.api.library.commits({ instanceId, around: null });
  const { logging } = site.engine.snapshot().instances[0]?.status ?? {};
  await site.stop();
  const [first = '', second = ''] = fs.readdirSync(logging?.directory ?? '').sort();
  for (const [index, log] of [first, second].entries()) {
    fs.mkdirSync(at(`logs-${index}`));
    fs.copyFileSync(path.join(logging?.directory ?? '', log), at(`logs-${index}`, log));
  }
  const both = `${at('logs-0')},${at('logs-1')}`;

  const catalog = await holdfastJson(['catalog', at('bak')]);
  expect(catalog.json.chains).toHaveLength(1);
  expect((await holdfastJson(['catalog', at('bak'), '--flat'])).json.chains).toEqual([]);
  const full = (catalog.json.chains as { full: { file: string } }[])[0]?.full.file ?? '';
  expect(path.dirname(full)).toBe(at('bak', 'deep'));

  const plan = await holdfastJson(['restore', '-f', full, '-d', both, '--plan', '-r', '--to', at('x.db')]);
  expect(plan.json, plan.stderr).toMatchObject({ ok: true, missing: [], ends: null });
  expect((plan.json.logs as string[]).map((log) => path.basename(log))).toEqual([first, second]);
  const hole = await holdfastJson(['restore', '-f', full, '-d', at('logs-1'), '--plan', '-r', '--to', at('x.db')]);
  expect(hole.json.missing).toEqual([`roll-forward log ${first} of this database`]);
  expect(fs.existsSync(at('x.db'))).toBe(false);

  const three = commits[2];
  if (!three) throw new Error(JSON.stringify(commits));
  const { sec, replica, event } = three.stamp;
  const stamp = `s${sec.toString(16).toUpperCase()} r0${replica} e00${event}`;
  const restored = await holdfastJson([
    ...['restore', '-f', full, '-l', at('log'), '-d', both, '--until', stamp, '-r', '-a', '--to', at('x.db')],
  ]);
  expect(restored.json, restored.stderr).toMatchObject({ ok: true, lastCommit: stamp });
  expect(words(at('x.db'))).toBe('one,two,three');
  const beyond = await holdfast([
    'restore',
    '-f',
    full,
    '-d',
    both,
    '--until',
    'sFFFFFF00 r01 e001',
    '--plan',
    '-r',
    '--to',
    at('y.db'),
  ]);
  expect(beyond.code).not.toBe(0);
  expect(beyond.stderr).toContain('not commit sFFFFFF00 r01 e001');
});
