// Whether a backup will fit, asked before anything is written: each disk for the share that it takes.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { fileError } from './file-access.ts';
import { streamedBytes } from './file-section.ts';
import { foldersOfParts } from './part-names.ts';
import type { BackupSource, WriteBackupOptions } from './types.ts';

/** The share of the raw size that must be free before a compressed backup starts; what is really needed shows only later. */
const COMPRESSED_SHARE = 0.2;

/** Throws NO_SPACE for the first folder whose disk has too little left, NOT_FOUND for one that is not there. */
export function checkSpace(source: BackupSource, options: WriteBackupOptions, files: Files): void {
  const raw = source.expectedPages * source.pageSize;
  const pages = Math.ceil(options.compression === 'zstd' ? raw * COMPRESSED_SHARE : raw);
  // Keyrings and archives hardly become smaller.
  checkRoom(pages + (options.streams ? streamedBytes(options.streams) : 0), options, files);
}

/** Whether `total` bytes will fit, spread as the parts will be. Throws as `checkSpace`. */
export function checkRoom(
  total: number,
  options: Pick<WriteBackupOptions, 'file' | 'partFolders'>,
  files: Files,
): void {
  const folders = foldersOfParts(options.file, options.partFolders).map((folder) => ({
    folder,
    ...roomIn(folder, files),
  }));
  for (const { folder, device, free } of folders) {
    const share = folders.filter((other) => other.device === device).length / folders.length;
    const needed = Math.ceil(total * share);
    if (free >= needed) continue;
    throw new HoldfastError('NO_SPACE', `${folder} has ${free} bytes free; the backup needs about ${needed} there.`, {
      details: { folder, free, needed },
    });
  }
}

function roomIn(folder: string, files: Files): { device: number; free: number } {
  try {
    const { bavail, bsize } = files.statfsSync(folder);
    return { device: files.statSync(folder).dev, free: bavail * bsize };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new HoldfastError('NOT_FOUND', `The folder ${folder} does not exist.`, { cause: error });
    throw fileError(error, `Looking at ${folder}`);
  }
}
