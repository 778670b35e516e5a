// Reads the files that went along behind the pages of a backup: each block proved before a byte of it is given out.
import { openBlockCipher } from '../encryption/block-cipher.ts';
import type { BlockCipher, KeySource } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { decompressBlock } from './block-codec.ts';
import { naming } from './file-access.ts';
import { checksumOf, unsealFileBlock } from './file-block.ts';
import { FileCheck, type FilePlace, filePlacesIn, storedFileBlock } from './file-check.ts';
import { openGuarded } from './guarded-open.ts';
import { damaged } from './layout.ts';
import type { Part } from './part-header.ts';

export interface FileCiphers {
  user: BlockCipher | null;
  nici: BlockCipher | null;
}

/** Which kinds a reader has keys for; the others are left locked. */
export interface FileKeys {
  user?: KeySource;
  nici?: KeySource;
}

/** Throws PASSWORD_REQUIRED or WRONG_PASSWORD for a kind that is encrypted and that keys were given for. */
export async function openFileCiphers({ record }: Part, keys: FileKeys): Promise<FileCiphers> {
  const { included, security } = record.files ?? {};
  return {
    user: included && keys.user ? await openBlockCipher(included, keys.user) : null,
    nici: security && keys.nici ? await openBlockCipher(security, keys.nici) : null,
  };
}

/** The files of a set, by what its headers say; nothing of their content is read yet. Throws BACKUP_DAMAGED, BACKUP_TRUNCATED. */
export class FileContents {
  readonly #first: Part;
  readonly #files: Files;
  readonly #places: FilePlace[] = [];

  constructor(parts: Part[], files: Files) {
    const [first] = parts;
    if (!first) throw damaged('it has no first part');
    this.#first = first;
    this.#files = files;
    const check = new FileCheck(first);
    for (const part of parts)
      this.#in(part, (fd) => {
        for (const place of filePlacesIn(part, fd, check, files)) this.#places.push(place);
      });
    try {
      check.end();
    } catch (error) {
      throw naming(error, first.file);
    }
  }

  /** True when file `index` of the header was written to while it was read. */
  changed(index: number): boolean {
    return this.#places.some(({ block }) => block.file === index && block.changed);
  }

  /**
   * The content of file `index` of the header, in order, in pieces of at most 1 MiB. A piece is proved by its checksums and, where it is
   * encrypted, by its tag. Throws BACKUP_DAMAGED, BACKUP_TRUNCATED.
   */
  async *read(index: number, ciphers: FileCiphers): AsyncGenerator<Buffer, void, void> {
    const listed = this.#first.header.files[index];
    if (!listed) throw damaged(`it has no file ${index}`);
    const cipher = ciphers[listed.type];
    for (const place of this.#places) {
      if (place.block.file !== index) continue;
      try {
        yield await this.#raw(place, listed.name, cipher);
      } catch (error) {
        throw naming(error, place.part.file);
      }
    }
  }

  /** Reads every block that can be read with these ciphers, and of the others what is stored. Throws as `read`. */
  async check(ciphers: FileCiphers, stop: () => void): Promise<void> {
    for (const place of this.#places) {
      stop();
      const listed = this.#first.header.files[place.block.file];
      const cipher = listed ? ciphers[listed.type] : null;
      try {
        const read =
          place.block.encrypted && !cipher ? this.#stored(place) : await this.#raw(place, listed?.name ?? '', cipher);
        releaseBuffer(read);
      } catch (error) {
        throw naming(error, place.part.file);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #raw(place: FilePlace, name: string, cipher: BlockCipher | null): Promise<Buffer> {
    const { block, head } = place;
    const stored = this.#stored(place);
    const packed = unsealFileBlock(head, name, stored, cipher);
    const raw = block.compressed ? await decompressBlock(packed, block.rawBytes) : packed;
    if (packed !== raw) releaseBuffer(packed);
    if (stored !== packed) releaseBuffer(stored);
    if (!checksumOf(raw, cipher).equals(block.checksum))
      throw damaged(`the content of ${name} does not agree with its checksum`);
    return raw;
  }

  #stored(place: FilePlace): Buffer {
    return this.#in(place.part, (fd) => storedFileBlock(place, fd, this.#files));
  }

  #in<T>(part: Part, work: (fd: number) => T): T {
    let fd = -1;
    try {
      fd = openGuarded(part.file, this.#files);
      return work(fd);
    } catch (error) {
      throw naming(error, part.file);
    } finally {
      if (fd >= 0) this.#files.closeSync(fd);
    }
  }
}
