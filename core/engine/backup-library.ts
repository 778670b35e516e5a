// What there is to restore a database from, wherever it lies: asked of the agents of the servers, never read by the engine itself.
import path from 'node:path';
import { groupChains } from '../backup/chain.ts';
import type { BackupFileInfo, CatalogView, Chain, LogFileInfo } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView } from '../contract/failover.ts';
import type { FoundFiles } from '../contract/library.ts';
import { logsOf } from './further-logs.ts';
import type { Instance, Instances } from './instances.ts';
import { groupOf } from './peers.ts';
import type { Servers } from './servers.ts';

export interface LibraryPorts {
  servers: Servers;
  instances: Instances;
  /** The folders of the other members of its group are looked through, too. */
  groups?(): GroupView[];
}

export interface Library extends CatalogView {
  /** Logs of the further files of sets; those of the first ones are `logs`. */
  furtherLogs: LogFileInfo[];
  /** The server whose agent has found a file. */
  serverOf(file: string): string;
  /** Where could not be looked, in sentences. */
  notes: string[];
}

/** A place to look at, through the agent of its server. */
export interface Place {
  server: string;
  folders: string[];
  logFolders: string[];
  deep: boolean;
}

/**
 * Chains of this database only, newest first; logs in order; files that could not be read beside them. `searchFolders` lie on its
 * server and are looked through with everything below them. Throws SERVER_UNREACHABLE when no place could be looked at.
 */
export async function libraryOf(
  ports: LibraryPorts,
  instance: Instance,
  searchFolders: readonly string[] = [],
): Promise<Library> {
  const { server, name } = instance.record;
  const { directory } = instance.status.logging;
  const further = (instance.status.backends ?? []).slice(1).map((one) => one.logging.directory);
  const members = (ports.groups && groupOf(ports.groups(), instance)?.members) ?? [];
  const places: Place[] = [
    ...members
      .filter((member) => !same(member.server, server))
      .map((member) => ({ server: member.server, folders: [member.folder], logFolders: [], deep: false })),
    ...(searchFolders.length > 0 ? [{ server, folders: [...searchFolders], logFolders: [], deep: true }] : []),
    {
      server,
      folders: ports.instances.backupFolders(instance),
      logFolders: [directory, ...further].filter((folder) => folder !== ''),
      deep: false,
    },
  ];
  if (searchFolders.length > 0 && ports.servers.isReachable(server))
    await ports.servers.allow(server, [...searchFolders]);
  const found = await withFormer(ports.servers, places, instance, await lookThrough(ports.servers, places));
  const servers = new Set([server, ...members.map((member) => member.server)].map((one) => one.toLowerCase()));
  const named = found.backups.filter((file) => same(file.instance, name));
  const sure = new Set(named.filter((file) => servers.has(serverNamed(file).toLowerCase())));
  const serials = new Set([...sure].map((file) => file.databaseSerial));
  const own = named.filter((file) => sure.has(file) || (file.databaseSerial && serials.has(file.databaseSerial)));
  return { ...libraryFrom(found, own), notes: found.notes };
}

/** Files that the instance does not have any more have left their logs in its home: sets that hold them still need those. */
async function withFormer(
  servers: Servers,
  places: readonly Place[],
  { record, status }: Instance,
  found: FoundEverywhere,
): Promise<FoundEverywhere> {
  const known = new Set((status.backends ?? []).map((one) => one.id));
  const own = found.backups.filter((file) => same(file.instance, record.name));
  const ids = new Set(own.flatMap((file) => (file.backends ?? []).slice(1).map((one) => one.id)));
  const logFolders = [...ids]
    .filter((id) => !known.has(id))
    .map((id) => path.join(status.home, 'backends', id, 'nds.rfl'));
  if (logFolders.length === 0) return found;
  return await lookThrough(servers, [...places, { server: record.server, folders: [], logFolders, deep: false }]);
}

export interface FoundEverywhere extends Pick<FoundFiles, 'backups' | 'logs' | 'unusable'> {
  serverOf(file: string): string;
  notes: string[];
  folders: number;
}

