// Files that are no "other files" of a backup: protected databases, and what this server keeps of its own. Decided by name and inode,
// before anything is opened: closing a second descriptor of an open database would drop its locks.
import path from 'node:path';
import type { Files } from '../platform/files.ts';
import { ownerOf } from '../sqlite/registry.ts';
import type { Agent } from './agent.ts';

const OF_A_DATABASE = /-(wal|shm|journal)$/;

/** What the file is instead, for a sentence that begins with its name; null when it is none of these. */
export function ownFile(agent: Agent, file: string): string | null {
  const { files } = agent.deps;
  if (OF_A_DATABASE.test(file)) return 'belongs to a database';
  for (const instance of agent.instances.values())
    for (const one of instance.backends) {
      if (file === one.path || isSame(file, one.path, files)) return `is the protected database ${one.name}`;
      if (isInside(file, one.home)) return `belongs to the protection of ${one.name}`;
    }
  const stat = files.statSync(file, { throwIfNoEntry: false });
  if (stat && ownerOf(stat.dev, stat.ino)) return 'is a protected database';
  const { root } = agent.spec;
  const kept = ['keys', 'groups', 'agent.lock', 'instances.json', 'lease.json', 'active.json', 'endpoint.json'].map(
    (name) => path.join(root, name),
  );
  return kept.some((own) => file === own || isInside(file, own)) ? 'belongs to the server itself' : null;
}

function isSame(file: string, other: string, files: Files): boolean {
  const [a, b] = [file, other].map((one) => files.statSync(one, { throwIfNoEntry: false }));
  return !!a && !!b && a.dev === b.dev && a.ino === b.ino;
}

const isInside = (file: string, folder: string) => file === folder || file.startsWith(`${folder}${path.sep}`);
