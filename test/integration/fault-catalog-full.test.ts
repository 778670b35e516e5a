// The engine's data folder on a volume that is really full, with work going on: backups and schedules go on, what is set is refused by a
// code, one message says so while it lasts, and nothing that was acknowledged is lost; also over a start, and over kill -9.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished, type TestContext } from 'vitest';
import type { BackupScheduleInput } from '../../core/contract/schedules.ts';
import { openLogFile } from '../../headless/log-file.ts';
import { createDatabase, sql } from '../support/agent-lab.ts';
import { seeded } from '../support/ledger/random.ts';
import { type RealSite, startRealSite } from '../support/real-site.ts';
import { type RunningEngine, startEngine, until } from '../support/running-engine.ts';
import { type SmallVolume, smallVolume } from '../support/small-volume.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const within = { timeout: 60_000, interval: 50 };
const instanceId = 'SRV-1/Directory';

const schedule = (name: string): BackupScheduleInput => ({
  ...{ id: null, instanceId, name, enabled: true, type: 'incremental', when: { kind: 'every', minutes: 60 } },
  ...{ folder: null, namePattern: null, options: {}, fullWhenNoBase: true, notifySuccess: false, keep: null },
});

/** Only the engine's own folder lies on the small volume. */
async function siteOnSmallVolume(test: TestContext): Promise<{ folder: string; site: RealSite; volume: SmallVolume }> {
  const folder = temporaryFolder('catalog-full');
  const volume = smallVolume(test, path.join(folder, 'data'), '8m');
  const site = await startRealSite(folder);
  const database = path.join(folder, 'db', 'Directory.db');
  createDatabase(database, 50);
  await site.api.servers.add({ name: 'SRV-1', root: path.join(folder, 'srv') });
  await site.api.instances.protect({
    ...{ server: 'SRV-1', name: 'Directory', path: database, backupFolder: null, logging: true, switchToWal: false },
  });
  await site.backUp(instanceId, 'full');
  return { folder, site, volume };
}

const complaint = ({ engine }: RealSite) =>
  engine.snapshot().messages.find(({ text }) => text.includes('cannot be written')) ?? null;

it('goes on, says so, refuses what is set, and writes it all down when there is room', async (test) => {
  const { folder, site, volume } = await siteOnSmallVolume(test);
  const { id } = await site.api.schedules.save(schedule('hourly'));
  volume.fill();
  const byHand = await site.backUp(instanceId, 'incremental');
  expect(byHand).toMatchObject({ status: 'succeeded' });
  await expect.poll(() => complaint(site), within).toMatchObject({ level: 'critical', standing: true });
  expect(complaint(site)?.text).toContain(`${site.data} cannot be written`);
  await expect(
    site.api.schedules.save({ ...schedule('another'), folder: `/${'x'.repeat(9_000)}` }),
  ).rejects.toMatchObject({
    name: 'NO_SPACE',
    hint: 'Free space or choose another folder.',
  });
  const further = { name: 'SRV-2', root: path.join(folder, 'srv-2') };
  await expect(site.api.servers.add(further)).rejects.toMatchObject({ name: 'NO_SPACE' });

  // Due once: that it cannot be noted in the file does not make it due again.
  site.clock.set(site.clock.now() + 61 * 60_000);
  await expect
    .poll(async () => (await site.api.schedules.list({ instanceId }))[0]?.last?.status, within)
    .toBe('succeeded');
  const [after] = await site.api.schedules.list({ instanceId });
  expect(after).toMatchObject({ state: 'waiting', name: 'hourly' });
  expect(after?.nextAt).toBeGreaterThan(site.clock.now());
  const runs = await site.api.schedules.runs({ id });
  expect(runs).toMatchObject([{ status: 'succeeded', type: 'incremental' }]);
  const before = await site.api.jobs.list({});
  const lines = (await site.api.jobs.log({ jobId: byHand.id })).lines;
  expect(before.filter(({ kind }) => kind === 'backup')).toHaveLength(3);

  volume.makeRoom();
  await expect.poll(() => complaint(site)?.standing, within).toBe(false);
  await site.api.schedules.save(schedule('another'));
  await site.api.servers.add(further);
  await site.stop();
  const again = await startRealSite(folder, site.clock);
  expect(await again.api.jobs.list({})).toEqual(before);
  expect((await again.api.jobs.log({ jobId: byHand.id })).lines).toEqual(lines);
  expect(await again.api.schedules.runs({ id })).toEqual(runs);
  expect((await again.api.schedules.list({ instanceId })).map(({ name }) => name).sort()).toEqual([
    'another',
    'hourly',
  ]);
});

