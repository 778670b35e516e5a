// Failover with real agent processes and real files: the engine, three agents, the sqlite3 tool as the client.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import type { AgentLauncher } from '../../core/agent/types.ts';
import type { RestoreResult } from '../../core/contract/restore.ts';
import { createEngine } from '../../core/engine.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));

function sql(file: string, text: string): string {
  return execFileSync('sqlite3', ['-cmd', '.timeout 2000', file, text], { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim();
}

function accepts(file: string): boolean {
  try {
    sql(file, "INSERT INTO person (name) VALUES ('probe'); DELETE FROM person WHERE name = 'probe'");
    return true;
  } catch {
    return false;
  }
}

/** Agents that can be without power: killed, and not launched again until it is back. */
function powered() {
  const off = new Set<string>();
  const inner = createChildLauncher({ entry });
  const launcher: AgentLauncher = {
    async launch(spec) {
      if (off.has(spec.name) && !spec.fenceOnly) throw new Error(`${spec.name} has no power`);
      return inner.launch(spec);
    },
  };
  return { launcher, off };
}

async function site() {
  const folder = temporaryFolder();
  const power = powered();
  const dataFolder = path.join(folder, 'data');
  const engine = createEngine({ dataFolder, host: 'headless', launcher: power.launcher });
  await engine.start();
  onTestFinished(() => engine.stop());
  const api = inProcessConsole(engine.router);
  const root = (name: string) => path.join(folder, name);
  for (const name of ['SRV-1', 'SRV-2', 'SRV-3']) await api.servers.add({ name, root: root(name) });
  const file = path.join(root('SRV-1'), 'Directory', 'directory.db');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  sql(file, 'PRAGMA journal_mode = WAL; CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)');
  sql(file, "INSERT INTO person (name) VALUES ('first')");
  const online = () => engine.snapshot().servers.filter((server) => server.state === 'online').length;
  await expect.poll(online, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  const { instanceId } = await api.instances.protect({
    server: 'SRV-1',
    name: 'Directory',
    path: file,
    backupFolder: null,
    logging: true,
    switchToWal: false,
  });
  const { groupId } = await api.failover.create({ instanceId, name: 'Main' });
  const group = () => engine.snapshot().groups[0]!;
  const row = (server: string) => group().members.find((member) => member.server === server)!;
  const { config } = group();
  await api.failover.apply({
    groupId,
    config: {
      ...config,
      enabled: true,
      probeMs: 300,
      full: { kind: 'every', minutes: 600 },
      differential: { kind: 'every', minutes: 600 },
      members: [
        ...config.members,
        ...['SRV-2', 'SRV-3'].map((server) => ({
          id: server.toLowerCase(),
          server,
          databaseServer: server.toLowerCase(),
          instance: 'Directory',
          folder: path.join(root(server), 'backups'),
        })),
      ],
    },
  });
  const failures = () =>
    JSON.stringify([
      group().stateText,
      group().members.map((member) => member.stateText),
      engine.snapshot().jobs.map((job) => [job.title, job.verdict, job.error?.message]),
    ]);
  const states = () =>
    group()
      .members.map((member) => member.state)
      .join();
  await expect.poll(states, { timeout: 30_000, message: failures() }).toBe('Online,InSync,InSync');
  const job = async (jobId: string) => {
    await expect.poll(async () => (await api.jobs.log({ jobId })).job.endedAt, { timeout: 30_000 }).not.toBeNull();
    const { job: ended, lines } = await api.jobs.log({ jobId });
    expect(ended.status, JSON.stringify([ended.error, ended.warnings, lines])).toBe('succeeded');
  };
  const cut = (name: string) => {
    power.off.add(name);
    process.kill(engine.snapshot().servers.find((server) => server.name === name)!.pid!, 'SIGKILL');
    return Date.now();
  };
  const files = () =>
    Object.fromEntries(group().members.map((member) => [member.server, member.path])) as Record<string, string>;
  return { engine, api, groupId, group, row, file, job, cut, power, files, root, dataFolder };
}

test('differential, killed master, contingency, reconnection: real files all the way', async () => {
  const one = await site();
  const { group, row, file } = one;
  sql(file, "INSERT INTO person (name) VALUES ('second')");
  await expect.poll(() => row('SRV-2').behindCommits, { timeout: 60_000 }).toBe(1);
  await one.job((await one.api.failover.backupNow({ groupId: one.groupId, type: 'incremental' })).jobId);
  await expect.poll(() => row('SRV-2').behindCommits, { timeout: 60_000 }).toBe(0);
  expect(accepts(one.files()['SRV-2']!)).toBe(false);

  const at = one.cut('SRV-1');
  const copy = one.files()['SRV-2']!;
  await expect.poll(() => accepts(copy), { timeout: 60_000, interval: 20 }).toBe(true);
  const took = Date.now() - at;
  expect(accepts(file)).toBe(false);
  expect(sql(copy, 'SELECT group_concat(name) FROM (SELECT name FROM person ORDER BY id)')).toBe('first,second');
  await expect.poll(() => group().history[0]?.kind, { timeout: 60_000 }).toMatch(/failover|contingency/);
  const entry_ = group().history.find((one_) => one_.kind === 'failover')!;
  expect(entry_).toMatchObject({ from: 'SRV-1', to: 'SRV-2' });
  // A second or two on a quiet machine.
  expect(entry_.durationMs).toBeLessThan(30_000);
  expect(took).toBeLessThan(60_000);
  await expect.poll(() => group().state, { timeout: 60_000 }).toBe('FailedOver');
  sql(copy, "INSERT INTO person (name) VALUES ('interim')");
  await expect.poll(() => group().contingencies.length, { timeout: 60_000 }).toBeGreaterThan(0);
  await expect.poll(() => row('SRV-3').state, { timeout: 60_000 }).toBe('InSync');

  one.power.off.clear();
  await expect.poll(() => group().state, { timeout: 45_000 }).toBe('AwaitingDecision');
  expect(accepts(file)).toBe(false);
  const plan = await one.api.failover.plan({ groupId: one.groupId, action: { kind: 'reconnect' } });
  expect(plan.refusal).toBeNull();
  await one.job((await one.api.failover.execute({ token: plan.token, typed: null })).jobId);
  expect(accepts(file)).toBe(true);
  expect(accepts(copy)).toBe(false);
  expect(sql(file, "SELECT count(*) FROM person WHERE name = 'interim'")).toBe('0');
  expect(group().history.find((one_) => one_.kind === 'reconnect')!.atRisk).toMatch(
    /commits? made on SRV-2 .* kept in .*-fenced\.bak on SRV-2, which equals the fenced database/,
  );
  await expect
    .poll(
      () =>
        group()
          .members.map((member) => member.state)
          .join(),
      { timeout: 30_000 },
    )
    .toBe('Online,InSync,InSync');

  const newest = group().contingencies[0]!;
  const restore = await one.api.failover.plan({
    groupId: one.groupId,
    action: { kind: 'restoreContingency', contingencyId: newest.id },
  });
  const restored = (await one.api.failover.execute({ token: restore.token, typed: restore.typedName })).jobId;
  await one.job(restored);
  // What `accepts` has written to the master since is not in the contingency backup, and the verification says so.
  let result: RestoreResult | null = null;
  for await (const event of await one.api.restore.watch({ jobId: restored })) result = event.result;
  const { verify } = result!;
  expect([verify.status, ...verify.servers.map(({ status }) => status)]).toEqual(['overridden', 'ok', 'behind']);
  expect(sql(file, "SELECT count(*) FROM person WHERE name = 'interim'")).toBe('1');
  await expect.poll(() => group().state, { timeout: 30_000 }).toBe('Normal');
}, 120_000);

test('a switch hands over the last commit, and promotion makes the copy the master', async () => {
  const one = await site();
  const { group, file } = one;
  sql(file, "INSERT INTO person (name) VALUES ('last')");
  const plan = await one.api.failover.plan({ groupId: one.groupId, action: { kind: 'promote', memberId: 'srv-2' } });
  expect(plan).toMatchObject({ refusal: null, class: 'confirm' });
  await one.job((await one.api.failover.execute({ token: plan.token, typed: null })).jobId);
  const copy = one.files()['SRV-2']!;
  expect(sql(copy, "SELECT count(*) FROM person WHERE name = 'last'")).toBe('1');
  expect(accepts(copy)).toBe(true);
  expect(accepts(file)).toBe(false);
  expect(group().members.map((member) => member.server)).toEqual(['SRV-2', 'SRV-1', 'SRV-3']);
  await expect
    .poll(
      () =>
        group()
          .members.map((member) => member.state)
          .join(),
      { timeout: 30_000 },
    )
    .toBe('Online,InSync,InSync');
  sql(copy, "INSERT INTO person (name) VALUES ('new master')");
  await one.job((await one.api.failover.backupNow({ groupId: one.groupId, type: 'incremental' })).jobId);
  expect(sql(file, "SELECT count(*) FROM person WHERE name = 'new master'")).toBe('1');

  one.cut('SRV-3');
  await expect.poll(() => one.row('SRV-3').state, { timeout: 60_000 }).toBe('Offline');
  sql(copy, "INSERT INTO person (name) VALUES ('while away')");
  const { jobId } = await one.api.failover.backupNow({ groupId: one.groupId, type: 'incremental' });
  await expect.poll(async () => (await one.api.jobs.log({ jobId })).job.endedAt, { timeout: 30_000 }).not.toBeNull();
  one.power.off.clear();
  await expect.poll(() => one.row('SRV-3').state, { timeout: 45_000 }).toBe('InSync');
  expect(sql(one.files()['SRV-3']!, "SELECT count(*) FROM person WHERE name = 'while away'")).toBe('1');

  await expect.poll(() => group().contingencies.filter((kept) => kept.kind === 'set').length).toBeGreaterThan(0);
  const ids = () => one.engine.snapshot().instances.map((instance) => instance.id);
  expect(ids()).toContain('SRV-3/Directory');
  const third = one.files()['SRV-3']!;
  await one.api.failover.apply({
    groupId: one.groupId,
    config: { ...group().config, members: group().config.members.slice(0, 2) },
  });
  expect(ids()).not.toContain('SRV-3/Directory');
  expect(fs.existsSync(third)).toBe(true);

  const fulls = () => fs.readdirSync(group().members[0]!.folder).filter((name) => name.endsWith('-full.bak'));
  for (let at = 0; at < 3; at++) {
    await one.job((await one.api.failover.backupNow({ groupId: one.groupId, type: 'full' })).jobId);
  }
  expect(fulls()).toHaveLength(2);
}, 120_000);

test('under a lease an agent that crashed is opened again by its console, without a failover', async () => {
  const one = await site();
  const { file, group } = one;
  await one.api.failover.apply({
    groupId: one.groupId,
    config: { ...group().config, whenConsoleLost: 'fence', leaseMs: 8000 },
  });
  const note = path.join(path.dirname(path.dirname(file)), 'lease.json');
  await expect.poll(() => fs.existsSync(note) && fs.readFileSync(note, 'utf8'), { timeout: 60_000 }).toContain('true');
  const { term } = group();
  const pid = () => one.engine.snapshot().servers.find((server) => server.name === 'SRV-1')!.pid!;
  const before = pid();
  process.kill(before, 'SIGKILL');
  await expect.poll(pid, { timeout: 60_000 }).not.toBe(before);
  await expect.poll(() => one.row('SRV-1').state, { timeout: 20_000 }).toBe('Online');
  await expect.poll(() => accepts(file), { timeout: 60_000 }).toBe(true);
  expect(one.row('SRV-1').active).toBe(true);
  expect(group().history.map((entry_) => entry_.kind)).not.toContain('failover');
  expect(group().term).toBe(term);
}, 120_000);

test('the catalog is lost: the group comes back from its members, waits, and goes on when it is confirmed', async () => {
  const one = await site();
  const { file, power, dataFolder } = one;
  const kept = (server: string) => {
    const folder = path.join(one.root(server), 'groups');
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return names.length === 1 ? fs.readFileSync(path.join(folder, names[0]!), 'utf8') : '';
  };
  const { config } = one.group();
  for (const server of ['SRV-1', 'SRV-2', 'SRV-3'])
    await expect.poll(() => kept(server), { timeout: 60_000 }).toContain('"srv-3"');
  expect(kept('SRV-1')).not.toMatch(/password|secret|token/i);
  await one.engine.stop();
  for (const name of fs.readdirSync(dataFolder).filter((each) => each.startsWith('catalog.db')))
    fs.rmSync(path.join(dataFolder, name));
  sql(file, "INSERT INTO person (name) VALUES ('meanwhile')");

  const again = createEngine({ dataFolder, host: 'headless', launcher: power.launcher });
  await again.start();
  onTestFinished(() => again.stop());
  const api = inProcessConsole(again.router);
  const group = () => again.snapshot().groups[0];
  const found = () => group()?.review?.rows.map((row) => row.record?.newest ?? null);
  await expect.poll(found, { timeout: 30_000 }).toEqual([true, true, true]);
  expect(group()).toMatchObject({ id: one.groupId, name: 'Main', state: 'AwaitingDecision', config });
  expect(group()?.review).toMatchObject({ conflicts: [], proposedId: config.members[0]!.id });
  expect(
    again
      .snapshot()
      .messages.map((message) => message.text)
      .join(),
  ).toContain('Main waits to be confirmed');
  expect(again.snapshot().attention[0]).toMatchObject({ level: 'critical', action: { kind: 'openGroup' } });
  const restore = {
    instanceId: 'SRV-1/Directory',
    target: { kind: 'instance', instanceId: 'SRV-1/Directory' },
  } as const;
  expect((await api.restore.plan(restore)).refusal).toContain('not confirmed');
  expect(again.snapshot().jobs).toEqual([]);

  const action = { kind: 'confirm', activeId: config.members[0]!.id, settingsOf: null } as const;
  const plan = await api.failover.plan({ groupId: one.groupId, action });
  expect(plan).toMatchObject({ refusal: null, class: 'confirm' });
  await api.failover.execute({ token: plan.token, typed: null });
  const states = () =>
    group()
      ?.members.map((member) => member.state)
      .join();
  await expect.poll(states, { timeout: 30_000 }).toBe('Online,InSync,InSync');
  expect(group()?.review).toBeUndefined();
  expect(accepts(file)).toBe(true);
  const copy = again.snapshot().groups[0]!.members[1]!.path!;
  expect(accepts(copy)).toBe(false);
  expect(sql(copy, "SELECT count(*) FROM person WHERE name = 'meanwhile'")).toBe('1');
}, 120_000);

test('encrypted cycles: real keys, real files, a copy that has lost its key, and a failover', async () => {
  const one = await site();
  const { file, group, row, api, groupId } = one;
  const definition = { instanceId: 'SRV-1/Directory', name: 'Archive', kept: false };
  await api.otherFiles.defineEncryption({ ...definition, password: 'correct horse battery' });
  await expect(api.failover.encrypt({ groupId, password: 'another' })).rejects.toMatchObject({
    name: 'WRONG_PASSWORD',
  });
  expect(group().config.encryption ?? null).toBeNull();
  const { members } = await api.failover.encrypt({ groupId, password: 'correct horse battery' });
  expect(members.map((member) => member.problem)).toEqual([null, null, null]);
  // An encrypted full begins by itself; what is written from then on comes with the backups after it.
  const definitions = async () => {
    const { catalog } = await api.instances.timeline({ instanceId: 'SRV-1/Directory' });
    return catalog.chains.map((chain) => chain.full.encryption?.definition ?? null);
  };
  await expect.poll(definitions, { timeout: 60_000 }).toContain('Archive');
  const running = () => one.engine.snapshot().jobs.filter((job) => job.endedAt === null).length;
  await expect.poll(running, { timeout: 60_000 }).toBe(0);
  for (const server of ['SRV-2', 'SRV-3'])
    await expect.poll(() => row(server).state, { timeout: 60_000 }).toBe('InSync');
  sql(file, "INSERT INTO person (name) VALUES ('hidden away')");
  for (const server of ['SRV-2', 'SRV-3'])
    await expect.poll(() => row(server).behindCommits, { timeout: 60_000 }).toBeGreaterThan(0);
  await one.job((await api.failover.backupNow({ groupId, type: 'incremental' })).jobId);
  for (const server of ['SRV-2', 'SRV-3'])
    await expect.poll(() => row(server).behindCommits, { timeout: 60_000 }).toBe(0);
  const copy = one.files()['SRV-2']!;
  expect(sql(copy, "SELECT count(*) FROM person WHERE name = 'hidden away'")).toBe('1');
  // Nothing of the password or the key is in the catalog, a record, or a job.
  const keys = fs.readdirSync(path.join(one.root('SRV-1'), 'keys'));
  const { key } = JSON.parse(fs.readFileSync(path.join(one.root('SRV-1'), 'keys', keys[0]!), 'utf8')) as {
    key: string;
  };
  for (const text of [
    JSON.stringify(one.engine.snapshot()),
    fs.readFileSync(path.join(one.dataFolder, 'catalog.db'), 'latin1'),
  ]) {
    expect(text).not.toContain(key);
    expect(text).not.toContain('correct horse');
  }

  for (const name of fs.readdirSync(path.join(one.root('SRV-3'), 'keys')))
    fs.rmSync(path.join(one.root('SRV-3'), 'keys', name));
  sql(file, "INSERT INTO person (name) VALUES ('second')");
  const { jobId } = await api.failover.backupNow({ groupId, type: 'incremental' });
  await expect.poll(async () => (await api.jobs.log({ jobId })).job.endedAt, { timeout: 30_000 }).not.toBeNull();
  await expect
    .poll(() => row('SRV-3').stateText, { timeout: 15_000 })
    .toContain('Give the password of the group again');
  await expect.poll(() => row('SRV-2').state, { timeout: 15_000 }).toBe('InSync');
  const said = () =>
    one.engine
      .snapshot()
      .messages.filter((message) => message.standing)
      .map((message) => message.text)
      .join('\n');
  expect(said()).toContain('SRV-3 does not have the key of the encrypted backups of Main');
  await api.failover.encrypt({ groupId, password: 'correct horse battery' });
  await expect.poll(() => row('SRV-3').state, { timeout: 30_000 }).toBe('InSync');
  expect(said()).not.toContain('does not have the key');

  one.cut('SRV-1');
  await expect.poll(() => accepts(copy), { timeout: 20_000 }).toBe(true);
  const contingency = () => group().contingencies.find((kept) => kept.kind === 'backup')?.path;
  await expect.poll(contingency, { timeout: 30_000 }).toBeDefined();
  const start = fs.readFileSync(contingency()!).subarray(0, 16_384).toString('latin1');
  expect(start.slice(0, 6)).not.toBe('SQLite');
  expect(start).toContain('aes-256-gcm');
}, 120_000);
