// Walks below folders that somebody names, within bounds: how deep, how much, and never through a symbolic link.
import path from 'node:path';
import type { Files } from '../platform/files.ts';

export interface FoundFolders {
  folders: string[];
  /** Why some were left out; null when none was. */
  cutShort: string | null;
}

const MAX_DEPTH = 8;
const MAX_FOLDERS = 2_000;
/** Of these nothing is ever restored: sets in the making and copies of whole databases. */
const SKIPPED = new Set(['staging', 'contingency', 'node_modules', 'lost+found', '.git']);

/** `roots` and, with `deep`, every folder below them. A root that is not there is left out. */
export function findFolders(roots: readonly string[], deep: boolean, files: Files): FoundFolders {
  const folders: string[] = [];
  const queue = [...new Set(roots)].map((folder) => ({ folder, depth: 0 }));
  let cutShort: string | null = null;
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { folder, depth } = next;
    if (folders.length >= MAX_FOLDERS)
      return { folders, cutShort: `more than ${MAX_FOLDERS} folders: name those that hold the backups` };
    const below = subfolders(folder, files);
    if (below === 'gone') continue;
    if (below === 'closed') {
      cutShort = `${folder} must not be read`;
      continue;
    }
    folders.push(folder);
    if (!deep) continue;
    if (depth >= MAX_DEPTH && below.length > 0) cutShort = `${folder} is more than ${MAX_DEPTH} folders deep`;
    else queue.push(...below.map((name) => ({ folder: path.join(folder, name), depth: depth + 1 })));
  }
  return { folders, cutShort };
}

function subfolders(folder: string, files: Files): string[] | 'gone' | 'closed' {
  try {
    const entries = files.readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name)).map((entry) => entry.name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'gone';
    if (code === 'EACCES' || code === 'EPERM') return 'closed';
    throw error;
  }
}
