// The servers of the site, each with its agent under supervision.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AgentLauncher, AgentSpec } from '../agent/types.ts';
import type { ServerRecord, ServerStore } from '../catalog/servers.ts';
import type { AgentEvent, AgentStatus, FenceResult } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { ServerView } from '../contract/site.ts';
import type { ServerProbe } from '../failover/types.ts';
import type { Clock } from '../platform/clock.ts';
import { ensureFolder } from '../platform/files.ts';
import type { AgentApi } from '../rpc/types.ts';
import { isInside, realPath, serverNameFrom } from './server-name.ts';
import { createShortAgents } from './short-agents.ts';
import { type Supervisor, supervise } from './supervisor.ts';

export interface ServersOptions {
  store: ServerStore;
  launcher: AgentLauncher;
  clock: Clock;
  dataFolder: string;
  probeMs(): number;
  site(): { name: string; organization: string };
  onStatus(server: string, status: AgentStatus): void;
  onEvent(server: string, event: AgentEvent): void;
  changed(): void;
}

export interface Servers {
  /** Launches the agents of all servers that are not switched off. */
  start(): void;
  /** Orderly end of all agents. */
  stop(): Promise<void>;
  list(): ServerRecord[];
  /** By name, whatever its case; throws NOT_FOUND. */
  get(name: string): ServerRecord;
  views(): ServerView[];
  probeOf(name: string): ServerProbe;
  /** Null while no process runs or the name is unknown. */
  agentOf(name: string): AgentApi | null;
  /** Throws SERVER_UNREACHABLE when the agent does not run. */
  reach(name: string): AgentApi;
  /** It answers now. */
  isReachable(name: string): boolean;
  /** It answers, or was there a moment ago and is being restarted: what it said last still holds. */
  isKnown(name: string): boolean;
  /** Runs `work` against the agent; its end while `work` runs is SERVER_UNREACHABLE, whatever `work` would do. */
  use<T>(name: string, work: (api: AgentApi) => Promise<T>): Promise<T>;
  /** Takes in what the agent says now, after something was changed there; an agent that has ended meanwhile is no error. */
  refresh(name: string): Promise<void>;
  /** Adds a server and resolves when its agent has answered; one that cannot start is not added. */
  add(input: { name: string; root: string | null; lab: boolean }): Promise<ServerRecord>;
  remove(name: string): Promise<void>;
  switchOn(name: string): Promise<void>;
  switchOff(name: string): Promise<void>;
  /** The outage switch: kills the agent and keeps it off until the power is back; not remembered over a restart. */
  power(name: string, on: boolean): Promise<void>;
  /** The server that takes what names none: the first that is not the lab's, made when there is none yet. */
  local(): Promise<ServerRecord>;
  /** Allows folders outside the server's root, for good. */
  allow(name: string, folders: string[]): Promise<void>;
  fenceWithoutAgent(name: string, instance: string, term: number): Promise<FenceResult>;
  /** Runs an agent of its own for one question about a file that no server may touch yet. */
  withTemporaryAgent<T>(folders: string[], work: (api: AgentApi) => Promise<T>): Promise<T>;
}

interface Entry {
  record: ServerRecord;
  supervisor: Supervisor;
  fencing: Promise<unknown>;
}

const READY_MS = 20_000;
const UNKNOWN: ServerProbe = { status: null, misses: 0, state: 'gone', lastContact: null };

