// Commits out of the WAL of a live database: where capture stands, how it goes on, how it seals, what it does after a gap.
// All of it is synchronous: between two calls the position, the map and the reader's lock always belong together.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import { assembleCommit, type FoundFrame } from './commit-assembly.ts';
import type { Connections } from './connections.ts';
import { lockPage, readInto } from './header.ts';
import { hashPage, PAGE_HASH_BYTES, PageHashTable } from './page-hash.ts';
import { type PageView, readPages } from './page-reader.ts';
import { Resync } from './resync.ts';
import type { CaptureEvent, CaptureOptions, CapturePosition, CommitSink, PageHashes } from './types.ts';
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES, type WalFrame, type WalHeader } from './wal.ts';
import { checksumOf, currentPlace, type Place, proveContinuity } from './wal-attach.ts';
import { WalFile } from './wal-file.ts';

/** The file under capture and what belongs to it; the owner keeps all of it alive. */
export interface CapturedFile {
  path: string;
  files: Files;
  clock: Clock;
  databaseFd: number;
  inode: number;
  device: number;
  pageSize: number;
  connections: Connections;
}

export interface CaptureStart {
  sink: CommitSink;
  from: CapturePosition | null;
  hashes: CaptureOptions['hashes'];
  /** Keeps page hashes; a capture that only serves one snapshot does not. */
  hashing: boolean;
  onEvent(event: CaptureEvent): void;
}

/** Pages changed by commits captured since the tracking began. */
export interface ChangeTracker {
  changed: Set<number>;
  /** Why what was tracked is incomplete; null while all is well. */
  broken: string | null;
}

const SEAL_LOCK_MS = 250;
const ATTACH_LOCK_MS = 3000;
/** Nothing else waits for a capture that is only starting. */
const START_LOCK_MS = 10_000;
/** Attaching again from the timer: whoever writes right now is asked again at the next look. */
const REGAIN_LOCK_MS = 250;
/** How often, and down to how many frames, a seal copies back before it takes the write lock. */
const CATCH_UPS = 3;
const SHORT_TAIL = 64;
const STEP_BYTES = 8 * 1024 * 1024;
const RESYNC_BYTES = 64 * 1024 * 1024;
const FLUSH_BYTES = 64 * 1024 * 1024;
/** Largest commit that a roll-forward log can hold, less room for its header and page numbers. */
const COMMIT_LIMIT = 4_200_000_000;

/** Continuity is lost: frames may have gone by unseen. */
class GapError extends Error {}

export class WalCapture {
  readonly #file: CapturedFile;
  readonly #start: CaptureStart;
  readonly #wal: WalFile;
  readonly #lockPage: number;
  readonly #trackers = new Set<ChangeTracker>();
  #map = new Map<number, number>();
  #position: CapturePosition;
  #hashes: PageHashTable | null;
  /** Newest images of pages whose hash is still to be made: a page that many commits of a batch touch is hashed once. */
  readonly #toHash = new Map<number, Buffer>();
  #resync: Resync | null = null;
  #detached: string | null = null;
  #pins = 0;
  #unflushed = 0;
  /** Told once what was given to the sink is durable. */
  #whenFlushed: (() => void) | null = null;
  #framesSinceSeal = 0;
  #framesSinceCopy = 0;
  /** Frames in the log when the second reader had begun; its mark is none of a later one. */
  #relievedAt = 0;
  #commits = 0;
  #hashNext = 1;

  /** Attaches: proves continuity from `start.from`, or begins afresh, or announces a gap and prepares the resync. */
  constructor(file: CapturedFile, start: CaptureStart) {
    this.#file = file;
    this.#start = start;
    this.#wal = new WalFile(`${file.path}-wal`, file.files, file.pageSize);
    this.#lockPage = lockPage(file.pageSize);
    const known = typeof start.hashes === 'function' ? null : start.hashes;
    this.#hashes = start.hashing ? (known ? PageHashTable.from(known) : new PageHashTable()) : null;
    this.#position = start.from ?? this.#empty(0);
    try {
      this.#attach(start.from, known !== null, START_LOCK_MS);
    } catch (error) {
      this.#wal.close();
      throw error;
    }
  }

