// A real engine in a process of its own for tests: started by the command line, called over its WebSocket, killed as it comes.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { withEngine } from '../../headless/cli/engine-client.ts';

const cli = path.resolve(import.meta.dirname, '../../headless/cli.ts');

export interface RunningEngine {
  pid: number;
  process: ChildProcess;
  call<T>(work: (api: ConsoleApi) => Promise<T>): Promise<T>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the orderly end. */
  stop(): Promise<void>;
}

export async function startEngine(data: string, extra: string[] = []): Promise<RunningEngine> {
  const note = path.join(data, 'engine.json');
  fs.rmSync(note, { force: true });
  const child = spawn(process.execPath, [cli, 'serve', '--data', data, '--port', '0', '--no-open', ...extra], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = Date.now() + 90_000;
  while (!fs.existsSync(note)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the engine did not start:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return {
    pid: child.pid!,
    process: child,
    call: (work) => withEngine(data, work),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** Asks until `test` is content; the last answer is in the error. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  test: (value: T) => boolean,
  timeoutMs = 90_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask().catch((error: unknown) => error as T);
    if (!(value instanceof Error) && test(value)) return value;
    if (Date.now() > deadline)
      throw new Error(
        `${what}: not within ${timeoutMs} ms; last: ${value instanceof Error ? value.stack : JSON.stringify(value)?.slice(0, 2000)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
