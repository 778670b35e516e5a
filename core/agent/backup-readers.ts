// Backup files that this agent reads now: they are not removed meanwhile, whoever asks, here or in any other process.
import path from 'node:path';
import { fileError } from '../backup/file-access.ts';
import {
  bindingNotes,
  type FoundNote,
  folderTime,
  type HeldNotes,
  isAbout,
  leaveNotes,
  whoOf,
} from '../backup/use-notes.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Agent } from './agent.ts';

interface Reading {
  files: Set<string>;
  /** Increments are looked for here while it runs. */
  folders: Set<string>;
  what: string;
}

const readings = new WeakMap<Agent, Set<Reading>>();

interface Sources {
  files: readonly string[];
  folders?: readonly string[];
}

/**
 * Runs `work` while no backup among `files`, nor any file in `folders`, can be removed by an agent or a command that sees them. `tell` is given
 * a sentence for each folder where others cannot be told. Throws BACKUP_ACTIVE while one of them is being removed.
 */
export async function whileReading<T>(
  agent: Agent,
  what: string,
  { files, folders = [] }: Sources,
  work: () => Promise<T>,
  tell: (line: string) => void = () => {},
): Promise<T> {
  const own = readings.get(agent) ?? new Set();
  readings.set(agent, own);
  const resolved = (paths: readonly string[]) => new Set(paths.map((one) => path.resolve(one)));
  const reading = { files: resolved(files), folders: resolved(folders), what };
  own.add(reading);
  const notes = leaveNotes('reading', what, placesOf(agent, reading), agent.deps.files);
  try {
    for (const { folder, error } of notes.failed)
      tell(`No note could be left in ${folder} that it is read: ${toErrorReport(error).message}`);
    refuseWhileRemoved(agent, reading, notes);
    return await work();
  } finally {
    notes.release();
    own.delete(reading);
  }
}

/** What each folder has of it; folders that this agent may not use are refused by the work itself. */
function placesOf(agent: Agent, { files, folders }: Reading): Map<string, string[] | null> {
  const places = new Map<string, string[] | null>();
  const allowed = (one: string) => {
    try {
      return agent.allowed(one);
    } catch (error) {
      if (error instanceof HoldfastError) return null;
      throw error;
    }
  };
  for (const one of folders) {
    const folder = allowed(one);
    if (folder) places.set(folder, null);
  }
  for (const one of files) {
    const file = allowed(one);
    if (!file) continue;
    const names = places.get(path.dirname(file));
    if (names !== null) places.set(path.dirname(file), [...(names ?? []), path.basename(file)]);
  }
  return places;
}

/** Reading and removing each leave a note first and then look for the other's: so at least one of them sees the other. */
function refuseWhileRemoved(agent: Agent, { files, folders }: Reading, notes: HeldNotes): void {
  const { files: access } = agent.deps;
  for (const own of notes.files) {
    const folder = path.dirname(own);
    for (const found of bindingNotes('removing', folder, folderTime(own, access), access)) {
      const names = [...files].filter((file) => path.dirname(file) === folder).map((file) => path.basename(file));
      if (!folders.has(folder) && !names.some((name) => isAbout(found, name))) continue;
      throw new HoldfastError('BACKUP_ACTIVE', `Backups in ${folder} are being removed by ${whoOf(found)}.`, {
        hint: 'Try again in a moment; another backup may be the right one then.',
      });
    }
  }
}

/** Throws RESTORE_ACTIVE when this agent reads one of the files now. */
export function refuseWhileRead(agent: Agent, files: readonly string[]): void {
  for (const reading of readings.get(agent) ?? [])
    for (const file of files)
      if (reading.files.has(file) || reading.folders.has(path.dirname(file)))
        throw new HoldfastError('RESTORE_ACTIVE', `${file} is read now by ${reading.what}; it stays`);
}

/** Runs `remove` while nobody can begin to read the files. Throws RESTORE_ACTIVE while a process reads one of them. */
export function whileRemoving<T>(agent: Agent, wanted: readonly string[], remove: () => T): T {
  const { files } = agent.deps;
  const places = new Map<string, string[] | null>();
  for (const file of wanted)
    places.set(path.dirname(file), [...(places.get(path.dirname(file)) ?? []), path.basename(file)]);
  const notes = leaveNotes('removing', 'the clearing of old backups', places, files);
  try {
    // A full disk is what removing is for; any other folder that takes no note gives no file away either.
    const failed = notes.failed.find(({ error }) => !['NO_SPACE', 'IO_ERROR'].includes(toErrorReport(error).name));
    if (failed) throw fileError(failed.error, `Clearing ${failed.folder}`);
    const times = new Map(notes.files.map((file) => [path.dirname(file), folderTime(file, files)]));
    const [reading] = readingsOf(agent, wanted, times);
    if (reading) throw new HoldfastError('RESTORE_ACTIVE', `${reading.file} is read now by ${reading.by}; it stays`);
    return remove();
  } finally {
    notes.release();
  }
}

/** Which of the files some process reads now, and who that is. `times` are those of the folders' own clocks, where they are known. */
export function readingsOf(
  agent: Agent,
  wanted: readonly string[],
  times: Map<string, number> = new Map(),
): { file: string; by: string }[] {
  const { files, clock } = agent.deps;
  const found = new Map<string, FoundNote[]>();
  return wanted.flatMap((file) => {
    const folder = path.dirname(file);
    const notes = found.get(folder) ?? bindingNotes('reading', folder, times.get(folder) ?? clock.now(), files);
    found.set(folder, notes);
    return notes.filter((note) => isAbout(note, path.basename(file))).map((note) => ({ file, by: whoOf(note) }));
  });
}

/** What a restore reads: with no list of incrementals, whatever lies where they are looked for. */
export const sourcesOf = (options: { file: string; incrementals?: string[] | null; searchFolders?: string[] }) => ({
  files: [options.file, ...(options.incrementals ?? [])],
  folders: options.incrementals ? [] : [path.dirname(options.file), ...(options.searchFolders ?? [])],
});
