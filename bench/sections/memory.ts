// B9: how much memory the engine's process and its agent take while a database is backed up and restored.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { withEngine } from '../../headless/cli/engine-client.ts';
import type { Comparison, Series } from '../measure.ts';
import type { BenchPlace, Section } from '../section.ts';

const TARGET_BYTES = 250e6;
const INSTANCE = 'BENCH/Bench';

/** B9: a full, an incremental and a restore into a new file through an engine of its own; peak resident size of each process. */
export async function memory({ programs, folder, database }: BenchPlace): Promise<Section> {
  const data = path.join(folder, 'engine');
  const copy = path.join(folder, 'engine-database', 'bench.db');
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.copyFileSync(database, copy);
  const engine = spawn(
    process.execPath,
    [path.join(programs, 'serve.js'), '--data', data, '--port', '0', '--no-open'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const exited = new Promise<void>((resolve) => engine.once('exit', () => resolve()));
  try {
    while (!fs.existsSync(path.join(data, 'engine.json'))) await new Promise((resolve) => setTimeout(resolve, 50));
    const agents = await withEngine(data, (api) => work(api, copy, engine.pid!));
    const peak = peakBytes(engine.pid!);
    const comparison: Comparison = {
      ...{ id: 'B9', text: 'peak of the engine ÷ 250 MB', ratio: peak / TARGET_BYTES, processor: Number.NaN },
      ...{ best: peak / TARGET_BYTES, low: peak / TARGET_BYTES, high: peak / TARGET_BYTES },
      ...{ target: 1, met: peak <= TARGET_BYTES },
    };
    const series: Series[] = [];
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    return {
      id: 'B9',
      title: 'Memory during a full, an incremental and a restore',
      ...{ series, comparisons: [comparison] },
      facts: { engine: megabytes(peak), agent: megabytes(agents) },
    };
  } finally {
    engine.kill('SIGTERM');
    await exited;
    for (const left of [data, path.dirname(copy)]) fs.rmSync(left, { recursive: true, force: true });
  }
}

/** Peak of the agent, which is the engine's only child by then. */
async function work(api: ConsoleApi, database: string, engine: number): Promise<number> {
  await api.servers.add({ name: 'BENCH', root: null });
  await api.instances.protect({
    ...{ server: 'BENCH', name: 'Bench', path: database, backupFolder: null, logging: true, switchToWal: false },
  });
  for (const type of ['full', 'incremental'] as const)
    await ended(api, (await api.backup.start({ instanceId: INSTANCE, type })).jobId);
  const plan = await api.restore.plan({
    ...{ instanceId: INSTANCE, skipVerify: true },
    target: { kind: 'file', server: 'BENCH', path: `${database}.restored` },
  });
  await ended(api, (await api.restore.start({ token: plan.token })).jobId);
  const children = fs.readFileSync(`/proc/${engine}/task/${engine}/children`, 'utf8').trim().split(' ');
  return Math.max(...children.map((pid) => peakBytes(Number(pid))));
}

async function ended(api: ConsoleApi, jobId: string): Promise<void> {
  for (;;) {
    const { job } = await api.jobs.log({ jobId });
    if (job.error) throw new Error(job.error.message);
    if (job.endedAt !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function peakBytes(pid: number): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}
