// What a restore of several files reads: the sources of each, from the backups of one set at a time, all of it proved before anything
// is written.
import path from 'node:path';
import { assertFirst, findBackends, manifestOf } from '../backup/backend-set.ts';
import type { BackendManifest } from '../contract/backend.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { type BarrierMark, lastMark } from '../rollforward/barrier-marks.ts';
import { recordsOf } from '../rollforward/replay.ts';
import { logRange, planSources, type RestoreSources } from './plan-sources.ts';

export interface PlannedFile {
  id: string;
  options: RestoreOptions;
  sources: RestoreSources;
}

/** Ids of the backends in the set of `file`, the first one first; null for a backup of one file. Throws BACKEND_MISMATCH for a further backend. */
export function backendsIn(file: string, files: Files): string[] | null {
  const manifest = manifestOf(file, files);
  if (!manifest) return null;
  assertFirst(file, manifest);
  return manifest.backends.map((entry) => entry.id);
}

/**
 * The sources of every backend in the set of `options.file`, by the backups that the first one needs. Throws what `planSources` throws,
 * BACKEND_MISSING and BACKEND_MISMATCH.
 */
export function planTogether(given: RestoreOptions, files: Files): PlannedFile[] {
  const mark = markFor(given, files);
  const options = mark ? { ...given, until: null, untilStamp: mark.last[mark.first] ?? null } : given;
  const sources = planSources(options, files);
  const backups = [sources.full, ...sources.incrementals].map(({ info }) => {
    const manifest = manifestOf(info.file, files);
    if (!manifest) throw new HoldfastError('BACKEND_MISMATCH', `${info.file} is a backup of one file, not of a set`);
    return { manifest, found: findBackends(info.file, manifest, files, options.searchFolders) };
  });
  const [base] = backups;
  if (!base) throw new Error('a restore reads at least a full backup');
  const [first, ...further] = base.manifest.backends;
  const until = !mark && options.untilStamp ? timeOf(options, sources, files) : options.until;
  const planned: PlannedFile[] = [{ id: first?.id ?? '', options, sources }];
  for (const { id } of further) {
    const [file, ...incrementals] = backups.map(({ manifest, found }) => fileOf(id, manifest, found));
    const untilStamp = mark?.last[id] ?? null;
    // A file that nothing was ever committed to at the marked moment is as its backup has it.
    const logs = options.backends.find((one) => one.id === id);
    const replays = logsOf(options) !== null && (!mark || untilStamp !== null);
    const own: RestoreOptions = {
      ...options,
      file: file ?? '',
      incrementals,
      until,
      untilStamp,
      untilBackup: null,
      logFiles: replays ? (logs?.logFiles ?? null) : null,
      logFolder: replays ? (logs?.logFolder ?? null) : null,
      // Peers are asked once, about all files.
      peers: [],
      waitMs: 0,
    };
    planned.push({ id, options: own, sources: planSources(own, files) });
  }
  return planned;
}

/** Folder of the first file's logs; null when none are replayed. */
const logsOf = ({ logFiles, logFolder }: RestoreOptions): string | null =>
  logFiles ? (logFiles[0] ? path.dirname(logFiles[0]) : null) : logFolder;

/**
 * The last moment before a wanted time at which all files were marked together; null when no time is wanted, or none was marked since
 * the last backup before it, which shows such a moment itself.
 */
function markFor(options: RestoreOptions, files: Files): (BarrierMark & { first: string }) | null {
  const folder = logsOf(options);
  if (options.until === null || folder === null) return null;
  const { last } = planSources(options, files);
  const [first] = manifestOf(last.info.file, files)?.backends ?? [];
  const mark = lastMark(folder, last.info.consistentAt, options.until, files);
  return first && mark?.last[first.id] ? { ...mark, first: first.id } : null;
}

function fileOf(id: string, manifest: BackendManifest, found: Map<string, string>): string {
  const file = found.get(id);
  if (file) return file;
  const ids = manifest.backends.map((entry) => entry.id).join(', ');
  throw new HoldfastError('BACKEND_MISMATCH', `A backup of the chain holds the backends ${ids} and not ${id}`);
}

/** When the wanted commit of the first file was captured: the other files have no such commit, but they have that time. */
function timeOf(options: RestoreOptions, { last }: RestoreSources, files: Files): number {
  const range = logRange(options, last.info);
  let at = last.info.consistentAt;
  if (range) for (const { record } of recordsOf(range, files, false)) at = record.at;
  return at;
}
