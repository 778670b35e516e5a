// An instance of several files: enrolled, changed, fenced, listed, copied and removed as one.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, createDatabase, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';
import { createPair, type Pair } from '../support/pair-lab.ts';

let lab: Lab;
let pair: Pair;

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  pair = createPair(lab);
});
afterEach(() => lab.close());

const input = (backends: { id: string; path: string }[], instance = 'Directory') => ({
  ...{ instance, path: pair.first, replica: 1, logging: true, backendId: 'userRoot', backends },
});
const status = async (api: AgentApi) => (await api.status({})).instances[0]!;
const write = (file: string) => sql(file, `INSERT INTO entry (name) VALUES ('x'); SELECT 'ok'`);

it('refuses what one file would be refused for, and then protects none', async () => {
  const { api } = await lab.agent();
  const set = (path: string) => api.protect(input([{ id: 'schema', path }]));
  fs.writeFileSync(lab.path('data', 'text.db'), 'no database, but long enough to be looked at as one'.repeat(40));
  expect(await failure(set(lab.path('data', 'text.db')))).toBe('NOT_SQLITE');
  expect(await failure(set(lab.path('data', 'gone.db')))).toBe('NOT_FOUND');
  expect(await failure(set(pair.first))).toBe('DUPLICATE');
  fs.linkSync(pair.first, lab.path('data', 'link.db'));
  expect(await failure(set(lab.path('data', 'link.db')))).toBe('DUPLICATE');
  fs.rmSync(lab.path('data', 'link.db'));
  expect(await failure(api.protect(input([{ id: 'UserRoot', path: pair.second }])))).toBe('DUPLICATE');
  const rollback = lab.path('data', 'rollback.db');
  sql(rollback, 'CREATE TABLE t (a)');
  expect(await failure(set(rollback))).toBe('JOURNAL_MODE');
  expect((await api.status({})).instances).toEqual([]);

  await set(pair.second);
  expect(await failure(api.protect({ ...input([], 'Other'), path: pair.second }))).toBe('DUPLICATE');
  const third = lab.path('data', 'third.db');
  createDatabase(third, 5);
  await api.protect({ ...input([], 'Other'), path: third });
  const more = { instance: 'Directory', id: 'more' };
  expect(await failure(api.addBackend({ ...more, path: third }))).toBe('DUPLICATE');
  expect(await failure(api.addBackend({ ...more, id: 'schema', path: rollback }))).toBe('DUPLICATE');
});

it('is the same after a restart, and each file keeps its logs', async () => {
  const first = await lab.agent();
  await first.api.protect(input([{ id: 'schema', path: pair.second }]));
  await backup(first.api, 'Directory', { file: lab.path('bak', 'f.bak') });
  await first.agent.stop();
  write(pair.second);
  const { api } = await lab.agent();
  await expect.poll(async () => (await status(api)).state).toBe('Online');
  const { backends, size, fullRequired } = await status(api);
  expect(backends?.map(({ id, path, pageSize, logging }) => ({ id, path, pageSize, on: logging.on }))).toEqual([
    { id: 'userRoot', path: pair.first, pageSize: 4096, on: true },
    { id: 'schema', path: pair.second, pageSize: 1024, on: true },
  ]);
  expect(size).toBe(backends!.reduce((sum, one) => sum + one.size, 0));
  expect(fullRequired).toBe(false);
  expect(new Set(backends!.map((one) => one.logging.directory)).size).toBe(2);
  const result = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
  expect(result.backends?.find((one) => one.id === 'schema')?.changedPages).toBeGreaterThan(0);
});

