// Backup files that this agent reads now: they are not removed meanwhile, whoever asks.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Agent } from './agent.ts';

interface Reading {
  files: Set<string>;
  /** Increments are looked for here while it runs. */
  folders: Set<string>;
  what: string;
}

const readings = new WeakMap<Agent, Set<Reading>>();

/** Runs `work` while no backup among `files`, nor any file in `folders`, can be removed through this agent. */
export async function whileReading<T>(
  agent: Agent,
  what: string,
  { files, folders = [] }: { files: readonly string[]; folders?: readonly string[] },
  work: () => Promise<T>,
): Promise<T> {
  const own = readings.get(agent) ?? new Set();
  readings.set(agent, own);
  const resolved = (paths: readonly string[]) => new Set(paths.map((one) => path.resolve(one)));
  const reading = { files: resolved(files), folders: resolved(folders), what };
  own.add(reading);
  try {
    return await work();
  } finally {
    own.delete(reading);
  }
}

/** Throws RESTORE_ACTIVE when something reads one of the files now. */
export function refuseWhileRead(agent: Agent, files: readonly string[]): void {
  for (const reading of readings.get(agent) ?? [])
    for (const file of files)
      if (reading.files.has(file) || reading.folders.has(path.dirname(file)))
        throw new HoldfastError('RESTORE_ACTIVE', `${file} is read now by ${reading.what}; it stays`);
}

/** What a restore reads: with no list of incrementals, whatever lies where they are looked for. */
export const sourcesOf = (options: { file: string; incrementals?: string[] | null; searchFolders?: string[] }) => ({
  files: [options.file, ...(options.incrementals ?? [])],
  folders: options.incrementals ? [] : [path.dirname(options.file), ...(options.searchFolders ?? [])],
});
