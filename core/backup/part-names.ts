// How the files of one backup set are called: `x.bak`, `x.bak.00001`, `x.bak.00002`, … and the same while they are being written.
import path from 'node:path';
import { type Files, fsyncFolder } from '../platform/files.ts';

/** Ends the name of a part that is not finished; nothing that ends so is ever taken for a backup. */
export const UNFINISHED = '.unfinished';

/** Name of part `index` (0 is the first) of the set whose first file is `file`. */
export function partName(file: string, index: number): string {
  return index === 0 ? file : `${file}.${String(index).padStart(5, '0')}`;
}

/** Where part `index` goes: the folder of the first file and the `further` ones take the parts in turn. */
export function partPlace(file: string, index: number, further: readonly string[] = []): string {
  const folders = foldersOfParts(file, further);
  return path.join(folders[index % folders.length]!, path.basename(partName(file, index)));
}

/** Every folder that parts of this set can be in, the one of the first file first. */
export function foldersOfParts(file: string, further: readonly string[] = []): string[] {
  return [...new Set([path.dirname(file), ...further])];
}

/** Parts after the first of a set with this first file, among the names of its folder. */
export function laterPartNames(file: string, names: string[]): string[] {
  const prefix = `${path.basename(file)}.`;
  return names.filter((name) => name.startsWith(prefix) && /^\d{5,}$/.test(name.slice(prefix.length)));
}

/** Gives finished parts their names, durably: the first file last, since without it there is no set. On failure none is left. */
export function publish(names: string[], suffix: string, files: Files): void {
  const published: string[] = [];
  try {
    for (const name of names.toReversed()) {
      files.renameSync(name + suffix, name);
      published.push(name);
    }
    for (const folder of new Set(names.map((name) => path.dirname(name)))) fsyncFolder(files, folder);
  } catch (error) {
    for (const name of published) files.rmSync(name, { force: true });
    throw error;
  }
}
