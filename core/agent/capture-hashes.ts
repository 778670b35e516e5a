// What every page looked like where capture stopped: kept at an orderly end, rebuilt from backup and logs after a crash.
// Only needed when the WAL no longer proves continuity.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { replay } from '../rollforward/replay.ts';
import { hashPage, PageHashTable } from '../sqlite/page-hash.ts';
import type { CaptureOptions, CapturePosition, PageHashes } from '../sqlite/types.ts';
import { placePageIndex, settlePageIndex, stagePageIndex } from './page-index.ts';
import type { ProtectedInstance } from './protected-instance.ts';

const keyOf = (position: CapturePosition) =>
  [position.salt1, position.salt2, position.endOffset].map((part) => part.toString(16).padStart(8, '0')).join('');

const folderOf = (instance: ProtectedInstance) => path.join(instance.home, 'capture');

export function saveCaptureHashes(instance: ProtectedInstance, position: CapturePosition, hashes: PageHashes): void {
  const { files } = instance.agent.deps;
  const folder = folderOf(instance);
  files.mkdirSync(folder, { recursive: true, mode: 0o700 });
  stagePageIndex(files, folder, keyOf(position), hashes);
  placePageIndex(files, folder);
}

/**
 * Hashes of the image at `from`: at once when they were kept, else a function that makes them from the last backup and the logs since.
 * That one is dear, and only needed when the WAL does not go on from there; it gives null when nothing reaches that far.
 */
export function hashesForResume(instance: ProtectedInstance, from: CapturePosition): CaptureOptions['hashes'] {
  const { files } = instance.agent.deps;
  const kept = files.existsSync(folderOf(instance)) ? settlePageIndex(files, folderOf(instance), keyOf(from)) : null;
  return kept ?? (() => rebuild(instance));
}

/** The pages of the last backup with every logged commit since on top. */
function rebuild(instance: ProtectedInstance): PageHashes | null {
  const { files } = instance.agent.deps;
  const { chain, logging, databaseSerial } = instance.facts;
  if (!chain || chain.logSerial === null || chain.logSerial !== logging.serial) return null;
  const base = settlePageIndex(files, instance.home, chain.serial);
  if (!base) return null;
  const table = PageHashTable.from(base);
  const range = {
    folder: logging.directory,
    databaseSerial,
    firstLog: chain.currentLog,
    after: chain.vector,
    until: null,
  };
  try {
    for (const { record } of replay(range, files)) {
      table.resize(record.pageCount);
      record.numbers.forEach((number, index) => {
        table.set(number, hashPage(record.data.subarray(index * chain.pageSize, (index + 1) * chain.pageSize)));
      });
    }
  } catch (error) {
    // Logs that were moved away cannot prove anything; the capture then begins afresh and says so.
    if (error instanceof HoldfastError) return null;
    throw error;
  }
  return table;
}
