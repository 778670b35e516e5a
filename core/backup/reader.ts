// Opens a finished backup set, read-only, and gives its pages out once they are proved right.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { openBlockCipher } from '../encryption/block-cipher.ts';
import { noKeys } from '../encryption/master-key.ts';
import type { BlockCipher } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { BLOCKS_IN_FLIGHT, decompressBlock, decryptBlock } from './block-codec.ts';
import { readPlaces } from './block-places.ts';
import { checkPages } from './block-read.ts';
import { readStoredBlocks, type StoredBlock } from './block-stream.ts';
import { checkCancelled, naming, readAt } from './file-access.ts';
import { FileContents, openFileCiphers } from './file-content.ts';
import { mayBeDatabase, openGuarded } from './guarded-open.ts';
import { damaged, decodeTrailer, TRAILER_BYTES } from './layout.ts';
import { describeSet, type Part, readPart, sealedText } from './part-header.ts';
import { partName, partPlace, UNFINISHED } from './part-names.ts';
import type { CheckedBatch, OpenedBackup } from './types.ts';

export interface OpenBackupOptions {
  /** Where else parts of the set may lie. */
  searchFolders?: string[];
}

/**
 * Opens the set whose first file is `file`. Throws NOT_FOUND, NOT_A_BACKUP, BACKUP_NEWER_FORMAT, BACKUP_TRUNCATED, BACKUP_DAMAGED,
 * BACKUP_PART_MISSING, BACKUP_PART_ORDER. Holds no descriptor between calls of `batches`.
 */
export function openBackup(file: string, files: Files, options: OpenBackupOptions = {}): OpenedBackup {
  const parts = openParts(file, files, options.searchFolders ?? []);
  const info = describeSet(parts);
  const { encryption } = parts[0]!.record;
  let cipher: BlockCipher | null = null;
  return {
    info,
    xml: parts[0]!.xml,
    totalBytes: info.bytes,
    async unlock(keys) {
      if (!encryption || cipher) return;
      try {
        const found = await openBlockCipher(encryption, keys ?? noKeys);
        checkSeal(parts, found, files);
        cipher = found;
      } catch (error) {
        throw naming(error, file);
      }
    },
    blocks: () => ({
      pageSize: info.pageSize,
      files: parts.map((part) => part.file),
      places: readPlaces(parts, files),
      cipher,
    }),
    batches: (signal) => checkedBatches(parts, files, signal, cipher),
    async checkFiles(keys, signal) {
      const [first] = parts;
      if (!first?.record.files) return;
      const ciphers = await openFileCiphers(first, keys ? { user: keys } : {});
      await new FileContents(parts, files).check(ciphers, () => checkCancelled(signal));
    },
    close: () => undefined,
  };
}

/** Throws BACKUP_DAMAGED when the header or the end of an encrypted set is not what the holder of the key wrote. */
function checkSeal(parts: Part[], cipher: BlockCipher, files: Files): void {
  const { record } = parts[0]!;
  const last = parts.at(-1)!;
  const fd = openGuarded(last.file, files);
  let end: Buffer;
  try {
    end = readAt(files, fd, last.bytes - TRAILER_BYTES, TRAILER_BYTES);
  } finally {
    files.closeSync(fd);
  }
  const { digest } = decodeTrailer(end);
  if (record.encryption?.seal === cipher.sealSet(sealedText(record, digest))) return;
  throw damaged('its header or its end was changed after it was encrypted');
}

/** All parts of a set, found by name beside the first, else by what their headers say. */
export function openParts(file: string, files: Files, searchFolders: string[] = []): Part[] {
  const first = readPart(file, files);
  const { part, parts } = first.record;
  if (part !== 0) {
    throw new HoldfastError('BACKUP_PART_ORDER', `${file} is part ${part + 1} of ${parts}.`, {
      hint: `Choose the first file of the set, ${path.basename(first.header.backupFile).replace(/\.\d{5,}$/, '')}.`,
      details: { file },
    });
  }
  const found = [first];
  for (let index = 1; index < parts; index++) found.push(findPart(first, index, files, searchFolders));
  return found;
}

function findPart(first: Part, index: number, files: Files, searchFolders: string[]): Part {
  const expected = partName(first.file, index);
  const spread = partPlace(first.file, index, first.record.partFolders);
  // Beside the first it is the part of this very copy; only then where a set that was spread over disks says.
  for (const place of new Set([expected, spread])) {
    if (!files.existsSync(place)) continue;
    const there = readPart(place, files);
    if (belongs(first, there, index)) return there;
    if (place !== spread) continue;
    throw new HoldfastError('BACKUP_PART_ORDER', `${place} is not part ${index + 1} of this set.`, {
      details: { file: place },
    });
  }
  const folders = new Set([path.dirname(first.file), path.dirname(spread), ...searchFolders]);
  for (const folder of folders) {
    for (const name of files.existsSync(folder) ? files.readdirSync(folder) : []) {
      const candidate = tryPart(path.join(folder, name), files);
      if (candidate && belongs(first, candidate, index)) return candidate;
    }
  }
  throw new HoldfastError(
    'BACKUP_PART_MISSING',
    `Part ${index + 1} of ${first.record.parts}, ${spread}, is missing; it is in none of ${[...folders].join(', ')}.`,
    {
      details: { file: spread, folders: [...folders] },
    },
  );
}

/** Null for whatever is no sound part: the search looks at foreign files, too. */
function tryPart(file: string, files: Files): Part | null {
  if (file.endsWith(UNFINISHED) || mayBeDatabase(file) || !files.statSync(file, { throwIfNoEntry: false })?.isFile())
    return null;
  try {
    return readPart(file, files);
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

function belongs(first: Part, part: Part, index: number): boolean {
  return (
    part.record.idtag === first.record.idtag &&
    part.record.serial === first.record.serial &&
    part.record.part === index &&
    part.record.parts === first.record.parts
  );
}

async function* checkedBatches(
  parts: Part[],
  files: Files,
  signal: AbortSignal,
  cipher: BlockCipher | null,
): AsyncGenerator<CheckedBatch, void> {
  const { pageSize } = parts[0]!.record;
  const queue: { block: StoredBlock; packed: Buffer; raw: Promise<Buffer> }[] = [];
  const oldest = async (): Promise<CheckedBatch> => {
    const { block, packed, raw } = queue.shift()!;
    const data = await raw;
    if (packed !== data) releaseBuffer(packed);
    if (block.data !== packed) releaseBuffer(block.data);
    checkCancelled(signal);
    const pageHashes = checkPages(block.header, data, pageSize, cipher);
    return { numbers: block.numbers, data, position: block.position, pageHashes };
  };
  try {
    for (const block of readStoredBlocks(parts, files)) {
      checkCancelled(signal);
      const { compressed, rawBytes } = block.header;
      const packed = decryptBlock(block.header, block.bound, block.data, cipher);
      const raw = compressed ? decompressBlock(packed, rawBytes) : Promise.resolve(packed);
      // Awaited in its turn; until then a failure must not count as unhandled.
      raw.catch(() => undefined);
      queue.push({ block, packed, raw });
      if (queue.length >= BLOCKS_IN_FLIGHT) yield await oldest();
    }
    while (queue.length > 0) yield await oldest();
  } catch (error) {
    throw naming(error, parts[0]!.file);
  }
}
