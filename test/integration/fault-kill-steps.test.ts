// kill -9 of an agent before each call with which it writes a log, makes it durable, begins the next one, and at each point inside a
// barrier and of the change of readers, while another program commits: afterwards nothing asks for a full backup, and backup and logs give the database.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { backup, collect, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';

const script = path.resolve(import.meta.dirname, '../support/fault-crash-child.ts');
let lab: Lab;
let db: string;

beforeEach(() => {
  lab = createLab();
  db = lab.path('data', 'Directory.db');
  fs.mkdirSync(lab.path('bak'));
  createDatabase(db, 30);
});
afterEach(() => lab.close());

interface Doomed {
  status: Record<string, unknown>;
  arm(): void;
  gone(): boolean;
  exited: Promise<NodeJS.Signals | null>;
  end(): Promise<unknown>;
}

async function start(point: string): Promise<Doomed> {
  const child = spawn(process.execPath, [script, JSON.stringify(lab.spec('SRV-1')), point], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  let gone = false;
  child.stderr.on('data', (data) => (errors += data));
  const exited = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => {
      gone = true;
      resolve(signal);
    }),
  );
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', () => reject(new Error(`${point}: ${errors}`)));
  });
  return {
    status: JSON.parse(line) as Record<string, unknown>,
    arm: () => void child.stdin.write('arm\n'),
    gone: () => gone,
    exited,
    end: () => {
      child.stdin.end();
      return exited;
    },
  };
}

/** A commit that rolls the log makes some twelve calls; the short form takes every third of them. */
const long = Number(process.env.HOLDFAST_RUNS ?? 0) > 0;
const calls = Array.from({ length: 12 }, (_, i) => i + 1).filter((n) => long || n % 3 === 1);
const steps = ['locked', 'released', 'copied', 'beginning', 'relieving', 'relieved'];
const points = [...calls.map((n) => `files:${n}`), ...steps];

const content = (file: string) =>
  sql(file, `SELECT count(*), sum(id), sum(length(body)), group_concat(name) FROM entry ORDER BY id`);

it('at every step', async () => {
  const first = await lab.agent();
  await first.api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  await first.api.setConfig({ instance: 'Directory', minBytes: 65_536, maxBytes: 100_000_000 });
  const full = lab.path('bak', 'full.bak');
  await backup(first.api, 'Directory', { file: full });
  await first.agent.stop();

  let number = 0;
  for (const point of points) {
    const doomed = await start(point);
    expect(doomed.status, `the start before ${point}`).toEqual({
      state: 'Online',
      fullRequired: false,
      outOfSync: false,
    });
    doomed.arm();
    // One commit large enough for a barrier and for the next log, then small ones until the agent is gone.
    const deadline = Date.now() + 40_000;
    for (let large = true; !doomed.gone(); large = false) {
      if (Date.now() > deadline) throw new Error(`${point} was not reached`);
      const bytes = large || number % 5 === 0 ? 4_600_000 : 3000;
      sql(
        db,
        `DELETE FROM entry WHERE length(body) > 100000; INSERT INTO entry (name, body) VALUES ('${point} ${number++}', randomblob(${bytes}))`,
      );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    expect(await doomed.exited, point).toBe('SIGKILL');
    sql(db, `INSERT INTO entry (name) VALUES ('while ${point} is down')`);
  }
  const last = await lab.agent();
  const status = (await last.api.status({})).instances[0]!;
  expect(status).toMatchObject({ state: 'Online', fullRequired: false, outOfSync: false });
  sql(db, `INSERT INTO entry (name) VALUES ('the end')`);
  const config = await last.api.getConfig({ instance: 'Directory' });
  last.agent.instance('Directory').captureNow();
  const target = lab.path('check.db');
  const options = { file: full, log: lab.path('l'), logFolder: config.directory };
  const run = await collect(await last.api.restoreToFile({ path: target, options }));
  expect(run.error).toBeNull();
  expect(sql(target, 'PRAGMA integrity_check')).toBe('ok');
  expect(content(target)).toBe(content(db));
}, 600_000);
