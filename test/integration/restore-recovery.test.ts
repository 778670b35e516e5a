// Guided recovery over real agents: -6034, the missing log found in another folder, the loss accepted, a silent server that comes back.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { createEngine } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { formatVector } from '../../core/vectors/vector.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));
const sql = (file: string, text: string) =>
  execFileSync('sqlite3', ['-cmd', '.timeout 5000', file, text]).toString().trim();
const refused = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: Error) => error.name,
  );

let folder: string;
let file: string;
let api: ConsoleApi;
let instanceId: string;
const insert = (count: number) => {
  for (let i = 0; i < count; i++) sql(file, `INSERT INTO person (name) VALUES ('${i}')`);
};
const people = () => Number(sql(file, 'SELECT count(*) FROM person'));
const instance = async () => (await api.site.get({})).instances[0]!;

async function ended(jobId: string) {
  let job = (await api.jobs.log({ jobId })).job;
  for await (const moment of await api.restore.watch({ jobId })) job = moment.job;
  return job;
}

/** A full, then commits in log 1 and in log 2; log 1 is moved away. Returns the vector of all of it and where the log is. */
async function loseLog(): Promise<{ vector: string; moved: string }> {
  insert(1);
  const { jobId } = await api.backup.start({ instanceId, type: 'full' });
  await expect
    .poll(async () => JSON.stringify((await api.jobs.log({ jobId })).job), { timeout: 15_000 })
    .toMatch(/"status":"succeeded/);
  insert(3);
  await api.restore.plan({ instanceId, target: { kind: 'instance', instanceId } });
  const before = await api.instances.getConfig({ instanceId });
  await api.instances.setConfig({ instanceId, roll: true });
  insert(2);
  await api.restore.plan({ instanceId, target: { kind: 'instance', instanceId } });
  await expect
    .poll(async () => (await instance()).status.vector[0]?.seq, { timeout: 15_000 })
    .toBeGreaterThanOrEqual(6);
  const moved = path.join(folder, 'moved');
  fs.mkdirSync(moved, { recursive: true });
  fs.renameSync(path.join(before.directory, before.currentLog), path.join(moved, before.currentLog));
  return { vector: formatVector((await instance()).status.vector), moved };
}

async function restoreAgainst(peers: { server: string; replica: string; vector: string | null }[], waitMs: number) {
  const stamps = (text: string) =>
    text.split('\n').map((line) => {
      const [, sec, replica, event] = /^s(\w+) r(\d+) e(\d+)$/.exec(line)!;
      return { sec: Number.parseInt(sec!, 16), replica: Number(replica), event: Number(event), seq: 0 };
    });
  const plan = await api.restore.plan({
    instanceId,
    target: { kind: 'instance', instanceId },
    useLogs: false,
    waitMs,
    peers: peers.map((peer) => ({ ...peer, vector: peer.vector === null ? null : stamps(peer.vector) })),
  });
  return (await api.restore.start({ token: plan.token, typed: 'Directory' })).jobId;
}

beforeEach(async () => {
  folder = temporaryFolder();
  file = path.join(folder, 'files', 'directory.db');
  fs.mkdirSync(path.dirname(file));
  sql(file, 'PRAGMA journal_mode = WAL; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)');
  const engine = createEngine({
    dataFolder: path.join(folder, 'data'),
    host: 'headless',
    launcher: createChildLauncher({ entry }),
  });
  await engine.start();
  onTestFinished(() => engine.stop());
  api = inProcessConsole(engine.router);
  ({ instanceId } = await api.instances.protect({
    ...{ server: null, name: 'Directory', path: file, backupFolder: null, logging: true, switchToWal: false },
  }));
});

describe('a restore that lacks a log', () => {
  it('is completed from the folder where the log is found', async () => {
    const { vector, moved } = await loseLog();
    const jobId = await restoreAgainst([{ server: 'SRV-9', replica: 'Directory', vector }], 0);
    expect(await ended(jobId)).toMatchObject({ status: 'failed', error: { name: 'VERIFICATION_BEHIND' } });
    expect(people()).toBe(6);

    const alone = await api.restore.recovery({ jobId });
    expect(alone.status).toBe('behind');
    expect(alone.missing).toMatchObject([{ replica: 1, heldBy: ['SRV-9'] }]);
    expect(alone.ways.map((way) => way.kind)).toEqual(['accept']);
    const nowhere = path.join(folder, 'nowhere');
    const found = await api.restore.recovery({ jobId, folders: [nowhere, moved] });
    expect(found.searched).toContainEqual(expect.objectContaining({ folder: nowhere, problem: 'is not there' }));
    expect(found.ways.map((way) => way.kind)).toEqual(['complete', 'accept']);
    const [way] = found.ways;
    expect(way!.files.filter((one) => one.kind === 'log').map((one) => path.dirname(one.file))).toContain(moved);
    expect(way!.text).toContain(moved);

    const plan = await api.restore.recoveryPlan({ jobId, wayId: way!.id, folders: [moved] });
    expect(plan).toMatchObject({ class: 'typed', typedName: 'Directory', refusal: null });
    expect(await refused(api.restore.recover({ token: plan.token, typed: 'wrong' }))).toBe('CONFIRMATION_REQUIRED');
    const second = await api.restore.recoveryPlan({ jobId, wayId: way!.id, folders: [moved] });
    const done = await api.restore.recover({ token: second.token, typed: 'Directory' });
    const job = await ended(done.jobId!);
    expect(job, JSON.stringify(job.error)).toMatchObject({ status: 'succeeded' });
    for await (const { view, result } of await api.restore.watch({ jobId: done.jobId! })) {
      expect(view.verification).toMatchObject({ status: 'ok', code: 0 });
      expect(result).toMatchObject({ activated: true });
    }
    expect(people()).toBe(6);
    expect(sql(file, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('is activated as it is when the loss is accepted by its size', async () => {
    const { vector } = await loseLog();
    const jobId = await restoreAgainst([{ server: 'SRV-9', replica: 'Directory', vector }], 0);
    await ended(jobId);
    const { ways, loss } = await api.restore.recovery({ jobId });
    // A printed vector has no count of commits; within one second its events tell them all the same.
    expect(loss.silent).toEqual([]);
    if (loss.exact) expect(loss.commits).toBe(5);
    else expect(loss.commits).toBeLessThanOrEqual(5);
    expect(loss.commits).toBeGreaterThanOrEqual(1);
    const plan = await api.restore.recoveryPlan({ jobId, wayId: 'accept' });
    expect(plan.warnings[0]).toContain(`${loss.exact ? '' : 'at least '}${loss.commits} commit`);
    expect(plan.command).toContain('restadv');
    expect(ways.at(-1)!.id).toBe('accept');
    expect(await api.restore.recover({ token: plan.token, typed: 'Directory' })).toEqual({ jobId: null });
    expect(people()).toBe(1);
    expect((await api.restore.recovery({ jobId })).ways).toEqual([]);
    for (const wayId of ['accept', 'complete:x'])
      expect(await refused(api.restore.recoveryPlan({ jobId, wayId }))).toBe('PLAN_EXPIRED');
  });
});

describe('a restore that waits for a silent server', () => {
  const waiting = async (jobId: string) => {
    for await (const { view } of await api.restore.watch({ jobId })) if (view.verification.waiting) return view;
    throw new Error('it did not wait');
  };
  const silent = { server: 'SRV-9', replica: 'Directory', vector: null };

  it('takes an answer given by hand, and needs the name to go on without one', async () => {
    const { vector } = await loseLog();
    const first = await restoreAgainst([silent], 60_000);
    const view = await waiting(first);
    expect(view.verification.servers).toMatchObject([{ server: 'SRV-9', status: 'waiting' }]);
    expect(await refused(api.restore.decide({ jobId: first, decision: 'goOn', typed: 'no' }))).toBe(
      'CONFIRMATION_REQUIRED',
    );
    expect(await refused(api.restore.answer({ jobId: first, ...silent, vector: 'nonsense' }))).toBe('INVALID_INPUT');
    expect(await api.restore.retry({ jobId: first })).toEqual({ jobId: first });
    await api.restore.answer({ jobId: first, server: 'SRV-9', replica: 'Directory', vector });
    expect(await ended(first)).toMatchObject({ status: 'failed', error: { name: 'VERIFICATION_BEHIND' } });

    const second = await restoreAgainst([silent], 60_000);
    await waiting(second);
    await api.restore.decide({ jobId: second, decision: 'leave' });
    expect(await ended(second)).toMatchObject({ status: 'failed', error: { name: 'VERIFICATION_UNREACHABLE' } });
    expect(people()).toBe(6);
    const again = await api.restore.retry({ jobId: second });
    expect(await ended(again.jobId)).toMatchObject({ error: { name: 'VERIFICATION_UNREACHABLE' } });
    const own = formatVector([{ replica: 1, sec: 1, event: 1, seq: 0 }]);
    const answered = await api.restore.answer({
      jobId: again.jobId,
      server: 'SRV-9',
      replica: 'Directory',
      vector: own,
    });
    const last = await ended(answered.jobId);
    expect(last, JSON.stringify(last.error)).toMatchObject({ status: 'succeeded' });
    await api.restore.finish({ instanceId, action: 'activate', typed: 'Directory' });
    expect(people()).toBe(1);
  });
});
