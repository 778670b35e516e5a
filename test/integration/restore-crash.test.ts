// kill -9 of the agent at every step of a restore and of a standby's apply: the old set, or the new one, whole.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { backup, collect, count, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';
import { createCrashingAgents } from '../support/crashing-agents.ts';

let lab: Lab;
let db: string;
let full: string;
const agents = createCrashingAgents();

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  db = lab.path('data', 'Directory.db');
  full = lab.path('bak', 'full.bak');
  createDatabase(db);
});
afterEach(async () => {
  await agents.end();
  await lab.close();
});

const launch = (crashAt: string) => agents.launch(lab, crashAt);

async function prepare(): Promise<void> {
  const { agent, api } = await lab.agent();
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  await backup(api, 'Directory', { file: full });
  sql(db, `INSERT INTO entry (name) VALUES ('after the backup')`);
  await agent.stop();
}

const before = [
  'closing',
  'step1.end',
  'step2.end',
  'step3.begin',
  'step3.end',
  'step4.end',
  'step5.end',
  'verifying',
  'step6.end',
];
const swapping = ['activating', 'swap.kept', 'swap.ready'];
const after = ['swap.renamed', 'activated', 'adopted'];

describe('kill -9 during a restore', () => {
  it.each([...before, ...swapping, ...after])('at %s', async (point) => {
    await prepare();
    const doomed = await launch(point);
    const log = lab.path('bak', 'restore.log');
    await doomed.api
      .restore({ instance: 'Directory', options: { file: full, log } })
      .then((stream) => Promise.race([collect(stream), doomed.exited]))
      .catch(() => {});
    await doomed.exited;

    const next = await lab.agent();
    await expect.poll(async () => (await next.api.status({})).instances[0]?.state).toBe('Online');
    const { instances } = await next.api.status({});
    const completed = after.includes(point);
    expect(count(db)).toBe(completed ? 200 : 201);
    expect(instances[0]).toMatchObject({
      writable: true,
      fullRequired: completed,
      outOfSync: false,
      logging: { on: !completed },
      hasRst: [...swapping, 'verifying', 'step6.end'].includes(point),
    });
    expect(sql(db, `INSERT INTO entry (name) VALUES ('goes on'); SELECT 'ok'`)).toBe('ok');
    expect(sql(db, 'PRAGMA integrity_check')).toBe('ok');
    const kept = await next.api.contingencies({ instance: 'Directory' });
    expect(kept.map((one) => count(one.path))).toEqual(completed ? [201] : []);
    expect(fs.existsSync(lab.path('data', '.holdfast', 'Directory', 'journal.json'))).toBe(false);

    const again = await collect(await next.api.restore({ instance: 'Directory', options: { file: full, log } }));
    expect(again.error).toBeNull();
    expect(count(db)).toBe(200);
  });
});

describe('kill -9 while step 6 waits for a silent server', () => {
  it('leaves the old set active, and the set in RST with what was known', async () => {
    await prepare();
    const doomed = await launch('waiting');
    const log = lab.path('bak', 'restore.log');
    const peers = [
      { server: 'SRV-2', replica: 'Directory', vector: [] },
      { server: 'SRV-3', replica: 'Directory', vector: null },
    ];
    await doomed.api
      .restore({ instance: 'Directory', options: { file: full, log, peers, waitMs: 60_000 } })
      .then((stream) => Promise.race([collect(stream), doomed.exited]))
      .catch(() => {});
    await doomed.exited;

    const { api } = await lab.agent();
    await expect.poll(async () => (await api.status({})).instances[0]?.state, { timeout: 15_000 }).toBe('Online');
    expect(count(db)).toBe(201);
    const rst = await api.waitingRst({ instance: 'Directory' });
    expect(rst).toMatchObject({ verified: false, reason: expect.stringContaining('waited for servers') });
    expect(rst!.verification!.servers.map((one) => [one.server, one.status])).toEqual([
      ['SRV-2', 'ok'],
      ['SRV-3', 'unreachable'],
    ]);
    const asked = peers.map((peer) => ({ ...peer, vector: [] }));
    expect(await api.verifyRst({ instance: 'Directory', peers: asked, log })).toMatchObject({ status: 'ok' });
    await api.finishRst({
      instance: 'Directory',
      action: 'activate',
      override: false,
      open: true,
      clearLock: true,
      log,
    });
    expect(count(db)).toBe(200);
  });
});

