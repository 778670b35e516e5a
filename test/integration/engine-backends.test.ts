// An instance of two files through a real engine: protected, backed up, restored, and kept out of failover groups.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { restoreRequestSchema } from '../../core/contract/console.ts';
import type { Job } from '../../core/contract/jobs.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { count, createLab, failure, sql } from '../support/agent-lab.ts';
import { holdfastJson } from '../support/command-line.ts';
import { createPair } from '../support/pair-lab.ts';
import { startEngine, until } from '../support/running-engine.ts';

async function ended(api: ConsoleApi, jobId: string): Promise<Job> {
  const find = async () => (await api.jobs.log({ jobId })).job;
  return until(`job ${jobId}`, find, (job) => job.endedAt !== null);
}

it('protects, backs up and restores two files, and refuses a group', async () => {
  const lab = createLab();
  const pair = createPair(lab);
  fs.mkdirSync(lab.path('engine'));
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
    const taken = {
      server: null,
      name: 'Other',
      path: pair.second,
      backupFolder: null,
      logging: false,
      switchToWal: false,
    };
    expect(await failure(api.instances.protect(taken))).toBe('DUPLICATE');
    expect(await failure(api.failover.create({ instanceId, name: 'Group' }))).toBe('SEVERAL_BACKENDS');

    const full = await ended(api, (await api.backup.start({ instanceId, type: 'full' })).jobId);
    expect(full.status).toBe('succeeded');
    const names = fs.readdirSync(lab.path('bak')).filter((name) => name.endsWith('.bak'));
    expect(names.map((name) => name.includes('.schema.bak')).sort()).toEqual([false, true]);
    for (const file of [pair.first, pair.second]) sql(file, "INSERT INTO entry (name) VALUES ('logged')");

    const request = restoreRequestSchema.parse({ instanceId, target: { kind: 'instance', instanceId } });
    const plan = await api.restore.plan(request);
    expect(plan.refusal).toBeNull();
    expect(plan.effects.join(' ')).toContain('userRoot, schema');
    expect(plan.full?.backends?.map((one) => one.id)).toEqual(['userRoot', 'schema']);
    const { jobId } = await api.restore.start({ token: plan.token, typed: plan.typedName });
    const restored = await ended(api, jobId);
    expect([restored.status, restored.error]).toEqual(['succeeded', null]);
    expect([count(pair.first), count(pair.second)]).toEqual([201, 201]);

    await api.instances.removeBackend({ instanceId, id: 'schema' });
    expect((await api.restore.plan(request)).refusal).toContain(
      `holds the files userRoot, schema; ${instanceId} has one file. Add schema to ${instanceId} first`,
    );
    const file = { kind: 'file', server: instanceId.split('/')[0], path: lab.path('new.db') };
    const alone = restoreRequestSchema.parse({ instanceId, target: file, activate: false });
    expect((await api.restore.plan(alone)).refusal).toContain('together or not at all: ask for that as well (-a)');
    const whole = restoreRequestSchema.parse({ instanceId, target: file });
    // The logs of a file that was taken out are still found.
    expect(await api.restore.plan(whole)).toMatchObject({ refusal: null, missing: [] });
    await api.instances.addBackend({ instanceId, id: 'schema', path: pair.second, switchToWal: false });
    const [instance] = (await api.site.get({})).instances;
    expect(instance?.status.backends?.map((one) => path.basename(one.path))).toEqual(['userRoot.db', 'schema.db']);
    expect(instance?.status.fullRequired).toBe(true);
    const data = ['--data', lab.path('engine')];
    const out = await holdfastJson(['backends', instanceId, '--remove', 'schema', ...data]);
    expect(out).toMatchObject({ code: 0, json: { instance: instanceId, backends: [] } });
    const again = await holdfastJson(['backends', instanceId, '--add', `schema=${pair.second}`, ...data]);
    expect(again.json).toMatchObject({ fullRequired: true, backends: [{ id: 'userRoot' }, { id: 'schema' }] });
  });
});
