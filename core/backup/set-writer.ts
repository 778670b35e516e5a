// The files of one backup while they are written: unfinished names, splitting into parts, and the step that makes the set visible.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { fileError, flushInBackground, writeAt } from './file-access.ts';
import { refuseDatabase } from './guarded-open.ts';
import { foldersOfParts, laterPartNames, partPlace, UNFINISHED } from './part-names.ts';
import { replaceSet } from './replace-set.ts';

/** Written since the last start of a write-out, at most; keeps the final fsync short. */
const FLUSH_BYTES = 32 * 1024 * 1024;

export interface SetLayout {
  /** First file of the set. */
  file: string;
  /** Each file is closed before it would grow beyond this; 0 for one file. */
  partBytes: number;
  overwrite: boolean;
  /** Further folders that take the parts in turn. */
  partFolders?: readonly string[];
  /** Room at the start of part `index` for its header. */
  headerBytes(index: number): number;
  trailerBytes: number;
}

export class SetWriter {
  readonly parts: { bytes: number }[] = [];
  private fd = -1;
  private position = 0;
  private unflushed = 0;
  private flushing: Promise<void> | null = null;
  private flushError: unknown = null;
  private readonly layout: SetLayout;
  private readonly files: Files;

  /** Throws FILE_EXISTS when a file of this set is there already and must not be replaced. */
  constructor(layout: SetLayout, files: Files) {
    this.layout = layout;
    this.files = files;
    this.refuseExisting();
    this.openPart();
  }

  /** True when `bytes` more, with the trailer, would make the current part too long. */
  wouldOverflow(bytes: number): boolean {
    const { partBytes, trailerBytes } = this.layout;
    const empty = this.position === this.layout.headerBytes(this.parts.length - 1);
    return partBytes > 0 && !empty && this.position + bytes + trailerBytes > partBytes;
  }

  /** Where the next byte goes in the current part. */
  get offset(): number {
    return this.position;
  }

  append(...pieces: Buffer[]): void {
    for (const piece of pieces) {
      this.guard(() => writeAt(this.files, this.fd, this.position, piece));
      this.position += piece.length;
      this.unflushed += piece.length;
    }
    if (this.flushError) throw fileError(this.flushError, this.attempt());
    if (this.unflushed >= FLUSH_BYTES && !this.flushing) {
      this.unflushed = 0;
      this.flushing = this.flush();
    }
  }

  /** Waits while the disk is far behind: what piles up in the page cache holds up everybody who needs the disk. */
  async room(): Promise<void> {
    while (this.flushing && this.unflushed >= 2 * FLUSH_BYTES) await this.flushing;
  }

  /** Ends the current part with `trailer` and opens the next. */
  async nextPart(trailer: Buffer): Promise<void> {
    await this.endPart(trailer, () => null);
    this.close();
    this.openPart();
  }

  /** Ends the last part, writes the headers, makes everything durable, and only then gives the files their names. */
  async finish(trailer: Buffer, header: (index: number) => Buffer): Promise<string[]> {
    const names = this.parts.map((_, index) => this.nameOf(index));
    // The last part is still open: its header goes to the disk together with its last pages.
    await this.endPart(trailer, () => header(names.length - 1));
    this.guard(() => {
      this.close();
      names.slice(0, -1).forEach((name, index) => {
        this.fd = this.files.openSync(name + UNFINISHED, 'r+');
        writeAt(this.files, this.fd, 0, header(index));
        this.files.fsyncSync(this.fd);
        this.close();
      });
      this.refuseExisting();
      const { file, partFolders } = this.layout;
      replaceSet({ file, names, suffix: UNFINISHED, ...(partFolders ? { partFolders } : {}) }, this.files);
    });
    return names;
  }

  /** Removes whatever was written. Call after any error. */
  async discard(): Promise<void> {
    await this.flushing;
    this.close();
    this.parts.forEach((_, index) => {
      this.files.rmSync(this.nameOf(index) + UNFINISHED, { force: true });
    });
  }

  private openPart(): void {
    this.parts.push({ bytes: 0 });
    this.guard(() => {
      this.fd = this.files.openSync(this.nameOf(this.parts.length - 1) + UNFINISHED, 'w', 0o600);
    });
    this.position = this.layout.headerBytes(this.parts.length - 1);
  }

  /** The part is durable on return, with its length. */
  private async endPart(trailer: Buffer, header: () => Buffer | null): Promise<void> {
    this.append(trailer);
    this.parts[this.parts.length - 1]!.bytes = this.position;
    const known = header();
    if (known) this.guard(() => writeAt(this.files, this.fd, 0, known));
    await this.flushing;
    await this.flush();
    if (this.flushError) throw fileError(this.flushError, this.attempt());
  }

  private async flush(): Promise<void> {
    try {
      await flushInBackground(this.files, this.fd);
    } catch (error) {
      this.flushError = error;
    }
    this.flushing = null;
  }

  private close(): void {
    if (this.fd >= 0) this.files.closeSync(this.fd);
    this.fd = -1;
  }

  private refuseExisting(): void {
    const { file, overwrite } = this.layout;
    if (overwrite) {
      refuseDatabase(file, this.files);
      return;
    }
    for (const folder of foldersOfParts(file, this.layout.partFolders)) {
      const names = this.guard(() => this.files.readdirSync(folder));
      const first = folder === path.dirname(file) ? [path.basename(file)] : [];
      const taken = [...first, ...laterPartNames(file, names)].find((name) => names.includes(name));
      if (taken === undefined) continue;
      throw new HoldfastError('FILE_EXISTS', `${path.join(folder, taken)} exists.`, { details: { file: taken } });
    }
  }

  private nameOf(index: number): string {
    return partPlace(this.layout.file, index, this.layout.partFolders);
  }

  private attempt(): string {
    return `Writing ${this.nameOf(Math.max(0, this.parts.length - 1))}`;
  }

  private guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError(error, this.attempt());
    }
  }
}
