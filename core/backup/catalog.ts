// What lies in some folders: chains of backups and the files that cannot be used, from the headers alone.
import path from 'node:path';
import type { BackupFileInfo, CatalogView } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { type FoundBackend, joinBackends } from './backend-set.ts';
import { groupChains } from './chain.ts';
import { mayBeDatabase } from './guarded-open.ts';
import { describeSet, type Part, readPart } from './part-header.ts';
import { UNFINISHED } from './part-names.ts';
import { openParts } from './reader.ts';

export interface ScannedFolders {
  chains: CatalogView['chains'];
  unusable: CatalogView['unusable'];
}

/** Reads the headers of all files in `folders`. Foreign files are passed over unless their name says that they are backups. */
export function scanFolders(folders: string[], files: Files): ScannedFolders {
  const { infos, unusable } = scanBackups(folders, files);
  const { chains, orphans } = groupChains(infos);
  for (const orphan of orphans) {
    const error = new HoldfastError(
      'NOT_FOUND',
      `The full backup ${orphan.baseIdtag} of this incremental is not here.`,
      {
        hint: 'Add the folder of the full backup.',
        details: { file: orphan.file, baseIdtag: orphan.baseIdtag },
      },
    );
    unusable.push({ file: orphan.file, error: error.report() });
  }
  return { chains, unusable };
}

/** What the disk or a limit of the system answers, whatever the file is. */
const SAYS_NOTHING = new Set<string>(['IO_ERROR', 'NO_SPACE']);

/**
 * Throws for a file that cannot be read now and may be a backup that matters: an error of the disk or of a limit says nothing of what the
 * file is. For whoever would lose something by passing it over.
 */
export function assertReadable(unusable: CatalogView['unusable']): void {
  const found = unusable.find(
    ({ file, error }) =>
      SAYS_NOTHING.has(error.name) || (error.name === 'NO_PERMISSION' && /\.bak(\.\d{5,})?$/.test(file)),
  );
  if (!found) return;
  throw new HoldfastError(found.error.name, found.error.message, {
    hint: 'Make the file readable, or move it out of the folder.',
    details: { file: found.file },
  });
}

/** Every complete backup set in `folders`, and what looks like one but is not. */
export function scanBackups(
  folders: string[],
  files: Files,
): { infos: BackupFileInfo[]; unusable: CatalogView['unusable'] } {
  const unusable: CatalogView['unusable'] = [];
  const parts: Part[] = [];
  for (const file of new Set(folders.flatMap((folder) => list(folder, files)))) {
    try {
      parts.push(readPart(file, files));
    } catch (error) {
      const report = toErrorReport(error);
      const gone = report.name === 'NOT_FOUND';
      const owned = report.name === 'DATABASE_IN_USE';
      // An empty file is the beginning of anything.
      const empty = files.statSync(file, { throwIfNoEntry: false })?.size === 0;
      const foreign = (report.name === 'NOT_A_BACKUP' || empty) && !/\.bak(\.\d{5,})?$/.test(file);
      if (!gone && !owned && !foreign) unusable.push({ file, error: report });
    }
  }
  const taken = new Set<string>();
  const found: FoundBackend[] = [];
  for (const first of parts.filter((part) => part.record.part === 0)) {
    try {
      const set = first.record.parts === 1 ? [first] : openParts(first.file, files, folders);
      for (const part of set) taken.add(part.file);
      found.push({ info: describeSet(set), manifest: first.record.backends ?? null });
    } catch (error) {
      taken.add(first.file);
      unusable.push({ file: first.file, error: toErrorReport(error) });
    }
  }
  for (const { file, record } of parts) {
    const named = (entry: { file: string }) => entry.file === file;
    if (taken.has(file) || unusable.some(named)) continue;
    const error = new HoldfastError(
      'BACKUP_PART_MISSING',
      `${file} is part ${record.part + 1} of a set that is not here.`,
    );
    unusable.push({ file, error: error.report() });
  }
  const { infos, unusable: incomplete } = joinBackends(found);
  return { infos, unusable: [...unusable, ...incomplete] };
}

function list(folder: string, files: Files): string[] {
  const entries = (() => {
    try {
      return files.readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  })();
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(UNFINISHED) && !mayBeDatabase(entry.name))
    .map((entry) => path.join(folder, entry.name))
    .sort();
}
