// Writes the files that go along behind the pages of a backup: block by block, so that none of them is ever in memory as a whole.
import { createHash } from 'node:crypto';
import { newBlockCipher } from '../encryption/block-cipher.ts';
import type { BlockCipher, MasterKey } from '../encryption/types.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { compressBlock } from './block-codec.ts';
import { encodeFileBlock } from './file-block.ts';
import { type HeaderFile, IN_BLOCKS } from './header.ts';
import { MAX_BLOCK_BYTES } from './layout.ts';
import type { PartRecord } from './part-record.ts';

/** A file that is read while the backup is written. */
export interface StreamedFile {
  name: string;
  type: 'user' | 'nici';
  /** As it was looked at; what is read can differ. */
  bytes: number;
  open(): OpenedFile;
}

export interface OpenedFile {
  /** The next bytes, at most `limit`, in a buffer that is the caller's; empty at the end. */
  read(limit: number): Buffer;
  /** True when the file is not the one any more that was opened, or was written to since. */
  changed(): boolean;
  close(): void;
}

export interface FileStreams {
  files: StreamedFile[];
  /** Key of the security files; null when there are none. */
  security: MasterKey | null;
  /** Key of the included files; null when the pages are in clear, too. */
  included: MasterKey | null;
}

interface SectionPorts {
  setId: Buffer;
  compression: 'zstd' | 'none';
  level: number;
  /** 0 for no limit. */
  partBytes: number;
  /** Puts one block into the set, in the next part where this one is full. */
  put(header: Buffer, stored: Buffer): Promise<void>;
  /** Called after each block with the raw bytes so far; throws to stop. */
  progress(done: number): void;
}

export interface WrittenFiles {
  /** As they stand in the header, with the lengths that were read. */
  listed: HeaderFile[];
  record: NonNullable<PartRecord['files']>;
  /** Names of those that were written to meanwhile. */
  changed: string[];
}

/** What the header lists before anything was read. */
export function listedFiles({ files }: FileStreams): HeaderFile[] {
  return files.map(({ name, type, bytes }) => ({ name, type, encoding: IN_BLOCKS, data: '', bytes }));
}

/** What they had when they were looked at. */
export const streamedBytes = ({ files }: FileStreams): number => files.reduce((sum, file) => sum + file.bytes, 0);

/** Throws what `open` and `read` throw, NO_SPACE and other system errors of `put`. */
export async function writeFileSection(streams: FileStreams, ports: SectionPorts): Promise<WrittenFiles> {
  const section = new FileSection(streams, ports);
  for (const [index, file] of streams.files.entries()) await section.add(file, index);
  return section.finish();
}

class FileSection {
  readonly #ports: SectionPorts;
  readonly #security: BlockCipher | null;
  readonly #included: BlockCipher | null;
  readonly #capacity: number;
  readonly #digest = createHash('sha256');
  readonly #listed: HeaderFile[];
  readonly #changed: string[] = [];
  #blocks = 0;
  #done = 0;

  constructor(streams: FileStreams, ports: SectionPorts) {
    this.#ports = ports;
    // Ciphers of their own: a number that is a nonce here may be one among the pages, too.
    this.#security = streams.security && newBlockCipher(streams.security);
    this.#included = streams.included && newBlockCipher(streams.included);
    this.#listed = listedFiles(streams);
    const { partBytes } = ports;
    this.#capacity = Math.max(
      1,
      Math.floor(Math.min(MAX_BLOCK_BYTES, partBytes > 0 ? partBytes / 4 : MAX_BLOCK_BYTES)),
    );
  }

  async add(file: StreamedFile, index: number): Promise<void> {
    const opened = file.open();
    let position = 0;
    try {
      let piece = opened.read(this.#capacity);
      for (;;) {
        const next = piece.length === 0 ? piece : opened.read(this.#capacity);
        const last = next.length === 0;
        const changed = last && opened.changed();
        const { length } = piece;
        await this.#block({ file: index, position, last, changed }, file, piece);
        position += length;
        if (changed) this.#changed.push(file.name);
        if (last) break;
        piece = next;
      }
    } finally {
      opened.close();
    }
    const listed = this.#listed[index];
    if (listed) listed.bytes = position;
  }

  finish(): WrittenFiles {
    const record = {
      blocks: this.#blocks,
      bytes: this.#done,
      digest: this.#digest.digest('hex'),
      ...(this.#security ? { security: this.#security.record } : {}),
      ...(this.#included ? { included: this.#included.record } : {}),
    };
    return { listed: this.#listed, record, changed: this.#changed };
  }

  async #block(
    place: { file: number; position: number; last: boolean; changed: boolean },
    { name, type }: StreamedFile,
    raw: Buffer,
  ): Promise<void> {
    const { setId, compression, level, put, progress } = this.#ports;
    const compressed = compression === 'zstd' && raw.length > 0 ? await compressBlock(raw, level) : null;
    const cipher = type === 'nici' ? this.#security : this.#included;
    const fields = { ...place, sequence: this.#blocks++, compressed: compressed !== null, setId };
    const { header, stored } = encodeFileBlock(fields, name, raw, compressed ?? raw, cipher);
    this.#digest.update(header);
    this.#done += raw.length;
    await put(header, stored);
    for (const used of new Set([raw, compressed, stored])) if (used) releaseBuffer(used);
    progress(this.#done);
    // Whoever asks the agent meanwhile is answered between two blocks.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