it('starts or says what it needs on a full volume, and has everything once there is room', async (test) => {
  const { folder, site, volume } = await siteOnSmallVolume(test);
  const jobs = await site.api.jobs.list({});
  await site.stop();
  volume.fill();
  await expect(startRealSite(folder, site.clock)).rejects.toMatchObject({
    name: 'NO_SPACE',
    message: `The catalog in ${site.data} cannot be opened: its disk is full`,
    hint: expect.stringContaining('start Holdfast again'),
  });
  expect(fs.readdirSync(site.data).filter((name) => name.includes('damaged'))).toEqual([]);
  volume.makeRoom();
  const again = await startRealSite(folder, site.clock);
  expect(await again.api.jobs.list({})).toEqual(jobs);
  await expect.poll(() => again.engine.snapshot().servers[0]?.state, within).toBe('online');
  await again.backUp(instanceId, 'incremental');
});

it('names the place where a start found no room, and leaves nothing half made there', async (test) => {
  const folder = path.join(temporaryFolder('start-full'), 'data');
  const volume = smallVolume(test, folder, '1m');
  volume.fill();
  const refused = async () => await startEngine(folder).catch((error: Error) => error.message);
  expect(await refused()).toMatch(/The disk of .*engine\.lock is full \(ENOSPC\)\n\s+NO_SPACE \(-7007\)/);
  expect(fs.readdirSync(folder)).toEqual(['ballast']);
});

it('the log of the engine stops nobody when its volume is full, and follows when there is room', (test) => {
  const folder = path.join(temporaryFolder('log-full'), 'data');
  const volume = smallVolume(test, folder, '1m');
  const file = path.join(folder, 'holdfast.log');
  const log = openLogFile(file);
  log.info({}, 'first');
  volume.fill();
  for (let n = 0; n < 200; n++) log.error({ n }, 'nobody can read this yet');
  expect(fs.readFileSync(file, 'utf8')).not.toContain('"n":199');
  volume.makeRoom();
  log.info({}, 'last');
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toHaveLength(202);
});

/** Ends with the job; rejects at once when the engine is gone. */
const backUpBy = (engine: RunningEngine, id: string, type: 'full' | 'incremental') =>
  engine.call(async (api) => {
    const { jobId } = await api.backup.start({ instanceId: id, type });
    let { job } = await api.jobs.log({ jobId });
    while (job.endedAt === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ({ job } = await api.jobs.log({ jobId }));
    }
    return job;
  });

const complaining = (engine: RunningEngine, standing: boolean) =>
  until(
    `the message about the catalog, standing: ${standing}`,
    async () => (await engine.call((api) => api.site.get({}))).messages,
    (messages) => messages.find(({ text }) => text.includes('cannot be written'))?.standing === standing,
    120_000,
  );

it('lives through errors of the device: backups go on, one message says so, all is written when they are over', async (test) => {
  const folder = temporaryFolder('catalog-eio');
  const database = path.join(folder, 'db', 'Directory.db');
  createDatabase(database, 50);
  const engine = await startEngine(path.join(folder, 'data'));
  onTestFinished(() => engine.kill());
  const { instanceId: id } = await engine.call((api) =>
    api.instances.protect({
      ...{ server: null, name: 'Directory', path: database, backupFolder: path.join(folder, 'bak') },
      ...{ logging: true, switchToWal: false },
    }),
  );
  expect(await backUpBy(engine, id, 'full')).toMatchObject({ status: 'succeeded' });
  // Every write of the engine's process beyond the first bytes of a file fails; that is an error of the device to SQLite.
  const limit = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(engine.pid), `--fsize=${bytes}:`], { stdio: 'pipe' });
  try {
    limit('4096');
  } catch {
    test.skip('the limit of a process cannot be set here');
  }
  const job = await backUpBy(engine, id, 'incremental');
  expect(job).toMatchObject({ status: 'succeeded' });
  const messages = await complaining(engine, true);
  expect(messages.find(({ standing }) => standing)?.text).toContain(
    'its device reported an error (SQLITE_IOERR_WRITE)',
  );
  limit('unlimited');
  await complaining(engine, false);
  await engine.kill();
  const next = await startEngine(path.join(folder, 'data'));
  onTestFinished(() => next.kill());
  const jobs = await next.call((api) => api.jobs.list({}));
  expect(jobs.find((one) => one.id === job.id)).toEqual(job);
  await next.stop();
});

