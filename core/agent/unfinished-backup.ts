// A backup that a crash ended between its first byte and its place in the chain: not part of the chain, so it must not stay.
import path from 'node:path';
import { foldersOfParts, laterPartNames, partName, UNFINISHED } from '../backup/part-names.ts';
import { openBackup } from '../backup/reader.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { type Files, fsyncFolder } from '../platform/files.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/**
 * As `settleUnfinishedBackup`, where nothing may wait for it: what cannot be removed now is told, and stays noted for the next backup.
 */
export function removeUnfinishedBackup(instance: ProtectedInstance): void {
  try {
    settleUnfinishedBackup(instance);
  } catch (error) {
    const { message } = toErrorReport(error);
    instance.agent.emit('error', 'warning', instance.name, `An interrupted backup could not be removed: ${message}`);
  }
}

/**
 * Removes what is left of it: a complete set that the chain does not know would be taken for the next link, and the true
 * next one would then not fit. Only files that carry its serial, and its unfinished parts, are touched. Throws what keeps it from that.
 */
export function settleUnfinishedBackup(instance: ProtectedInstance): void {
  const { writing, chain, name } = instance.facts;
  if (!writing) return;
  const { files } = instance.agent.deps;
  const folder = path.dirname(writing.file);
  if (chain?.serial !== writing.serial && files.existsSync(folder)) {
    const removed = [
      ...completeParts(files, writing.file, writing.serial),
      ...foldersOfParts(writing.file, writing.partFolders)
        .filter((one) => files.existsSync(one))
        .flatMap((one) => unfinishedParts(files, path.join(one, path.basename(writing.file)))),
    ];
    for (const file of removed) files.rmSync(file, { force: true });
    if (removed.length > 0) {
      for (const one of new Set(removed.map((file) => path.dirname(file)))) fsyncFolder(files, one);
      instance.agent.emit('error', 'info', name, `An interrupted backup was removed: ${writing.file}`);
    }
  }
  instance.update({ writing: null });
}

const UNREADABLE = new Set<string>(['IO_ERROR', 'NO_SPACE', 'NO_PERMISSION']);

function completeParts(files: Files, file: string, serial: string): string[] {
  if (!files.existsSync(file)) return [];
  try {
    const { info } = openBackup(file, files);
    return info.serial === serial ? info.parts : [];
  } catch (error) {
    // Whatever is no sound backup is not ours to remove; what only cannot be read now may be.
    if (!(error instanceof HoldfastError) || UNREADABLE.has(error.name)) throw error;
    return [];
  }
}

function unfinishedParts(files: Files, file: string): string[] {
  const folder = path.dirname(file);
  const names = (files.readdirSync(folder) as string[])
    .filter((one) => one.endsWith(UNFINISHED))
    .map((one) => one.slice(0, -UNFINISHED.length));
  const later = laterPartNames(file, names).map((one) => path.join(folder, one));
  return [partName(file, 0), ...later].map((one) => one + UNFINISHED).filter((one) => files.existsSync(one));
}
