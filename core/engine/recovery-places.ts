// Where missing logs and backups can be: the folders of the instance, of its group, of the failed restore, and those that were named.
import fs from 'node:fs';
import path from 'node:path';
import type { BackupFileInfo, LogFileInfo } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Recovery } from '../contract/recovery.ts';
import type { FoundFiles } from '../restore/guided-sets.ts';
import { filesOf } from './backup-library.ts';
import type { Instance, Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface PlacePorts {
  servers: Servers;
  instances: Instances;
}

/** Where a group's agents put what they back up while a backup database is active. */
const CONTINGENCY = 'ContingencyBackups';

interface Place {
  server: string;
  folder: string;
}

export interface Searched {
  places: FoundFiles[];
  searched: Recovery['searched'];
}

/** Asks each server's agent about its folders; a folder that cannot be read keeps no other from being searched. */
export async function searchPlaces(
  { servers, instances }: PlacePorts,
  target: Instance,
  others: Instance[],
  used: readonly string[],
  named: readonly string[],
): Promise<Searched> {
  const own = target.record.server;
  const all = [
    ...used.map((folder) => ({ server: own, folder })),
    ...[target, ...others].flatMap((one) => {
      const folders = instances.backupFolders(one);
      const contingency = folders
        .map((folder) => path.join(folder, CONTINGENCY))
        .filter((folder) => fs.existsSync(folder));
      const further = (one.status.backends ?? []).slice(1).map((file) => file.logging.directory);
      return [...folders, ...contingency, one.status.logging.directory, ...further].map((folder) => ({
        server: one.record.server,
        folder,
      }));
    }),
    ...named.map((folder) => ({ server: own, folder })),
  ];
  // A folder that nobody named and that is not there holds nothing.
  const there = all.filter(({ folder }) => folder !== '' && (named.includes(folder) || fs.existsSync(folder)));
  const unique = new Map(there.map((one) => [`${one.server}\n${path.resolve(one.folder)}`, one]));
  const wanted = new Set([target, ...others].map((one) => one.record.name.toLowerCase()));
  const byServer = Map.groupBy(unique.values(), ({ server }) => server);
  const found = await Promise.all([...byServer].map(([server, places]) => look(servers, server, places, wanted)));
  return { places: found.map((one) => one.files), searched: found.flatMap((one) => one.searched) };
}

async function look(servers: Servers, server: string, places: Place[], wanted: ReadonlySet<string>) {
  const problems = new Map<string, string>();
  const folders: string[] = [];
  for (const { folder } of places) {
    const problem = fs.existsSync(folder) ? await refusal(() => servers.allow(server, [folder])) : 'is not there';
    if (problem === null) folders.push(folder);
    else problems.set(folder, problem);
  }
  let backups: BackupFileInfo[] = [];
  let logs: LogFileInfo[] = [];
  // All at once, since an incremental is only recognised beside its full; the logs of each folder for themselves.
  const problem = await refusal(async () => {
    const view = await servers.use(server, (api) => api.catalog({ folders, logFolders: [] }));
    backups = view.chains.flatMap(filesOf).filter((one) => wanted.has(one.instance.toLowerCase()));
  });
  for (const folder of folders) {
    const inLogs = await refusal(async () => {
      const view = await servers.use(server, (api) => api.catalog({ folders: [], logFolders: [folder] }));
      logs = [...logs, ...view.logs];
    });
    const why = problem ?? inLogs;
    if (why !== null) problems.set(folder, why);
  }
  const searched = places.map(({ folder }) => ({ server, folder, problem: problems.get(folder) ?? null }));
  return { files: { server, backups, logs }, searched };
}

/** The message of an expected failure; null when there was none. */
async function refusal(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error.message;
    throw error;
  }
}
