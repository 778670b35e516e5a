// The `-wal` file of a live database through one descriptor. Opening and closing it is harmless: no locks live on it.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { readAt, readInto } from './header.ts';
import type { CapturePosition } from './types.ts';
import {
  FRAME_HEADER_BYTES,
  parseWalHeader,
  validFrames,
  WAL_HEADER_BYTES,
  type WalChecksum,
  type WalFrame,
  type WalHeader,
} from './wal.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;

export class WalFile {
  readonly #path: string;
  readonly #files: Files;
  readonly #pageSize: number;
  readonly #frameBytes: number;
  #fd: number | null = null;

  constructor(path: string, files: Files, pageSize: number) {
    this.#path = path;
    this.#files = files;
    this.#pageSize = pageSize;
    this.#frameBytes = FRAME_HEADER_BYTES + pageSize;
  }

  framesAt(endOffset: number): number {
    return (endOffset - WAL_HEADER_BYTES) / this.#frameBytes;
  }

  offsetOf(frame: number): number {
    return WAL_HEADER_BYTES + frame * this.#frameBytes;
  }

  /** Forgets the descriptor: the file at the path may be another one by now. */
  reopen(): void {
    this.close();
  }

  size(): number {
    const fd = this.#open();
    return fd === null ? 0 : this.#files.fstatSync(fd).size;
  }

  /** Null when there is no log, or its header is not (yet) valid. */
  header(): WalHeader | null {
    const fd = this.#open();
    if (fd === null) return null;
    const header = parseWalHeader(readAt(this.#files, fd, WAL_HEADER_BYTES, 0));
    return header && header.pageSize === this.#pageSize ? header : null;
  }

  /** The frame that ends at the position carries the position's salts and checksum. */
  endsWith(position: CapturePosition): boolean {
    const fd = this.#open();
    if (fd === null) return false;
    const bytes = readAt(this.#files, fd, FRAME_HEADER_BYTES, position.endOffset - this.#frameBytes);
    return (
      bytes.length === FRAME_HEADER_BYTES &&
      bytes.readUInt32BE(8) === position.salt1 &&
      bytes.readUInt32BE(12) === position.salt2 &&
      bytes.readUInt32BE(16) === position.checksum1 &&
      bytes.readUInt32BE(20) === position.checksum2
    );
  }

  /** Valid frames from `start` on, before `until`, with their place in the file. Ends silently where validity ends. */
  *frames(
    header: WalHeader,
    start: WalChecksum & { offset: number },
    until: number,
  ): Generator<{ frame: WalFrame; offset: number }, void, void> {
    const fd = this.#open();
    if (fd === null) return;
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / this.#frameBytes)) * this.#frameBytes;
    let offset = start.offset;
    let seed: WalChecksum = start;
    while (offset < until) {
      const available = Math.min(until, this.#files.fstatSync(fd).size) - offset;
      if (available < this.#frameBytes) return;
      const chunk = readAt(this.#files, fd, Math.min(perChunk, available), offset);
      let consumed = 0;
      for (const frame of validFrames(chunk, header, seed)) {
        consumed = frame.offset + this.#frameBytes;
        seed = frame;
        yield { frame, offset: offset + frame.offset };
      }
      if (consumed === 0 || consumed < perChunk) return;
      offset += consumed;
    }
  }

  /** The page image of the frame at `offset`. */
  readImage(offset: number, target: Buffer): void {
    const fd = this.#open();
    const got = fd === null ? 0 : readInto(this.#files, fd, target, 0, this.#pageSize, offset + FRAME_HEADER_BYTES);
    if (got !== this.#pageSize) {
      throw new HoldfastError('CAPTURE_GAP', `${this.#path} is shorter than the frames that were captured from it.`);
    }
  }

  close(): void {
    if (this.#fd !== null) this.#files.closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): number | null {
    if (this.#fd !== null) return this.#fd;
    try {
      this.#fd = this.#files.openSync(this.#path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    return this.#fd;
  }
}
