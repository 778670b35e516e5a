// The agent of one restore drill: a process of its own at the lowest priority, rooted in the throw-away folder.
import os from 'node:os';
import path from 'node:path';
import type { AgentLauncher } from '../agent/types.ts';
import type { DrillAgent } from '../drills/types.ts';
import type { Clock } from '../platform/clock.ts';
import { realPath } from './server-name.ts';

const END_MS = 10_000;
const LOWEST = 19;

export interface DrillAgentOptions {
  launcher: AgentLauncher;
  clock: Clock;
  site(): { name: string; organization: string };
}

/** It may write below `folder`, read in `readable`, and take keys of encrypted backups from `keyFolders`; it protects nothing, so it can be killed at any moment. */
export async function launchDrillAgent(
  { launcher, clock, site }: DrillAgentOptions,
  folder: string,
  readable: readonly string[],
  keyFolders: readonly string[],
): Promise<DrillAgent> {
  const { name, organization } = site();
  const agent = await launcher.launch({
    name: 'DRILL',
    root: path.join(folder, 'agent'),
    site: name,
    organization,
    allowedFolders: [...new Set([folder, ...readable].map(realPath))],
    keyFolders: [...keyFolders],
    httpPort: 0,
    fenceOnly: false,
  });
  let ended = false;
  void agent.exited.then(() => {
    ended = true;
  });
  lowerPriority(agent.pid);
  return {
    api: agent.api,
    pid: agent.pid,
    kill: () => agent.kill(),
    async end() {
      if (ended) return;
      const late = new AbortController();
      // The answer may be lost with the process: its end is what counts.
      agent.api.shutdown({}).catch(() => {});
      const timeout = clock.sleep(END_MS, late.signal).then(
        () => agent.kill(),
        () => {},
      );
      await agent.exited;
      late.abort();
      await timeout;
    },
  };
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, LOWEST);
  } catch (error) {
    // It may have ended already, or the system does not let it: the drill is as good without.
    if (!['ESRCH', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
