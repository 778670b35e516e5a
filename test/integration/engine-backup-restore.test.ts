// Backups and restores through the console's procedures, over fake agents: plans, jobs, cancel, crashes, tokens, confirmations.
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type FakeSite, protectedSite, refused } from '../support/fake-site.ts';

const instanceId = 'SRV-1/Directory';
const statusOf = (site: FakeSite) => site.snapshot().instances[0]?.status;

async function backUp(site: FakeSite, type: 'full' | 'incremental' = 'full') {
  const { jobId } = await site.during(site.api.backup.start({ instanceId, type }));
  const job = await site.ended(jobId);
  await site.pass(1_200);
  return job;
}

describe('protecting', () => {
  it('allows the folder of the database, remembers it, and asks for a first full', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    const [instance] = site.snapshot().instances;
    expect(instance).toMatchObject({
      id: instanceId,
      reachable: true,
      verdict: 'not protected: no full backup yet',
      backupFolder: `${site.folder}/data/servers/SRV-1/backups/Directory`,
    });
    expect(site.snapshot().attention[0]?.action).toEqual({ kind: 'backup', instanceId, label: 'Back up now' });
    const again = await site.restart();
    await again.pass(2_000);
    expect(agent.specs.at(-1)?.allowedFolders).toEqual([`${site.folder}/databases`]);
    expect(again.snapshot().instances[0]).toMatchObject({ id: instanceId, reachable: true });
  });

  it('refuses a name or a file that is taken, and a path that is not absolute', async () => {
    const site = await protectedSite();
    const request = { server: 'SRV-1', backupFolder: null, logging: true, switchToWal: false };
    const path = site.database('directory.db');
    const protect = (name: string, file: string) =>
      refused(site.during(site.api.instances.protect({ ...request, name, path: file })));
    expect(await protect('directory', site.database('other.db'))).toBe('DUPLICATE');
    expect(await protect('Other', path)).toBe('DUPLICATE');
    expect(await protect('Other', 'other.db')).toBe('INVALID_INPUT');
    expect(await protect('Other', '/other.db')).toBe('INVALID_INPUT');
  });

  it('looks at a file that no server may touch with an agent of its own, and leaves nothing behind', async () => {
    const site = await protectedSite();
    const path = `${site.folder}/elsewhere/x.db`;
    const probe = await site.during(site.api.instances.inspect({ server: 'SRV-1', path }));
    expect(probe.refusal).toBeNull();
    expect(site.machine.agent('PROBE').specs[0]?.allowedFolders).toContain(`${site.folder}/elsewhere`);
    expect(site.machine.agent('PROBE').running).toBe(false);
    expect(fs.readdirSync(`${site.folder}/data`).filter((name) => name.startsWith('probe-'))).toEqual([]);
    expect(site.machine.agent('SRV-1').calls).not.toContain('inspect');
    await site.during(site.api.instances.inspect({ server: null, path: site.database('new.db') }));
    expect(site.machine.agent('SRV-1').calls).toContain('inspect');
  });

  it('releases, and does not take it back from a status that was on its way', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    const late = agent.instances.get('Directory');
    await site.during(site.api.instances.release({ instanceId }));
    if (late) agent.instances.set('Directory', late);
    await site.pass(1_500);
    expect(site.snapshot().instances).toEqual([]);
  });
});