it('needs a full backup after a file was added or removed', async () => {
  const { api } = await lab.agent();
  await api.protect({ ...input([]), backendId: null });
  await backup(api, 'Directory', { file: lab.path('bak', 'one.bak') });
  await api.addBackend({ instance: 'Directory', id: 'schema', path: pair.second });
  expect(await status(api)).toMatchObject({ fullRequired: true, backends: [{ id: 'userRoot' }, { id: 'schema' }] });
  const incremental = () => backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
  expect(await failure(incremental())).toBe('FULL_BACKUP_REQUIRED');
  await backup(api, 'Directory', { file: lab.path('bak', 'two.bak') });
  await incremental();
  await api.removeBackend({ instance: 'Directory', id: 'schema' });
  expect(await failure(api.removeBackend({ instance: 'Directory', id: 'userRoot' }))).toBe('NOT_FOUND');
  const after = await status(api);
  expect([after.backends, after.fullRequired]).toEqual([undefined, true]);
  await api.protect({ ...input([], 'Schema'), path: pair.second });
});

it('fences and opens all files at once, and cannot become a standby', async () => {
  const { api } = await lab.agent();
  await api.protect(input([{ id: 'schema', path: pair.second }]));
  const fence = await api.fence({ instance: 'Directory', reason: 'test', term: 1 });
  expect(fence.durable).toBe(true);
  for (const file of [pair.first, pair.second]) expect(() => write(file)).toThrow(/readonly/);
  expect(await status(api)).toMatchObject({ writable: false, state: 'Fenced' });
  expect(await failure(api.setRole({ instance: 'Directory', role: 'standby', term: 2 }))).toBe('SEVERAL_BACKENDS');
  await api.unfence({ instance: 'Directory', term: 2 });
  for (const file of [pair.first, pair.second]) expect(write(file)).toBe('ok');
  expect(await status(api)).toMatchObject({ writable: true, state: 'Online' });
});

it('is one backup in the catalogue, in copies and when it is removed', async () => {
  const { api } = await lab.agent();
  await api.protect(input([{ id: 'schema', path: pair.second }]));
  const file = lab.path('bak', 'f.bak');
  const next = lab.path('bak', 'i.bak');
  const full = await backup(api, 'Directory', { file, partBytes: 65_536, compression: 'none' });
  await backup(api, 'Directory', { type: 'incremental', file: next });
  const catalog = (folder: string) => api.catalog({ folders: [folder] });
  const { chains, unusable } = await catalog(lab.path('bak'));
  expect(unusable).toEqual([]);
  expect(chains).toHaveLength(1);
  expect(chains[0]).toMatchObject({
    full: { file, parts: full.files, backends: [{ id: 'userRoot' }, { id: 'schema', pageSize: 1024 }] },
    incrementals: [{ file: next, parts: [next, lab.path('bak', 'i.schema.bak')] }],
  });
  expect(chains[0]!.full.bytes).toBe(full.bytesWritten);

  fs.mkdirSync(lab.path('copy'));
  const copy = async (files: string[]) => {
    for await (const event of await api.receive({ files, folder: lab.path('copy') }))
      if (event.kind === 'result') return event.files;
    return [];
  };
  const hidden = lab.path('hidden.bak');
  fs.renameSync(lab.path('bak', 'f.schema.bak'), hidden);
  expect(await failure(copy(full.files.filter((one) => !one.includes('schema'))))).toBe('BACKEND_MISSING');
  expect(fs.readdirSync(lab.path('copy'))).toEqual([]);
  expect((await catalog(lab.path('bak'))).unusable.map((one) => one.error.name)).toContain('BACKEND_MISSING');
  fs.renameSync(hidden, lab.path('bak', 'f.schema.bak'));
  expect(await copy(full.files)).toHaveLength(full.files.length);
  expect((await catalog(lab.path('copy'))).chains).toHaveLength(1);
  expect(await api.verify({ files: [lab.path('copy', 'f.bak')] })).toMatchObject({ ok: true });

  expect(await failure(api.removeBackups({ files: [lab.path('copy', 'f.bak')] }))).toBe('INVALID_INPUT');
  await backup(api, 'Directory', { file: lab.path('bak', 'later.bak') });
  const { removed } = await api.removeBackups({
    files: full.files.map((one) => one.replace(lab.path('bak'), lab.path('copy'))),
  });
  expect(removed).toHaveLength(full.files.length);
  expect(fs.readdirSync(lab.path('copy'))).toEqual([]);
});
