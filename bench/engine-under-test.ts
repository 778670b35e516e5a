// The engine as it runs in the product: a process of its own on a data folder, called over its web door.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Job } from '../core/contract/jobs.ts';
import type { ConsoleApi } from '../core/rpc/types.ts';
import { withEngine } from '../headless/cli/engine-client.ts';

const START_MS = 120_000;
const POLL_MS = 100;

export class EngineUnderTest {
  readonly pid: number;
  /** What it printed: the address of the console. */
  readonly url: Promise<string>;
  private readonly data: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;

  private constructor(data: string, child: ChildProcess) {
    this.data = data;
    this.child = child;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    this.url = new Promise((resolve) => {
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const found = /^(http\S+)$/m.exec(text)?.[1];
        if (found) resolve(found);
      });
    });
  }

  /** Starts the engine of the folder `programs`; `data` is created if need be. */
  static async start(programs: string, data: string): Promise<EngineUnderTest> {
    fs.mkdirSync(data, { recursive: true });
    const args = [path.join(programs, 'serve.js'), '--data', data, '--port', '0', '--no-open'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const engine = new EngineUnderTest(data, child);
    const until = performance.now() + START_MS;
    while (!fs.existsSync(path.join(data, 'engine.json'))) {
      if (child.exitCode === null && performance.now() < until) await pause(50);
      else {
        await engine.stop();
        throw new Error('The engine did not start.');
      }
    }
    return engine;
  }

  call<T>(work: (api: ConsoleApi) => Promise<T>): Promise<T> {
    return withEngine(this.data, work);
  }

  /** Ids of the processes that it has started: its agents. */
  children(): number[] {
    const text = fs.readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  }

  /** The orderly end, with its agents; safe to call more than once. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.exited;
  }
}

/** Resolves with the job once it has ended well; throws what it failed with. */
export async function jobEnded(api: ConsoleApi, jobId: string): Promise<Job> {
  for (;;) {
    const { job } = await api.jobs.log({ jobId });
    if (job.error) throw new Error(`${job.title}: ${job.error.message}`);
    if (job.endedAt !== null) return job;
    await pause(POLL_MS);
  }
}

/** Asks until there is an answer; throws with `what` when there is none in time. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null>,
  timeoutMs: number,
  everyMs = POLL_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${Math.round(timeoutMs / 1000)} s.`);
    await pause(everyMs);
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
