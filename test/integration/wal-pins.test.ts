// Who holds the WAL, and what is dangerous about the programs that use a database: with real programs on a real database.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { locksOn } from '../../core/sqlite/lock-table.ts';
import { createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';

const instance = 'Directory';
const within = { timeout: 20_000 };
let lab: Lab;
let db: string;
beforeEach(() => {
  lab = createLab();
  db = lab.path('data', 'Directory.db');
  createDatabase(db);
});
afterEach(() => lab.close());

const one = async (api: AgentApi) => (await api.status({})).instances[0]!;

/** A Python program with the database open that runs `statements`, says so, and stays until it is stopped. */
async function program(statements: string[]): Promise<{ pid: number; stop(): Promise<void> }> {
  const lines = statements.map((text) => `c.execute(${JSON.stringify(text)}).fetchall()`).join('\n');
  const script = `import sqlite3,sys\nc=sqlite3.connect(${JSON.stringify(db)}, isolation_level=None)\n${lines}\nprint('ready')\nsys.stdin.read()`;
  const child = spawn('python3', ['-uc', script]);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the program ended')));
  });
  return {
    pid: child.pid as number,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.once('exit', () => resolve());
        child.stdin.end();
      }),
  };
}

it('names the reader that holds the WAL, since when and how much of it, until it lets go; our own locks stay', async () => {
  const { agent, api } = await lab.agent();
  await api.protect({ instance, path: db, replica: 1, logging: true });
  expect((await one(api)).walPins).toEqual([]);
  const shm = fs.statSync(`${db}-shm`).ino;
  const own = () => locksOn(systemFiles, shm, 0).filter(({ pid }) => pid === process.pid).length;
  const held = own();
  expect(held).toBeGreaterThan(0);
  const began = Date.now();
  const reader = await program(['BEGIN', 'SELECT count(*) FROM entry']);
  for (let i = 0; i < 5; i++) sql(db, 'UPDATE entry SET body = randomblob(300)');
  await expect.poll(async () => (await one(api)).walPins?.[0]?.pid, within).toBe(reader.pid);
  await expect.poll(async () => (await one(api)).walPins?.[0]?.bytes ?? 0, within).toBeGreaterThan(5 * 60_000);
  const pin = (await one(api)).walPins?.[0];
  expect(pin).toMatchObject({ kind: 'reader', level: 'info' });
  expect(pin?.program).toMatch(/^python/);
  expect(pin?.since).toBeGreaterThanOrEqual(began);
  expect(pin?.since).toBeLessThanOrEqual(Date.now());
  expect((await one(api)).walPins).toHaveLength(1);
  expect(own()).toBe(held);
  await reader.stop();
  await expect.poll(async () => (await one(api)).walPins, within).toEqual([]);
  expect(agent.instance(instance).capture).not.toBeNull();
});

it('names a write transaction that stays open', async () => {
  const { api } = await lab.agent();
  await api.protect({ instance, path: db, replica: 1, logging: false });
  const writer = await program(['BEGIN IMMEDIATE']);
  await expect
    .poll(async () => (await one(api)).walPins?.find(({ kind }) => kind === 'writer')?.pid, within)
    .toBe(writer.pid);
  await writer.stop();
});

it('reports an old SQLite in a program that uses the database, checkpoints of others, and traits of the file', async () => {
  fs.rmSync(db);
  sql(
    db,
    'PRAGMA page_size=1024; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT)',
  );
  const { api } = await lab.agent();
  await api.protect({ instance, path: db, replica: 1, logging: true });
  await expect.poll(async () => (await one(api)).hazards?.map(({ code }) => code), within).toContain('AUTO_VACUUM');
  const user = await program(['SELECT 1 FROM entry']);
  const version = execFileSync('python3', ['-c', 'import sqlite3; print(sqlite3.sqlite_version)'], {
    encoding: 'utf8',
  }).trim();
  const report = await api.hazards({ instance });
  expect(report.openers).toEqual([
    { pid: user.pid, program: expect.stringMatching(/^python/), sqliteVersions: [version] },
  ]);
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const old = major * 1e6 + minor * 1e3 + patch < 3_051_003;
  expect(report.hazards.some(({ code }) => code === 'WAL_RESET_RACE')).toBe(old);
  expect(report.hazards.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['AUTO_VACUUM', 'PAGE_SIZE', 'LOGS_BESIDE_DATABASE']),
  );
  expect(report.facts).toContainEqual({ label: 'Journal mode', value: 'WAL' });
  expect((await one(api)).hazards).toEqual(report.hazards);
  await user.stop();
  expect((await api.hazards({ instance })).openers).toEqual([]);
});

it('notices a checkpoint that waits for our reader, and with which writers wait', async () => {
  const { api } = await lab.agent();
  await api.protect({ instance, path: db, replica: 1, logging: true });
  sql(db, 'UPDATE entry SET body = randomblob(300)');
  await api.captureNow({ instance });
  const waiting = spawn('sqlite3', [db, 'PRAGMA busy_timeout=10000; PRAGMA wal_checkpoint(TRUNCATE)']);
  const ended = new Promise((resolve) => waiting.once('exit', resolve));
  await expect
    .poll(
      async () => (await api.hazards({ instance })).hazards.find(({ code }) => code === 'FOREIGN_CHECKPOINT')?.level,
      within,
    )
    .toBe('warning');
  waiting.kill('SIGKILL');
  await ended;
});
