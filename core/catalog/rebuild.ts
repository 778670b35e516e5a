// What can be said of the servers when the catalog is gone: from the plain list beside it, else from the folders of their agents.
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type ServerRecord, serversFile } from './servers.ts';

/** As an agent keeps the list of its instances in its root. */
const registeredSchema = z.array(z.object({ name: z.string(), path: z.string(), home: z.string() }));

/** Servers that this data folder had. Those whose list is lost too are known by their folder: what it does not tell is as for a new one. */
export function serversOnDisk(dataFolder: string, now: number): ServerRecord[] {
  const file = serversFile(dataFolder);
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')) as ServerRecord[];
  const folder = path.join(dataFolder, 'servers');
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).flatMap((name) => serverIn(name, path.join(folder, name), now) ?? []);
}

function serverIn(name: string, root: string, now: number): ServerRecord | null {
  const list = path.join(root, 'instances.json');
  if (!fs.existsSync(list)) return null;
  const instances = registeredSchema.parse(JSON.parse(fs.readFileSync(list, 'utf8')));
  const folders = instances.flatMap((one) => [path.dirname(one.path), path.dirname(path.dirname(one.home))]);
  const allowedFolders = [...new Set(folders)].filter((one) => !one.startsWith(root + path.sep));
  return { name, root: fs.realpathSync(root), allowedFolders, httpPort: 0, stopped: false, lab: false, addedAt: now };
}
