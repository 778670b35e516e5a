// Launches an agent as a utility process: the desktop's way to a process of its own, with Node switched off in the app's binary.
import { type UtilityProcess, utilityProcess } from 'electron';
import { SPEC_VARIABLE } from '../core/agent/launch-child.ts';
import type { AgentLauncher } from '../core/agent/types.ts';
import { HoldfastError } from '../core/contract/errors.ts';
import { connectAgent } from '../core/rpc/connect.ts';
import type { MessagePortLike } from '../core/rpc/ports.ts';

const START_TIMEOUT_MS = 15_000;
const STDERR_KEPT = 4000;

/** `launch` resolves once the agent answers; one that ends or stays silent before that is SERVER_UNREACHABLE. */
export function createUtilityLauncher(entry: string): AgentLauncher {
  return {
    async launch(spec) {
      const child = utilityProcess.fork(entry, [], {
        serviceName: `Holdfast agent ${spec.name}`,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, [SPEC_VARIABLE]: JSON.stringify(spec) },
      });
      let errors = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString('utf8')).slice(-STDERR_KEPT);
      });
      let running = true;
      const exited = new Promise<void>((resolve) =>
        child.once('exit', () => {
          running = false;
          resolve();
        }),
      );
      // UtilityProcess.kill() only asks; the outage switch and a hung agent need an end that cannot be refused.
      const kill = () => {
        if (running && child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
      };
      const api = connectAgent(portToUtility(child));
      const answered = await Promise.race([
        api.status({}).then(() => 'answered' as const),
        exited.then(() => 'ended while it was starting' as const),
        timeout(START_TIMEOUT_MS).then(() => 'did not answer after it was started' as const),
      ]).catch((error: unknown) => {
        kill();
        throw error;
      });
      if (answered !== 'answered') {
        kill();
        throw new HoldfastError('SERVER_UNREACHABLE', `The agent of ${spec.name} ${answered}`, {
          details: { root: spec.root, output: errors.trim() },
        });
      }
      return { api, pid: child.pid as number, exited, kill };
    },
  };
}

function timeout(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** The parent's end of a utility process's channel. */
function portToUtility(child: UtilityProcess): MessagePortLike {
  let running = true;
  child.once('exit', () => {
    running = false;
  });
  return {
    on(event, callback) {
      if (event === 'message') child.on('message', (data: unknown) => callback({ data }));
      if (event === 'close') child.on('exit', () => callback());
    },
    postMessage(data) {
      if (running) child.postMessage(data);
    },
  };
}
