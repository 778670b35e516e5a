// The command line through a running engine: what it shows of the demo lab, backups by name, and failover with its confirmations.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GroupView } from '../../core/contract/failover.ts';
import type { Job } from '../../core/contract/jobs.ts';
import { createLarge, holdfast, holdfastJson, start } from '../support/command-line.ts';
import { type RunningEngine, startEngine, until } from '../support/running-engine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('with no engine', () => {
  it('every command that needs one says so', async () => {
    const data = ['--data', temporaryFolder('holdfast-cli')];
    for (const args of [
      ['status'],
      ['servers'],
      ['groups'],
      ['jobs'],
      ['events'],
      ['backup', 'SRV-1/Directory'],
      ['vector', 'SRV-1/Directory'],
      ['failover', 'G1', 'reconnect'],
    ]) {
      expect(await holdfastJson([...args, ...data]), args.join(' ')).toMatchObject({
        code: 1,
        json: { ok: false, code: -7093, name: 'ENGINE_NOT_RUNNING', hint: expect.stringContaining('holdfast serve') },
      });
    }
  }, 120_000);

  it('the note of an engine that was killed does not mislead it, nor does a torn one', async () => {
    const folder = temporaryFolder('holdfast-cli');
    const note = (text: string) => fs.writeFileSync(path.join(folder, 'engine.json'), text);
    note(JSON.stringify({ port: 1, token: 'gone', pid: 2 ** 22 - 1 }));
    expect(await holdfastJson(['status', '--data', folder])).toMatchObject({
      code: 1,
      json: { name: 'ENGINE_NOT_RUNNING' },
    });
    note('{"port":');
    expect(await holdfastJson(['status', '--data', folder])).toMatchObject({
      code: 1,
      json: { name: 'ENGINE_NOT_RUNNING' },
    });
  }, 120_000);
});

it('serve prints its address as the one object of --json, refuses a second engine, and ends with SIGTERM', async () => {
  const folder = temporaryFolder('holdfast-cli');
  const serve = ['serve', '--data', folder, '--port', '0', '--no-open', '--json'];
  const { child, ended } = start(serve);
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
  expect(JSON.parse(line)).toEqual({
    ok: true,
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//),
    pid: child.pid,
  });
  expect(await holdfastJson(serve.slice(0, -1))).toMatchObject({ code: 3, json: { name: 'ENGINE_RUNNING' } });
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stdout: line });
  expect(fs.existsSync(path.join(folder, 'engine.json'))).toBe(false);
}, 120_000);

