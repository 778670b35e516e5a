// Writes a backup: pages in, a finished set of files out, or nothing at all. Memory stays bounded by the blocks in flight.
import { createHash, type Hash } from 'node:crypto';
import { newBlockCipher } from '../encryption/block-cipher.ts';
import type { BlockCipher } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import type { PageBatch } from '../sqlite/types.ts';
import { BLOCKS_IN_FLIGHT, compressBlock, encodeBlock } from './block-codec.ts';
import { BlockMapWriter } from './block-map.ts';
import { BlockPacker } from './block-packer.ts';
import { checkCancelled } from './file-access.ts';
import { streamedBytes, type WrittenFiles, writeFileSection } from './file-section.ts';
import { encodeTrailer, setIdOf, TRAILER_BYTES } from './layout.ts';
import { blockChecksum, PageHashList } from './page-hash-list.ts';
import { encodePartHeader, partHeaderBytes, sealedText } from './part-header.ts';
import { SetWriter } from './set-writer.ts';
import { checkSpace } from './space.ts';
import type { BackupIdentity, BackupOutcome, BackupSource, WriteBackupOptions, WrittenBackup } from './types.ts';

const PROGRESS_MS = 250;
/** Of a full on the machine of the bench. */
const MS_PER_BYTE = 2.5 / (1024 * 1024);

type Step = IteratorResult<PageBatch, BackupOutcome>;

interface BlockInFlight {
  numbers: Uint32Array;
  raw: Buffer;
  checksum: Buffer;
  compressed: Promise<Buffer | null>;
}

/**
 * Streams `source` into a backup set. The buffers of the source's batches must not be written again by their owner.
 * Throws FILE_EXISTS, NO_SPACE, CANCELLED and system errors; after any error no file of the set exists.
 */
export async function writeBackup(
  identity: BackupIdentity,
  source: BackupSource,
  options: WriteBackupOptions,
  files: Files,
): Promise<WrittenBackup> {
  const layout = {
    file: options.file,
    partBytes: options.partBytes,
    overwrite: options.overwrite,
    partFolders: options.partFolders ?? [],
    headerBytes: (index: number) => partHeaderBytes(identity, options, index),
    trailerBytes: TRAILER_BYTES,
  };
  const batches = source.batches();
  let set: SetWriter | null = null;
  try {
    // Before the checks: only a generator that has begun gives up its hold on the database when it is told to stop.
    const first = await batches.next();
    checkCancelled(options.signal);
    checkSpace(source, options, files);
    set = new SetWriter(layout, files);
    return await new BackupRun(identity, source, options, set).run(first, batches);
  } catch (error) {
    await set?.discard();
    // A second failure of the source must not hide the first one.
    await batches.return(undefined as never).catch(() => undefined);
    throw error;
  }
}

class BackupRun {
  private readonly identity: BackupIdentity;
  private readonly source: BackupSource;
  private readonly options: WriteBackupOptions;
  private readonly set: SetWriter;
  private readonly setId: Buffer;
  private readonly hashes: PageHashList;
  private readonly cipher: BlockCipher | null;
  private readonly digest: Hash = createHash('sha256');
  private readonly queue: BlockInFlight[] = [];
  /** Of the current part. */
  private map = new BlockMapWriter();
  private readonly mapOffsets: number[] = [];
  /** By part; none where a part has no files. */
  private readonly filesOffsets: (number | undefined)[] = [];
  private along: WrittenFiles | null = null;
  private blocks = 0;
  private pages = 0;
  private rawBytes = 0;
  private reportedAt = 0;

  constructor(identity: BackupIdentity, source: BackupSource, options: WriteBackupOptions, set: SetWriter) {
    this.identity = identity;
    this.source = source;
    this.options = options;
    this.set = set;
    this.setId = setIdOf(identity.idtag, identity.serial);
    this.hashes = new PageHashList(source.expectedPages);
    this.cipher = options.encryption ? newBlockCipher(options.encryption) : null;
  }

  async run(first: Step, batches: ReturnType<BackupSource['batches']>): Promise<WrittenBackup> {
    const packer = new BlockPacker(
      this.source.pageSize,
      this.options.partBytes > 0 ? this.options.partBytes / 4 : undefined,
    );
    this.report(true);
    let next = first;
    while (!next.done) {
      for (const block of packer.add(next.value)) await this.take(block);
      next = await batches.next();
    }
    const outcome = next.value;
    for (const block of packer.rest()) await this.take(block);
    while (this.queue.length > 0) await this.writeOldest();
    checkCancelled(this.options.signal);
    this.report(true);
    this.endMap();
    await this.takeFiles();
    const files = await this.finish(outcome);
    return {
      files,
      bytesRead: this.rawBytes,
      bytesWritten: this.set.parts.reduce((sum, part) => sum + part.bytes, 0),
      hashes: this.hashes.finish(outcome.pageCount),
      pageCount: outcome.pageCount,
      outcome,
      changedFiles: this.along?.changed ?? [],
    };
  }

  /** By now the source has let go of the database: however long these files are, nobody waits for them. */
  private async takeFiles(): Promise<void> {
    const { streams, compression, level, partBytes, signal } = this.options;
    if (!streams) return;
    const total = streamedBytes(streams);
    this.along = await writeFileSection(streams, {
      ...{ setId: this.setId, compression, level, partBytes },
      put: async (header, stored) => {
        if (this.set.wouldOverflow(header.length + stored.length)) {
          await this.set.nextPart(this.trailer(null));
          this.endMap();
        }
        this.filesOffsets[this.set.parts.length - 1] ??= this.set.offset;
        this.set.append(header, stored);
        await this.set.room();
      },
      progress: (done) => {
        checkCancelled(signal);
        this.reportFiles(done, total);
      },
    });
    checkCancelled(signal);
  }

