// Retention against real files: what it removes, what it may not, and its race with restores and backups.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { removeBackups } from '../../core/agent/remove-backups.ts';
import type { HoldfastError } from '../../core/contract/errors.ts';
import { createEngine } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import { backup, collect, createDatabase, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';
import { until } from '../support/running-engine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));
let lab: Lab | null = null;
afterEach(async () => {
  await lab?.close();
  lab = null;
});

it('is refused by the agent while a restore reads a backup, and is free to remove it afterwards', async () => {
  lab = createLab();
  const seen: string[] = [];
  let files: string[] = [];
  let removing: Agent | null = null;
  const { agent, api } = await lab.agent('SRV-1', {
    at: (name) => {
      if (name !== 'step3.begin' || !removing) return;
      try {
        removeBackups(removing, files);
        seen.push('removed');
      } catch (error) {
        seen.push((error as Error).name);
      }
    },
  });
  const file = lab.path('SRV-1', 'directory.db');
  createDatabase(file);
  await api.protect({ instance: 'Directory', path: file, replica: 1, logging: true });
  const backups = lab.path('SRV-1', 'backups');
  fs.mkdirSync(backups);
  const old = await backup(api, 'Directory', { file: path.join(backups, 'old.bak') });
  await backup(api, 'Directory', { file: path.join(backups, 'new.bak') });
  files = old.files;
  removing = agent;
  const target = lab.path('SRV-1', 'copy.db');
  const options = { file: old.file, log: path.join(backups, 'restore.log') };
  const restored = await collect(await api.restoreToFile({ path: target, options }));
  expect(restored.error).toBeNull();
  expect(seen).toEqual(['RESTORE_ACTIVE']);
  expect(fs.existsSync(old.file)).toBe(true);
  expect((await api.removeBackups({ files: old.files })).removed).toEqual(old.files);
  expect(await failure(api.removeBackups({ files: [path.join(backups, 'new.bak')] }))).toBe('INVALID_INPUT');
}, 120_000);

it('races restores, drills and backups without taking away what they need', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'files', 'directory.db');
  createDatabase(file);
  const engine = createEngine({
    ...{ dataFolder: path.join(folder, 'data'), host: 'headless', launcher: createChildLauncher({ entry }) },
  });
  await engine.start();
  onTestFinished(() => engine.stop());
  const api = inProcessConsole(engine.router);
  const ended = (jobId: string) =>
    until(
      'the job ends',
      async () => (await api.jobs.log({ jobId })).job,
      (job) => job.endedAt !== null,
    );
  const { instanceId } = await api.instances.protect({
    ...{ server: null, name: 'Directory', path: file, backupFolder: null, logging: true, switchToWal: false },
  });
  const backUp = async (type: 'full' | 'incremental') => {
    sql(file, "INSERT INTO entry (name) VALUES ('more')");
    return await ended((await api.backup.start({ instanceId, type })).jobId);
  };
  for (let n = 0; n < 3; n++) {
    await backUp('full');
    await backUp('incremental');
  }
  const chains = async () => (await api.instances.timeline({ instanceId })).catalog.chains;
  const oldest = (await chains()).at(-1)!;
  await api.retention.setPolicy({ instanceId, policy: { keepFulls: 1, keepDays: null, manual: true } });
  expect((await api.retention.preview({ instanceId })).remove.map((one) => one.idtag)).toContain(oldest.full.idtag);

  // All at once: a restore of the oldest chain, retention, another backup, a drill of the newest.
  const server = engine.snapshot().servers[0]!.name;
  const copy = path.join(folder, 'copy.db');
  const last = oldest.incrementals.at(-1)!.idtag;
  const plan = await api.restore.plan({
    instanceId,
    target: { kind: 'file', server, path: copy },
    idtag: last,
    useLogs: false,
  });
  expect(plan.refusal).toBeNull();
  const [restore, drill, incremental, retention] = await Promise.all([
    api.restore.start({ token: plan.token }).then(
      ({ jobId }) => ended(jobId),
      (error: HoldfastError) => ({ error }),
    ),
    api.drills.run({ instanceId }).then(({ jobId }) => ended(jobId)),
    backUp('incremental'),
    api.retention.run({ instanceId }).then(({ jobId }) => ended(jobId)),
  ]);
  // Whoever came first: either the restore had its backups, or it was refused before it touched anything.
  if (restore.error) {
    expect(['PLAN_EXPIRED', 'BACKUP_ACTIVE', 'NOT_FOUND']).toContain(restore.error.name);
    expect(fs.existsSync(copy)).toBe(false);
  } else expect(sql(copy, 'PRAGMA integrity_check')).toBe('ok');
  expect([drill.error, incremental.error, retention.error]).toEqual([null, null, null]);

  await ended((await api.retention.run({ instanceId })).jobId);
  const left = await chains();
  expect(left).toHaveLength(1);
  expect(left[0]).toMatchObject({ gaps: [] });
  expect(left[0]!.incrementals.length).toBeGreaterThan(0);
  const proof = await ended((await api.drills.run({ instanceId })).jobId);
  expect(proof.error).toBeNull();

  // A kept copy goes by its name alone.
  const back = await api.restore.plan({ instanceId, target: { kind: 'instance', instanceId }, skipVerify: true });
  await ended((await api.restore.start({ token: back.token, typed: 'Directory' })).jobId);
  const [kept] = await api.retention.contingencies({ instanceId });
  if (kept) {
    const drop = (typed: string | null) => api.retention.removeContingency({ instanceId, id: kept.id, typed });
    expect(await failure(drop(null))).toBe('CONFIRMATION_REQUIRED');
    expect(await failure(api.retention.removeContingency({ instanceId, id: '../x', typed: 'Directory' }))).toBe(
      'NOT_FOUND',
    );
    expect((await drop('Directory')).bytes).toBe(kept.bytes);
    expect(await api.retention.contingencies({ instanceId })).toEqual([]);
    expect(fs.existsSync(kept.path)).toBe(false);
  }
}, 120_000);