describe('backups', () => {
  it('plans with a name, a command, and the reason when it cannot be', async () => {
    const site = await protectedSite();
    const plan = await site.api.backup.plan({ instanceId, type: 'full' });
    expect(plan.options.file).toMatch(/backups\/Directory\/Directory-20260105T0800\d\d-full\.bak$/);
    expect(plan.command).toBe(`holdfast backup ${instanceId} -f ${plan.options.file} -l ${plan.options.log} -b`);
    expect(plan.refusal).toBeNull();
    const incremental = await site.api.backup.plan({ instanceId, type: 'incremental' });
    expect(incremental.refusal).toContain('no full backup');
    expect(await refused(site.api.backup.start({ instanceId, type: 'incremental' }))).toBe('NO_FULL_BACKUP');
  });

  it('runs as a job and changes the verdict', async () => {
    const site = await protectedSite();
    const job = await backUp(site);
    expect(job).toMatchObject({ status: 'succeeded', kind: 'backup', target: instanceId, repeatable: true });
    expect(job.verdict).toMatch(/^Backup 00000001: 8 KB read, 4\.9 KB written/);
    const { instances, attention, tray } = site.snapshot();
    expect(instances[0]).toMatchObject({ verdictLevel: 'ok' });
    expect(attention).toEqual([]);
    expect(tray.level).toBe('ok');
    const { lines } = await site.api.jobs.log({ jobId: job.id });
    expect(lines.at(-1)?.text).toBe('Backup completed successfully');
    const header = await site.during(site.api.backup.header({ instanceId, idtag: '00000001' }));
    expect(header.info.idtag).toBe('00000001');
    expect(await refused(site.during(site.api.backup.header({ instanceId, idtag: 'FFFFFFFF' })))).toBe('NOT_FOUND');
    expect((await site.during(site.api.backup.verify({ instanceId, idtag: '00000001' }))).ok).toBe(true);
  });

  it('runs once at a time, and can be cancelled', async () => {
    const site = await protectedSite();
    site.machine.agent('SRV-1').gate = new Promise(() => {});
    const { jobId } = await site.during(site.api.backup.start({ instanceId, type: 'full' }));
    await site.pass(500);
    expect(site.snapshot().jobs[0]).toMatchObject({ status: 'running', progress: { done: 4096 } });
    expect(await refused(site.during(site.api.backup.start({ instanceId, type: 'full' })))).toBe('BACKUP_ACTIVE');
    expect(await refused(site.api.servers.remove({ name: 'SRV-1' }))).toBe('BACKUP_ACTIVE');
    await site.api.jobs.cancel({ jobId });
    expect(await site.ended(jobId)).toMatchObject({ status: 'canceled' });
    expect(statusOf(site)?.lastFull).toBeNull();
  });

  it('fails with SERVER_UNREACHABLE when the agent dies under it, and runs again', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    agent.gate = new Promise(() => {});
    const { jobId } = await site.during(site.api.backup.start({ instanceId, type: 'full' }));
    await site.pass(500);
    agent.crash();
    expect(await site.ended(jobId)).toMatchObject({ status: 'failed', error: { name: 'SERVER_UNREACHABLE' } });
    agent.gate = null;
    await site.pass(3_000);
    const again = await site.during(site.api.jobs.again({ jobId }));
    expect(await site.ended(again.jobId)).toMatchObject({ status: 'succeeded' });
  });

  it('gives a second backup of the same second a name of its own, and refuses a file that is there', async () => {
    const site = await protectedSite();
    const { options } = await site.api.backup.plan({ instanceId, type: 'full' });
    fs.mkdirSync(options.file.slice(0, options.file.lastIndexOf('/')), { recursive: true });
    fs.writeFileSync(options.file, '');
    const second = await site.api.backup.plan({ instanceId, type: 'full' });
    expect(second.options.file).toBe(options.file.replace('-full.bak', '.2-full.bak'));
    // By name is by time, for whoever looks into the folder.
    expect([second.options.file, options.file].sort()).toEqual([options.file, second.options.file]);
    const request = { instanceId, type: 'full' as const, file: options.file };
    expect(await refused(site.api.backup.start(request))).toBe('FILE_EXISTS');
    expect((await site.api.backup.plan({ ...request, overwrite: true })).warnings.map((one) => one.name)).toContain(
      'overwrite',
    );
  });

  it('is interrupted by the orderly end of the engine', async () => {
    const site = await protectedSite();
    site.machine.agent('SRV-1').gate = new Promise(() => {});
    const { jobId } = await site.during(site.api.backup.start({ instanceId, type: 'full' }));
    await site.pass(500);
    const again = await site.restart();
    expect(again.snapshot().jobs.find((job) => job.id === jobId)).toMatchObject({ status: 'interrupted' });
    expect(site.machine.agent('SRV-1').backups).toEqual([]);
  });
});

