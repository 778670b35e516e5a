// Launches an agent as a child process and talks to it over its IPC channel.
import { type ChildProcess, fork } from 'node:child_process';
import { HoldfastError } from '../contract/errors.ts';
import { connectAgent } from '../rpc/connect.ts';
import { portToChild } from '../rpc/ports.ts';
import type { AgentLauncher, AgentProcess, AgentSpec } from './types.ts';

/** Name of the environment variable that carries the spec to the child, as JSON. */
export const SPEC_VARIABLE = 'HOLDFAST_AGENT_SPEC';

/**
 * What an agent makes dies young. V8 would let the space for it grow to 134 MB in the course of some hours and keep it; 8 MB a half
 * cost nothing that was measured.
 */
export const AGENT_FLAGS: readonly string[] = ['--max-semi-space-size=8'];
const STDERR_KEPT = 4000;
/** Time to recover before the first answer: after a kill, the logs since the last backup are read to prove where capture stands. */
const START_MS = 60_000;

export interface ChildLauncherOptions {
  /** The agent's entry module. */
  entry: string;
  /** The Node binary; this process's own by default. */
  execPath?: string;
  /** How long a new agent may take until it answers, ms. */
  startTimeoutMs?: number;
}

/** `launch` resolves once the agent answers; a child that ends or stays silent before that is SERVER_UNREACHABLE. */
export function createChildLauncher(options: ChildLauncherOptions): AgentLauncher {
  return {
    async launch(spec: AgentSpec): Promise<AgentProcess> {
      const child = fork(options.entry, [], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: { ...process.env, [SPEC_VARIABLE]: JSON.stringify(spec) },
        ...(options.execPath ? { execPath: options.execPath } : {}),
        execArgv: [...AGENT_FLAGS],
      });
      const stderr = keepTail(child);
      const exited = new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        child.once('error', () => resolve());
      });
      const api = connectAgent(portToChild(child));
      await firstAnswer(child, exited, api.status({}), spec, stderr, options.startTimeoutMs ?? START_MS);
      return {
        api,
        pid: child.pid as number,
        exited,
        kill: () => {
          child.kill('SIGKILL');
        },
      };
    },
  };
}

function keepTail(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_KEPT);
  });
  return () => tail.trim();
}

async function firstAnswer(
  child: ChildProcess,
  exited: Promise<void>,
  answer: Promise<unknown>,
  spec: AgentSpec,
  stderr: () => string,
  timeoutMs: number,
): Promise<void> {
  const failed = (what: string, cause?: unknown) => {
    child.kill('SIGKILL');
    return new HoldfastError('SERVER_UNREACHABLE', `The agent of ${spec.name} ${what}`, {
      details: { root: spec.root, output: stderr() },
      cause,
    });
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failed('did not answer after it was started')), timeoutMs);
  });
  const ended = exited.then(() => {
    throw failed('ended while it was starting');
  });
  try {
    await Promise.race([answer, late, ended]);
  } catch (error) {
    if (error instanceof HoldfastError) {
      child.kill('SIGKILL');
      throw error;
    }
    throw failed('could not be reached', error);
  } finally {
    clearTimeout(timer);
    ended.catch(() => {});
    late.catch(() => {});
  }
}
