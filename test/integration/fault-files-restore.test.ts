// Every write, fsync, rename, open, truncate, link and removal of a restore and of a standby's apply fails, once and for good: the old
// set is active again, or the new one whole, and the next attempt works.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { systemClock } from '../../core/platform/clock.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import {
  backup,
  collect,
  count,
  createDatabase,
  createLab,
  type Lab,
  type RestoreRun,
  sql,
} from '../support/agent-lab.ts';
import { type Attempt, everyFault, type FaultyFiles, faultyFiles } from '../support/faulty-files.ts';

let lab: Lab;
let faulty: FaultyFiles;
let agent: Agent;
let api: AgentApi;
let db: string;
let ahead = 0;
const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };

beforeEach(async () => {
  lab = createLab();
  faulty = faultyFiles();
  db = lab.path('data', 'Directory.db');
  fs.mkdirSync(lab.path('bak'));
  createDatabase(db, 20);
  ({ agent, api } = await lab.agent('SRV-1', { files: faulty.files, clock }));
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
});
afterEach(() => lab.close());

/** The run, or what it was refused with before anything was begun. */
async function run(
  work: () => Promise<AsyncIterable<never>> | Promise<unknown>,
): Promise<Pick<RestoreRun, 'result' | 'error'>> {
  try {
    return await collect((await work()) as Parameters<typeof collect>[0]);
  } catch (error) {
    return { result: null, error: error as RestoreRun['error'] };
  }
}

/** The history of backups and the tables of the system are only looked at in the long form: nothing depends on them. */
const counted = (_call: string, name: string) =>
  Number(process.env.HOLDFAST_RUNS ?? 0) > 0 ||
  !(name.endsWith('.log') || name.startsWith('/proc/') || name.endsWith('-wal'));

const expected = /^(IO_ERROR|NO_SPACE|LOG_DEVICE_FULL|CAPTURE_GAP)$/;

/** Beats, with the retry's time gone by, until the instance is what `state` says. */
async function settled(name: string): Promise<void> {
  ahead += 6000;
  agent.tick();
  await expect
    .poll(async () => (await api.status({})).instances.find((one) => one.name === name)?.state, {
      timeout: 15_000,
      interval: 5,
    })
    .toBe('Online');
}

it('a restore', async () => {
  const full = lab.path('bak', 'full.bak');
  const log = lab.path('restore.log');
  await backup(api, 'Directory', { file: full });
  sql(db, `INSERT INTO entry (name) VALUES ('incremental')`);
  await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i1.bak') });
  let rows = count(db);
  const shown = await everyFault(
    faulty,
    ['once', 'lasting', 'short'],
    async (fault: Attempt) => {
      sql(db, `INSERT INTO entry (name) VALUES ('${fault.mode} ${fault.nth}')`);
      rows += 1;
      faulty.arm(fault, counted);
      const { result, error } = await run(() => api.restore({ instance: 'Directory', options: { file: full, log } }));
      faulty.disarm();
      if (error) expect(error.name, error.message).toMatch(expected);
      else expect(result).not.toBeNull();
      await settled('Directory');
      const now = count(db);
      if (result) expect(now).toBe(21);
      else expect([21, rows]).toContain(now);
      // Past the point of no return a failure is brought to its end, which is the new set.
      rows = now;
      expect(sql(db, `PRAGMA integrity_check; INSERT INTO entry (name) VALUES ('goes on') RETURNING 'written'`)).toBe(
        'ok\nwritten',
      );
      rows += 1;
      expect(fs.existsSync(lab.path('data', '.holdfast', 'Directory', 'journal.json'))).toBe(false);
    },
    2,
  );
  expect(shown).toBeGreaterThan(40);
  const last = await run(() => api.restore({ instance: 'Directory', options: { file: full, log } }));
  expect(last.error).toBeNull();
  expect(count(db)).toBe(21);
}, 600_000);

it('a restore whose incremental cannot be opened just now, whatever the system calls it', async () => {
  const full = lab.path('bak', 'full.bak');
  const log = lab.path('restore.log');
  const incremental = lab.path('bak', 'i1.bak');
  await backup(api, 'Directory', { file: full });
  sql(db, `INSERT INTO entry (name) VALUES ('incremental')`);
  await backup(api, 'Directory', { type: 'incremental', file: incremental });
  for (const pick of [0, 1, 2]) {
    faulty.arm({ nth: 1, mode: 'once', pick }, (call, file) => call === 'openSync' && file === incremental);
    const { error } = await run(() => api.restore({ instance: 'Directory', options: { file: full, log } }));
    expect(faulty.struck).toBe(true);
    faulty.disarm();
    expect(error?.name).toMatch(expected);
    await settled('Directory');
    expect(count(db)).toBe(21);
  }
});

it('an incremental that is applied to a standby', async () => {
  const standby = { instance: 'Copy', path: lab.path('copy', 'Directory.db'), replica: 2 };
  const full = lab.path('bak', 'full.bak');
  const log = lab.path('apply.log');
  await backup(api, 'Directory', { file: full });
  await api.attachStandby(standby);
  expect((await collect(await api.applyToStandby({ instance: 'Copy', file: full, log }))).error).toBeNull();
  let number = 0;
  const shown = await everyFault(faulty, ['once', 'lasting', 'short'], async (fault: Attempt) => {
    sql(db, `INSERT INTO entry (name) VALUES ('${fault.mode} ${fault.nth}')`);
    const file = lab.path('bak', `${++number}`, 'x.bak');
    fs.mkdirSync(path.dirname(file));
    await backup(api, 'Directory', { type: 'incremental', file });
    const before = agent.instance('Copy').facts.lastRestore;
    faulty.arm(fault, counted);
    const { result, error } = await run(() => api.applyToStandby({ instance: 'Copy', file, log }));
    faulty.disarm();
    if (error) expect(error.name, error.message).toMatch(expected);
    else expect(result).not.toBeNull();
    if (!result && agent.instance('Copy').facts.applying === null) {
      expect(agent.instance('Copy').facts.lastRestore).toEqual(before);
      expect(() => sql(standby.path, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
    }
    if (!result) {
      const again = await run(() => api.applyToStandby({ instance: 'Copy', file, log }));
      expect(again.error).toBeNull();
    }
    await settled('Copy');
    expect(sql(standby.path, 'PRAGMA integrity_check')).toBe('ok');
    expect(count(standby.path)).toBe(count(db));
    expect(() => sql(standby.path, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
  });
  expect(shown).toBeGreaterThan(12);
}, 600_000);
