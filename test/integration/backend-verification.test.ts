// The verification of several files against peers: each file's vector is compared, and the answer says which file is behind.
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BackendStatus } from '../../core/contract/backend.ts';
import type { Peer } from '../../core/contract/restore.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createLab, failure, type Lab, restore, sql } from '../support/agent-lab.ts';
import { createPair, type Pair, restoredPair } from '../support/pair-lab.ts';

let lab: Lab;
let pair: Pair;
let full: string;
let api: AgentApi;

beforeEach(async () => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  pair = createPair(lab);
  full = lab.path('bak', 'f.bak');
  ({ api } = await lab.agent());
  const backends = [{ id: 'schema', path: pair.second }];
  await api.protect({
    ...{ instance: 'Directory', path: pair.first, replica: 1, logging: true },
    ...{ backendId: 'userRoot', backends },
  });
});
afterEach(() => lab.close());

const add = (file: string) => sql(file, "INSERT INTO entry (name) VALUES ('later')");
const counts = (one: Pair) => [count(one.first), count(one.second)];
const status = async () => (await api.status({})).instances[0]!;
async function files(): Promise<BackendStatus[]> {
  await api.captureNow({ instance: 'Directory' });
  return (await status()).backends!;
}
const peer = ({ id, vector }: Pick<BackendStatus, 'id' | 'vector'>): Peer => ({
  ...{ server: 'SRV-2', replica: 'Directory' },
  ...{ backend: id, vector },
});

/** A full with a commit in both, then one more in the second file alone, and what each file holds at both times. */
async function prepare() {
  for (const file of [pair.first, pair.second]) add(file);
  const before = await files();
  await backup(api, 'Directory', { file: full });
  add(pair.second);
  return { before, after: await files() };
}

it('finds the second file behind where only its logs were left out, and keeps a whole set in RST', async () => {
  const { before, after } = await prepare();
  const run = await restore(api, 'Directory', { file: full, peers: after.map(peer) });
  expect(run.error?.message).toBe('The restored data lacks changes that SRV-2 (schema) has');
  expect(run.view.backend?.all.map(({ status: state }) => state)).toEqual(['waiting', 'failed']);
  expect(run.error).toMatchObject({ name: 'VERIFICATION_BEHIND', code: -6034 });
  expect(run.view.verification.servers).toMatchObject([
    { server: 'SRV-2', backend: 'userRoot', status: 'ok' },
    { server: 'SRV-2', backend: 'schema', status: 'behind', rows: [{ status: 'behind', behindCommits: 1 }] },
  ]);
  expect(fs.readFileSync(lab.path('bak', 'restore.log'), 'utf8')).toMatch(/File: schema\n +Status: ERROR = -6034/);
  expect(counts(pair)).toEqual([201, 202]);
  expect(await status()).toMatchObject({ hasRst: true, writable: true });
  expect((await api.waitingRst({ instance: 'Directory' }))?.backends).toEqual(
    before.map(({ id, vector }) => ({ id, vector })),
  );
  const log = lab.path('bak', 'r.log');
  const finish = { instance: 'Directory', action: 'activate' as const, open: true, clearLock: true, log };
  expect(await failure(api.finishRst({ ...finish, override: false }))).toBe('CONFIRMATION_REQUIRED');
  expect(await api.verifyRst({ instance: 'Directory', peers: after.map(peer), log })).toMatchObject({
    status: 'behind',
    servers: [{ status: 'ok' }, { backend: 'schema', status: 'behind' }],
  });
  // The peer has gone back to what the set holds: nothing is missing any more.
  expect((await api.verifyRst({ instance: 'Directory', peers: before.map(peer), log })).status).toBe('ok');
  await api.finishRst({ ...finish, override: false });
  expect(counts(pair)).toEqual([201, 201]);
});

it('passes with the logs of both, and says what each file holds', async () => {
  const { after } = await prepare();
  const { directory: logFolder } = (await status()).logging;
  const run = await restore(api, 'Directory', { file: full, logFolder, peers: after.map(peer) });
  expect(run.error).toBeNull();
  expect(run.result).toMatchObject({ activated: true, verify: { status: 'ok', servers: [{}, {}] } });
  expect(run.result?.backends?.map(({ id, vector }) => [id, vector[0]?.seq])).toEqual([
    ['userRoot', after[0]?.vector[0]?.seq],
    ['schema', after[1]?.vector[0]?.seq],
  ]);
  expect(counts(pair)).toEqual([201, 202]);
});

it('waits for the file that a server did not speak of, and takes its answer', async () => {
  const { before } = await prepare();
  const [first, second] = before as [BackendStatus, BackendStatus];
  const { server, replica, vector } = peer(first);
  const silent = await restore(api, 'Directory', { file: full, peers: [{ server, replica, vector }] });
  expect(silent.error).toMatchObject({ name: 'VERIFICATION_UNREACHABLE' });
  expect(silent.view.verification.servers).toMatchObject([
    { backend: 'userRoot', status: 'ok' },
    { backend: 'schema', status: 'unreachable', rows: [] },
  ]);
  const options = { file: full, log: lab.path('bak', 'w.log'), peers: [{ server, replica, vector }], waitMs: 600_000 };
  let answered = false;
  const stream = await api.restore({ instance: 'Directory', options });
  const run = await collect(
    (async function* () {
      for await (const event of stream) {
        yield event;
        if (answered || event.kind !== 'view' || !event.view.verification.waiting) continue;
        answered = true;
        const foreign = { ...peer(second), backend: 'other' };
        expect(await failure(api.answerPeers({ target: 'Directory', peers: [foreign] }))).toBe('INVALID_INPUT');
        await api.answerPeers({ target: 'Directory', peers: [peer(second)] });
      }
    })(),
  );
  expect(run.error).toBeNull();
  expect(run.result?.verify.status).toBe('ok');
  expect(counts(pair)).toEqual([201, 201]);
});

it('refuses a peer that names no file of the set, before anything is closed', async () => {
  const { after } = await prepare();
  const peers = [{ ...peer(after[0]!), backend: 'other' }];
  expect(await failure(restore(api, 'Directory', { file: full, peers }))).toBe('INVALID_INPUT');
  expect(await status()).toMatchObject({ state: 'Online', hasRst: false, writable: true });
  const into = restoredPair(lab, 'new');
  const options = { file: full, log: lab.path('bak', 'n.log'), peers: after.map(peer) };
  const run = await collect(await api.restoreToFile({ path: into.first, options }));
  expect(run.error?.name).toBe('VERIFICATION_BEHIND');
  expect(fs.readdirSync(lab.path('new')).filter((name) => name.endsWith('.db'))).toEqual([]);
});

it('says so when the second file is not sound, whatever the first one is', async () => {
  sql(
    pair.second,
    `UPDATE entry SET body = NULL WHERE id = 1; PRAGMA writable_schema = 1;
     UPDATE sqlite_master SET sql = replace(sql, 'body BLOB', 'body BLOB NOT NULL') WHERE name = 'entry';`,
  );
  await backup(api, 'Directory', { file: full });
  const run = await restore(api, 'Directory', { file: full });
  expect(run.error).toMatchObject({ name: 'INTEGRITY_FAILED' });
  expect(run.error?.message).toContain('Backend schema');
  const forced = await restore(api, 'Directory', { file: full, override: true });
  expect(forced.result).toMatchObject({ activated: true, verify: { status: 'overridden', integrity: 'failed' } });
});
