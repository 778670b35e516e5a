// Agents in processes of their own that kill themselves at a step that a test names, and their end with the test.
import path from 'node:path';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import type { AgentProcess } from '../../core/agent/types.ts';
import type { Lab } from './agent-lab.ts';

const launcher = createChildLauncher({ entry: path.resolve(import.meta.dirname, 'crashing-agent-child.ts') });

export interface CrashingAgents {
  /** Starts the agent of SRV-1; it ends itself at the step `crashAt`. */
  launch(lab: Lab, crashAt: string): Promise<AgentProcess>;
  /** Ends every agent that still runs. */
  end(): Promise<void>;
}

export function createCrashingAgents(): CrashingAgents {
  const running: AgentProcess[] = [];
  return {
    async launch(lab, crashAt) {
      process.env.HOLDFAST_CRASH_AT = crashAt;
      const started = await launcher.launch(lab.spec('SRV-1'));
      running.push(started);
      return started;
    },
    async end() {
      for (const one of running.splice(0)) {
        one.kill();
        await one.exited;
      }
    },
  };
}
