// Clocks that jump, a process that is stopped for twice its lease, and an hour that comes twice.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { backup, collect, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';

const HOUR = 3_600_000;
let lab: Lab;
let db: string;

beforeEach(() => {
  lab = createLab();
  db = lab.path('data', 'Directory.db');
  fs.mkdirSync(lab.path('bak'));
  createDatabase(db, 10);
});
afterEach(() => lab.close());

const commit = (name: string) => sql(db, `INSERT INTO entry (name) VALUES ('${name}')`);
const names = (file: string) => sql(file, `SELECT group_concat(name) FROM entry WHERE id > 10 ORDER BY id`);

it('an hour forward and two back: stamps and ids grow all the same, and the chain with its logs is whole', async () => {
  let ahead = 0;
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const { agent, api } = await lab.agent('SRV-1', { clock });
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  const full = lab.path('bak', 'full.bak');
  await backup(api, 'Directory', { file: full });
  const stamps: number[] = [];
  const idtags = new Set<string>();
  for (const [i, jump] of [0, HOUR, -2 * HOUR, 0, HOUR].entries()) {
    ahead += jump;
    commit(`c${i}`);
    const { idtag, vector } = await backup(api, 'Directory', {
      type: 'incremental',
      file: lab.path('bak', `i${i}.bak`),
    });
    idtags.add(idtag);
    const { sec, event } = vector.find(({ replica }) => replica === 1)!;
    stamps.push(sec * 1e6 + event);
  }
  expect(stamps, 'stamps never go back').toEqual(stamps.toSorted((a, b) => a - b));
  expect(new Set(stamps).size).toBe(5);
  expect(idtags.size).toBe(5);
  commit('only in the log');
  await api.captureNow({ instance: 'Directory' });
  const { directory } = await api.getConfig({ instance: 'Directory' });
  const target = lab.path('check.db');
  const run = await collect(
    await api.restoreToFile({ path: target, options: { file: full, log: lab.path('l'), logFolder: directory } }),
  );
  expect(run.error).toBeNull();
  expect(names(target)).toBe('c0,c1,c2,c3,c4,only in the log');
  // The agent that comes back under yet another time goes on where the logs end.
  await agent.stop();
  ahead = -5 * HOUR;
  const next = await lab.agent('SRV-1', { clock });
  commit('after the restart');
  const { vector } = await backup(next.api, 'Directory', { type: 'incremental', file: lab.path('bak', 'last.bak') });
  const { sec, event } = vector.find(({ replica }) => replica === 1)!;
  expect(sec * 1e6 + event).toBeGreaterThan(stamps.at(-1)!);
  expect((await next.api.status({})).instances[0]).toMatchObject({
    state: 'Online',
    fullRequired: false,
    outOfSync: false,
  });
});

it('the hour that comes twice: each of its two half past twos is a point of its own, in any time zone', async () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Europe/Berlin';
  try {
    // 02:30 summer time, 02:30 winter time.
    const [first, second] = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 1, 30)];
    const local = (ms: number) => new Date(ms).toString().slice(16, 21);
    expect([local(first), local(second)]).toEqual(['02:30', '02:30']);
    let now = first - HOUR;
    const { agent, api } = await lab.agent('SRV-1', { clock: { ...systemClock, now: () => now } });
    await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
    const full = lab.path('bak', 'full.bak');
    await backup(api, 'Directory', { file: full });
    for (const [name, at] of [
      ['summer', first],
      ['between', first + HOUR / 2],
      ['winter', second],
    ] as const) {
      now = at;
      commit(name);
      agent.instance('Directory').captureNow();
      // The zone of the machine may change, too: moments are kept without one.
      process.env.TZ = name === 'summer' ? 'America/New_York' : 'Europe/Berlin';
    }
    const { directory } = await api.getConfig({ instance: 'Directory' });
    for (const [until, expected] of [
      [first + 1000, 'summer'],
      [second - 1000, 'summer,between'],
      [second + 1000, 'summer,between,winter'],
    ] as const) {
      const target = lab.path(`at-${until}.db`);
      const options = { file: full, log: lab.path('l'), logFolder: directory, until };
      const run = await collect(await api.restoreToFile({ path: target, options }));
      expect(run.error).toBeNull();
      expect(names(target)).toBe(expected);
    }
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

it('an agent that is stopped for twice its lease serves no more when it goes on, until it gets the next lease', async () => {
  const launcher = createChildLauncher({
    entry: path.resolve(import.meta.dirname, '../support/crashing-agent-child.ts'),
  });
  const running = await launcher.launch(lab.spec('SRV-1'));
  try {
    const { api, pid } = running;
    await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
    commit('before');
    expect((await api.status({})).instances[0]?.writable).toBe(true);
    await api.lease({ ms: 2000, term: 1 });
    process.kill(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    process.kill(pid, 'SIGCONT');
    await expect.poll(async () => (await api.status({})).instances[0]?.writable, { timeout: 20_000 }).toBe(false);
    expect(() => commit('too late')).toThrow(/readonly|locked/);
    await expect(api.unfence({ instance: 'Directory', term: 1 })).rejects.toMatchObject({ name: 'DATABASE_FENCED' });
    await api.lease({ ms: 60_000, term: 2 });
    await api.unfence({ instance: 'Directory', term: 2 });
    commit('under the next lease');
    expect((await api.status({})).instances[0]).toMatchObject({
      writable: true,
      fullRequired: false,
      outOfSync: false,
    });
  } finally {
    running.kill();
    await running.exited;
  }
  expect(names(db)).toBe('before,under the next lease');
});
