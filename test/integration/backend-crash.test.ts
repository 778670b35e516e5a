// kill -9 of the agent at every step that concerns several files: all new or all old, never mixed; all chains moved or none.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createLab, type Lab, restore, sql } from '../support/agent-lab.ts';
import { createCrashingAgents } from '../support/crashing-agents.ts';
import { createPair, type Pair } from '../support/pair-lab.ts';

let lab: Lab;
let pair: Pair;
let full: string;
const agents = createCrashingAgents();

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  pair = createPair(lab);
  full = lab.path('bak', 'f.bak');
});
afterEach(async () => {
  await agents.end();
  await lab.close();
});

const launch = (crashAt: string) => agents.launch(lab, crashAt);

const add = (name: string) => {
  for (const file of [pair.first, pair.second]) sql(file, `INSERT INTO entry (name) VALUES ('${name}')`);
};

async function prepare(): Promise<void> {
  const { agent, api } = await lab.agent();
  await api.protect({
    instance: 'Directory',
    path: pair.first,
    replica: 1,
    logging: true,
    backendId: 'userRoot',
    backends: [{ id: 'schema', path: pair.second }],
  });
  await backup(api, 'Directory', { file: full });
  add('after the backup');
  await agent.stop();
}

const statusOf = async (api: AgentApi) => (await api.status({})).instances[0]!;

async function online(): Promise<AgentApi> {
  const { api } = await lab.agent();
  await expect.poll(async () => (await statusOf(api)).state, { timeout: 20_000 }).toBe('Online');
  return api;
}

/** Each point costs two agents: by default those on both sides of every decision, with HOLDFAST_ALL_POINTS=1 all. */
const all = process.env.HOLDFAST_ALL_POINTS === '1';
const old = ['closing', 'step6.end', 'activating', ...(all ? ['step3.end', 'verifying'] : [])];
const fresh = [
  'set.forward',
  'set.member',
  'set.recorded',
  'adopted',
  ...(all ? ['swap.kept', 'swap.ready', 'swap.renamed', 'set.closed', 'activated'] : []),
];

describe('kill -9 during a restore of two files', () => {
  it.each([...old, ...fresh])('at %s', async (point) => {
    await prepare();
    const doomed = await launch(point);
    const log = lab.path('bak', 'restore.log');
    await doomed.api
      .restore({ instance: 'Directory', options: { file: full, log } })
      .then((stream) => Promise.race([collect(stream), doomed.exited]))
      .catch(() => {});
    await doomed.exited;

    const api = await online();
    const completed = fresh.includes(point);
    expect([count(pair.first), count(pair.second)]).toEqual(completed ? [200, 200] : [201, 201]);
    const after = await statusOf(api);
    expect(after).toMatchObject({ writable: true, fullRequired: completed, outOfSync: false });
    expect(after.backends!.map((one) => one.logging.on)).toEqual([!completed, !completed]);
    for (const { home, path: file } of after.backends!) {
      expect(fs.existsSync(path.join(home, 'journal.json'))).toBe(false);
      expect(fs.existsSync(path.join(home, 'set-journal.json'))).toBe(false);
      const kept = path.join(home, 'contingency');
      const folders = fs.existsSync(kept) ? fs.readdirSync(kept) : [];
      expect(folders.map((id) => count(path.join(kept, id, path.basename(file))))).toEqual(completed ? [201] : []);
      expect(sql(file, 'PRAGMA integrity_check')).toBe('ok');
    }
    add('goes on');
    const again = await restore(api, 'Directory', { file: full });
    expect(again.error).toBeNull();
    expect([count(pair.first), count(pair.second)]).toEqual([200, 200]);
  });
});

describe('kill -9 during a backup of two files', () => {
  it.each([
    'set.written',
    'set.decided',
    ...(all ? ['backup.written', 'backup.indexed', 'set.committed', 'backup.committed'] : []),
  ])('at %s the chains stay one', async (point) => {
    await prepare();
    const doomed = await launch(point);
    const first = lab.path('bak', 'i1.bak');
    await Promise.race([backup(doomed.api, 'Directory', { type: 'incremental', file: first }), doomed.exited]).catch(
      () => {},
    );
    await doomed.exited;
    const api = await online();
    const counted = ['set.decided', 'set.committed', 'backup.committed'].includes(point);
    expect([fs.existsSync(first), fs.existsSync(lab.path('bak', 'i1.schema.bak'))]).toEqual([counted, counted]);
    add('more');
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i2.bak') });
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect([count(pair.first), count(pair.second)]).toEqual([202, 202]);
  });
});

describe('a failure while the files are exchanged', () => {
  it.each([1, 2])('takes back what was exchanged before file %i', async (failing) => {
    await prepare();
    let kept = 0;
    const { api } = await lab.agent('SRV-1', {
      at: (name) => {
        if (name === 'swap.ready' && ++kept === failing)
          throw Object.assign(new Error('the disk failed'), { code: 'EIO' });
      },
    });
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).not.toBeNull();
    expect([count(pair.first), count(pair.second)]).toEqual([201, 201]);
    const after = await statusOf(api);
    expect(after).toMatchObject({ state: 'Online', writable: true, fullRequired: false, hasRst: true });
    for (const { home } of after.backends!) {
      expect(fs.existsSync(path.join(home, 'set-journal.json'))).toBe(false);
      const folder = path.join(home, 'contingency');
      expect(fs.existsSync(folder) ? fs.readdirSync(folder) : []).toEqual([]);
    }
    add('goes on');
    const again = await restore(api, 'Directory', { file: full });
    expect(again.error).toBeNull();
    expect([count(pair.first), count(pair.second)]).toEqual([200, 200]);
  });
});