/** Looks at every place; the later ones are preferred where two hold the same file. Throws SERVER_UNREACHABLE when none answers. */
export async function lookThrough(servers: Servers, places: readonly Place[]): Promise<FoundEverywhere> {
  const notes: string[] = [];
  const owners = new Map<string, string>();
  const all: Pick<FoundFiles, 'backups' | 'logs' | 'unusable'> = { backups: [], logs: [], unusable: [] };
  let folders = 0;
  for (const { server, ...where } of places) {
    const answer = await look(servers, server, where);
    if (typeof answer === 'string') {
      notes.push(answer);
      continue;
    }
    if (answer.cutShort) notes.push(`${server}: not everything was looked through, ${answer.cutShort}`);
    folders += answer.folders;
    for (const kind of ['backups', 'logs', 'unusable'] as const) {
      const files = answer[kind] as { file: string }[];
      const known = new Set(files.map(({ file }) => file));
      (all[kind] as { file: string }[]) = [
        ...(all[kind] as { file: string }[]).filter(({ file }) => !known.has(file)),
        ...files,
      ];
      for (const { file } of files) owners.set(file, server);
    }
  }
  if (notes.length >= places.length && folders === 0 && owners.size === 0 && places.length > 0)
    throw new HoldfastError('SERVER_UNREACHABLE', notes.join('; '));
  const fallback = places.at(-1)?.server ?? '';
  return { ...all, serverOf: (file) => owners.get(file) ?? fallback, notes: [...new Set(notes)], folders };
}

async function look(servers: Servers, server: string, where: Omit<Place, 'server'>): Promise<FoundFiles | string> {
  if (!servers.isReachable(server))
    return `The agent of ${server} does not answer: its folders were not looked through`;
  try {
    return await servers.use(server, (api) => api.findFiles(where));
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `The folders of ${server} were not looked through: ${error.message}`;
  }
}

/** Chains and logs of one database out of everything that was found. */
export function libraryFrom(found: FoundEverywhere, own: readonly BackupFileInfo[]): Omit<Library, 'notes'> {
  const { chains, orphans } = groupChains([...own]);
  const serials = new Set(own.flatMap((file) => file.databaseSerial ?? []));
  const others = own.flatMap((file) => (file.backends ?? []).slice(1).flatMap((one) => one.databaseSerial ?? []));
  const furtherLogs = uniqueLogs([...new Set(others)].flatMap((serial) => logsOf(serial, found.logs)));
  const logs = found.logs.filter((log) => {
    if (log.databaseSerial !== '') return serials.size === 0 || serials.has(log.databaseSerial);
    return !furtherLogs.includes(log);
  });
  return {
    chains: chains.sort((a, b) => b.full.consistentAt - a.full.consistentAt),
    logs: logs.sort((a, b) => Number.parseInt(a.number, 16) - Number.parseInt(b.number, 16)),
    furtherLogs,
    unusable: [...found.unusable, ...orphans.map(orphaned)],
    serverOf: found.serverOf,
  };
}

const uniqueLogs = (logs: readonly LogFileInfo[]) => [...new Map(logs.map((log) => [log.file, log])).values()];

/** An incremental whose full was found nowhere. */
export function orphaned({ file, baseIdtag }: BackupFileInfo): CatalogView['unusable'][number] {
  const error = new HoldfastError('NOT_FOUND', `The full backup ${baseIdtag} of this incremental was found nowhere.`, {
    hint: 'Add the folder of the full backup to the search.',
    details: { file, baseIdtag },
  });
  return { file, error: error.report() };
}

export const filesOf = (chain: Chain): BackupFileInfo[] => [chain.full, ...chain.incrementals];

/** The server in `\T=SITE\O=ORG\CN=SERVER`. */
export const serverNamed = ({ srvname }: Pick<BackupFileInfo, 'srvname'>): string =>
  srvname.slice(srvname.lastIndexOf('CN=') + 3);

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
