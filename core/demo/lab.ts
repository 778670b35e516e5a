// The demo lab: three servers on this machine, a directory database with two copies, and a client that keeps writing.
// It acts through the engine's own services, so that what it shows is what an administrator gets.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupConfig, GroupView } from '../contract/failover.ts';
import type { DemoView } from '../contract/site.ts';
import type { LabController, LabPorts } from '../engine/lab.ts';
import type { JobContext } from '../jobs/types.ts';
import type { ClientReport } from './client.ts';
import type { DemoChild, DemoLauncher } from './process.ts';

const SERVERS = ['SRV-1', 'SRV-2', 'SRV-3'] as const;
const INSTANCE = 'Directory';
const GROUP = 'Directory';
const ENTITIES = 20_000;
const WRITE_INTERVAL_MS = 50;
/** Reports come with every write; the console needs two a second. */
const REPORT_INTERVAL_MS = 500;

interface Running {
  ports: LabPorts;
  client: DemoChild;
  endpoints: string[];
  report: ClientReport;
}

export function createLab(launch: DemoLauncher): LabController {
  let running: Running | null = null;

  return {
    async open(ports, job) {
      const phase = phases(job, [
        'Start three servers',
        'Create the directory',
        'Protect it',
        'Set up failover',
        'Start the client',
      ]);
      phase();
      for (const name of SERVERS) await ports.addServer(name);
      phase();
      const database = path.join(ports.folder, SERVERS[0], INSTANCE, 'directory.db');
      const protectedAlready = ports.instances().some((instance) => instance.id === `${SERVERS[0]}/${INSTANCE}`);
      if (!protectedAlready) await create(database);
      phase();
      const { instanceId } = protectedAlready
        ? { instanceId: `${SERVERS[0]}/${INSTANCE}` }
        : await ports.protect(SERVERS[0], INSTANCE, database);
      phase();
      await setUpGroup(ports, instanceId);
      phase();
      startClient(ports);
      job.log('info', `A client writes to whichever database is active, every ${WRITE_INTERVAL_MS} ms.`);
    },

    async power(server, on) {
      if (!running || !SERVERS.some((name) => name === server))
        throw new HoldfastError('NOT_FOUND', `The demo lab has no server ${server}`);
      await running.ports.power(server, on);
      const endpoints = endpointsOf(running.ports);
      if (on && endpoints.join() !== running.endpoints.join()) restartClient(running.ports);
    },

    async close() {
      const ended = running?.client;
      running = null;
      ended?.kill();
      await ended?.exited;
    },

    view(): DemoView {
      if (!running) return { open: false, servers: [], client: null };
      const states = new Map(running.ports.servers().map((server) => [server.name, server.state]));
      return {
        open: true,
        servers: SERVERS.map((name) => ({ name, power: states.has(name) && states.get(name) !== 'stopped' })),
        client: { running: true, ...running.report },
      };
    },
  };

  async function create(database: string): Promise<void> {
    const code = await launch({ kind: 'create', path: database, entities: ENTITIES }, () => {}).exited;
    if (code !== 0)
      throw new HoldfastError(
        'IO_ERROR',
        `The directory database ${database} could not be created (exit code ${code})`,
      );
  }

  function startClient(ports: LabPorts, from: ClientReport | null = null): void {
    running?.client.kill();
    const endpoints = endpointsOf(ports);
    const report: ClientReport = {
      writingTo: null,
      acknowledged: from?.acknowledged ?? 0,
      failed: from?.failed ?? 0,
      lastWriteAt: from?.lastWriteAt ?? null,
    };
    const base = { acknowledged: report.acknowledged, failed: report.failed };
    let shownAt = 0;
    const client = launch({ kind: 'client', endpoints, intervalMs: WRITE_INTERVAL_MS }, (news) => {
      const moved = news.writingTo !== report.writingTo;
      Object.assign(report, news, {
        acknowledged: base.acknowledged + news.acknowledged,
        failed: base.failed + news.failed,
      });
      const now = ports.clock.monotonic();
      if (!moved && now - shownAt < REPORT_INTERVAL_MS) return;
      shownAt = now;
      ports.changed();
    });
    const mine: Running = { ports, client, endpoints, report };
    running = mine;
    void client.exited.then(() => {
      if (running === mine) startClient(ports, mine.report);
    });
  }

  function restartClient(ports: LabPorts): void {
    startClient(ports, running?.report ?? null);
  }
}

function endpointsOf(ports: LabPorts): string[] {
  return ports
    .servers()
    .flatMap((server) => (SERVERS.some((name) => name === server.name) && server.endpoint ? [server.endpoint] : []));
}

async function setUpGroup(ports: LabPorts, instanceId: string): Promise<void> {
  const existing = ports.groups().find((group) => group.name === GROUP);
  if (existing?.config.enabled) return;
  const groupId = existing?.id ?? (await ports.createGroup(instanceId, GROUP)).groupId;
  const group = ports.groups().find((one) => one.id === groupId);
  if (!group) throw new HoldfastError('INTERNAL', `The group ${groupId} was created but is not in the list`);
  await ports.applyGroup(groupId, labConfig(ports, group));
}

function labConfig(ports: LabPorts, group: GroupView): GroupConfig {
  const copies = SERVERS.slice(1)
    .filter((name) => !group.config.members.some((member) => member.server === name))
    .map((name) => ({
      id: name.toLowerCase(),
      server: name,
      databaseServer: name.toLowerCase(),
      instance: INSTANCE,
      folder: path.join(ports.folder, name, 'backups', INSTANCE),
    }));
  return {
    ...group.config,
    enabled: true,
    mode: 'backupAndRestore',
    members: [...group.config.members, ...copies],
    autoReconnect: false,
    full: { kind: 'daily', at: '02:00' },
    differential: { kind: 'every', minutes: 1 },
    whenConsoleLost: 'keep',
    probeMs: 1000,
    misses: 3,
  };
}

/** Reports one phase after another of the job. */
function phases(job: JobContext, names: string[]): () => void {
  let index = 0;
  return () => {
    const phase = names[index++]!;
    job.report({
      phase,
      phaseIndex: index,
      phaseCount: names.length,
      done: index - 1,
      total: names.length,
      unit: 'items',
    });
    job.log('info', phase);
  };
}
