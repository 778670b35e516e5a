// Runs an agent in this process and serves it on a port until it is shut down or its parent goes away.
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import type { MessagePortLike } from '../rpc/ports.ts';
import { servePort } from '../rpc/serve.ts';
import { isMeasuring } from '../sqlite/measure.ts';
import { Agent, type AgentDeps } from './agent.ts';
import { createAgentRouter } from './router.ts';
import type { AgentSpec } from './types.ts';

/**
 * Resolves when the agent has ended in an orderly way: by `shutdown`, or because the port closed. Rejects when it could
 * not start, for example with AGENT_RUNNING.
 */
export async function runAgent(spec: AgentSpec, port: MessagePortLike, deps: Partial<AgentDeps> = {}): Promise<void> {
  let parentGone = false;
  let agent: Agent | null = null;
  // Registered before anything is awaited: a parent that dies during the start must not leave an orphan.
  port.on('close', () => {
    parentGone = true;
    void agent?.stop();
  });
  agent = await Agent.start(spec, { files: systemFiles, clock: systemClock, ...deps });
  if (parentGone) await agent.stop();
  else servePort(createAgentRouter(agent), port);
  await agent.ended;
  // A probe's statement cannot be interrupted, and the end of a process waits for its threads: everything else is durable by now.
  if (isMeasuring()) process.kill(process.pid, 'SIGKILL');
}
