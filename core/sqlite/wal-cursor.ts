// Where capture stands in a WAL: the position, the frames captured of this log, and going on from there commit by commit.
import type { CapturedFile } from './captured-file.ts';
import { assembleCommit, type FoundFrame } from './commit-assembly.ts';
import { lockPage, readInto } from './header.ts';
import type { PageView } from './page-reader.ts';
import type { CapturedCommit, CapturePosition } from './types.ts';
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES, type WalFrame, type WalHeader } from './wal.ts';
import { checksumOf, currentPlace, type Place, proveContinuity } from './wal-attach.ts';
import type { WalFile } from './wal-file.ts';

/** Largest commit that a roll-forward log can hold, less room for its header and page numbers. */
const COMMIT_LIMIT = 4_200_000_000;

/** Continuity is lost: frames may have gone by unseen. */
export class GapError extends Error {}

/** One commit that is about to be taken, and how many frames it had. */
export type FoundCommit = CapturedCommit & { frames: number };

export class WalCursor {
  readonly #file: CapturedFile;
  readonly #wal: WalFile;
  readonly #lockPage: number;
  #map = new Map<number, number>();
  #position: CapturePosition;

  constructor(file: CapturedFile, wal: WalFile, from: CapturePosition | null) {
    this.#file = file;
    this.#wal = wal;
    this.#lockPage = lockPage(file.pageSize);
    this.#position = from ?? this.#empty(0);
  }

  get position(): CapturePosition {
    return this.#position;
  }

  /** Frames of the log before the position. */
  get frames(): number {
    return this.#wal.framesAt(this.#position.endOffset);
  }

  /** The state at the position; valid until the cursor moves. */
  get view(): PageView {
    return { map: this.#map, pageCount: this.#position.commitPages };
  }

  /** `proveContinuity` from `from`; needs the write lock and a reader that began under it. */
  prove(from: CapturePosition): ReturnType<typeof proveContinuity> {
    return proveContinuity(this.#wal, this.#file.connections, from);
  }

  takePlace({ position, map }: Place): void {
    this.#position = position;
    this.#map = map;
  }

  /** Behind everything committed up to now; under the same conditions as `prove`. */
  takeCurrent(): void {
    this.takePlace(currentPlace(this.#wal, this.#file.connections, this.#empty(0), this.#file.path));
  }

  /** Everything captured is copied back, and nobody could write since. */
  markSealed(): void {
    this.#position = { ...this.#position, sealed: true };
    this.#map.clear();
  }

  /** There is no log any more: all that was captured is in the file, which has `commitPages`. */
  restart(commitPages = this.#position.commitPages): void {
    this.#position = this.#empty(commitPages);
    this.#map.clear();
  }

  /**
   * Goes on over what is committed, up to about `budget` bytes, and gives each commit to `take`; when that throws, the cursor stays before
   * the commit. True when it stopped before the end. Throws GapError.
   */
  drain(budget: number, take: (commit: FoundCommit) => void): boolean {
    const header = this.#wal.header();
    const position = this.#position;
    if (!header) {
      if (!position.sealed) throw new GapError('The WAL was truncated although a reader held it.');
      return false;
    }
    if (header.salt1 !== position.salt1 || header.salt2 !== position.salt2) {
      if (!position.sealed) throw new GapError('The WAL was started anew although it was not copied back.');
      // Sealed and a reader held since: whatever restarted the log can only have done so without a frame in between.
      this.#position = {
        ...position,
        salt1: header.salt1,
        salt2: header.salt2,
        endOffset: WAL_HEADER_BYTES,
        ...checksumOf(header),
      };
      this.#map.clear();
    } else if (!position.sealed && position.endOffset > WAL_HEADER_BYTES && !this.#wal.endsWith(position)) {
      throw new GapError('The last captured frame is no longer in the WAL.');
    }
    // Only what SQLite counts is committed: a writer that died may have left a commit frame that nobody honours.
    const { log } = this.#file.connections.gauge();
    if (log <= this.frames) return false;
    if (this.#position.sealed && !sameSalts(this.#wal.header(), header)) return this.drain(budget, take);
    if (this.#drainFrames(header, this.#wal.offsetOf(log), budget, take)) return true;
    if (this.frames < log) throw new GapError(`SQLite counts ${log} frames, fewer of them are valid.`);
    return false;
  }

  #drainFrames(header: WalHeader, until: number, budget: number, take: (commit: FoundCommit) => void): boolean {
    const start = { offset: this.#position.endOffset, ...checksumOf(this.#position) };
    let pending: FoundFrame[] = [];
    for (const found of this.#wal.frames(header, start, until)) {
      pending.push(found);
      if (found.frame.commit === 0) continue;
      this.#pass(pending, found.frame, take);
      pending = [];
      if (found.offset - start.offset >= budget) return true;
    }
    return false;
  }

  /** Over one commit, once it was taken. */
  #pass(frames: FoundFrame[], last: WalFrame, take: (commit: FoundCommit) => void): void {
    const { pageSize } = this.#file;
    const pageCount = last.commit;
    const context = {
      pageSize,
      lockPage: this.#lockPage,
      pagesBefore: this.#position.commitPages,
      isInWal: (page: number) => this.#map.has(page),
      readFromFile: (page: number) => this.#readGrown(page),
    };
    const commit = assembleCommit(frames, pageCount, context, COMMIT_LIMIT);
    if (!commit) throw new GapError('One transaction is larger than a roll-forward log can be.');
    const { numbers, data, offsets } = commit;
    const endOffset = (frames[frames.length - 1]?.offset ?? 0) + FRAME_HEADER_BYTES + pageSize;
    const position = { ...this.#position, ...checksumOf(last), endOffset, commitPages: pageCount, sealed: false };
    take({ at: this.#file.clock.now(), pageCount, numbers, data, position, kind: 'commit', frames: frames.length });
    if (pageCount < this.#position.commitPages) {
      for (const page of this.#map.keys()) if (page > pageCount) this.#map.delete(page);
    }
    this.#position = position;
    numbers.forEach((page, i) => {
      const offset = offsets[i] ?? -1;
      if (offset >= 0) this.#map.set(page, offset);
    });
  }

  /** A page inside the grown database that no frame holds: SQLite reads it from the file, where it is zero past the end. */
  #readGrown(page: number): Buffer {
    const { pageSize, files, databaseFd } = this.#file;
    const image = Buffer.alloc(pageSize);
    readInto(files, databaseFd, image, 0, pageSize, (page - 1) * pageSize);
    return image;
  }

  #empty(commitPages: number): CapturePosition {
    const { inode, device } = this.#file;
    const none = { salt1: 0, salt2: 0, checksum1: 0, checksum2: 0 };
    return { ...none, endOffset: WAL_HEADER_BYTES, commitPages, sealed: true, inode, device };
  }
}

function sameSalts(a: WalHeader | null, b: WalHeader): boolean {
  return a !== null && a.salt1 === b.salt1 && a.salt2 === b.salt2;
}
