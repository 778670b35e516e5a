// Where a restore takes its data from: the backups of an instance, or those of a database that was found in folders.
import type { RestoreRequest } from '../contract/console.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { FolderDatabase, FolderSource, OpenedFolders } from '../contract/library.ts';
import {
  filesOf,
  type Library,
  type LibraryPorts,
  libraryFrom,
  libraryOf,
  lookThrough,
  orphaned,
  serverNamed,
} from './backup-library.ts';
import type { Instance } from './instances.ts';
import { type LiveStatus, timelineOf } from './timeline.ts';

export interface RestoreSource {
  /** `SERVER/INSTANCE`, or the name of the database and the folder in which it was found. */
  label: string;
  server: string;
  /** Null for a database that was found in folders. */
  instance: Instance | null;
  status: LiveStatus;
  library: Library;
}

/** Reads what is there now. Throws NOT_FOUND, SERVER_UNREACHABLE. */
export async function sourceOf(
  ports: LibraryPorts,
  request: Pick<RestoreRequest, 'instanceId' | 'from' | 'searchFolders'>,
): Promise<RestoreSource> {
  const { from } = request;
  if (from) {
    const server = ports.servers.get(from.server).name;
    const label = `${from.instance} (${from.folders[0] ?? server})`;
    return { label, server, instance: null, status: null, library: await folderLibrary(ports, from) };
  }
  const instance = ports.instances.get(request.instanceId);
  const library = await libraryOf(ports, instance, request.searchFolders ?? []);
  return { label: instance.id, server: instance.record.server, instance, status: instance.status, library };
}

async function folderLibrary(ports: LibraryPorts, from: FolderSource): Promise<Library> {
  const { server, folders, srvname, instance } = from;
  await ports.servers.allow(server, folders);
  const found = await lookThrough(ports.servers, [{ server, folders, logFolders: [], deep: true }]);
  const own = found.backups.filter((file) => file.srvname === srvname && file.instance === instance);
  if (own.length === 0)
    throw new HoldfastError('NOT_FOUND', `No backup of ${instance} of ${srvname} lies in ${folders.join(', ')}`);
  return { ...libraryFrom(found, own), notes: found.notes };
}

/** Every database that has a backup below some folders of a server, whether this site has ever heard of it or not. */
export async function openFolders(ports: LibraryPorts, given: string, folders: string[]): Promise<OpenedFolders> {
  const server = ports.servers.get(given).name;
  await ports.servers.allow(server, folders);
  const found = await lookThrough(ports.servers, [{ server, folders, logFolders: [], deep: true }]);
  if (found.folders === 0)
    throw new HoldfastError('NOT_FOUND', `There is no folder ${folders.join(', ')} on ${server}`);
  const groups = Map.groupBy(found.backups, (file) => `${file.srvname}\n${file.instance}`);
  const databases = [...groups.values()].flatMap((own): FolderDatabase[] => {
    const library = libraryFrom(found, own);
    const { chains, logs, furtherLogs } = library;
    const [first] = own;
    if (!first || chains.length === 0) return [];
    const catalog = { chains, logs: logs.filter((log) => log.databaseSerial !== ''), unusable: [] };
    const source = { server, folders, srvname: first.srvname, instance: first.instance };
    return [{ source, instanceId: knownAs(ports, source), timeline: timelineOf(catalog, null, [], furtherLogs) }];
  });
  const listed = new Set(
    databases.flatMap(({ timeline }) => timeline.catalog.chains.flatMap(filesOf)).map(({ file }) => file),
  );
  const copies = new Set(databases.flatMap(({ timeline }) => timeline.catalog.chains.flatMap(filesOf)).map(keyOf));
  const orphans = found.backups.filter((file) => !listed.has(file.file) && !copies.has(keyOf(file)));
  return {
    server,
    databases: databases.sort((a, b) => (b.timeline.restorableTo ?? 0) - (a.timeline.restorableTo ?? 0)),
    unusable: [...found.unusable, ...orphans.map(orphaned)],
    folders: found.folders,
    cutShort: found.notes.length > 0 ? found.notes.join('; ') : null,
  };
}

const keyOf = ({ idtag, serial }: { idtag: string; serial: string }) => `${idtag} ${serial}`;

function knownAs({ instances }: LibraryPorts, source: FolderSource): string | null {
  return instances.find(serverNamed(source), source.instance)?.id ?? null;
}
