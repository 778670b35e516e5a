// What the failover service gets from this engine.
import type { Catalog } from '../catalog/catalog.ts';
import type { FailoverPorts } from '../failover/types.ts';
import type { JobRunner } from '../jobs/types.ts';
import type { MessageBoard } from '../messages/board.ts';
import type { Clock } from '../platform/clock.ts';
import type { Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface FailoverWiring {
  clock: Clock;
  catalog: Catalog;
  jobs: JobRunner;
  board: MessageBoard;
  servers: Servers;
  instances: Instances;
  site(): { name: string; organization: string };
  changed(): void;
}

/** One name space of keys on the board, whether the service says the area or not. */
const boardKey = (key: string) => (key.startsWith('failover:') ? key : `failover:${key}`);

export function failoverPorts(wiring: FailoverWiring): FailoverPorts {
  const { clock, catalog, jobs, board, servers, instances } = wiring;
  return {
    clock,
    jobs,
    store: catalog.failover,
    serverNames: () => servers.list().map((server) => server.name),
    agentOf: servers.agentOf,
    probeOf: servers.probeOf,
    fenceWithoutAgent: servers.fenceWithoutAgent,
    message: (key, level, text, standing) => board.raise(boardKey(key), { level, text, source: 'Failover', standing }),
    clearMessage: (key) => board.clear(boardKey(key)),
    changed: wiring.changed,
    site: wiring.site,
    instancePath: (server, instance) => instances.find(server, instance)?.status.path ?? null,
    instanceAttached(server, instance, path) {
      if (instances.find(server, instance)) return;
      const backupFolder = instances.defaultBackupFolder(server, instance);
      instances.enter({ server, name: instance, path, backupFolder }, null);
    },
    instanceDetached(server, instance) {
      const found = instances.find(server, instance);
      if (found) instances.forget(found.id);
    },
  };
}