describe('with the demo lab', () => {
  let data: string;
  let engine: RunningEngine;
  const inSync = (one: GroupView) => one.members.every((member) => member.active || member.state === 'InSync');
  const on = (...args: string[]) => holdfastJson([...args, '--data', data]);
  const group = async () => ((await on('groups')).json.groups as GroupView[])[0] as GroupView;

  beforeAll(async () => {
    data = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-cli-engine-'));
    engine = await startEngine(data, ['--demo']);
    // Cycles of their own would put a copy out of reach for a moment, whenever it suits them.
    const { id, config } = await until('the lab is open', group, (one) => one?.members.length === 3, 60_000);
    const off = { kind: 'off' as const };
    const quiet = { ...config, full: off, differential: off, autoReconnect: false };
    await engine.call((api) => api.failover.apply({ groupId: id, config: quiet }));
    await until('the copies are filled', group, inSync, 120_000);
  }, 200_000);
  afterAll(async () => {
    await engine?.stop();
    fs.rmSync(data, { recursive: true, force: true });
  });

  it('shows the site, its servers, groups, jobs and messages', async () => {
    expect((await on('status')).json).toMatchObject({ ok: true, instances: [{ id: 'SRV-1/Directory' }, {}, {}] });
    expect((await on('servers')).json).toMatchObject({ servers: [{ name: 'SRV-1', state: 'online' }, {}, {}] });
    expect((await on('jobs', '--limit', '2')).json).toMatchObject({ ok: true, jobs: [{ id: expect.any(String) }, {}] });
    expect((await on('events')).json).toMatchObject({ ok: true, messages: expect.any(Array) });
    expect((await on('vector', 'SRV-1/Directory')).json.vector).toEqual([
      expect.stringMatching(/^s[0-9A-F]{8} r01 e\d{3,}$/),
    ]);
    expect((await on('getconfig', 'SRV-1/Directory')).json).toMatchObject({ ok: true, on: true });
    const text = await holdfast(['groups', '--data', data]);
    expect(text.stdout).toMatch(/● +SRV-1 \(Master\) +Directory/);
    expect((await holdfast(['status', '--data', data])).stdout).toMatch(/SRV-1\/Directory +Online .* on +restorable/);
    expect((await holdfast(['servers', '--data', data])).stdout).toMatch(/SRV-3 +online/);
    expect((await holdfast(['jobs', '--data', data])).stdout).toMatch(/succeeded/);
    expect((await holdfast(['events', '--data', data])).code).toBe(0);
  }, 120_000);

  it('backs up by name, also while someone works on the file, and finds nothing under an unknown name', async () => {
    const done = await on('backup', 'SRV-1/Directory', '-b');
    expect(done.json, done.stderr).toMatchObject({
      ok: true,
      type: 'full',
      files: [expect.any(String)],
      vector: [expect.any(String)],
    });
    expect((await holdfastJson(['verify', done.json.file as string])).code).toBe(0);
    const [last] = (await on('jobs', '--limit', '1')).json.jobs as Job[];
    const shown = await holdfast(['jobs', 'show', last?.id.slice(0, 8) ?? '', '--data', data]);
    expect(shown.stdout).toContain(last?.id);
    expect(shown.stdout).toMatch(/To do the same again:\n +holdfast backup SRV-1\/Directory -f .* -b/);
    expect((await on('jobs', 'show', 'none')).json).toMatchObject({ ok: false, name: 'NOT_FOUND' });
    const increment = await on('backup', 'SRV-1/Directory', '-i');
    expect(increment.json).toMatchObject({ ok: true, type: 'incremental' });
    for (const command of ['backup', 'vector', 'getconfig'])
      expect(await on(command, 'SRV-9/Directory'), command).toMatchObject({ code: 2, json: { name: 'NOT_FOUND' } });
    const { status } = ((await on('status')).json.instances as { status: { path: string } }[])[0] as {
      status: { path: string };
    };
    const direct = await holdfastJson([
      'backup',
      status.path,
      '-f',
      path.join(data, 'x.bak'),
      '-l',
      path.join(data, 'x.log'),
    ]);
    expect(direct).toMatchObject({ code: 3, json: { name: 'AGENT_RUNNING' } });
  }, 120_000);

  it('runs cycles and actions on the group, and asks for their confirmation first', async () => {
    const now = await on('failover', 'Directory', 'backup-now', 'full');
    expect(now.json, now.stderr).toMatchObject({
      ok: true,
      job: { kind: 'cycle', status: expect.stringMatching(/^succeeded/) },
    });
    // The agents' own answers follow the end of the cycle by up to one probe.
    await expect
      .poll(async () => (await group()).members.slice(1).map((member) => member.state), { timeout: 60_000 })
      .toEqual(['InSync', 'InSync']);
    const asked = await on('failover', 'Directory', 'switch', 'SRV-2');
    expect(asked).toMatchObject({
      code: 3,
      json: {
        code: -7045,
        name: 'CONFIRMATION_REQUIRED',
        message: expect.stringContaining('SRV-1 accepts no more writes'),
        hint: 'Run it again with --confirm yes',
        details: { effects: expect.arrayContaining([expect.stringContaining('SRV-2 becomes active')]), confirm: 'yes' },
      },
    });
    expect((await on('failover', 'Directory', 'fence')).json.hint).toBe('Run it again with --confirm SRV-1');
    expect(await on('failover', 'Directory', 'fence', '--confirm', 'SRV-2')).toMatchObject({ code: 3 });
    expect((await group()).members.find((member) => member.active)?.server).toBe('SRV-1');

    const outcome = async (...args: string[]) => {
      const { code, json } = await on('failover', ...args);
      return [code, json.name];
    };
    expect(await outcome('Directory', 'switch', 'SRV-1')).toEqual([3, 'ALREADY_ACTIVE']);
    expect(await outcome('Directory', 'switch', 'SRV-9')).toEqual([2, 'NOT_FOUND']);
    expect(await outcome('Directory', 'switch')).toEqual([2, 'INVALID_INPUT']);
    expect(await outcome('Directory', 'explode')).toEqual([2, 'INVALID_INPUT']);
    expect(await outcome('Directory', 'backup-now')).toEqual([2, 'INVALID_INPUT']);
    expect(await outcome('Elsewhere', 'reconnect')).toEqual([2, 'NOT_FOUND']);
    expect(await outcome('Directory', 'restore-contingency')).toEqual([2, 'INVALID_INPUT']);
    expect(await outcome('Directory', 'restore-contingency', 'none')).toEqual([2, 'NOT_FOUND']);
  }, 120_000);

  it('switches, reconnects, and brings a contingency backup back', async () => {
    const switched = await on('failover', 'Directory', 'switch', 'SRV-2/Directory', '--confirm', 'yes');
    expect(switched.json, switched.stderr).toMatchObject({
      ok: true,
      job: { status: expect.stringMatching(/^succeeded/) },
    });
    expect((await group()).members.find((member) => member.active)?.server).toBe('SRV-2');
    const refused = await on('failover', 'Directory', 'reconnect');
    const confirm = (refused.json.details as { confirm: string }).confirm;
    const back = await on('failover', 'Directory', 'reconnect', '--confirm', confirm);
    expect(back.json, back.stderr).toMatchObject({ ok: true });
    await until('the full backup after it', group, inSync, 120_000);
    const kept = (await group()).contingencies.find((one) => one.kind === 'backup');
    expect(kept).toBeDefined();
    const asked = await on('failover', 'Directory', 'restore-contingency', kept!.id);
    expect(asked).toMatchObject({ code: 3, json: { name: 'CONFIRMATION_REQUIRED', details: { confirm: 'SRV-1' } } });
    const restored = await on('failover', 'Directory', 'restore-contingency', kept!.id, '--confirm', 'SRV-1');
    expect(restored.json, restored.stderr).toMatchObject({
      ok: true,
      job: { status: expect.stringMatching(/^succeeded/) },
    });
  }, 240_000);

  it('restores by name, over a typed confirmation', async () => {
    await until('the full backup after it', group, inSync, 60_000);
    const taken = await on('backup', 'SRV-1/Directory', '-b');
    expect(taken.json, taken.stderr).toMatchObject({ ok: true });
    const restore = ['restore', '--to', 'SRV-1/Directory', '-f', taken.json.file as string, '-r', '-o'];
    expect(await on(...restore, '-a')).toMatchObject({
      code: 3,
      json: { name: 'CONFIRMATION_REQUIRED', details: { confirm: 'Directory', effects: expect.any(Array) } },
    });
    const unknown = await on('restore', '--to', 'SRV-1/Directory', '-f', path.join(data, 'no.bak'), '-r');
    expect(unknown).toMatchObject({ code: 2, json: { name: 'NOT_FOUND', hint: expect.stringContaining('.bak') } });
    const done = await on(...restore, '-a', '-n', '-d', data, '--confirm', 'Directory');
    expect(done.json, done.stderr).toMatchObject({
      ok: true,
      activated: true,
      steps: Array(7).fill(expect.objectContaining({ status: expect.stringMatching(/^(done|skipped)$/) })),
      verify: { status: 'skipped' },
    });
    const peers = path.join(data, 'peers.json');
    fs.writeFileSync(peers, JSON.stringify([{ server: 'CHIP', vector: ['s7FFFFFFF r01 e001'] }]));
    const behind = await on(...restore, '-a', '-d', data, '--peers', peers, '--confirm', 'Directory');
    expect(behind.json, behind.stderr).toMatchObject({
      ok: false,
      code: -6034,
      activated: false,
      verify: {
        status: 'behind',
        servers: expect.arrayContaining([
          expect.objectContaining({
            server: 'CHIP',
            replicas: expect.arrayContaining([
              expect.objectContaining({ number: 1, remote: 's7FFFFFFF r01 e001', status: 'behind' }),
            ]),
          }),
        ]),
      },
    });
    expect(await on('restadv', '--to', 'SRV-1/Directory')).toMatchObject({
      code: 3,
      json: { name: 'CONFIRMATION_REQUIRED' },
    });
    expect(await on('restadv', '--to', 'SRV-1/Directory', '-m')).toMatchObject({ code: 0, json: { action: 'delete' } });
    expect(await on('restadv', '--to', 'SRV-1/Directory', '-m')).toMatchObject({ code: 3, json: { name: 'NO_RST' } });
    expect(await on('restadv', '--to', 'SRV-1/Directory')).toMatchObject({
      code: 3,
      json: { name: 'NO_RST' },
    });
  }, 120_000);

  it('cancels the job on Ctrl+C, and says so when the engine goes away', async () => {
    const large = path.join(data, 'files', 'large.db');
    fs.mkdirSync(path.dirname(large));
    createLarge(large);
    const settings = {
      server: null,
      name: 'Large',
      path: large,
      backupFolder: null,
      logging: false,
      switchToWal: false,
    };
    const { instanceId } = await engine.call((api) => api.instances.protect(settings));
    const backup = [
      'backup',
      instanceId,
      '-f',
      path.join(data, 'files', 'large.bak'),
      '-b',
      '--level',
      '15',
      '--data',
      data,
      '--json',
    ];
    const first = start(backup);
    await first.says('Copying pages');
    first.child.kill('SIGINT');
    const cancelled = await first.ended;
    expect([cancelled.code, JSON.parse(cancelled.stdout).name]).toEqual([130, 'CANCELLED']);
    expect(fs.readdirSync(path.dirname(large)).filter((name) => name.includes('.bak'))).toEqual([]);
    const second = start(backup);
    await second.says('Copying pages');
    await engine.kill();
    const ended = await second.ended;
    expect([ended.code, JSON.parse(ended.stdout).name]).toEqual([1, 'ENGINE_NOT_RUNNING']);
  }, 120_000);
});
