// kill -9 of the agent, the engine or a writer at random moments: no acknowledged backup is lost, no database is damaged,
// and the console comes back with the truth. HOLDFAST_RUNS sets how many; the long form is `npm run prove:kill-anything` (200).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BackupResult } from '../../core/contract/backup.ts';
import { createLedgerDatabase, type Ledger, problemsOf, sqlite, startWriters } from '../support/ledger/ledger.ts';
import { seeded } from '../support/ledger/random.ts';
import { type RunningEngine, startEngine, until } from '../support/running-engine.ts';

const runs = Number(process.env.HOLDFAST_RUNS ?? 6);
const firstSeed = Number(process.env.HOLDFAST_SEED ?? 1);
const cli = path.resolve(import.meta.dirname, '../../headless/cli.ts');

let folder: string;
let data: string;
let database: string;
let ledger: Ledger;
let engine: RunningEngine;
let instanceId: string;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-kill-'));
  data = path.join(folder, 'data');
  fs.mkdirSync(data);
  database = path.join(folder, 'db', 'ledger.db');
  fs.mkdirSync(path.dirname(database));
  createLedgerDatabase(database);
  ledger = startWriters(database);
  engine = await startEngine(data);
  ({ instanceId } = await engine.call((api) =>
    api.instances.protect({
      server: null,
      name: 'Ledger',
      path: database,
      backupFolder: null,
      logging: true,
      switchToWal: false,
    }),
  ));
  await backUp('full');
});

afterAll(async () => {
  await engine?.stop();
  await ledger?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Runs a backup through the engine to its end and returns what was acknowledged. */
async function backUp(type: 'full' | 'incremental'): Promise<BackupResult> {
  return await engine.call(async (api) => {
    const { jobId } = await api.backup.start({ instanceId, type });
    let { job } = await api.jobs.log({ jobId });
    while (['queued', 'running', 'canceling'].includes(job.status)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ({ job } = await api.jobs.log({ jobId }));
    }
    if (job.error) throw Object.assign(new Error(job.error.message), { code: job.error.code });
    const { instances } = await api.site.get({});
    const { status, backupFolder } = instances.find((one) => one.id === instanceId)!;
    const last = type === 'full' ? status.lastFull : status.lastIncremental;
    return {
      type,
      idtag: last!.idtag,
      file: path.isAbsolute(last!.file) ? last!.file : path.join(backupFolder, last!.file),
    } as BackupResult;
  });
}

function holdfast(...args: string[]): { code: number; answer: Record<string, unknown> } {
  try {
    return {
      code: 0,
      answer: JSON.parse(
        execFileSync(process.execPath, [cli, ...args, '--json'], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      ),
    };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { code: status, answer: JSON.parse(stdout || '{}') };
  }
}

async function oneRound(seed: number, acknowledged: string[]): Promise<void> {
  const random = seeded(seed);
  const type = random.next() < 0.4 ? ('full' as const) : ('incremental' as const);
  const attempt = backUp(type).then(
    (result) => acknowledged.push(result.file),
    () => {},
  );
  await new Promise((resolve) => setTimeout(resolve, random.below(700)));
  const victim = random.pick(['agent', 'engine', 'writer', 'agent'] as const);
  let killed: number | null = null;
  if (victim === 'agent') {
    const { servers } = await engine.call((api) => api.site.get({}));
    killed = servers[0]?.pid ?? null;
    if (killed) process.kill(killed, 'SIGKILL');
  } else if (victim === 'engine') {
    await engine.kill();
    engine = await startEngine(data);
  } else {
    await ledger.crash();
  }
  await attempt;
  if (victim === 'writer') ledger.resume();

  const snapshot = await until(
    `seed ${seed}: the database is online again after the ${victim} was killed`,
    () => engine.call((api) => api.site.get({})),
    ({ instances, servers }) =>
      servers[0]?.state === 'online' &&
      servers[0].pid !== killed &&
      instances[0]?.reachable === true &&
      instances[0].status.state === 'Online',
    // An agent that keeps being killed is started again at longer and longer intervals, up to 30 s; and where the machine is so busy that
    // a start takes longer than it may, two or three of these pass.
    240_000,
  );
  expect(
    snapshot.jobs.filter((job) => job.status === 'running'),
    `seed ${seed}: jobs that still claim to run`,
  ).toEqual([]);
  expect(sqlite(database, 'PRAGMA quick_check; SELECT sum(balance) FROM account'), `seed ${seed}`).toBe('ok\n500000');
  const last = snapshot.instances[0]!.status.lastFull!;
  expect(fs.existsSync(last.file), `seed ${seed}: the last full that the console names`).toBe(true);
}

it(
  `keeps every acknowledged backup over ${runs} kills`,
  async () => {
    const acknowledged: string[] = [];
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      await oneRound(seed, acknowledged);
      if (seed % 5 === 0 || seed === firstSeed + runs - 1) {
        const verdict = await retryWhileRequired();
        acknowledged.push(verdict.file);
        await checkRestore(seed, verdict.file);
      }
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    const { code, answer } = holdfast('verify', ...acknowledged);
    expect({ code, answer }).toMatchObject({ code: 0, answer: { ok: true } });
  },
  60_000 + runs * 30_000,
);

/** After whatever happened, a full backup always works. */
const retryWhileRequired = () => backUp('full');

async function checkRestore(seed: number, file: string): Promise<void> {
  const image = path.join(folder, `restored-${seed}.db`);
  const header = holdfast('header', file).answer as { consistentAt: string };
  const { code, answer } = holdfast(
    'restore',
    '-r',
    '-f',
    file,
    '-l',
    path.join(folder, 'restore.log'),
    '--to',
    image,
    '-a',
    '-o',
  );
  expect({ code, answer }, `seed ${seed}`).toMatchObject({ code: 0, answer: { activated: true } });
  expect(problemsOf(image, ledger, Date.parse(header.consistentAt)), `seed ${seed}`).toEqual([]);
  fs.rmSync(image);
}
