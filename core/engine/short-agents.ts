// Agents that live for one errand: a fence on the root of a server whose agent is gone, a look at a file that none may touch yet.
import fs from 'node:fs';
import path from 'node:path';
import type { AgentLauncher, AgentProcess, AgentSpec } from '../agent/types.ts';
import type { Clock } from '../platform/clock.ts';
import type { AgentApi } from '../rpc/types.ts';
import { realPath } from './server-name.ts';

const END_MS = 10_000;
const TEMPORARY = 'probe-';

export interface ShortAgents {
  /** Launches an agent, lets it work, and ends it in every case. */
  launchFor<T>(spec: AgentSpec, work: (api: AgentApi) => Promise<T>): Promise<T>;
  /** The same with a root of its own, which is removed afterwards. */
  withTemporaryRoot<T>(folders: string[], work: (api: AgentApi) => Promise<T>): Promise<T>;
}

export interface ShortAgentsOptions {
  launcher: AgentLauncher;
  clock: Clock;
  dataFolder: string;
  site(): { name: string; organization: string };
}

/** Removes what an engine that was killed during an errand left behind. */
export function createShortAgents({ launcher, clock, dataFolder, site }: ShortAgentsOptions): ShortAgents {
  for (const name of fs.readdirSync(dataFolder))
    if (name.startsWith(TEMPORARY)) fs.rmSync(path.join(dataFolder, name), { recursive: true, force: true });

  async function end(process: AgentProcess): Promise<void> {
    const late = new AbortController();
    // The answer may be lost with the process: its end is what counts.
    process.api.shutdown({}).catch(() => {});
    const timeout = clock.sleep(END_MS, late.signal).then(
      () => process.kill(),
      () => {},
    );
    await process.exited;
    late.abort();
    await timeout;
  }

  const agents: ShortAgents = {
    async launchFor(spec, work) {
      const process = await launcher.launch(spec);
      try {
        return await work(process.api);
      } finally {
        await end(process);
      }
    },
    async withTemporaryRoot(folders, work) {
      const root = fs.mkdtempSync(path.join(dataFolder, TEMPORARY));
      try {
        const { name, organization } = site();
        const allowedFolders = folders.map(realPath);
        const spec = { name: 'PROBE', root, site: name, organization, allowedFolders, httpPort: 0, fenceOnly: false };
        return await agents.launchFor(spec, work);
      } finally {
        fs.rmSync(root, { recursive: true, force: true });
      }
    },
  };
  return agents;
}
