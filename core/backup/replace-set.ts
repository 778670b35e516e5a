// Overwriting a set: the old one steps aside whole, under a name that makes a set of it still, until the new one is durable.
import path from 'node:path';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { foldersOfParts, laterPartNames, publish } from './part-names.ts';

export interface Replacement {
  /** First file of the set that is replaced. */
  file: string;
  /** Further folders where its parts can be. */
  partFolders?: readonly string[];
  /** Files of the new set, which wait under these names and `suffix`. */
  names: string[];
  suffix: string;
}

/**
 * Gives the new parts their names. Whatever fails or ends the process, one of the two sets is whole: the old one under its own name, or
 * under `FILE.replaced` where the process ended in between. Only when the new one is durable is the old one removed.
 */
export function replaceSet({ file, partFolders, names, suffix }: Replacement, files: Files): void {
  const old = filesOfSet(file, partFolders, files);
  if (old.length === 0) {
    publish(names, suffix, files);
    return;
  }
  const aside = freeName(file, partFolders, files);
  const moved: { from: string; to: string }[] = [];
  const folders = new Set([...old, ...names].map((name) => path.dirname(name)));
  const settle = () => {
    for (const folder of folders) fsyncFolder(files, folder);
  };
  try {
    for (const from of old) {
      const to = path.join(path.dirname(from), aside + path.basename(from).slice(path.basename(file).length));
      files.renameSync(from, to);
      moved.push({ from, to });
    }
    settle();
    publish(names, suffix, files);
  } catch (error) {
    for (const { from, to } of moved.toReversed()) files.renameSync(to, from);
    settle();
    throw error;
  }
  for (const { to } of moved) removeIfPossible(to, files);
}

/** What carries the name of this set now, the first file first; it may be of a longer or differently spread one. */
function filesOfSet(file: string, partFolders: readonly string[] | undefined, files: Files): string[] {
  const first = files.existsSync(file) ? [file] : [];
  return [
    ...first,
    ...foldersOfParts(file, partFolders).flatMap((folder) =>
      laterPartNames(file, files.readdirSync(folder)).map((name) => path.join(folder, name)),
    ),
  ];
}

/** A set that an interrupted replacement left aside keeps its name. */
function freeName(file: string, partFolders: readonly string[] | undefined, files: Files): string {
  for (let number = 1; ; number++) {
    const name = `${path.basename(file)}.replaced${number === 1 ? '' : number}`;
    if (filesOfSet(path.join(path.dirname(file), name), partFolders, files).length === 0) return name;
  }
}

/** The new set is there whatever becomes of the old one's file, which is a backup of its own right where it stays. */
function removeIfPossible(file: string, files: Files): void {
  try {
    files.unlinkSync(file);
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
  }
}