describe('restores', () => {
  const toFile = (site: FakeSite) => {
    fs.mkdirSync(`${site.folder}/restored`, { recursive: true });
    return { instanceId, target: { kind: 'file' as const, server: 'SRV-1', path: `${site.folder}/restored/copy.db` } };
  };
  const inPlace = { instanceId, target: { kind: 'instance' as const, instanceId } };

  it('is refused without a backup', async () => {
    const site = await protectedSite();
    const plan = await site.during(site.api.restore.plan(inPlace));
    expect(plan.refusal).toContain('no full backup');
    expect(await refused(site.during(site.api.restore.start({ token: plan.token })))).toBe('NO_FULL_BACKUP');
  });

  it('into a new file is plain, shows its picture while and after it runs', async () => {
    const site = await protectedSite();
    await backUp(site);
    await backUp(site, 'incremental');
    const plan = await site.during(site.api.restore.plan(toFile(site)));
    expect(plan).toMatchObject({ class: 'plain', typedName: null, refusal: null, full: { idtag: '00000001' } });
    expect(plan.incrementals.map((one) => one.idtag)).toEqual(['00000002']);
    expect(plan.command).toContain(`--to ${site.folder}/restored/copy.db -r -i`);
    const { jobId } = await site.during(site.api.restore.start({ token: plan.token }));
    const statuses: string[] = [];
    const watch = async () => {
      for await (const moment of await site.api.restore.watch({ jobId })) statuses.push(moment.job.status);
    };
    await site.during(watch());
    expect(statuses.at(-1)).toBe('succeeded');
    const moments: unknown[] = [];
    const late = async () => {
      for await (const moment of await site.api.restore.watch({ jobId })) moments.push(moment);
    };
    await site.during(late());
    expect(moments).toMatchObject([{ result: { target: `${site.folder}/restored/copy.db` }, job: { id: jobId } }]);
    expect(site.machine.agent('SRV-1').calls).toContain('restoreToFile');
  });

  it('into a file is refused where one is, and where there is no folder', async () => {
    const site = await protectedSite();
    await backUp(site);
    const request = toFile(site);
    const plan = async (path: string) =>
      (await site.during(site.api.restore.plan({ ...request, target: { ...request.target, path } }))).refusal;
    fs.writeFileSync(request.target.path, '');
    expect(await plan(request.target.path)).toContain('exists');
    expect(await plan(`${site.folder}/nowhere/copy.db`)).toContain('no folder');
    expect(await refused(plan('copy.db'))).toBe('INVALID_INPUT');
  });

  it('over a database needs its name typed, and a plan works once', async () => {
    const site = await protectedSite();
    await backUp(site);
    const plan = await site.during(site.api.restore.plan(inPlace));
    expect(plan).toMatchObject({ class: 'typed', typedName: 'Directory' });
    expect(plan.checks.some((check) => check.text.includes('are stopped'))).toBe(true);
    const start = (token: string, typed: string | null) =>
      refused(site.during(site.api.restore.start({ token, typed })));
    expect(await start(plan.token, 'directory')).toBe('CONFIRMATION_REQUIRED');
    expect(await start(plan.token, 'Directory')).toBe('PLAN_EXPIRED');
    const second = await site.during(site.api.restore.plan(inPlace));
    expect(await start(second.token, 'Directory')).toBe('was not refused');
  });

  it('does not execute a plan that is old, or whose world has changed', async () => {
    const site = await protectedSite();
    await backUp(site);
    const old = await site.during(site.api.restore.plan(toFile(site)));
    await site.pass(301_000);
    expect(await refused(site.during(site.api.restore.start({ token: old.token })))).toBe('PLAN_EXPIRED');
    const plan = await site.during(site.api.restore.plan(toFile(site)));
    await backUp(site);
    expect(await refused(site.during(site.api.restore.start({ token: plan.token })))).toBe('PLAN_EXPIRED');
  });

  it('that failed says why, and shows where', async () => {
    const site = await protectedSite();
    await backUp(site);
    const { HoldfastError } = await import('../../core/contract/errors.ts');
    site.machine.agent('SRV-1').restoreFails = new HoldfastError('DATABASE_IN_USE', 'sqlite3 (42) has it open');
    const plan = await site.during(site.api.restore.plan(inPlace));
    const { jobId } = await site.during(site.api.restore.start({ token: plan.token, typed: 'Directory' }));
    expect(await site.ended(jobId)).toMatchObject({
      status: 'failed',
      repeatable: false,
      error: { name: 'DATABASE_IN_USE', message: 'sqlite3 (42) has it open' },
    });
    const moments: { view: { steps: unknown[] } }[] = [];
    const late = async () => {
      for await (const moment of await site.api.restore.watch({ jobId })) moments.push(moment);
    };
    await site.during(late());
    expect(moments[0]?.view.steps).toHaveLength(7);
  });

  it('keeps its choices to be reviewed again, and never starts by itself; once the cause is mended the same restore is done', async () => {
    const site = await protectedSite();
    await backUp(site);
    const { HoldfastError } = await import('../../core/contract/errors.ts');
    const agent = site.machine.agent('SRV-1');
    agent.restoreFails = new HoldfastError('DATABASE_IN_USE', 'sqlite3 (42) has it open');
    const request = { ...inPlace, useLogs: false, keepLogSettings: true, waitMs: 5000 };
    const first = await site.during(site.api.restore.plan(request));
    const secrets = { pages: 'a secret password', security: null };
    const otherFiles = { file: first.full?.file ?? '', security: false, included: true, folder: null, secrets };
    const confirmed = { token: first.token, typed: 'Directory', secrets, otherFiles };
    const { jobId } = await site.during(site.api.restore.start(confirmed));
    expect(await site.ended(jobId)).toMatchObject({ status: 'failed', repeatable: false, review: true });

    const restores = () => agent.calls.filter((call) => call === 'restore').length;
    const before = restores();
    expect(await refused(site.during(site.api.jobs.again({ jobId })))).toBe('NOT_SUPPORTED');
    expect(restores()).toBe(before);
    const again = await site.restart();
    const choices = await again.api.restore.choices({ jobId });
    expect(choices).toMatchObject({ request, otherFiles: { security: false, included: true } });
    expect(choices.command).toBe(first.command);
    const log = await again.api.jobs.log({ jobId });
    expect(log.command).toBe(first.command);
    expect(JSON.stringify([choices, log])).not.toContain('a secret password');

    agent.restoreFails = null;
    await again.pass(2_000);
    const second = await again.during(again.api.restore.plan(choices.request));
    expect(second.typedName).toBe('Directory');
    expect(await refused(again.during(again.api.restore.start({ token: second.token })))).toBe('CONFIRMATION_REQUIRED');
    const third = await again.during(again.api.restore.plan(choices.request));
    const started = await again.during(again.api.restore.start({ token: third.token, typed: 'Directory' }));
    expect(await again.ended(started.jobId)).toMatchObject({ status: 'succeeded', review: true });
    expect(await refused(again.api.restore.choices({ jobId: 'none' }))).toBe('NOT_FOUND');
  });

  it('lets a waiting set be activated by its typed name, or deleted', async () => {
    const site = await protectedSite();
    const agent = site.machine.agent('SRV-1');
    const finish = (action: 'activate' | 'delete', typed: string | null) =>
      refused(site.during(site.api.restore.finish({ instanceId, action, typed })));
    expect(await finish('delete', null)).toBe('NO_RST');
    const status = agent.instances.get('Directory');
    if (!status) throw new Error('not protected');
    agent.instances.set('Directory', { ...status, hasRst: true });
    await site.pass(1_500);
    expect(site.snapshot().attention.map((item) => item.id)).toContain(`instance:${instanceId}:rst`);
    expect(await finish('activate', null)).toBe('CONFIRMATION_REQUIRED');
    expect(await finish('activate', 'Directory')).toBe('was not refused');
    expect(agent.calls).toContain('finishRst:activate');
    expect(statusOf(site)?.hasRst).toBe(false);
  });
});

describe('the snapshot', () => {
  it('is told at most four times a second, the newest last, and grows in seq over a restart', async () => {
    const site = await protectedSite();
    const abort = new AbortController();
    const seen: number[] = [];
    let name = '';
    const watch = (async () => {
      const stream = await site.api.site.watch({}, { signal: abort.signal });
      for await (const snapshot of stream) {
        seen.push(snapshot.seq);
        name = snapshot.site.name;
      }
    })().catch(() => {});
    await site.pass(100);
    const before = seen.length;
    for (let n = 0; n < 50; n++) await site.api.site.rename({ name: `SITE-${n}` });
    await site.pass(1_000);
    expect(seen.length - before).toBeLessThanOrEqual(5);
    expect(name).toBe('SITE-49');
    const quiet = seen.length;
    await site.pass(12_000);
    expect(seen.length).toBeGreaterThan(quiet + 1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    abort.abort();
    await site.during(watch);
    const again = await site.restart();
    expect(again.snapshot().seq).toBeGreaterThan(seen.at(-1) ?? 0);
    expect(again.snapshot().site.name).toBe('SITE-49');
  });
});
