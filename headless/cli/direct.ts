// Work straight on a database file with no console running: this process is the agent for as long as the command lasts.
import path from 'node:path';
import { openDirectAgent } from '../../core/agent/open-agent.ts';
import type { BackendPlace } from '../../core/contract/backend.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { AgentApi } from '../../core/rpc/types.ts';

export interface Direct {
  api: AgentApi;
  instance: string;
}

/** Runs `work` with an agent on `database`, closes it in any case, and cancels it on SIGINT or SIGTERM. */
export async function withDirectAgent<T>(
  database: string,
  work: (direct: Direct, signal: AbortSignal) => Promise<T>,
  backends: BackendPlace[] = [],
): Promise<T> {
  return await cancellable(async (signal) => {
    const agent = await openExisting(database, backends);
    try {
      return await work(agent, signal);
    } finally {
      await agent.close();
    }
  });
}

/** An agent on a database file that must be there. */
export async function openExisting(
  database: string,
  backends: BackendPlace[] = [],
): Promise<Direct & { close(): Promise<void> }> {
  const agent = await openDirectAgent(path.resolve(database), { backends });
  if (agent.instance !== null) return { api: agent.api, instance: agent.instance, close: agent.close };
  await agent.close();
  throw new HoldfastError('NOT_FOUND', `There is no file ${database}`);
}

/** Gives `work` a signal that aborts on SIGINT or SIGTERM, and turns what then comes out into CANCELLED. */
export async function cancellable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(new HoldfastError('CANCELLED'));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
