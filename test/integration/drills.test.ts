// Restore drills with real agents on a real database: proof, report, probes, failure, a folder that is gone whatever happens.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import type { DrillConfig, DrillProbe } from '../../core/contract/drills.ts';
import { createEngine, type Engine } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { startEngine, until } from '../support/running-engine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));
const sql = (file: string, text: string) =>
  execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, text]).toString().trim();

function createDatabase(folder: string): string {
  const file = path.join(folder, 'files', 'directory.db');
  fs.mkdirSync(path.dirname(file));
  sql(
    file,
    'PRAGMA journal_mode = WAL; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE role (r)',
  );
  insert(file, 2_000);
  return file;
}

const insert = (file: string, count: number) =>
  sql(
    file,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO person (name) SELECT hex(randomblob(40)) FROM n`,
  );

async function protect(api: ConsoleApi, file: string): Promise<string> {
  const { instanceId } = await api.instances.protect({
    ...{ server: null, name: 'Directory', path: file, backupFolder: null, logging: true, switchToWal: false },
  });
  return instanceId;
}

async function ended(api: ConsoleApi, jobId: string) {
  return await until(
    'the job ends',
    async () => (await api.jobs.log({ jobId })).job,
    (job) => job.endedAt !== null,
  );
}

async function backUp(api: ConsoleApi, instanceId: string, type: 'full' | 'incremental') {
  const job = await ended(api, (await api.backup.start({ instanceId, type })).jobId);
  expect(job.error).toBeNull();
}

const leftovers = (root: string) =>
  fs.existsSync(path.join(root, 'drills')) ? fs.readdirSync(path.join(root, 'drills')) : [];

async function start(dataFolder: string): Promise<{ engine: Engine; api: ConsoleApi }> {
  const engine = createEngine({ dataFolder, host: 'headless', launcher: createChildLauncher({ entry }) });
  await engine.start();
  onTestFinished(() => engine.stop());
  return { engine, api: inProcessConsole(engine.router) };
}

const config = (instanceId: string, probes: DrillProbe[], more: Partial<DrillConfig> = {}): DrillConfig => ({
  ...{ instanceId, enabled: false, when: { kind: 'off' }, point: 'last', folder: null, probes },
  ...{ timeLimitMs: 20_000, warnAfterDays: 30 },
  ...more,
});

it('proves a restore to the last commit, compares rows with the drill before, and says what failed', async () => {
  const folder = temporaryFolder();
  const file = createDatabase(folder);
  const { engine, api } = await start(path.join(folder, 'data'));
  const instanceId = await protect(api, file);
  const root = engine.snapshot().servers[0]!.root;

  // No backup yet: the drill fails with that, and it is critical.
  const none = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(none).toMatchObject({ status: 'failed', error: { name: 'NO_FULL_BACKUP' } });
  const standing = () =>
    engine.snapshot().messages.filter((message) => message.standing && message.level === 'critical');
  expect(standing().map((message) => message.text)).toEqual([expect.stringContaining('restore drill')]);
  expect(leftovers(root)).toEqual([]);

  await backUp(api, instanceId, 'full');
  insert(file, 100);
  await backUp(api, instanceId, 'incremental');
  insert(file, 50);
  const people: DrillProbe = {
    name: 'people',
    sql: 'SELECT count(*) FROM person',
    expect: { kind: 'atLeast', value: 2150 },
  };
  await api.drills.save(
    config(instanceId, [
      people,
      { name: 'who', sql: 'SELECT max(id) FROM person', expect: { kind: 'equals', value: '2150' } },
    ]),
  );
  const good = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(good.error).toBeNull();
  const [first] = await api.drills.reports({ instanceId });
  expect(first).toMatchObject({
    status: 'passed',
    logs: expect.any(Number),
    tables: [
      { name: 'person', rows: 2150, before: null },
      { name: 'role', rows: 0, before: null },
    ],
    probes: [
      { status: 'passed', result: '2150' },
      { status: 'passed', result: '2150' },
    ],
  });
  expect(first!.files).toHaveLength(2);
  expect(first!.logs).toBeGreaterThan(0);
  expect(first!.restoreMs).toBeGreaterThan(0);
  expect(first!.steps.map((step) => step.status)).toEqual(['done', 'done', 'done', 'done', 'done']);
  expect(leftovers(root)).toEqual([]);
  expect(standing()).toEqual([]);
  await expect
    .poll(() => engine.snapshot().instances[0]?.lastProven, { timeout: 15_000 })
    .toMatchObject({ reachedAt: first!.reachedAt, idtag: first!.idtag, kind: 'drill' });

  // Another time: a table is gone, one row fewer, a probe that is not met, one that writes, one that never ends.
  sql(file, 'DELETE FROM person WHERE id = 1; DROP TABLE role');
  const writes: DrillProbe = { name: 'writes', sql: 'DELETE FROM person', expect: { kind: 'any' } };
  const endless: DrillProbe = {
    name: 'endless',
    sql: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n',
    expect: { kind: 'any' },
  };
  await api.drills.save(config(instanceId, [people, writes, endless, people], { timeLimitMs: 1_500 }));
  const bad = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(bad).toMatchObject({ status: 'failed', error: { name: 'DRILL_FAILED' } });
  const [second] = await api.drills.reports({ instanceId });
  expect(second).toMatchObject({
    status: 'failed',
    tables: [{ name: 'person', rows: 2149, before: 2150 }],
    gone: ['role'],
    probes: [
      { status: 'failed', problem: 'at least 2150 was expected, 2149 came' },
      { status: 'failed', problem: 'only a statement that reads is allowed' },
      { status: 'notRun' },
      { status: 'notRun' },
    ],
  });
  expect(second!.error?.message).toContain('probe 3 took longer than 1.5 s');
  expect(sql(file, 'SELECT count(*) FROM person')).toBe('2149');
  expect(leftovers(root)).toEqual([]);
  expect(standing()).toHaveLength(1);
  const { text } = await api.drills.report({ id: second!.id });
  expect(text).toMatch(/FAILED[\s\S]*2149 person \(-1\)[\s\S]*role \(was there[\s\S]*Drill failed, error -\d+/);

  // A flipped byte in the full: the drill finds it before a page is written.
  const chain = (await api.instances.timeline({ instanceId })).catalog.chains[0]!;
  const bytes = fs.readFileSync(chain.full.file);
  bytes[bytes.length - 5_000]! ^= 1;
  fs.writeFileSync(chain.full.file, bytes);
  await api.drills.save(config(instanceId, []));
  const damaged = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(damaged).toMatchObject({ status: 'failed', error: { name: 'BACKUP_DAMAGED' } });
  expect(leftovers(root)).toEqual([]);
  const preview = await api.retention.preview({ instanceId, policy: { keepFulls: 1, keepDays: null, manual: true } });
  expect(preview.remove).toEqual([]);
}, 120_000);

it('reaches a random moment between the backups, and refuses where there is no room', async () => {
  const folder = temporaryFolder();
  const file = createDatabase(folder);
  const { engine, api } = await start(path.join(folder, 'data'));
  const instanceId = await protect(api, file);
  await backUp(api, instanceId, 'full');
  const from = Date.now();
  for (let n = 0; n < 5; n++) insert(file, 10);
  await api.drills.save(config(instanceId, [], { point: 'random' }));
  const job = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(job.error).toBeNull();
  const [report] = await api.drills.reports({ instanceId });
  expect(report!.until).not.toBeNull();
  expect(report!.reachedAt!).toBeLessThanOrEqual(Math.max(report!.until!, from));
  const rows = report!.tables.find((table) => table.name === 'person')!.rows!;
  expect([2000, 2010, 2020, 2030, 2040, 2050]).toContain(rows);

  const nowhere = '/proc/holdfast-drills';
  await api.drills.save(config(instanceId, [], { folder: nowhere }));
  const refused = await ended(api, (await api.drills.run({ instanceId })).jobId);
  expect(refused.status).toBe('failed');
  expect((await api.drills.reports({ instanceId }))[0]!.steps[0]).toMatchObject({ status: 'failed' });
  expect(engine.snapshot().instances[0]?.lastProven?.kind).toBe('drill');
}, 120_000);

it('removes the folder of a drill after its engine was killed', async () => {
  const folder = temporaryFolder();
  const file = createDatabase(folder);
  const data = path.join(folder, 'data');
  const first = await startEngine(data);
  const { instanceId, root } = await first.call(async (api) => {
    const instanceId = await protect(api, file);
    await backUp(api, instanceId, 'full');
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
    await api.drills.save(
      config(instanceId, [{ name: 'endless', sql: endless, expect: { kind: 'any' } }], { timeLimitMs: 600_000 }),
    );
    await api.drills.run({ instanceId });
    return { instanceId, root: (await api.site.get({})).servers[0]!.root };
  });
  await until(
    'the endless probe runs',
    () => first.call(async (api) => (await api.jobs.list({})).find((job) => job.kind === 'drill')?.progress?.phase),
    (phase) => phase === 'Ask the database',
  );
  await first.kill();
  expect(leftovers(root)).toHaveLength(1);
  const second = await startEngine(data);
  await until(
    'the folder is gone',
    async () => leftovers(root),
    (left) => left.length === 0,
  );
  await second.call(async (api) => {
    expect((await api.jobs.list({})).find((job) => job.kind === 'drill')).toMatchObject({ status: 'interrupted' });
    expect(await api.drills.list({ instanceId })).toMatchObject([{ running: false }]);
  });
  await second.stop();
}, 120_000);
