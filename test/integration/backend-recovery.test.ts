// A log of the second of two files is missing: the plan says so, and the guided recovery finds it, takes it, and sizes the loss by file.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { restoreRequestSchema } from '../../core/contract/console.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { Peer } from '../../core/contract/restore.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { count, createLab, failure, sql } from '../support/agent-lab.ts';
import { createPair } from '../support/pair-lab.ts';
import { startEngine, until } from '../support/running-engine.ts';

async function ended(api: ConsoleApi, jobId: string): Promise<Job> {
  const find = async () => (await api.jobs.log({ jobId })).job;
  return until(`job ${jobId}`, find, (job) => job.endedAt !== null, 90_000);
}

it('plans around a missing log of the second file, and recovers with it', async () => {
  const lab = createLab();
  const pair = createPair(lab);
  for (const folder of ['engine', 'moved']) fs.mkdirSync(lab.path(folder));
  const engine = await startEngine(lab.path('engine'));
  onTestFinished(async () => {
    await engine.stop();
    await lab.close();
  });
  await engine.call(async (api) => {
    const { instanceId } = await api.instances.protect({
      ...{ server: null, name: 'Directory', path: pair.first, backupFolder: lab.path('bak') },
      ...{ logging: true, switchToWal: false, backendId: 'userRoot', backends: [{ id: 'schema', path: pair.second }] },
    });
    const files = async () => (await api.site.get({})).instances[0]!.status.backends!;
    const seqOf = async () => (await files()).map((one) => one.vector[0]?.seq ?? 0);
    const add = async (file: string, index: number) => {
      const [now] = (await seqOf()).slice(index);
      sql(file, "INSERT INTO entry (name) VALUES ('logged')");
      await until('the commit', seqOf, (seqs) => seqs[index] === now! + 1);
    };
    await add(pair.first, 0);
    await add(pair.second, 1);
    expect((await ended(api, (await api.backup.start({ instanceId, type: 'full' })).jobId)).status).toBe('succeeded');
    const before = await seqOf();
    await add(pair.first, 0);
    for (let log = 0; log < 2; log++) {
      await add(pair.second, 1);
      await api.instances.setConfig({ instanceId, roll: true });
    }
    const held = await files();
    expect(held.map((one) => one.vector[0]!.seq)).toEqual([before[0]! + 1, before[1]! + 2]);
    const lost = path.join(held[1]!.logging.directory, '00000002.log');
    fs.renameSync(lost, lab.path('moved', '00000002.log'));

    const target = { kind: 'instance', instanceId };
    const plan = (more: object) => api.restore.plan(restoreRequestSchema.parse({ instanceId, target, ...more }));
    const broken = await plan({});
    expect(broken.refusal).toContain('The logs of schema end at');
    expect(broken.missing).toEqual(['schema: roll-forward log 00000002.log is missing']);
    const found = await plan({ searchFolders: [lab.path('moved')] });
    expect([found.refusal, found.missing, found.lossCommits]).toEqual([null, [], 0]);
    // Before the log was found nobody claims more than both files reach.
    expect((await api.instances.timeline({ instanceId })).restorableTo).toBeLessThan(found.reaches!);
    expect(found.sources?.filter(({ kind }) => kind === 'log').map(({ id }) => id)).toEqual([
      ...['00000001.log', '00000002.log', '00000003.log'],
      ...['schema/00000001.log', 'schema/00000002.log', 'schema/00000003.log'],
    ]);
    expect(found.command).toContain('--backend-directory schema=');

    const peers = held.map(
      (one): Peer => ({ server: 'SRV-2', replica: 'Directory', backend: one.id, vector: one.vector }),
    );
    const foreign = await plan({ useLogs: false, peers: [{ ...peers[0], backend: 'other' }] });
    expect(foreign.refusal).toContain('names the file other');
    expect((await plan({ useLogs: false, peers: peers.slice(0, 1) })).warnings.join()).toContain(
      'SRV-2 holds of schema',
    );
    const bare = await plan({ useLogs: false, peers });
    const { jobId } = await api.restore.start({ token: bare.token, typed: bare.typedName });
    expect((await ended(api, jobId)).error).toMatchObject({ name: 'VERIFICATION_BEHIND', code: -6034 });

    const alone = await api.restore.recovery({ jobId, folders: [] });
    expect(alone.missing).toMatchObject([
      { backend: 'userRoot', replica: 1, commits: 1 },
      { backend: 'schema', replica: 1, commits: 2 },
    ]);
    expect(alone.loss).toMatchObject({
      commits: 3,
      backends: [
        { id: 'userRoot', commits: 1 },
        { id: 'schema', commits: 2 },
      ],
    });
    expect(alone.ways.map((way) => way.kind)).toEqual(['accept']);
    expect(alone.ways[0]?.text).toMatch(/Lost: 3 commits .*\(userRoot 1 commit .*; schema 2 commits /);
    const folders = [lab.path('moved')];
    const more = await api.restore.recovery({ jobId, folders });
    expect(more.ways.map((way) => way.kind)).toEqual(['complete', 'accept']);
    const [way] = more.ways;
    expect(way?.text).toContain(`00000002.log of schema in ${lab.path('moved')}`);
    expect(way?.files.filter(({ kind }) => kind === 'log').map(({ backend }) => backend)).toEqual([
      'userRoot',
      'schema',
      'schema',
    ]);
    const chosen = await api.restore.recoveryPlan({ jobId, wayId: way!.id, folders });
    expect(chosen.effects.join('\n')).toContain(`${lab.path('moved', '00000002.log')} into schema (was missing)`);
    expect(await failure(api.restore.recover({ token: chosen.token, typed: 'Other' }))).toBe('CONFIRMATION_REQUIRED');
    const again = await api.restore.recoveryPlan({ jobId, wayId: way!.id, folders });
    const started = await api.restore.recover({ token: again.token, typed: again.typedName });
    const restored = await ended(api, started.jobId!);
    expect([restored.error, restored.status]).toEqual([null, 'succeeded']);
    expect([count(pair.first), count(pair.second)]).toEqual([202, 203]);
  });
}, 240_000);
