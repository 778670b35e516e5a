// B12: what many small databases with logging cost while few of them are written.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { EngineUnderTest, pause, until } from '../engine-under-test.ts';
import { type Comparison, processorMs, type Series, withinLimit } from '../measure.ts';
import type { BenchPlace, Section } from '../section.ts';

const CORE_SHARE = 0.3;
const MEMORY_BYTES = 500e6;
const SECONDS = 20;
const PER_SECOND = 1;
const SETTLE_MS = 300_000;

interface Size {
  files: number;
  megabytes: number;
  written: number;
}

const WHOLE: Size = { files: 1_000, megabytes: 5, written: 50 };
const SHORT: Size = { files: 100, megabytes: 1, written: 5 };

/**
 * B12: one server, each file an instance of its own with logging on; first nobody writes, then one program writes to some of them, a
 * transaction a second each. Processor time of the agent, of the engine, and their resident memory.
 */
export async function tenants({ programs, folder, short }: BenchPlace): Promise<Section> {
  const size = short ? SHORT : WHOLE;
  const own = path.join(folder, 'tenants');
  const data = path.join(own, 'data');
  const databases = makeTenants(path.join(own, 'databases'), size);
  const engine = await EngineUnderTest.start(programs, data);
  let writer: ChildProcess | null = null;
  try {
    const began = performance.now();
    await engine.call(async (api) => {
      await api.servers.add({ name: 'BENCH', root: null });
      for (const [index, file] of databases.entries())
        await api.instances.protect({
          ...{ server: 'BENCH', name: `T${index}`, path: file, backupFolder: null, logging: true, switchToWal: false },
        });
    });
    const protectMs = performance.now() - began;
    const [agent] = engine.children();
    if (agent === undefined) throw new Error('The engine has no agent.');
    await calm(agent, size);
    const idle = await share([agent, engine.pid]);
    writer = await startWriter(databases.slice(0, size.written));
    await pause(3000);
    const busy = await share([agent, engine.pid]);
    const memory = [agent, engine.pid].map(residentBytes) as [number, number];
    const [agentIdle, engineIdle] = idle;
    const [agentBusy, engineBusy] = busy;
    const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
    const comparisons: Comparison[] = [
      withinLimit('B12', 'agent while some are written ÷ 30 % of a core', [agentBusy], CORE_SHARE),
      withinLimit('B12', 'memory of the agent ÷ 500 MB', [memory[0]], MEMORY_BYTES),
    ];
    const series: Series[] = [];
    return {
      id: 'B12',
      title: `${size.files} files of ${size.megabytes} MB with logging, ${size.written} of them written`,
      ...{ series, comparisons },
      facts: {
        'agent, nobody writes': percent(agentIdle),
        'agent, some are written': percent(agentBusy),
        'engine, nobody writes': percent(engineIdle),
        'engine, some are written': percent(engineBusy),
        'agent resident': megabytes(memory[0]),
        'engine resident': megabytes(memory[1]),
        'ms to protect one': Math.round(protectMs / size.files),
      },
    };
  } finally {
    writer?.stdin?.end();
    await engine.stop();
    fs.rmSync(own, { recursive: true, force: true });
  }
}

function makeTenants(folder: string, { files, megabytes }: Size): string[] {
  fs.mkdirSync(folder, { recursive: true });
  const template = path.join(folder, 'template.db');
  const db = new Database(template);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE entries (id INTEGER PRIMARY KEY, balance REAL, description TEXT)');
  const insert = db.prepare('INSERT INTO entries (balance, description) VALUES (?, ?)');
  const fill = db.transaction(() => {
    for (let row = 0; row < megabytes * 1000; row++) insert.run(row, `tenant ${row} `.padEnd(960, 'text '));
  });
  fill();
  db.close();
  const made = Array.from({ length: files }, (_, index) => {
    // Folders of their own: each has its home beside it.
    const place = path.join(folder, `t${index}`);
    fs.mkdirSync(place);
    const file = path.join(place, 'tenant.db');
    fs.copyFileSync(template, file);
    return file;
  });
  fs.rmSync(template);
  return made;
}

/** Until the agent has hashed every page and does no more than it does for ever. */
async function calm(agent: number, { files }: Size): Promise<void> {
  let before = processorMs([agent]);
  let least = Number.POSITIVE_INFINITY;
  await until(
    `The agent of ${files} files at rest`,
    async () => {
      await pause(2000);
      const now = processorMs([agent]);
      const used = now - before;
      before = now;
      const settled = used >= least * 0.9;
      least = Math.min(least, used);
      return settled ? true : null;
    },
    SETTLE_MS,
  );
}

/** Of one core, for each process. */
async function share(pids: number[]): Promise<[number, number]> {
  const start = performance.now();
  const before = pids.map((pid) => processorMs([pid]));
  await pause(SECONDS * 1000);
  const took = performance.now() - start;
  return pids.map((pid, index) => (processorMs([pid]) - (before[index] ?? 0)) / took) as [number, number];
}

async function startWriter(files: string[]): Promise<ChildProcess> {
  const script = path.join(import.meta.dirname, '..', 'tenant-writer.ts');
  const writer = spawn(process.execPath, [script, String(PER_SECOND), ...files], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    writer.stdout.once('data', () => resolve());
    writer.once('exit', () => reject(new Error('The writer ended at once.')));
  });
  return writer;
}

function residentBytes(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}
