// An agent inside the calling process, straight on one file: for the command line, with no engine running.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BackendPlace } from '../contract/backend.ts';
import { HoldfastError } from '../contract/errors.ts';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { inProcessAgent } from '../rpc/serve.ts';
import type { AgentApi } from '../rpc/types.ts';
import { Agent, type AgentDeps } from './agent.ts';
import { forgetBareWaiting, readBareWaiting } from './bare-waiting.ts';
import { homeOf, joinBackends } from './enrol.ts';
import { ProtectedInstance } from './protected-instance.ts';
import { createAgentRouter } from './router.ts';

export interface DirectAgentOptions {
  site?: string;
  organization?: string;
  /** The server's name; this machine's by default, cut to what a name may be. */
  server?: string;
  deps?: Partial<AgentDeps>;
  /** Further files of the same instance; none means those that its home remembers. One at the same path names the file itself. */
  backends?: BackendPlace[];
}

export interface DirectAgent {
  api: AgentApi;
  /** Name of the instance that stands for the file; null when there is no file yet. */
  instance: string | null;
  /** Releases the file; it is left as it was found, its home keeps the state of the chain. */
  close(): Promise<void>;
}

/**
 * Opens an agent that protects `dbPath` for as long as this process works on it; with null, or a file that is not there,
 * one that protects nothing (for reading backups and restoring into a new file). Throws AGENT_RUNNING when another agent
 * has the file's home.
 */
export async function openDirectAgent(dbPath: string | null, options: DirectAgentOptions = {}): Promise<DirectAgent> {
  const given = dbPath === null ? null : path.resolve(dbPath);
  const file = given !== null && fs.existsSync(given) ? fs.realpathSync(given) : given;
  const site = options.site ?? 'HOLDFAST';
  const organization = options.organization ?? 'HOLDFAST';
  const agent = await Agent.start(
    {
      name: options.server ?? serverName(os.hostname()),
      root: os.tmpdir(),
      site,
      organization,
      // The user's own rights are the limit of what a command line may touch.
      allowedFolders: [path.parse(process.cwd()).root],
      httpPort: 0,
      fenceOnly: false,
    },
    { files: systemFiles, clock: systemClock, ...options.deps, ephemeral: true },
  );
  try {
    const instance = file === null ? null : openInstance(agent, file, site, organization, options.backends ?? []);
    return { api: inProcessAgent(createAgentRouter(agent)), instance, close: () => agent.stop() };
  } catch (error) {
    await agent.stop();
    throw error;
  }
}

function openInstance(
  agent: Agent,
  file: string,
  site: string,
  organization: string,
  given: BackendPlace[],
): string | null {
  const home = homeOf(file, path.basename(file));
  const present = fs.existsSync(file);
  const known = fs.existsSync(path.join(home, 'state.db'));
  const rst = readBareWaiting(home);
  // Without the file there is work only on an interrupted restore or on a set that waits in RST.
  if (!present && !known && !rst) return null;
  const running = findRunningHome(file, home);
  if (running) throw running;
  const name = instanceName(path.basename(file));
  const instance = ProtectedInstance.create(
    agent,
    { name, path: file, role: 'primary', replica: 1, site, organization },
    home,
    (facts) => ({
      ...(known ? { replica: facts.replica, role: facts.role } : {}),
      ...(rst ? { rst } : {}),
      closed: !present,
    }),
  );
  forgetBareWaiting(home);
  if (!fs.existsSync(file) && !instance.facts.rst) {
    instance.close();
    return null;
  }
  try {
    openBackends(agent, instance, given);
  } catch (error) {
    instance.close();
    throw error;
  }
  agent.instances.set(name, instance);
  return name;
}

function openBackends(agent: Agent, instance: ProtectedInstance, given: BackendPlace[]): void {
  const places = given.map(({ id, path: place }) => ({
    id,
    path: fs.existsSync(place) ? fs.realpathSync(place) : place,
  }));
  const own = places.find((place) => place.path === instance.path);
  if (own && instance.facts.backendId !== own.id) {
    instance.update({ backendId: own.id });
    if (instance.facts.chain) instance.requireFull('Its backends are named anew');
  }
  const further = places.filter((place) => place !== own);
  for (const { path: place } of further) {
    // The instance that was just opened has the homes of its further files already.
    const running = findRunningHome(place, homeOf(place, path.basename(place)), process.pid);
    if (running) throw running;
  }
  joinBackends(agent, instance, further);
}

/** A file that an instance of some engine protects has that instance's home beside it, held by its agent. */
function findRunningHome(file: string, own: string, exceptPid: number | null = null): HoldfastError | null {
  const folder = path.dirname(own);
  if (!fs.existsSync(folder)) return null;
  const below = (name: string) => {
    const backends = path.join(folder, name, 'backends');
    return fs.existsSync(backends) ? fs.readdirSync(backends).map((id) => path.join(name, 'backends', id)) : [];
  };
  for (const name of fs.readdirSync(folder).flatMap((one) => [one, ...below(one)])) {
    const lock = path.join(folder, name, 'owner.json');
    if (path.join(folder, name) === own || !fs.existsSync(lock)) continue;
    const { pid, path: owned } = JSON.parse(fs.readFileSync(lock, 'utf8')) as { pid: number; path: string };
    if (owned !== file || pid === exceptPid || !isRunning(pid)) continue;
    return new HoldfastError('AGENT_RUNNING', `${file} is protected as ${name} by process ${pid}`, {
      hint: 'Work on it through the running engine, by its name.',
    });
  }
  return null;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a name may be: letters, digits and hyphens, at most 15. */
const cleanName = (text: string, otherwise: string) =>
  text
    .replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 15)
    .replace(/-+$/g, '') || otherwise;

export const serverName = (host: string) => cleanName(host.split('.')[0] ?? '', 'LOCAL');
const instanceName = (base: string) => cleanName(base.replace(/\.(db|sqlite3?|db3)$/i, ''), 'Database');