  private async take(block: PageBatch): Promise<void> {
    checkCancelled(this.options.signal);
    const { level, compression } = this.options;
    const compressed = compression === 'zstd' ? compressBlock(block.data, level) : Promise.resolve(null);
    // Awaited in its turn; until then a failure must not count as unhandled.
    compressed.catch(() => undefined);
    const checksum = blockChecksum(this.hashes.add(block.numbers, block.data, this.source.pageSize));
    this.queue.push({ numbers: block.numbers, raw: block.data, checksum, compressed });
    if (this.queue.length >= BLOCKS_IN_FLIGHT) await this.writeOldest();
  }

  private async writeOldest(): Promise<void> {
    const block = this.queue.shift()!;
    const compressed = await block.compressed;
    checkCancelled(this.options.signal);
    const consecutive =
      block.numbers.at(-1)! - block.numbers[0]! === block.numbers.length - 1 && ascends(block.numbers);
    const list = consecutive ? Buffer.alloc(0) : littleEndian(block.numbers);
    const { header, stored } = encodeBlock(
      {
        sequence: this.blocks,
        pages: block.numbers.length,
        firstPage: consecutive ? block.numbers[0]! : null,
        compressed: compressed !== null,
        rawBytes: block.raw.length,
        checksum: block.checksum,
        setId: this.setId,
      },
      list,
      compressed ?? block.raw,
      this.cipher,
    );
    const bytes = header.length + list.length + stored.length;
    if (this.set.wouldOverflow(bytes + this.map.bytesWith(list.length))) {
      this.endMap();
      await this.set.nextPart(this.trailer(null));
    }
    this.map.add({ offset: this.set.offset, head: header, list });
    this.set.append(header, list, stored);
    await this.set.room();
    if (this.cipher) releaseBuffer(stored);
    if (compressed) releaseBuffer(compressed);
    if (this.source.handsOverBuffers && block.raw.length === block.raw.buffer.byteLength) releaseBuffer(block.raw);
    this.digest.update(header);
    this.blocks++;
    this.pages += block.numbers.length;
    this.rawBytes += block.numbers.length * this.source.pageSize;
    this.report(false);
  }

  /** The map of a part stands between its last block and its trailer. */
  private endMap(): void {
    this.mapOffsets.push(this.set.offset);
    this.set.append(this.map.encode(this.setId));
    this.map = new BlockMapWriter();
  }

  private trailer(outcome: BackupOutcome | null): Buffer {
    return encodeTrailer({
      last: outcome !== null,
      blocks: this.blocks,
      parts: this.set.parts.length,
      pages: this.pages,
      rawBytes: this.rawBytes,
      setId: this.setId,
      pageCount: outcome?.pageCount ?? 0,
      digest: this.digest.copy().digest(),
    });
  }

  private finish(outcome: BackupOutcome): Promise<string[]> {
    const { identity, options, source, set, cipher, along } = this;
    const files = along ? { files: along.record } : {};
    const known = { ...identity, ...outcome, ...files, pageSize: source.pageSize, parts: set.parts.length };
    const sealed = cipher
      ? { ...cipher.record, seal: cipher.sealSet(sealedText(known, this.digest.copy().digest())) }
      : undefined;
    return set.finish(this.trailer(outcome), (part) =>
      encodePartHeader(
        identity,
        along ? { ...options, streams: null, otherFiles: along.listed } : options,
        source.pageSize,
        outcome,
        {
          ...{ part, parts: set.parts.length, partBytes: set.parts[part]!.bytes, mapOffset: this.mapOffsets[part]! },
          filesOffset: this.filesOffsets[part],
          ...(part === 0 ? files : {}),
        },
        sealed,
      ),
    );
  }

  private report(always: boolean): void {
    const now = performance.now();
    if (!always && now - this.reportedAt < PROGRESS_MS) return;
    this.reportedAt = now;
    const { streams } = this.options;
    const total = this.source.expectedPages * this.source.pageSize;
    this.options.onProgress({
      phase: 'Copying pages',
      ...{ phaseIndex: 1, phaseCount: streams ? 2 : 1, done: this.rawBytes, total, unit: 'bytes' },
      // What is left to do at the end does not grow with the pages: they are pushed to the disk as they are written.
      plan: { current: 0, work: [total * MS_PER_BYTE, ...(streams ? [streamedBytes(streams) * MS_PER_BYTE] : [])] },
    });
  }

  private reportFiles(done: number, total: number): void {
    const now = performance.now();
    if (done < total && now - this.reportedAt < PROGRESS_MS) return;
    this.reportedAt = now;
    const pages = this.source.expectedPages * this.source.pageSize;
    this.options.onProgress({
      phase: 'Copying the files that go along',
      ...{ phaseIndex: 2, phaseCount: 2, done, total, unit: 'bytes' },
      plan: { current: 1, work: [pages * MS_PER_BYTE, total * MS_PER_BYTE] },
    });
  }
}

function ascends(numbers: Uint32Array): boolean {
  for (let i = 1; i < numbers.length; i++) if (numbers[i] !== numbers[i - 1]! + 1) return false;
  return true;
}

function littleEndian(numbers: Uint32Array): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, i) => {
    bytes.writeUInt32LE(number, i * 4);
  });
  return bytes;
}
