// Step 6 waits for silent peers: answers turn up row by row, a person decides, time runs out, the agent is killed meanwhile.
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import type { Vector } from '../../core/contract/common.ts';
import type { RestoreView } from '../../core/contract/restore.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createDatabase, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';

let lab: Lab;
let agent: Agent;
let api: AgentApi;
let db: string;
let full: string;
let log: string;

beforeEach(async () => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  ({ agent, api } = await lab.agent());
  db = lab.path('data', 'Directory.db');
  full = lab.path('bak', 'full.bak');
  log = lab.path('bak', 'restore.log');
  createDatabase(db);
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  await backup(api, 'Directory', { file: full });
  sql(db, `INSERT INTO entry (name) VALUES ('after the backup')`);
});
afterEach(() => lab.close());

const peer = (server: string, vector: Vector | null) => ({ server, replica: 'Directory', vector });
const status = async () => (await api.status({})).instances[0]!;

/** Starts a restore that waits, and follows it in the background. */
async function waiting(waitMs: number, peers = [peer('SRV-2', []), peer('SRV-3', null)]) {
  const options = { file: full, log, peers, waitMs };
  const stream = await api.restore({ instance: 'Directory', options });
  const views: RestoreView[] = [];
  const ended = (async () => {
    let error: string | null = null;
    let activated = false;
    for await (const event of stream) {
      if (event.kind === 'view') views.push(event.view);
      if (event.kind === 'failed') error = event.error.name;
      if (event.kind === 'result') activated = event.result.activated;
    }
    return { error, activated, view: views.at(-1)! };
  })();
  await expect.poll(() => views.at(-1)?.verification.waiting ?? null, { timeout: 15_000 }).not.toBeNull();
  return { views, ended };
}

describe('step 6 and a silent peer', () => {
  it('goes on as soon as the last one has answered, and shows each answer', async () => {
    const { views, ended } = await waiting(60_000, [peer('SRV-2', null), peer('SRV-3', null)]);
    expect(views.at(-1)!.verification).toMatchObject({ status: 'running', integrity: 'ok' });
    expect(await api.answerPeers({ target: 'Directory', peers: [peer('SRV-2', [])] })).toEqual({ taken: true });
    await expect
      .poll(() => views.at(-1)!.verification.servers.map((one) => one.status), { timeout: 15_000 })
      .toEqual(['ok', 'waiting']);
    expect(views.at(-1)!.verification.waiting!.rounds).toBe(1);
    expect((await status()).writable).toBe(false);
    await api.answerPeers({ target: 'Directory', peers: [peer('srv-3', [])] });
    const { error, activated, view } = await ended;
    expect({ error, activated }).toEqual({ error: null, activated: true });
    expect(view.verification).toMatchObject({ status: 'ok', code: 0, waiting: null });
    expect(view.lights).toEqual({ data: 'on', verified: 'on', active: 'on' });
    expect(count(db)).toBe(200);
  });

  it('fails with -6034 at once when the late answer is ahead', async () => {
    const { ended } = await waiting(60_000);
    const ahead = [{ replica: 1, sec: 4e9, event: 1, seq: 99 }];
    await api.answerPeers({ target: 'Directory', peers: [peer('SRV-3', ahead)] });
    expect(await ended).toMatchObject({ error: 'VERIFICATION_BEHIND', activated: false });
    expect(await status()).toMatchObject({ hasRst: true, writable: true });
  });

  it('ends with -7034 when the time is up; nothing of the wait is lost', async () => {
    const { ended } = await waiting(300);
    expect(await ended).toMatchObject({ error: 'VERIFICATION_UNREACHABLE', activated: false });
    expect(count(db)).toBe(201);
    const rst = await api.waitingRst({ instance: 'Directory' });
    expect(rst).toMatchObject({ verified: false, verification: { status: 'unreachable', code: -7034 } });
    expect(rst!.verification!.servers.map((one) => [one.server, one.status])).toEqual([
      ['SRV-2', 'ok'],
      ['SRV-3', 'unreachable'],
    ]);
    const finish = { instance: 'Directory', action: 'activate', open: true, clearLock: true, log } as const;
    expect(await failure(api.finishRst({ ...finish, override: false }))).toBe('CONFIRMATION_REQUIRED');
    const again = await api.verifyRst({ instance: 'Directory', peers: [peer('SRV-2', []), peer('SRV-3', null)], log });
    expect(again.status).toBe('unreachable');
    const good = await api.verifyRst({ instance: 'Directory', peers: [peer('SRV-2', []), peer('SRV-3', [])], log });
    expect(good).toMatchObject({ status: 'ok', integrity: 'ok' });
    await api.finishRst({ ...finish, override: false });
    expect(count(db)).toBe(200);
  });

  it('does what is decided: leaves the set in RST, or goes on without the silent ones', async () => {
    expect(await failure(api.decidePeers({ target: 'Directory', decision: 'leave' }))).toBe('NOT_SUPPORTED');
    const first = await waiting(60_000);
    await api.decidePeers({ target: 'Directory', decision: 'leave' });
    expect(await first.ended).toMatchObject({ error: 'VERIFICATION_UNREACHABLE' });
    expect(count(db)).toBe(201);
    const second = await waiting(60_000);
    await api.decidePeers({ target: 'Directory', decision: 'goOn' });
    expect(await second.ended).toMatchObject({
      error: null,
      activated: true,
      view: { verification: { status: 'overridden' } },
    });
    expect(count(db)).toBe(200);
    expect(fs.readFileSync(log, 'utf8')).toContain('Decided: go on without: SRV-3');
  });

  it('keeps the set and its table when the reader goes away while it waits', async () => {
    const controller = new AbortController();
    const options = { file: full, log, peers: [peer('SRV-2', []), peer('SRV-3', null)], waitMs: 60_000 };
    const reached = new Promise<void>((resolve) => {
      agent.deps.at = (name) => {
        if (name === 'waiting') resolve();
      };
    });
    const stream = await api.restore({ instance: 'Directory', options }, { signal: controller.signal });
    const ended = collect(stream).catch(() => null);
    await reached;
    controller.abort();
    await ended;
    await expect.poll(async () => (await status()).state, { timeout: 15_000 }).toBe('Online');
    expect(count(db)).toBe(201);
    const rst = await api.waitingRst({ instance: 'Directory' });
    expect(rst!.verification!.servers.map((one) => one.server)).toEqual(['SRV-2', 'SRV-3']);
  });
});
