// Lists a folder for the file picker: names and sizes from the folder alone; no file is ever opened.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';

export interface FolderListing {
  path: string;
  parent: string | null;
  entries: { name: string; path: string; folder: boolean; bytes: number | null; database: boolean }[];
}

const MAX_ENTRIES = 2_000;
const DATABASE_NAME = /\.(db|db3|s3db|sl3|sqlite|sqlite3)$/i;

/** Folders first, by name; at most 2,000 entries. Null lists the home folder. Throws NOT_FOUND, NO_PERMISSION, INVALID_INPUT. */
export function browseFolder(given: string | null): FolderListing {
  if (given !== null && !path.isAbsolute(given))
    throw new HoldfastError('INVALID_INPUT', `${given} is not an absolute path`);
  const folder = path.resolve(given ?? os.homedir());
  const parent = path.dirname(folder);
  const entries = read(folder)
    .map((entry) => entryOf(folder, entry))
    .filter((entry) => entry !== null)
    .sort((a, b) => Number(b.folder) - Number(a.folder) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  return { path: folder, parent: parent === folder ? null : parent, entries };
}

function read(folder: string): string[] {
  try {
    const names: string[] = [];
    const handle = fs.opendirSync(folder);
    try {
      for (let entry = handle.readSync(); entry && names.length < MAX_ENTRIES; entry = handle.readSync())
        names.push(entry.name);
    } finally {
      handle.closeSync();
    }
    return names;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new HoldfastError('NOT_FOUND', `There is no folder ${folder}`, { cause: error });
    if (code === 'EACCES' || code === 'EPERM')
      throw new HoldfastError('NO_PERMISSION', `The folder ${folder} cannot be read`, { cause: error });
    throw error;
  }
}

/** Null for what vanished meanwhile, for dangling links, and for what is neither file nor folder. */
function entryOf(folder: string, name: string): FolderListing['entries'][number] | null {
  const place = path.join(folder, name);
  const stat = fs.statSync(place, { throwIfNoEntry: false, bigint: false });
  if (!stat || !(stat.isFile() || stat.isDirectory())) return null;
  const isFolder = stat.isDirectory();
  return {
    name,
    path: place,
    folder: isFolder,
    bytes: isFolder ? null : stat.size,
    database: !isFolder && DATABASE_NAME.test(name),
  };
}