describe('kill -9 while a set that waits in RST is activated', () => {
  it.each(['activating', 'swap.kept', 'swap.renamed'])('at %s', async (point) => {
    await prepare();
    const first = await lab.agent();
    const log = lab.path('bak', 'restore.log');
    const options = { file: full, log, activate: false };
    await collect(await first.api.restore({ instance: 'Directory', options }));
    await first.agent.stop();
    const finish = {
      instance: 'Directory',
      action: 'activate' as const,
      override: false,
      open: true,
      clearLock: true,
      log,
    };
    const doomed = await launch(point);
    await Promise.race([doomed.api.finishRst(finish).catch(() => {}), doomed.exited]);
    await doomed.exited;

    const next = await lab.agent();
    const completed = point === 'swap.renamed';
    expect((await next.api.status({})).instances[0]).toMatchObject({
      state: 'Online',
      writable: true,
      hasRst: !completed,
    });
    expect(count(db)).toBe(completed ? 200 : 201);
    expect(sql(db, `INSERT INTO entry (name) VALUES ('goes on'); SELECT 'ok'`)).toBe('ok');
    if (completed) return;
    const { contingency } = await next.api.finishRst(finish);
    expect(count(path.join(contingency!, 'Directory.db'))).toBe(202);
    expect(count(db)).toBe(200);
  });
});

describe('kill -9 during a backup', () => {
  it.each(['backup.written', 'backup.indexed', 'backup.committed'])('at %s the chain is whole', async (point) => {
    await prepare();
    const doomed = await launch(point);
    const first = lab.path('bak', 'i1.bak');
    await Promise.race([backup(doomed.api, 'Directory', { type: 'incremental', file: first }), doomed.exited]).catch(
      () => {},
    );
    await doomed.exited;
    const next = await lab.agent();
    sql(db, `INSERT INTO entry (name) VALUES ('more')`);
    // A file whose place in the chain was never recorded would be taken for the next link.
    expect(fs.existsSync(first)).toBe(point === 'backup.committed');
    await backup(next.api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i2.bak') });
    const target = lab.path('r.db');
    const run = await collect(
      await next.api.restoreToFile({ path: target, options: { file: full, log: lab.path('l') } }),
    );
    expect(run.error).toBeNull();
    expect(count(target)).toBe(202);
  });
});

describe('kill -9 while an incremental is applied to a standby', () => {
  it.each(['apply.begin', 'apply.batch', 'apply.written'])(
    'at %s it is applied to its end at the next start',
    async (point) => {
      await prepare();
      const source = await lab.agent();
      const standby = { instance: 'Copy', path: lab.path('copy', 'Directory.db'), replica: 2 };
      await source.api.attachStandby(standby);
      const log = lab.path('bak', 'apply.log');
      expect((await collect(await source.api.applyToStandby({ instance: 'Copy', file: full, log }))).error).toBeNull();
      const file = lab.path('bak', 'i1.bak');
      await backup(source.api, 'Directory', { type: 'incremental', file });
      await source.agent.stop();

      const doomed = await launch(point);
      await doomed.api
        .applyToStandby({ instance: 'Copy', file, log })
        .then((stream) => Promise.race([collect(stream), doomed.exited]))
        .catch(() => {});
      await doomed.exited;
      const next = await lab.agent();
      const copy = async () => (await next.api.status({})).instances.find((one) => one.name === 'Copy')!;
      await expect.poll(async () => (await copy()).state).toBe('Online');
      expect((await copy()).lastRestore?.idtag).toBe((await next.api.header({ file })).info.idtag);
      expect(sql(standby.path, 'PRAGMA integrity_check')).toBe('ok');
      expect(count(standby.path)).toBe(201);
      expect(() => sql(standby.path, `INSERT INTO entry (name) VALUES ('x')`)).toThrow(/readonly/);
    },
  );
});
