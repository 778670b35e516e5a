// A folder with databases and agents for tests: agents in this process over the real router, writers are other programs.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Agent, type AgentDeps } from '../../core/agent/agent.ts';
import { createAgentRouter } from '../../core/agent/router.ts';
import type { AgentSpec } from '../../core/agent/types.ts';
import type { BackupOptions, BackupResult } from '../../core/contract/backup.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { RestoreEvent, RestoreOptions, RestoreResult, RestoreView } from '../../core/contract/restore.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { inProcessAgent } from '../../core/rpc/serve.ts';
import type { AgentApi } from '../../core/rpc/types.ts';

export interface Lab {
  folder: string;
  path(...parts: string[]): string;
  spec(name: string, patch?: Partial<AgentSpec>): AgentSpec;
  agent(name?: string, deps?: Partial<AgentDeps>): Promise<{ agent: Agent; api: AgentApi }>;
  close(): Promise<void>;
}

export function createLab(): Lab {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-agent-')));
  const agents: Agent[] = [];
  const spec = (name: string, patch: Partial<AgentSpec> = {}): AgentSpec => ({
    name,
    root: path.join(folder, name),
    site: 'TEST',
    organization: 'LAB',
    allowedFolders: [folder],
    httpPort: 0,
    fenceOnly: false,
    ...patch,
  });
  return {
    folder,
    path: (...parts) => path.join(folder, ...parts),
    spec,
    async agent(name = 'SRV-1', deps = {}) {
      const agent = await Agent.start(spec(name), { files: systemFiles, clock: systemClock, ...deps });
      agents.push(agent);
      return { agent, api: inProcessAgent(createAgentRouter(agent)) };
    },
    async close() {
      for (const agent of agents) await agent.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs SQL in the sqlite3 program. */
export function sql(file: string, text: string): string {
  return execFileSync('sqlite3', ['-bail', file], {
    input: `.timeout 5000\n${text}\n`,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
}

export function createDatabase(file: string, rows = 200): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  sql(
    file,
    `PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO entry SELECT i, 'entry ' || i, randomblob(300) FROM n;`,
  );
}

export const count = (file: string): number => Number(sql(file, 'SELECT count(*) FROM entry'));

/** A program that keeps `file` open with a read transaction until it is stopped. */
export async function holdOpen(file: string): Promise<{ pid: number; stop(): Promise<void> }> {
  const child = spawn('python3', [
    '-u',
    '-c',
    `import sqlite3,sys\nc=sqlite3.connect(${JSON.stringify(file)})\nc.execute('select count(*) from sqlite_master').fetchone()\nprint('open')\nsys.stdin.read()`,
  ]);
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the holder ended')));
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

export async function backup(
  api: AgentApi,
  instance: string,
  options: Partial<BackupOptions> & { file: string },
): Promise<BackupResult> {
  const log = path.join(path.dirname(options.file), 'backup.log');
  for await (const event of await api.backup({ instance, options: { type: 'full', log, ...options } }))
    if (event.kind === 'result') return event.result;
  throw new Error('the backup ended without a result');
}

export interface RestoreRun {
  result: RestoreResult | null;
  error: HoldfastError | null;
  views: RestoreView[];
  view: RestoreView;
}

export async function collect(stream: AsyncIterable<RestoreEvent>): Promise<RestoreRun> {
  const run: Omit<RestoreRun, 'view'> = { result: null, error: null, views: [] };
  for await (const event of stream) {
    if (event.kind === 'view') run.views.push(event.view);
    if (event.kind === 'result') run.result = event.result;
    if (event.kind === 'failed') run.error = HoldfastError.fromReport(event.error as never);
  }
  return { ...run, view: run.views.at(-1) as RestoreView };
}

export async function restore(
  api: AgentApi,
  instance: string,
  options: Partial<RestoreOptions> & { file: string },
): Promise<RestoreRun> {
  const log = path.join(path.dirname(options.file), 'restore.log');
  return collect(await api.restore({ instance, options: { log, ...options } }));
}

/** The name of the expected failure that `work` ends in. */
export async function failure(work: Promise<unknown> | (() => Promise<unknown>)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    return error instanceof HoldfastError ? error.name : `not expected: ${String(error)}`;
  }
  return 'no failure';
}