  get position(): CapturePosition {
    return this.#position;
  }
  get hashes(): PageHashes | null {
    return this.#hashes;
  }
  /** True while the difference after a gap is still being read. */
  get resyncing(): boolean {
    return this.#resync !== null || this.#detached !== null;
  }
  /** Frames captured since the last complete seal, not counting its own no-op commit. */
  get framesSinceSeal(): number {
    return this.#framesSinceSeal;
  }
  get frameBytes(): number {
    return FRAME_HEADER_BYTES + this.#file.pageSize;
  }
  /** Of those, frames captured since the reader moved on last. */
  get framesSinceCopy(): number {
    return this.#framesSinceCopy;
  }
  /** Commits given to the sink so far, our own no-op commits not counted. */
  get commits(): number {
    return this.#commits;
  }
  get pinned(): boolean {
    return this.#pins > 0;
  }
  /** The state at the capture position; valid until the next call that captures or seals. */
  get view(): PageView {
    return { map: this.#map, pageCount: this.#position.commitPages };
  }

  /** Captures everything committed up to now, finishing a resync first; returns the commits found. */
  sync(): number {
    const before = this.#commits;
    while (this.step(RESYNC_BYTES));
    return this.#commits - before;
  }

  /** Like `sync`, but stops after about `budget` bytes, at a commit; true when there is more to do at once. */
  step(budget: number): boolean {
    this.#flushIfNeeded();
    if (this.#detached !== null) this.#attachAgain();
    else if (!this.#file.connections.reading) this.#attach(this.#position, true, REGAIN_LOCK_MS);
    if (this.#resync) {
      this.resyncStep(budget);
      return true;
    }
    const more = this.#drainOrDetach(budget);
    this.#flushIfNeeded();
    // While this process lags behind, programs that checkpoint by themselves do so.
    this.#handOver();
    return more;
  }

  /** True when there is more: frames beyond the budget, or a gap to be closed. */
  #drainOrDetach(budget: number): boolean {
    try {
      return this.#drain(budget);
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      this.#detach(error.message);
      return true;
    }
  }

  /**
   * Lets the log be copied back as far as it is now, without the write lock: a second reader begins at the newest commit, everything up to
   * it is captured, and only then the first one ends. So at no moment anybody can begin the log anew, or copy back a frame that was not
   * captured. False while there is more to capture first: then the next `step`s end it. `waitMs`: see `Connections`.
   */
  copyBack(waitMs = 0): boolean {
    const { connections } = this.#file;
    if (this.#pins > 0 || this.resyncing || connections.locked || !connections.reading) return false;
    if (!connections.relieving) {
      if (!connections.beginRelief()) return false;
      this.#relievedAt = connections.gauge().log;
    }
    if (this.#drainOrDetach(STEP_BYTES) || !this.#handOver()) return false;
    connections.copyBack(waitMs);
    return true;
  }

  /** The second reader takes over once everything that it lets others copy back is captured. */
  #handOver(): boolean {
    const { connections } = this.#file;
    if (!connections.relieving || this.#pins > 0 || this.resyncing) return false;
    if (this.#wal.framesAt(this.#position.endOffset) < this.#relievedAt) return false;
    const { log, copied } = connections.gauge();
    // With everything copied back the new reader may hold no mark, and whoever writes next may begin the log anew.
    const takeOver = copied < log;
    connections.endRelief(takeOver);
    if (takeOver) this.#framesSinceCopy = 0;
    return takeOver;
  }

  /**
   * The barrier: write lock, drain, release the reader, PASSIVE, take the reader again, release the lock, no-op commit.
   * False when something stood in the way; nothing is lost then, the WAL only grows.
   */
  seal(): boolean {
    if (this.#pins > 0 || this.resyncing || this.#file.connections.locked) return false;
    // What is copied back before the barrier need not be copied back within it.
    for (let round = 0; round < CATCH_UPS; round++) {
      this.sync();
      if (this.#framesSinceCopy <= SHORT_TAIL || !this.copyBack(SEAL_LOCK_MS)) break;
    }
    let empty = 0;
    for (let round = 0; round < 8 && empty < 2; round++) empty = this.sync() === 0 ? empty + 1 : 0;
    if (this.#position.sealed) return true;
    const { connections } = this.#file;
    if (!connections.lockWrites(SEAL_LOCK_MS)) return false;
    try {
      this.sealLocked();
    } finally {
      connections.unlockWrites();
    }
    if (!this.#position.sealed) return false;
    this.#start.sink.flush(this.#position);
    if (connections.noopCommit(SEAL_LOCK_MS)) {
      const commits = this.#commits;
      this.sync();
      if (this.#commits > commits) this.#commits -= 1;
      this.#framesSinceSeal = Math.max(0, this.#framesSinceSeal - 1);
    }
    // The reader that began within the barrier holds no mark. As long as that is so, each commit of a program that checkpoints by itself
    // sorts the whole log in vain.
    this.copyBack();
    return true;
  }

  /** Steps 2 to 6 of the barrier; the caller holds the write lock on another connection than the reader. */
  sealLocked(): boolean {
    const { connections } = this.#file;
    // A gap found here is closed later: comparing a whole database must not keep writers out.
    if (this.resyncing || this.#drainOrDetach(Number.POSITIVE_INFINITY)) return false;
    this.#flushIfNeeded();
    const frames = this.#wal.framesAt(this.#position.endOffset);
    const gauge = connections.gauge();
    if (!this.#position.sealed && gauge.log !== frames) {
      throw new Error(`${this.#file.path}: ${frames} frames were captured, SQLite counts ${gauge.log}`);
    }
    let complete = false;
    connections.endRead();
    try {
      const result = connections.checkpoint();
      complete = !result.busy && result.log === result.copied;
    } finally {
      connections.beginRead();
    }
    if (!complete) return false;
    this.#markSealed();
    return true;
  }

  /** Forbids seals, so that the state at the position stays readable; returns the release. */
  pin(): () => void {
    this.#pins += 1;
    let held = true;
    return () => {
      if (held) this.#pins -= 1;
      held = false;
    };
  }

  track(): { tracker: ChangeTracker; stop(): void } {
    const tracker: ChangeTracker = { changed: new Set(), broken: null };
    this.#trackers.add(tracker);
    return { tracker, stop: () => this.#trackers.delete(tracker) };
  }

  /** Reads `numbers` (ascending) as they are in `view` into `target`, back to back; a page that is not there throws. */
  readPages(view: PageView, numbers: Uint32Array, target: Buffer): void {
    readPages({ ...this.#file, wal: this.#wal }, view, numbers, target);
  }

  /** Hashes up to `budget` bytes of pages that are not known yet; false when all are known. */
  hashStep(budget: number): boolean {
    const table = this.#hashes;
    if (!table || this.resyncing) return false;
    const one = new Uint32Array(1);
    const image = Buffer.allocUnsafe(this.#file.pageSize);
    let left = budget;
    while (left > 0 && this.#hashNext <= table.pageCount) {
      const page = this.#hashNext++;
      if (page === this.#lockPage || table.known(page)) continue;
      one[0] = page;
      this.readPages(this.view, one, image);
      table.set(page, hashPage(image));
      left -= this.#file.pageSize;
    }
    return this.#hashNext <= table.pageCount;
  }

  /** Reads and compares up to `budget` bytes after a gap; at the end gives the difference to the sink as one commit. */
  resyncStep(budget: number): void {
    const resync = this.#resync;
    if (!resync || !this.#hashes) return;
    const found = resync.step(this.view, budget);
    if (!found) return;
    if (found === 'tooMuch') {
      this.#resync = null;
      this.#startFresh('The difference after the gap is too large for one log record; a full backup is required.');
      return;
    }
    const pageCount = this.#position.commitPages;
    if (found.numbers.length > 0 || pageCount !== this.#hashes.pageCount) {
      this.#start.sink.commit({
        at: this.#file.clock.now(),
        pageCount,
        numbers: found.numbers,
        data: found.data,
        position: this.#position,
        kind: 'resync',
      });
      this.#commits += 1;
    }
    this.#hashes.resize(pageCount);
    found.numbers.forEach((page, i) => {
      this.#hashes?.set(page, found.hashes.subarray(i * PAGE_HASH_BYTES, (i + 1) * PAGE_HASH_BYTES));
    });
    this.#resync = null;
    this.#unflushed += found.data.length + 1;
    this.#whenFlushed = () => this.#start.onEvent({ kind: 'resynced', pages: found.numbers.length });
    this.#flushIfNeeded();
  }

  /** Gives up the reader, and with it continuity, so that the WAL can shrink; the next `sync` compares pages. */
  letGo(reason: string): void {
    this.#resync = null;
    this.#file.connections.endRead();
    if (this.#detached === null) this.#detach(reason);
  }

  /** The reader's lock may have been dropped: prove continuity again on the file's new connections. */
  reattach(connections: Connections): void {
    this.#file.connections = connections;
    if (this.#resync || this.#detached !== null) {
      this.#resync = null;
      this.#detached ??= 'the connections were opened again during a resync';
      return;
    }
    this.#attach(this.#position, true, ATTACH_LOCK_MS);
  }

  /**
   * A durable fence was lifted: the WAL is gone and everything captured is in the file. When `untouched` denies that nobody
   * wrote since, the pages are compared.
   */
  rebase(connections: Connections, untouched: () => boolean): void {
    this.#file.connections = connections;
    if (this.#detached !== null) return;
    const release = this.#lockWrites(ATTACH_LOCK_MS);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      if (!untouched()) {
        this.#detach('The file was written while its fence was being lifted.');
        return;
      }
      this.#position = this.#empty(this.#position.commitPages);
      this.#map.clear();
      this.#drain(Number.POSITIVE_INFINITY);
      this.#flushIfNeeded();
    } finally {
      release();
    }
    this.#start.sink.flush(this.#position);
  }

  /** Compares the whole file while this process holds it exclusively, without WAL, and gives the difference to the sink. */
  compareClosed(pageCount: number): void {
    this.#start.onEvent({ kind: 'gap', reason: 'A commit was made in the moment before the fence.' });
    this.#position = this.#empty(pageCount);
    this.#map.clear();
    this.#beginResync(true);
    while (this.#resync) this.resyncStep(RESYNC_BYTES);
  }

  /** Ends the reader's transaction and closes the log; the connections stay the owner's. */
  close(): void {
    for (const tracker of this.#trackers) tracker.broken = 'the capture was stopped';
    this.#file.connections.endRead();
    this.#wal.close();
  }

  #empty(commitPages: number): CapturePosition {
    const { inode, device } = this.#file;
    return {
      salt1: 0,
      salt2: 0,
      endOffset: WAL_HEADER_BYTES,
      checksum1: 0,
      checksum2: 0,
      commitPages,
      sealed: true,
      inode,
      device,
    };
  }

  #attach(from: CapturePosition | null, hashesGiven: boolean, lockMs: number): void {
    const { connections } = this.#file;
    const release = this.#lockWrites(lockMs);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      if (!from) {
        this.#takePlace(this.#current());
        this.#hashes?.resize(this.#position.commitPages);
        this.#hashLog();
        this.#start.sink.flush(this.#position);
        return;
      }
      if (from.inode !== this.#file.inode || from.device !== this.#file.device) {
        this.#takePlace(this.#current());
        this.#startFresh('Another file stands in the place of the one that was captured.');
        return;
      }
      const place = proveContinuity(this.#wal, connections, from);
      if (typeof place !== 'string') {
        this.#takePlace(place);
        this.#hashes?.resize(from.commitPages);
        this.#drain(Number.POSITIVE_INFINITY);
        const gauge = connections.gauge();
        if (gauge.log === gauge.copied) this.#markSealed();
        this.#flushIfNeeded();
        return;
      }
      if (place === 'behind') {
        this.#start.onEvent({ kind: 'behind', reason: 'The WAL ends before the last commit that was captured.' });
        this.#announceGap('The WAL no longer holds the last captured commit.');
      } else {
        this.#announceGap('The WAL was started anew while nobody was watching.');
      }
      this.#takePlace(this.#current());
    } finally {
      release();
    }
    // The reader holds the state; to find the hashes may take long, and no writer has to wait for it.
    this.#beginResync(hashesGiven || this.#findHashes());
  }

  #findHashes(): boolean {
    const { hashes } = this.#start;
    const found = typeof hashes === 'function' ? hashes() : null;
    if (found && this.#hashes) this.#hashes = PageHashTable.from(found);
    return found !== null;
  }

  /** Keeps writers out for a moment; does nothing when a fence holds the lock already. */
  #lockWrites(lockMs: number): () => void {
    const { connections, path } = this.#file;
    if (connections.locked) return () => {};
    if (!connections.lockWrites(lockMs)) {
      throw new HoldfastError('DATABASE_BUSY', `${path} stayed locked by a writer; capture cannot attach to it.`);
    }
    return () => connections.unlockWrites();
  }

  #current(): Place {
    return currentPlace(this.#wal, this.#file.connections, this.#empty(0), this.#file.path);
  }

  #takePlace({ position, map }: Place): void {
    this.#position = position;
    this.#map = map;
    this.#framesSinceSeal = position.sealed ? 0 : this.#wal.framesAt(position.endOffset);
    this.#framesSinceCopy = this.#framesSinceSeal;
  }

  #markSealed(): void {
    this.#position = { ...this.#position, sealed: true };
    this.#map.clear();
    this.#framesSinceSeal = 0;
    this.#framesSinceCopy = 0;
  }

  #hashLog(): void {
    const table = this.#hashes;
    if (!table) return;
    const image = Buffer.allocUnsafe(this.#file.pageSize);
    for (const [page, offset] of this.#map) {
      this.#wal.readImage(offset, image);
      table.set(page, hashPage(image));
    }
  }

  #startFresh(reason: string): void {
    if (this.#hashes) this.#hashes = new PageHashTable();
    this.#hashNext = 1;
    this.#hashes?.resize(this.#position.commitPages);
    this.#hashLog();
    for (const tracker of this.#trackers) tracker.broken ??= reason;
    this.#start.onEvent({ kind: 'replaced', reason });
    this.#start.sink.flush(this.#position);
  }

  #beginResync(hashesKnown: boolean): void {
    if (!hashesKnown || !this.#hashes) {
      this.#startFresh('Commits went by unseen and no page hashes exist to compare with; a full backup is required.');
      return;
    }
    const table = this.#hashes;
    this.#resync = new Resync(this.#file.pageSize, this.#lockPage, table, (view, numbers, target) =>
      this.readPages(view, numbers, target),
    );
  }

  #announceGap(reason: string): void {
    for (const tracker of this.#trackers) tracker.broken ??= reason;
    this.#start.onEvent({ kind: 'gap', reason });
  }

  #detach(reason: string): void {
    this.#detached = reason;
    this.#announceGap(reason);
  }

  /** After a gap in a running capture: a new starting state under the write lock, then the comparison. */
  #attachAgain(): void {
    const { connections } = this.#file;
    const release = this.#lockWrites(REGAIN_LOCK_MS);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      this.#takePlace(this.#current());
      this.#detached = null;
      this.#beginResync(true);
    } finally {
      release();
    }
  }

  /** Captures what is committed, up to about `budget` bytes; true when it stopped before the end. */
  #drain(budget: number): boolean {
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
    if (log <= this.#wal.framesAt(this.#position.endOffset)) return false;
    if (this.#position.sealed && !sameSalts(this.#wal.header(), header)) {
      return this.#drain(budget);
    }
    if (this.#captureFrames(header, this.#wal.offsetOf(log), budget)) return true;
    if (this.#wal.framesAt(this.#position.endOffset) < log) {
      throw new GapError(`SQLite counts ${log} frames, fewer of them are valid.`);
    }
    return false;
  }

  #captureFrames(header: WalHeader, until: number, budget: number): boolean {
    const start = { offset: this.#position.endOffset, ...checksumOf(this.#position) };
    let pending: FoundFrame[] = [];
    try {
      for (const found of this.#wal.frames(header, start, until)) {
        pending.push(found);
        if (found.frame.commit === 0) continue;
        this.#take(pending, found.frame);
        pending = [];
        if (this.#unflushed > FLUSH_BYTES) {
          this.#hashTaken();
          this.#flushIfNeeded();
        }
        if (found.offset - start.offset >= budget) return true;
      }
      return false;
    } finally {
      this.#hashTaken();
    }
  }

  #hashTaken(): void {
    const table = this.#hashes;
    // A later commit may have cut the database.
    for (const [page, image] of this.#toHash) if (table && page <= table.pageCount) table.setOf(page, image);
    this.#toHash.clear();
  }

  #take(frames: FoundFrame[], last: WalFrame): void {
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
    const end = (frames[frames.length - 1]?.offset ?? 0) + FRAME_HEADER_BYTES + pageSize;
    const position = { ...this.#position, ...checksumOf(last), endOffset: end, commitPages: pageCount, sealed: false };
    this.#start.sink.commit({ at: this.#file.clock.now(), pageCount, numbers, data, position, kind: 'commit' });
    this.#unflushed += data.length + 1;
    if (pageCount < this.#position.commitPages) {
      for (const page of this.#map.keys()) if (page > pageCount) this.#map.delete(page);
    }
    this.#position = position;
    this.#hashes?.resize(pageCount);
    numbers.forEach((page, i) => {
      const offset = offsets[i] ?? -1;
      if (offset >= 0) this.#map.set(page, offset);
      if (this.#hashes) this.#toHash.set(page, data.subarray(i * pageSize, (i + 1) * pageSize));
    });
    for (const tracker of this.#trackers) for (const page of numbers) tracker.changed.add(page);
    this.#framesSinceSeal += frames.length;
    this.#framesSinceCopy += frames.length;
    this.#commits += 1;
  }

  /** A page inside the grown database that no frame holds: SQLite reads it from the file, where it is zero past the end. */
  #readGrown(page: number): Buffer {
    const { pageSize, files, databaseFd } = this.#file;
    const image = Buffer.alloc(pageSize);
    readInto(files, databaseFd, image, 0, pageSize, (page - 1) * pageSize);
    return image;
  }

  #flushIfNeeded(): void {
    if (this.#unflushed === 0) return;
    this.#start.sink.flush(this.#position);
    this.#unflushed = 0;
    this.#whenFlushed?.();
    this.#whenFlushed = null;
  }
}

function sameSalts(a: WalHeader | null, b: WalHeader): boolean {
  return a !== null && a.salt1 === b.salt1 && a.salt2 === b.salt2;
}