export function createServers(options: ServersOptions): Servers {
  const { store, clock, dataFolder } = options;
  const agents = createShortAgents(options);
  const entries = new Map<string, Entry>();
  for (const record of store.list()) enter(record);

  function enter(record: ServerRecord): Entry {
    const entry: Entry = {
      record,
      fencing: Promise.resolve(),
      supervisor: supervise({
        name: record.name,
        clock,
        launch: () => options.launcher.launch(specOf(entry.record, false)),
        probeMs: options.probeMs,
        onStatus: (status) => options.onStatus(record.name, status),
        onEvent: (event) => options.onEvent(record.name, event),
        changed: options.changed,
      }),
    };
    entries.set(record.name.toLowerCase(), entry);
    return entry;
  }

  function specOf(record: ServerRecord, fenceOnly: boolean): AgentSpec {
    const { name: site, organization } = options.site();
    const { name, root, allowedFolders, httpPort } = record;
    return { name, root, site, organization, allowedFolders, httpPort, fenceOnly };
  }

  function find(name: string): Entry {
    const entry = entries.get(name.toLowerCase());
    if (!entry) throw new HoldfastError('NOT_FOUND', `There is no server ${name}`);
    return entry;
  }

  function save(entry: Entry, patch: Partial<ServerRecord>): void {
    const record = { ...entry.record, ...patch };
    store.save(record);
    entry.record = record;
    options.changed();
  }

  function refuseTaken(name: string, root: string): void {
    if (entries.has(name.toLowerCase()))
      throw new HoldfastError('DUPLICATE', `There is a server named ${name} already`);
    for (const { record } of entries.values())
      if (isInside(root, record.root) || isInside(record.root, root))
        throw new HoldfastError('DUPLICATE', `The folder ${root} overlaps the root of ${record.name}, ${record.root}`);
  }

  const servers: Servers = {
    start() {
      for (const { record, supervisor } of entries.values()) if (!record.stopped) supervisor.start();
    },
    async stop() {
      await Promise.all([...entries.values()].map(({ supervisor }) => supervisor.stop()));
      for (const { supervisor } of entries.values()) supervisor.dispose();
    },
    list: () => [...entries.values()].map(({ record }) => record),
    get: (name) => find(name).record,
    views: () => [...entries.values()].map(viewOf),
    probeOf: (name) => entries.get(name.toLowerCase())?.supervisor.probe() ?? UNKNOWN,
    agentOf: (name) => entries.get(name.toLowerCase())?.supervisor.api() ?? null,
    isReachable: (name) => entries.get(name.toLowerCase())?.supervisor.state() === 'online',
    isKnown(name) {
      const supervisor = entries.get(name.toLowerCase())?.supervisor;
      const state = supervisor?.state();
      return state === 'online' || (state === 'starting' && supervisor?.probe().status !== null);
    },
    reach(name) {
      const { record, supervisor } = find(name);
      const api = supervisor.api();
      if (api) return api;
      const off = supervisor.state() === 'stopped';
      throw new HoldfastError(
        'SERVER_UNREACHABLE',
        off ? `${record.name} is switched off` : `The agent of ${record.name} does not run`,
      );
    },
    async use(name, work) {
      const api = servers.reach(name);
      const { record, supervisor } = find(name);
      const ended = supervisor.exited().then((): never => {
        throw new HoldfastError('SERVER_UNREACHABLE', `The agent of ${record.name} ended while it was working`);
      });
      ended.catch(() => {});
      return await Promise.race([work(api), ended]);
    },

    async refresh(name) {
      try {
        await servers.use(name, () => find(name).supervisor.refresh());
      } catch (error) {
        // An agent that is gone is the supervision's matter: what was done there before stays done.
        if (!(error instanceof HoldfastError && error.name === 'SERVER_UNREACHABLE')) throw error;
      }
    },

    async add({ name, root, lab }) {
      if (root !== null && !path.isAbsolute(root))
        throw new HoldfastError('INVALID_INPUT', `${root} is not an absolute path`);
      const place = path.resolve(root ?? path.join(dataFolder, 'servers', name));
      refuseTaken(name, place);
      ensureFolder(fs, place);
      const record: ServerRecord = {
        name,
        root: realPath(place),
        allowedFolders: [],
        httpPort: 0,
        stopped: false,
        lab,
        addedAt: clock.now(),
      };
      // First: a server that the catalog refuses was never there.
      store.save(record);
      const entry = enter(record);
      entry.supervisor.start();
      try {
        await entry.supervisor.ready(READY_MS);
      } catch (error) {
        await servers.remove(name);
        throw error;
      }
      return entry.record;
    },
    async remove(name) {
      const { record, supervisor } = find(name);
      await supervisor.stop();
      supervisor.dispose();
      entries.delete(record.name.toLowerCase());
      store.remove(record.name);
      options.changed();
    },
    async switchOn(name) {
      const entry = find(name);
      save(entry, { stopped: false });
      entry.supervisor.start();
      await entry.supervisor.ready(READY_MS);
    },
    async switchOff(name) {
      const entry = find(name);
      save(entry, { stopped: true });
      await entry.supervisor.stop();
    },
    async power(name, on) {
      const { supervisor } = find(name);
      if (on) supervisor.start();
      else await supervisor.cut();
    },

    async local() {
      const first = servers.list().find((record) => !record.lab);
      if (first) return first;
      const wanted = serverNameFrom(os.hostname());
      const name = entries.has(wanted.toLowerCase()) ? 'LOCAL' : wanted;
      return await servers.add({ name, root: null, lab: false });
    },
    async allow(name, folders) {
      const entry = find(name);
      const real = folders.map(realPath);
      for (const folder of real)
        if (path.parse(folder).root === folder)
          throw new HoldfastError('INVALID_INPUT', `${folder} would allow ${entry.record.name} every file there is`, {
            hint: 'Use a folder of its own.',
          });
      const covered = (folder: string) =>
        [entry.record.root, ...entry.record.allowedFolders].some((allowed) => isInside(folder, allowed));
      const missing = [...new Set(real)].filter((folder) => !covered(folder));
      if (missing.length === 0) return;
      await servers.reach(name).allowFolders({ folders: missing });
      save(entry, { allowedFolders: [...entry.record.allowedFolders, ...missing] });
    },

    fenceWithoutAgent(name, instance, term) {
      const entry = find(name);
      const reason = `the agent of ${entry.record.name} is gone`;
      // What is fenced durably stays so: nobody who waits for the fence needs to wait for the end of the process that set it.
      const fenced = Promise.withResolvers<FenceResult>();
      const fence = () =>
        entry.supervisor.withoutAgent(() =>
          agents.launchFor(specOf(entry.record, true), async (api) =>
            fenced.resolve(await api.fence({ instance, reason, term })),
          ),
        );
      // One at a time: each holds the lock of the server's root.
      entry.fencing = entry.fencing.then(fence).catch(fenced.reject);
      return fenced.promise;
    },
    withTemporaryAgent: (folders, work) => agents.withTemporaryRoot(folders, work),
  };
  return servers;
}

function viewOf({ record, supervisor }: Entry): ServerView {
  const { status, lastContact } = supervisor.probe();
  const state = supervisor.state();
  return {
    name: record.name,
    root: record.root,
    state,
    version: status?.version ?? null,
    sqliteVersion: status?.sqliteVersion ?? null,
    pid: supervisor.pid(),
    endpoint: state === 'stopped' ? null : (status?.endpoint ?? null),
    freeBytes: status?.freeBytes ?? null,
    lastContact,
    lab: record.lab,
  };
}
