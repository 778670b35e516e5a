// What lies in some folders: chains of backups and the files that cannot be used, from the headers alone.
import path from 'node:path';
import type { BackupFileInfo, CatalogView } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import { type FoundBackend, joinBackends } from './backend-set.ts';
import { groupChains } from './chain.ts';
import { mayBeDatabase } from './guarded-open.ts';
import type { KnownBackups } from './known-backups.ts';
import { describeSet, readPart } from './part-header.ts';
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

export interface ScannedBackups {
  infos: BackupFileInfo[];
  unusable: CatalogView['unusable'];
}

/** Every complete backup set in `folders`, and what looks like one but is not. What `known` holds of unchanged files is not read again. */
export function scanBackups(folders: string[], files: Files, known: KnownBackups | null = null): ScannedBackups {
  const steps = scan(folders, files, known);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** As `scanBackups`, letting others have their turn after each `turnMs` at most: thousands of headers take their time. */
export async function scanBackupsInTurns(
  folders: string[],
  files: Files,
  known: KnownBackups,
  clock: Pick<Clock, 'monotonic'>,
  turnMs = 15,
): Promise<ScannedBackups> {
  const steps = scan(folders, files, known);
  let began = clock.monotonic();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (clock.monotonic() - began < turnMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = clock.monotonic();
  }
}

/** What one file shows by itself; `whole` for a backup of one part. */
interface Seen {
  file: string;
  part: number;
  parts: number;
  whole: FoundBackend | null;
}

/** Pauses after each file. */
function* scan(folders: string[], files: Files, known: KnownBackups | null): Generator<void, ScannedBackups, void> {
  const unusable: CatalogView['unusable'] = [];
  const seen: Seen[] = [];
  const all = new Set<string>();
  for (const folder of folders) {
    const listed = list(folder, files);
    known?.only(folder, listed);
    for (const file of listed) all.add(file);
  }
  for (const file of all) {
    yield;
    try {
      seen.push(look(file, files, known));
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
  for (const first of seen.filter(({ part }) => part === 0)) {
    try {
      if (first.whole) {
        taken.add(first.file);
        found.push(first.whole);
        continue;
      }
      yield;
      const set = openParts(first.file, files, folders);
      for (const part of set) taken.add(part.file);
      found.push({ info: describeSet(set), manifest: set[0]?.record.backends ?? null });
    } catch (error) {
      taken.add(first.file);
      unusable.push({ file: first.file, error: toErrorReport(error) });
    }
  }
  const named = new Set(unusable.map(({ file }) => file));
  for (const { file, part } of seen) {
    if (taken.has(file) || named.has(file)) continue;
    const error = new HoldfastError('BACKUP_PART_MISSING', `${file} is part ${part + 1} of a set that is not here.`);
    unusable.push({ file, error: error.report() });
  }
  const { infos, unusable: incomplete } = joinBackends(found);
  return { infos, unusable: [...unusable, ...incomplete] };
}

function look(file: string, files: Files, known: KnownBackups | null): Seen {
  const stat = known ? files.statSync(file, { throwIfNoEntry: false }) : undefined;
  const before = stat ? known?.find(file, stat) : null;
  if (before) return { file, part: 0, parts: 1, whole: before };
  const read = readPart(file, files);
  const { part, parts, backends } = read.record;
  if (part !== 0 || parts !== 1) return { file, part, parts, whole: null };
  const whole = { info: describeSet([read]), manifest: backends ?? null };
  if (stat) known?.keep(file, stat, whole);
  return { file, part, parts, whole };
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
