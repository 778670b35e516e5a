// Copies a finished backup set into a folder: checked there before it gets its names, so that it is never visible half-copied.
import path from 'node:path';
import type { Progress } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { findBackends } from './backend-set.ts';
import { readStoredBlocks } from './block-stream.ts';
import { checkCancelled, fileError, flushInBackground, readAt, writeAt } from './file-access.ts';
import { type Part, readPart } from './part-header.ts';
import { partName, publish, UNFINISHED } from './part-names.ts';
import { openParts } from './reader.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Copies the set in `sources` (its parts in any order, of all its backends) and returns the new files, first part first. A set of the
 * same backup that is already there is left as it is. Throws FILE_EXISTS when another backup has the name, BACKEND_MISSING when the files
 * of a backend are not among them, and the reader's codes for a damaged one.
 */
export async function receiveSet(
  sources: string[],
  folder: string,
  files: Files,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<string[]> {
  checkCancelled(signal);
  const copies = backendsOf(sources, files)
    .map((parts) => copyOf(parts, folder))
    .filter(({ parts, target }) => !alreadyThere(parts, target, files));
  const all = backendsOf(sources, files).flatMap((parts) => copyOf(parts, folder).names);
  if (copies.length === 0) return all;
  const names = copies.flatMap((copy) => copy.names);
  for (const name of names) {
    if (files.existsSync(name)) throw new HoldfastError('FILE_EXISTS', `${name} exists and is another file.`);
  }
  const parts = copies.flatMap((copy) => copy.parts);
  checkSpace(parts, folder, files);
  const unfinished = names.map((name) => name + UNFINISHED);
  try {
    await copyParts(parts, unfinished, files, signal, onProgress);
    for (const copy of copies)
      await checkCopies(
        copy.names.map((name) => name + UNFINISHED),
        files,
        signal,
      );
    // The very first file last: until it has its name, there is no set.
    publish(names, UNFINISHED, files);
  } catch (error) {
    for (const copy of unfinished) files.rmSync(copy, { force: true });
    throw fileError(error, `Copying ${parts[0]!.file} to ${folder}`);
  }
  return all;
}

function copyOf(parts: Part[], folder: string): { parts: Part[]; target: string; names: string[] } {
  const target = path.join(folder, path.basename(parts[0]!.file));
  return { parts, target, names: parts.map((_, index) => partName(target, index)) };
}

/** The parts of each backend among the files, the first backend first; of a backup of one file that one. */
function backendsOf(sources: string[], files: Files): Part[][] {
  const firsts = sources.map((file) => readPart(file, files)).filter((part) => part.record.part === 0);
  const folders = sources.map((file) => path.dirname(file));
  const known = firsts.find(
    ({ record }) => !record.backends || record.backends.backend === record.backends.backends[0]?.id,
  );
  if (!known) throw new HoldfastError('BACKUP_PART_MISSING', 'The first part of the set is not among the files.');
  const manifest = known.record.backends;
  const further = manifest ? findBackends(known.file, manifest, files, folders).values() : [];
  return [known.file, ...further].map((file) => openParts(file, files, folders));
}

function alreadyThere(parts: Part[], target: string, files: Files): boolean {
  if (!files.existsSync(target)) return false;
  try {
    const there = openParts(target, files);
    return there[0]!.record.idtag === parts[0]!.record.idtag && there[0]!.record.serial === parts[0]!.record.serial;
  } catch (error) {
    if (error instanceof HoldfastError) return false;
    throw error;
  }
}

function checkSpace(parts: Part[], folder: string, files: Files): void {
  const needed = parts.reduce((sum, part) => sum + part.bytes, 0);
  try {
    const { bavail, bsize } = files.statfsSync(folder);
    if (bavail * bsize >= needed) return;
  } catch (error) {
    throw fileError(error, `Looking at ${folder}`);
  }
  throw new HoldfastError('NO_SPACE', `${folder} has no room for ${needed} bytes.`, { details: { folder, needed } });
}

async function copyParts(
  parts: Part[],
  copies: string[],
  files: Files,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  let before = 0;
  let reportedAt = 0;
  for (const [index, part] of parts.entries()) {
    const from = files.openSync(part.file, 'r');
    const to = files.openSync(copies[index]!, 'w', 0o600);
    try {
      for (let position = 0; position < part.bytes; position += CHUNK_BYTES) {
        checkCancelled(signal);
        writeAt(files, to, position, readAt(files, from, position, Math.min(CHUNK_BYTES, part.bytes - position)));
        const now = performance.now();
        if (now - reportedAt < 250) continue;
        reportedAt = now;
        const done = before + position;
        onProgress({ phase: 'Copying the backup', phaseIndex: 1, phaseCount: 1, done, total, unit: 'bytes' });
        await nextTurn();
      }
      await flushInBackground(files, to);
      files.fsyncSync(to);
    } finally {
      files.closeSync(to);
      files.closeSync(from);
    }
    before += part.bytes;
  }
  onProgress({ phase: 'Copying the backup', phaseIndex: 1, phaseCount: 1, done: total, total, unit: 'bytes' });
}

/** What was written is read again: every block against its checksum, and the digest of the whole. */
async function checkCopies(copies: string[], files: Files, signal: AbortSignal): Promise<void> {
  const parts = copies.map((copy) => readPart(copy, files));
  let checked = 0;
  for (const _ of readStoredBlocks(parts, files)) {
    checkCancelled(signal);
    if (++checked % 16 === 0) await nextTurn();
  }
}

/** Lets the agent answer between two chunks. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
