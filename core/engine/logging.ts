// Logs and hazards of an instance, asked of its agent; the engine adds where else its backups, and copies of them, lie.
import { toErrorReport } from '../contract/errors.ts';
import type { HazardReport, KeptElsewhere, LogStanding } from '../contract/logging.ts';
import { keptBackup } from '../rollforward/housekeeping.ts';
import { filesOf } from './backup-library.ts';
import type { Instance, Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface LoggingPorts {
  servers: Servers;
  instances: Instances;
}

export function hazardsOf({ servers, instances }: LoggingPorts, id: string): Promise<HazardReport> {
  const { record } = instances.get(id);
  return servers.use(record.server, (api) => api.hazards({ instance: record.name }));
}

export async function logsOf(ports: LoggingPorts, id: string, backend: string | null): Promise<LogStanding[]> {
  const { server, name, ...places } = await placesOf(ports, id, backend);
  return await ports.servers.use(server, (api) => api.listLogs({ instance: name, backend, ...places }));
}

/** All of the logs or none; what is needed is looked at anew, here and on every server with a copy. */
export async function deleteLogs(
  ports: LoggingPorts,
  input: { instanceId: string; backend: string | null; logs: string[] },
): Promise<{ deleted: string[]; bytes: number }> {
  const { backend, logs } = input;
  const { server, name, ...places } = await placesOf(ports, input.instanceId, backend);
  const result = await ports.servers.use(server, (api) => api.deleteLogs({ instance: name, backend, logs, ...places }));
  await ports.servers.refresh(server);
  return result;
}

interface Places {
  server: string;
  name: string;
  folders: string[];
  elsewhere: KeptElsewhere;
}

async function placesOf(ports: LoggingPorts, id: string, backend: string | null): Promise<Places> {
  const { servers, instances } = ports;
  const instance = instances.get(id);
  const { server, name } = instance.record;
  const folders = instances.backupFolders(instance);
  // A folder of a group need not be one that this agent was told of.
  await servers.allow(server, folders);
  return { server, name, folders, elsewhere: await keptElsewhere(ports, instance, backend) };
}

/** Backups in the folders of the other members of its group; a member that cannot be asked may keep anything. */
async function keptElsewhere(
  { servers, instances }: LoggingPorts,
  instance: Instance,
  backend: string | null,
): Promise<KeptElsewhere> {
  const further = backend === (instance.status.backends?.[0]?.id ?? null) ? null : backend;
  const groupId = instances.membership(instance)?.groupId;
  const others = instances
    .list()
    .filter((one) => groupId && one.id !== instance.id && instances.membership(one)?.groupId === groupId);
  const kept: KeptElsewhere['kept'] = [];
  for (const other of others) {
    const { server } = other.record;
    try {
      const folders = instances.backupFolders(other);
      await servers.allow(server, folders);
      const { chains } = await servers.use(server, (api) => api.catalog({ folders, logFolders: [] }));
      kept.push(...chains.flatMap(filesOf).map((file) => keptBackup(file, further)));
    } catch (error) {
      return { kept, unreadable: `What ${server} keeps (${toErrorReport(error).message})` };
    }
  }
  return { kept, unreadable: null };
}
