// The engine with real agent processes on a real database: protect, full, incremental, verify, restore into a file and in place.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { createEngine, type Engine } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));
const sql = (file: string, text: string) =>
  execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, text]).toString().trim();
const dump = (file: string) => sql(file, 'SELECT count(*), sum(id), max(name) FROM person');

async function start(dataFolder: string): Promise<{ engine: Engine; api: ConsoleApi }> {
  const engine = createEngine({ dataFolder, host: 'headless', launcher: createChildLauncher({ entry }) });
  await engine.start();
  onTestFinished(() => engine.stop());
  return { engine, api: inProcessConsole(engine.router) };
}

async function ended(api: ConsoleApi, jobId: string) {
  return await expect
    .poll(async () => (await api.jobs.log({ jobId })).job, { timeout: 20_000, interval: 50 })
    .toMatchObject({ endedAt: expect.any(Number) })
    .then(async () => await api.jobs.log({ jobId }));
}

async function backUp(api: ConsoleApi, instanceId: string, type: 'full' | 'incremental') {
  const { jobId } = await api.backup.start({ instanceId, type });
  const { job, lines } = await ended(api, jobId);
  expect(job, JSON.stringify({ error: job.error, lines })).toMatchObject({
    status: expect.stringMatching(/^succeeded/),
  });
  return job;
}

it('protects, backs up, verifies and restores a live database', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'files', 'directory.db');
  fs.mkdirSync(path.dirname(file));
  sql(file, 'PRAGMA journal_mode = WAL; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)');
  const insert = (count: number) =>
    sql(
      file,
      `INSERT INTO person (name) SELECT hex(randomblob(40)) FROM generate_series(1, ${count})`.replace(
        `generate_series(1, ${count})`,
        `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n)`,
      ),
    );
  insert(2_000);
  const first = await start(path.join(folder, 'data'));
  const { api } = first;

  const probe = await api.instances.inspect({ server: null, path: file });
  expect(probe).toMatchObject({ refusal: null, journal: 'wal' });
  const { instanceId } = await api.instances.protect({
    server: null,
    name: 'Directory',
    path: file,
    backupFolder: null,
    logging: true,
    switchToWal: false,
  });
  expect(await api.backup.start({ instanceId, type: 'incremental' }).catch((e: Error) => e.name)).toBe(
    'NO_FULL_BACKUP',
  );
  const full = await backUp(api, instanceId, 'full');
  insert(100);
  await expect
    .poll(() => first.engine.snapshot().instances[0]?.status.lastFull?.idtag, { timeout: 30_000 })
    .toBe(full.verdict?.match(/[0-9A-F]{8}/)?.[0]);
  await backUp(api, instanceId, 'incremental');
  insert(50);
  const wanted = dump(file);

  const timeline = await api.instances.timeline({ instanceId });
  const [chain] = timeline.catalog.chains;
  expect(chain?.incrementals).toHaveLength(1);
  expect(await api.backup.verify({ instanceId, idtag: chain?.full.idtag ?? '' })).toMatchObject({ ok: true });
  const log = await api.backup.log({ instanceId });
  expect(log.entries.map((one) => one.verdict)).toEqual(['success', 'success']);

  // The last commits lie in no backup, and nothing waits for the agent's next look: the plan has them captured first.
  const copy = path.join(folder, 'restored', 'copy.db');
  fs.mkdirSync(path.dirname(copy));
  const server = first.engine.snapshot().servers[0]?.name ?? '';
  const plan = await api.restore.plan({ instanceId, target: { kind: 'file', server, path: copy } });
  expect(plan).toMatchObject({ refusal: null, class: 'plain', missing: [] });
  const { jobId } = await api.restore.start({ token: plan.token });
  const steps: string[][] = [];
  for await (const moment of await api.restore.watch({ jobId }))
    steps.push(moment.view.steps.map((step) => step.status));
  const { job } = await api.jobs.log({ jobId });
  expect(job, JSON.stringify(job.error)).toMatchObject({ status: expect.stringMatching(/^succeeded/) });
  expect(steps.at(-1)).toEqual(expect.arrayContaining(['done']));
  expect(dump(copy)).toBe(wanted);
  expect(sql(copy, 'PRAGMA integrity_check')).toBe('ok');

  sql(file, 'DELETE FROM person');
  await backUp(api, instanceId, 'incremental');
  const back = await api.restore.plan({
    instanceId,
    target: { kind: 'instance', instanceId },
    idtag: chain?.incrementals[0]?.idtag ?? null,
    useLogs: false,
    skipVerify: true,
  });
  expect(back).toMatchObject({ refusal: null, class: 'typed', typedName: 'Directory' });
  const inPlace = await api.restore.start({ token: back.token, typed: 'Directory' });
  const done = await ended(api, inPlace.jobId);
  expect(done.job, JSON.stringify(done)).toMatchObject({ status: expect.stringMatching(/^succeeded/) });
  expect(sql(file, 'SELECT count(*) FROM person')).toBe('2100');
  await expect.poll(() => first.engine.snapshot().instances[0]?.status.fullRequired, { timeout: 30_000 }).toBe(true);

  await first.engine.stop();
  const second = await start(path.join(folder, 'data'));
  await expect.poll(() => second.engine.snapshot().instances[0]?.reachable, { timeout: 30_000 }).toBe(true);
  expect(second.engine.snapshot().instances[0]?.status).toMatchObject({ name: 'Directory', error: null });
  await backUp(second.api, instanceId, 'full');
});

it('restarts an agent that was killed, and keeps the chain', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'directory.db');
  sql(file, 'PRAGMA journal_mode = WAL; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)');
  const { engine, api } = await start(path.join(folder, 'data'));
  const request = {
    server: null,
    name: 'Directory',
    path: file,
    backupFolder: null,
    logging: true,
    switchToWal: false,
  };
  const { instanceId } = await api.instances.protect(request);
  await backUp(api, instanceId, 'full');
  const pid = engine.snapshot().servers[0]?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  sql(file, "INSERT INTO person (name) VALUES ('while the agent was gone')");
  await expect
    .poll(
      () => {
        const [one] = engine.snapshot().servers;
        return one?.state === 'online' && one.pid !== pid;
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  await backUp(api, instanceId, 'incremental');
});
