// Restores of an instance of two files: both become the restored ones, or both stay the old ones.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createLab, failure, holdOpen, type Lab, restore, sql } from '../support/agent-lab.ts';
import { createPair, type Pair, restoredPair } from '../support/pair-lab.ts';

let lab: Lab;
let pair: Pair;
let full: string;

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  pair = createPair(lab);
  full = lab.path('bak', 'f.bak');
});
afterEach(() => lab.close());

const protect = (api: AgentApi, logging: boolean) =>
  api.protect({
    instance: 'Directory',
    path: pair.first,
    replica: 1,
    logging,
    backendId: 'userRoot',
    backends: [{ id: 'schema', path: pair.second }],
  });
const counts = (one: Pair) => [count(one.first), count(one.second)];
const add = (name: string) => {
  for (const file of [pair.first, pair.second]) sql(file, `INSERT INTO entry (name) VALUES ('${name}')`);
};
const status = async (api: AgentApi) => (await api.status({})).instances[0]!;

describe('restoring two files together', () => {
  it('brings both to the last backup, keeps both old ones, and asks for a full of both', async () => {
    const { api } = await lab.agent();
    await protect(api, true);
    await backup(api, 'Directory', { file: full });
    add('in the incremental');
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i1.bak') });
    add('after it');
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect(counts(pair)).toEqual([201, 201]);
    expect(run.view.backend?.all).toEqual([
      { id: 'userRoot', path: pair.first, status: 'done' },
      { id: 'schema', path: pair.second, status: 'done' },
    ]);
    expect(new Set(run.views.map((view) => view.backend?.id))).toEqual(new Set(['userRoot', 'schema']));
    const after = await status(api);
    expect(after).toMatchObject({ writable: true, state: 'Online', fullRequired: true, hasRst: false });
    const kept = after.backends!.map(({ home, path: file }) => {
      const folder = path.join(home, 'contingency');
      return path.join(folder, fs.readdirSync(folder)[0] as string, path.basename(file));
    });
    expect(kept.map(count)).toEqual([202, 202]);
    const [copy] = await api.contingencies({ instance: 'Directory' });
    expect(copy?.backends).toEqual(after.backends!.map(({ id }, index) => ({ id, path: kept[index] })));
    expect(await failure(backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'x.bak') }))).toBe(
      'NO_FULL_BACKUP',
    );
    await api.removeContingency({ instance: 'Directory', id: copy!.id });
    expect(kept.map((file) => fs.existsSync(file))).toEqual([false, false]);
    await backup(api, 'Directory', { file: lab.path('bak', 'again.bak') });
    expect((await status(api)).fullRequired).toBe(false);
  });

  it('replays the logs of each to the same moment', async () => {
    const { api } = await lab.agent();
    await protect(api, true);
    await backup(api, 'Directory', { file: full });
    add('before the moment');
    await api.captureNow({ instance: 'Directory' });
    const until = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(until + 5);
    add('after the moment');
    await api.captureNow({ instance: 'Directory' });
    const logFolder = (await status(api)).logging.directory;
    const run = await restore(api, 'Directory', { file: full, logFolder, until });
    expect(run.error).toBeNull();
    expect(counts(pair)).toEqual([201, 201]);
  });

  it('restores into new files, named by hand or beside the first', async () => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: full });
    add('later');
    const into = restoredPair(lab, 'new');
    const log = lab.path('bak', 'restore.log');
    const backends = [{ id: 'schema', path: into.second }];
    expect(
      (await collect(await api.restoreToFile({ path: into.first, options: { file: full, log, backends } }))).error,
    ).toBeNull();
    expect(counts(into)).toEqual([200, 200]);
    const beside = restoredPair(lab, 'beside');
    expect(
      (await collect(await api.restoreToFile({ path: beside.first, options: { file: full, log } }))).error,
    ).toBeNull();
    expect(counts({ ...beside, second: lab.path('beside', 'userRoot.schema.db') })).toEqual([200, 200]);
    expect(counts(pair)).toEqual([201, 201]);
  });

  it('leaves a verified set of both in RST, and activates both', async () => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: full });
    add('later');
    expect((await restore(api, 'Directory', { file: full, activate: false })).error).toBeNull();
    expect(counts(pair)).toEqual([201, 201]);
    expect(await status(api)).toMatchObject({ hasRst: true, writable: true });
    const finish = {
      instance: 'Directory',
      override: false,
      open: true,
      clearLock: true,
      log: lab.path('bak', 'r.log'),
    };
    await api.finishRst({ ...finish, action: 'activate' });
    expect(counts(pair)).toEqual([200, 200]);
    expect(await status(api)).toMatchObject({ hasRst: false, writable: true });
  });

  it('keeps a set of both in RST when a peer is ahead, with both old files active', async () => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: full });
    add('later');
    const peers = [{ server: 'OTHER', replica: 'r', vector: [{ replica: 2, sec: 2_000_000_000, event: 1, seq: 9 }] }];
    const run = await restore(api, 'Directory', { file: full, peers });
    expect(run.error?.name).toBe('VERIFICATION_BEHIND');
    expect(counts(pair)).toEqual([201, 201]);
    expect(await status(api)).toMatchObject({ hasRst: true, writable: true });
    const finish = {
      instance: 'Directory',
      override: true,
      open: true,
      clearLock: true,
      log: lab.path('bak', 'r.log'),
    };
    await api.finishRst({ ...finish, action: 'activate' });
    expect(counts(pair)).toEqual([200, 200]);
  });
});

