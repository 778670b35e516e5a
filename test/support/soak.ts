// A soak: outside programs commit at a steady rate while a real engine backs up, drills, clears what retention lets go and removes logs
// that nobody needs. Samples what may grow, and judges whether it stayed flat.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { sqlite } from './ledger/ledger.ts';
import { startEngine } from './running-engine.ts';
import { judge, type SoakSample, summarize } from './soak-report.ts';

export interface SoakOptions {
  /** With Holdfast; the baseline before it takes a fifth of that, at most two minutes. */
  seconds: number;
  /** Commits a second of all writers together. */
  rate: number;
  say(line: string): void;
}

export type SoakReport = ReturnType<typeof summarize> & { problems: string[] };

const WRITERS = 3;
const LOG_BYTES = 8 * 1024 * 1024;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-soak-'));
  const database = path.join(folder, 'db', 'soak.db');
  const data = path.join(folder, 'data');
  const backups = path.join(folder, 'backups');
  for (const one of [path.dirname(database), data, backups]) fs.mkdirSync(one);
  sqlite(
    database,
    `PRAGMA journal_mode=WAL;
     CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
     CREATE TABLE event (id INTEGER PRIMARY KEY, writer TEXT, body BLOB);
     INSERT INTO account WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i, 1000 FROM n;
     INSERT INTO event (writer, body) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT 'seed', randomblob(400) FROM n;`,
  );
  const latencies: number[] = [];
  const writers = startWriters(database, options.rate / WRITERS, latencies);
  const taken = () => latencies.splice(0);
  try {
    const baselineSeconds = Math.min(120, Math.max(3, options.seconds / 5));
    options.say(`${baselineSeconds} s without Holdfast`);
    await pause(1500);
    taken();
    await pause(baselineSeconds * 1000);
    const baseline = taken();
    const engine = await startEngine(data);
    try {
      const run = new SoakRun(options, database, backups, engine.pid, taken);
      await engine.call((api) => run.all(api));
      await writers.stop();
      const report = summarize(run.samples, baseline, { baselineSeconds, ...run.counts });
      return { ...report, problems: [...run.problems, ...judge(report, options.rate)] };
    } finally {
      await engine.stop();
    }
  } finally {
    await writers.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

class SoakRun {
  readonly samples: SoakSample[] = [];
  readonly problems: string[] = [];
  readonly counts = { fulls: 0, incrementals: 0, drills: 0, clearings: 0, deletedLogs: 0 };
  private shipped = 0;
  private deletedLogBytes = 0;
  private instanceId = '';
  private sampling = false;
  private readonly options: SoakOptions;
  private readonly database: string;
  private readonly backups: string;
  private readonly enginePid: number;
  private readonly taken: () => number[];

  constructor(options: SoakOptions, database: string, backups: string, enginePid: number, taken: () => number[]) {
    this.options = options;
    this.database = database;
    this.backups = backups;
    this.enginePid = enginePid;
    this.taken = taken;
  }

  async all(api: ConsoleApi): Promise<void> {
    const { seconds, say } = this.options;
    const place = { server: null, path: this.database, backupFolder: this.backups, logging: true, switchToWal: false };
    ({ instanceId: this.instanceId } = await api.instances.protect({ ...place, name: 'Soak' }));
    const { instanceId } = this;
    await api.instances.setConfig({ instanceId, minBytes: LOG_BYTES, maxBytes: LOG_BYTES * 2 });
    await api.retention.setPolicy({ instanceId, policy: { keepFulls: 2, keepDays: null, manual: true } });
    await this.backUp(api, 'full');
    const every = Math.min(15, Math.max(1.5, seconds / 120)) * 1000;
    const began = performance.now();
    const end = began + seconds * 1000;
    this.sampling = true;
    const sampling = this.sample(api, end, Math.max(500, (seconds * 1000) / 240));
    // Awaited after the work; if the work fails first, that is what counts.
    sampling.catch(() => {});
    for (let round = 1; performance.now() < end; round++) {
      const due = performance.now() + every;
      await this.backUp(api, round % 5 === 0 ? 'full' : 'incremental');
      if (round % 3 === 0) await this.drill(api);
      if (round % 4 === 1) await this.clear(api);
      if (round % 20 === 0) say(`${Math.round((performance.now() - began) / 1000)} s: ${JSON.stringify(this.counts)}`);
      if (performance.now() < due) await pause(due - performance.now());
    }
    await sampling;
    this.sampling = false;
    await this.drill(api);
    const { instances } = await api.site.get({});
    const { status } = instances.find((one) => one.id === instanceId)!;
    if (status.fullRequired || status.outOfSync || status.state !== 'Online')
      this.problems.push(
        `the database ends as ${status.state}: ${status.fullRequiredReason ?? status.outOfSyncReason ?? ''}`,
      );
  }

  private async finished(api: ConsoleApi, what: string, jobId: string): Promise<boolean> {
    for (;;) {
      const { job } = await api.jobs.log({ jobId });
      if (['queued', 'running', 'canceling'].includes(job.status)) {
        await pause(50);
        continue;
      }
      if (job.status === 'succeeded') return true;
      this.problems.push(`${what}: ${job.status}, ${job.error?.message ?? job.verdict ?? ''}`);
      return false;
    }
  }

  private async backUp(api: ConsoleApi, type: 'full' | 'incremental'): Promise<void> {
    const { jobId } = await api.backup.start({ instanceId: this.instanceId, type });
    if (!(await this.finished(api, `${type} backup`, jobId))) return;
    const { instances } = await api.site.get({});
    const { status } = instances.find((one) => one.id === this.instanceId)!;
    if (type === 'full') this.counts.fulls += 1;
    else {
      this.counts.incrementals += 1;
      const file = status.lastIncremental!.file;
      this.shipped += fs.statSync(path.isAbsolute(file) ? file : path.join(this.backups, file)).size;
    }
  }

  private async drill(api: ConsoleApi): Promise<void> {
    const { instanceId } = this;
    for (let attempt = 1; ; attempt++) {
      const before = this.problems.length;
      const { jobId } = await api.drills.run({ instanceId, point: this.counts.drills % 2 === 0 ? 'last' : 'random' });
      await this.finished(api, 'drill', jobId);
      const [last] = await api.drills.reports({ instanceId, limit: 1 });
      // On a machine with much other work the drill's own agent may not have come up in its time: that proves nothing about the data.
      if (last?.error?.name === 'SERVER_UNREACHABLE' && attempt < 10) {
        this.problems.length = before;
        await pause(3000);
        continue;
      }
      if (last?.status !== 'passed') this.problems.push(`drill: ${last?.status}, ${last?.error?.message ?? ''}`);
      this.counts.drills += 1;
      return;
    }
  }

  private async clear(api: ConsoleApi): Promise<void> {
    const { instanceId } = this;
    await this.finished(api, 'retention', (await api.retention.run({ instanceId })).jobId);
    this.counts.clearings += 1;
    const logs = (await api.logging.logs({ instanceId }))
      .filter(({ standing }) => standing === 'safe')
      .map(({ log }) => log);
    if (logs.length === 0) return;
    const { deleted, bytes } = await api.logging.deleteLogs({ instanceId, logs });
    this.counts.deletedLogs += deleted.length;
    this.deletedLogBytes += bytes;
  }

  private async sample(api: ConsoleApi, end: number, everyMs: number): Promise<void> {
    this.taken();
    let before = performance.now();
    while (this.sampling && performance.now() < end) {
      await pause(everyMs);
      const { instances, servers } = await api.site.get({});
      const { status } = instances.find((one) => one.id === this.instanceId)!;
      const now = performance.now();
      this.samples.push({
        seconds: (now - before) / 1000,
        latencies: this.taken(),
        engineBytes: residentBytes(this.enginePid),
        agentBytes: residentBytes(servers[0]?.pid ?? 0),
        walBytes: fs.statSync(`${this.database}-wal`, { throwIfNoEntry: false })?.size ?? 0,
        logBytes: status.logging.usedBytes,
        loggedBytes: status.logging.usedBytes + this.deletedLogBytes,
        shippedBytes: this.shipped,
        backupBytes: folderBytes(this.backups),
        databaseBytes: fs.statSync(this.database).size,
      });
      before = now;
    }
  }
}

function startWriters(database: string, rate: number, latencies: number[]): { stop(): Promise<void> } {
  const children = Array.from({ length: WRITERS }, (_, i) => {
    const script = path.join(import.meta.dirname, 'soak-writer.py');
    const child = spawn('python3', [script, database, `w${i}`, String(rate)], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => {
      for (const tenth of (JSON.parse(line) as { latencies: number[] }).latencies) latencies.push(tenth / 10);
    });
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return { child, exited };
  });
  return {
    async stop() {
      for (const { child } of children) child.stdin.end();
      await Promise.all(children.map(({ exited }) => exited));
    },
  };
}

/** Memory that only this process has; 0 when it is gone. */
function residentBytes(pid: number): number {
  try {
    const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/RssAnon:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function folderBytes(folder: string): number {
  let bytes = 0;
  for (const name of fs.readdirSync(folder))
    bytes += fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
