// The files of a backup of several backends: found from the first one's manifest, and refused when one is missing, foreign or another.
import path from 'node:path';
import type { BackendManifest } from '../contract/backend.ts';
import type { BackupFileInfo, CatalogView } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { mayBeDatabase } from './guarded-open.ts';
import { type Part, readPart } from './part-header.ts';
import { UNFINISHED } from './part-names.ts';

type Entry = BackendManifest['backends'][number];

/** A complete file (all its parts) that says of which set it is a backend. */
export interface FoundBackend {
  info: BackupFileInfo;
  manifest: BackendManifest | null;
}

/** What the file at `file` says of the set that it belongs to; null for a backup of one file. */
export const manifestOf = (file: string, files: Files): BackendManifest | null =>
  readPart(file, files).record.backends ?? null;

/** The file that a set is known by holds its first backend. Throws BACKEND_MISMATCH for any other. */
export function assertFirst(file: string, manifest: BackendManifest): void {
  const [first] = manifest.backends;
  if (!first || manifest.backend === first.id) return;
  throw new HoldfastError('BACKEND_MISMATCH', `${file} holds the backend ${manifest.backend} of a set.`, {
    hint: `Choose the file of its first backend, ${first.name}.`,
    details: { file },
  });
}

/** Files of the further backends of the set in `first`, by id. Throws BACKEND_MISSING, BACKEND_MISMATCH, and the reader's codes. */
export function findBackends(
  first: string,
  manifest: BackendManifest,
  files: Files,
  searchFolders: string[] = [],
): Map<string, string> {
  assertFirst(first, manifest);
  const further = manifest.backends.slice(1);
  return new Map(further.map((entry) => [entry.id, findBackend(first, manifest, entry, files, searchFolders)]));
}

function findBackend(
  first: string,
  manifest: BackendManifest,
  entry: Entry,
  files: Files,
  searchFolders: string[],
): string {
  const expected = path.join(path.dirname(first), entry.name);
  if (files.existsSync(expected)) {
    const problem = notOfSet(readPart(expected, files), manifest, entry);
    if (!problem) return expected;
    throw new HoldfastError('BACKEND_MISMATCH', `${expected} ${problem}.`, { details: { file: expected } });
  }
  const folders = new Set([path.dirname(first), ...searchFolders]);
  for (const folder of folders) {
    for (const name of files.existsSync(folder) ? files.readdirSync(folder) : []) {
      const file = path.join(folder, name);
      const part = file === first ? null : tryFirstPart(file, files);
      if (part && !notOfSet(part, manifest, entry)) return file;
    }
  }
  throw new HoldfastError(
    'BACKEND_MISSING',
    `The backend ${entry.id} of ${first} is missing: ${entry.name} is in none of ${[...folders].join(', ')}.`,
    { details: { file: expected, backend: entry.id } },
  );
}

/** Why a file is not the wanted backend of the set; null when it is. */
function notOfSet({ record }: Part, manifest: BackendManifest, entry: Entry): string | null {
  const there = record.backends;
  if (!there) return 'is a backup of one file';
  if (there.setId !== manifest.setId) return `belongs to the backup ${record.idtag} of ${record.instance}, another set`;
  if (there.backend !== entry.id) return `holds the backend ${there.backend}, not ${entry.id}`;
  const same =
    record.serial === entry.serial && record.pageSize === entry.pageSize && record.pageCount === entry.pageCount;
  return same ? null : 'is not the file that the set was made with';
}

function tryFirstPart(file: string, files: Files): Part | null {
  if (file.endsWith(UNFINISHED) || mayBeDatabase(file) || !files.statSync(file, { throwIfNoEntry: false })?.isFile())
    return null;
  try {
    const part = readPart(file, files);
    return part.record.part === 0 ? part : null;
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

/**
 * One entry for each set: the first backend's, with the files of all. What is of a set that is not complete here is unusable, as is a
 * backend whose first file is elsewhere.
 */
export function joinBackends(found: FoundBackend[]): { infos: BackupFileInfo[]; unusable: CatalogView['unusable'] } {
  const unusable: CatalogView['unusable'] = [];
  const infos: BackupFileInfo[] = [];
  const used = new Set<FoundBackend>();
  for (const one of found) {
    const { info, manifest } = one;
    if (!manifest) {
      infos.push(info);
      continue;
    }
    if (manifest.backend !== manifest.backends[0]?.id) continue;
    const files = manifest.backends.map((entry) => ({ entry, file: pick(one, manifest, entry, found) }));
    const missing = files.find(({ file }) => !file);
    if (missing) unusable.push({ file: info.file, error: missingIn(info.file, missing.entry.id) });
    const whole = files.flatMap(({ file }) => (file ? [file] : []));
    for (const file of whole) used.add(file);
    if (!missing) infos.push(joined(info, whole));
  }
  for (const one of found) {
    if (!one.manifest || used.has(one) || one.manifest.backend === one.manifest.backends[0]?.id) continue;
    const [first] = one.manifest.backends;
    const message = `${one.info.file} holds the backend ${one.manifest.backend} of a set whose first file, ${first?.name}, is not here.`;
    unusable.push({ file: one.info.file, error: new HoldfastError('BACKEND_MISSING', message).report() });
  }
  return { infos, unusable };
}

/** The wanted file, from the same folder where there is one. */
function pick(
  first: FoundBackend,
  manifest: BackendManifest,
  entry: Entry,
  found: FoundBackend[],
): FoundBackend | undefined {
  if (entry.id === manifest.backend) return first;
  const fits = found.filter(
    (one) =>
      one.manifest?.setId === manifest.setId && one.manifest.backend === entry.id && one.info.serial === entry.serial,
  );
  const folder = path.dirname(first.info.file);
  return fits.find((one) => path.dirname(one.info.file) === folder) ?? fits[0];
}

const missingIn = (file: string, id: string) =>
  new HoldfastError('BACKEND_MISSING', `The backend ${id} of ${file} is not here.`, {
    details: { file, backend: id },
  }).report();

function joined(info: BackupFileInfo, whole: FoundBackend[]): BackupFileInfo {
  return {
    ...info,
    parts: whole.flatMap((one) => one.info.parts),
    bytes: whole.reduce((sum, one) => sum + one.info.bytes, 0),
    backends: whole.map(({ info: one, manifest }) => ({
      id: manifest?.backend ?? '',
      file: one.file,
      parts: one.parts,
      bytes: one.bytes,
      serial: one.serial,
      pageSize: one.pageSize,
      pageCount: one.pageCount,
      currentLog: one.currentLog,
      vector: one.vector,
      ...(one.databaseSerial === undefined ? {} : { databaseSerial: one.databaseSerial }),
      ...(one.logSerial === undefined ? {} : { logSerial: one.logSerial }),
    })),
  };
}