describe('what is refused, with both old files active', () => {
  const cases: [string, string, () => void][] = [
    ['a backend that is missing', 'BACKEND_MISSING', () => fs.rmSync(lab.path('bak', 'f.schema.bak'))],
    [
      'a backend of an older set under its name',
      'BACKEND_MISMATCH',
      () => fs.copyFileSync(lab.path('bak', 'old.schema.bak'), lab.path('bak', 'f.schema.bak')),
    ],
    [
      'the first file under the name of the other',
      'BACKEND_MISMATCH',
      () => fs.copyFileSync(full, lab.path('bak', 'f.schema.bak')),
    ],
    [
      'a damaged page in the second file',
      'BACKUP_DAMAGED',
      () => {
        const file = lab.path('bak', 'f.schema.bak');
        const bytes = fs.readFileSync(file);
        bytes[bytes.length - 3000] = (bytes[bytes.length - 3000] ?? 0) ^ 1;
        fs.writeFileSync(file, bytes);
      },
    ],
  ];
  it.each(cases)('%s', async (_, code, spoil) => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: lab.path('bak', 'old.bak') });
    add('between');
    await backup(api, 'Directory', { file: full });
    add('later');
    spoil();
    const found = await restore(api, 'Directory', { file: full }).then(
      (run) => run.error?.name,
      (error: { name: string }) => error.name,
    );
    expect(found).toBe(code);
    expect((await api.verify({ files: [full] })).files[0]?.error?.name).toBe(code);
    expect(counts(pair)).toEqual([202, 202]);
    const after = await status(api);
    expect(after).toMatchObject({ writable: true, state: 'Online', hasRst: false, fullRequired: false });
    for (const { home } of after.backends!) {
      expect(fs.existsSync(path.join(home, 'journal.json'))).toBe(false);
      expect(fs.existsSync(path.join(home, 'contingency'))).toBe(false);
    }
    expect(sql(pair.second, `INSERT INTO entry (name) VALUES ('goes on'); SELECT 'ok'`)).toBe('ok');
  });

  it('a program that keeps the second file open', async () => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: full });
    add('later');
    const holder = await holdOpen(pair.second);
    const run = await restore(api, 'Directory', { file: full });
    await holder.stop();
    expect(run.error?.name).toBe('DATABASE_IN_USE');
    expect(counts(pair)).toEqual([201, 201]);
    expect(await status(api)).toMatchObject({ writable: true, state: 'Online', hasRst: false });
    add('goes on');
  });

  it('a backup of one file into an instance of two, and of two into an instance of one', async () => {
    const { api } = await lab.agent();
    await protect(api, false);
    await backup(api, 'Directory', { file: full });
    await api.removeBackend({ instance: 'Directory', id: 'schema' });
    await expect(restore(api, 'Directory', { file: full })).rejects.toMatchObject({
      name: 'BACKENDS_DIFFER',
      message: `${full} holds the files userRoot, schema; Directory has one file. Add schema to Directory first, or restore into new files, all at once (-a)`,
    });
    const into = { path: lab.path('n.db'), options: { file: full, log: lab.path('bak', 'n.log'), activate: false } };
    await expect(collect(await api.restoreToFile(into))).rejects.toMatchObject({
      name: 'SEVERAL_BACKENDS',
      message: expect.stringContaining('ask for that as well (-a)'),
    });
    const alone = lab.path('bak', 'alone.bak');
    await backup(api, 'Directory', { file: alone });
    await api.addBackend({ instance: 'Directory', id: 'schema', path: pair.second });
    expect((await status(api)).fullRequired).toBe(true);
    await expect(restore(api, 'Directory', { file: alone })).rejects.toMatchObject({
      name: 'BACKENDS_DIFFER',
      message: `${alone} holds one file; Directory has the files userRoot, schema. Take schema out of Directory first, or restore into a new file`,
    });
    expect(await status(api)).toMatchObject({ state: 'Online', writable: true, hasRst: false });
  });
});