const rounds = Number(process.env.HOLDFAST_RUNS ?? 1);
const firstSeed = Number(process.env.HOLDFAST_SEED ?? 1);

/** The engine on a full volume: it runs, or has refused in words that name the cause; then there is room, and it runs. */
async function startAnyway(data: string, volume: SmallVolume, what: string): Promise<RunningEngine> {
  try {
    return await startEngine(data);
  } catch (error) {
    expect((error as Error).message, what).toMatch(/disk (is|of .* is) full/i);
    expect((error as Error).message, what).not.toMatch(/Holdfast anew|\n\s+at /);
    volume.makeRoom();
    return await startEngine(data);
  }
}

it(
  `keeps every backup that it acknowledged over ${rounds} kill(s) of the engine on a full volume, from seed ${firstSeed}`,
  async (test) => {
    const folder = temporaryFolder('catalog-kill');
    const data = path.join(folder, 'data');
    // The agent's own files lie here, too; backups and database elsewhere.
    const volume = smallVolume(test, data, '12m');
    const database = path.join(folder, 'db', 'Directory.db');
    createDatabase(database, 50);
    let engine = await startEngine(data);
    onTestFinished(() => engine.kill());
    const { instanceId: id } = await engine.call((api) =>
      api.instances.protect({
        ...{ server: null, name: 'Directory', path: database, backupFolder: path.join(folder, 'bak') },
        ...{ logging: true, switchToWal: false },
      }),
    );
    const acknowledged: string[] = [];
    const backUp = async (type: 'full' | 'incremental') => {
      const verdict = await backUpBy(engine, id, type);
      if (!verdict.error) acknowledged.push(verdict.id);
      return verdict.error;
    };
    const online = (what: string) =>
      until(
        `${what}: the database is online`,
        () => engine.call((api) => api.site.get({})),
        ({ servers, instances }) => servers[0]?.state === 'online' && instances[0]?.status.state === 'Online',
        120_000,
      );
    expect(await backUp('full')).toBeNull();
    // Its log lies on the full volume as well: it lives on, says so, and needs no start to go on.
    volume.fill();
    const told = await backUp('incremental');
    if (told) expect(['NO_SPACE', 'LOG_DEVICE_FULL']).toContain(told.name);
    await complaining(engine, true);
    volume.makeRoom();
    await complaining(engine, false);
    expect(engine.process.exitCode).toBeNull();
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const random = seeded(seed);
      const what = `seed ${seed}`;
      volume.fill(random.pick([0, 0, 4_096, 40_000, 200_000]));
      sql(database, "INSERT INTO entry (name) VALUES ('while full')");
      const attempt = backUp(random.pick(['full', 'incremental'])).catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, random.below(600)));
      await engine.kill();
      const refused = await attempt;
      if (refused)
        expect(['NO_SPACE', 'LOG_DEVICE_FULL', 'IO_ERROR', 'SERVER_UNREACHABLE'], what).toContain(refused.name);
      engine = await startAnyway(data, volume, what);
      volume.makeRoom();
      const { jobs, messages } = await online(what);
      expect(
        jobs.filter(({ endedAt }) => endedAt === null),
        what,
      ).toEqual([]);
      expect(
        messages.filter(({ text }) => /damaged|internal/i.test(text)),
        what,
      ).toEqual([]);
      expect(await backUp(random.pick(['full', 'incremental'])), what).toBeNull();
      expect(sql(database, 'PRAGMA quick_check'), what).toBe('ok');
    }
    const backups = fs.readdirSync(path.join(folder, 'bak'));
    const files = backups.filter((name) => name.endsWith('.bak')).map((name) => path.join(folder, 'bak', name));
    expect(files.length).toBeGreaterThanOrEqual(acknowledged.length);
    const cli = path.resolve(import.meta.dirname, '../../headless/cli.ts');
    const answer = execFileSync(process.execPath, [cli, 'verify', ...files, '--json'], { encoding: 'utf8' });
    expect(JSON.parse(answer)).toMatchObject({ ok: true });
    await engine.stop();
  },
  120_000 + rounds * 60_000,
);
