// Backups that are cleared away while others work with them: the base of what lives stays, a restore ends whole or not at all.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentApi } from '../../core/rpc/types.ts';
import {
  backup,
  collect,
  count,
  createDatabase,
  createLab,
  failure,
  type Lab,
  restore,
  sql,
} from '../support/agent-lab.ts';

let lab: Lab;
let api: AgentApi;
let db: string;
let meanwhile: ((step: string) => void) | null = null;

beforeEach(async () => {
  lab = createLab();
  db = lab.path('data', 'Directory.db');
  fs.mkdirSync(lab.path('bak'));
  createDatabase(db, 300);
  meanwhile = null;
  ({ api } = await lab.agent('SRV-1', { at: (step) => meanwhile?.(step) }));
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
});
afterEach(() => lab.close());

const file = (name: string) => lab.path('bak', name);
const write = (name: string) => sql(db, `INSERT INTO entry (name) VALUES ('${name}')`);

it('neither the base of a live incremental nor a link before it can be removed, also while the next is being written', async () => {
  await backup(api, 'Directory', { file: file('old.bak') });
  await backup(api, 'Directory', { file: file('full.bak') });
  write('one');
  await backup(api, 'Directory', { type: 'incremental', file: file('i1.bak') });
  write('two');
  const refusals: Promise<string>[] = [];
  meanwhile = (step) => {
    if (!step.startsWith('backup.')) return;
    for (const one of ['full.bak', 'i1.bak', 'i2.bak'])
      refusals.push(failure(api.removeBackups({ files: [file(one)] })));
    if (step === 'backup.written') refusals.push(failure(api.removeBackups({ files: [file('old.bak')] })));
  };
  await backup(api, 'Directory', { type: 'incremental', file: file('i2.bak') });
  meanwhile = null;
  const outcomes = await Promise.all(refusals);
  expect(outcomes.length).toBe(10);
  expect(outcomes.filter((name) => name === 'INVALID_INPUT').length, outcomes.join()).toBe(9);
  expect(fs.existsSync(file('old.bak')), 'what nobody needs may go').toBe(false);
  for (const one of ['full.bak', 'i1.bak', 'i2.bak']) expect(fs.existsSync(file(one)), one).toBe(true);
  const run = await collect(
    await api.restoreToFile({ path: lab.path('r.db'), options: { file: file('full.bak'), log: lab.path('l') } }),
  );
  expect(run.error).toBeNull();
  expect(count(lab.path('r.db'))).toBe(count(db));
});

it.each(['closing', 'step1.end', 'step2.end', 'step3.begin', 'step3.end', 'verifying'])(
  'a chain that vanishes at %s of its restore: the old set, or the new one whole',
  async (point) => {
    await backup(api, 'Directory', { file: file('old.bak') });
    write('first');
    await backup(api, 'Directory', { type: 'incremental', file: file('old-i.bak') });
    write('second');
    await backup(api, 'Directory', { file: file('new.bak') });
    const before = count(db);
    meanwhile = (step) => {
      if (step !== point) return;
      meanwhile = null;
      for (const name of ['old.bak', 'old-i.bak']) fs.rmSync(file(name));
    };
    const run = await restore(api, 'Directory', { file: file('old.bak') });
    if (run.error) {
      expect(run.error.name).toMatch(/^(NOT_FOUND|IO_ERROR|BACKUP_TRUNCATED|BACKUP_PART_MISSING)$/);
      expect(count(db)).toBe(before);
    } else expect(count(db)).toBe(301);
    await expect.poll(async () => (await api.status({})).instances[0]?.state, { timeout: 15_000 }).toBe('Online');
    expect(sql(db, `PRAGMA integrity_check; INSERT INTO entry (name) VALUES ('goes on') RETURNING 1`)).toBe('ok\n1');
    const again = await restore(api, 'Directory', { file: file('new.bak') });
    expect(again.error).toBeNull();
    expect(count(db)).toBe(302);
    expect(path.dirname(db)).toBe(lab.path('data'));
  },
);
