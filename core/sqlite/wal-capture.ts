// Commits out of the WAL of a live database: where capture stands, how it goes on, how it seals, what it does after a gap.
// All of it is synchronous: between two calls the position, the map and the reader's lock always belong together.
import { type CapturedFile, type CaptureStart, keepWritersOut } from './captured-file.ts';
import { CapturedHashes } from './captured-hashes.ts';
import { type ChangeTracker, ChangeTrackers } from './change-trackers.ts';
import type { Connections } from './connections.ts';
import { lockPage } from './header.ts';
import { type PageView, readPages } from './page-reader.ts';
import { Resync, resyncCommit } from './resync.ts';
import type { CapturePosition, PageHashes } from './types.ts';
import { FRAME_HEADER_BYTES } from './wal.ts';
import { WalBarrier } from './wal-barrier.ts';
import { type FoundCommit, GapError, WalCursor } from './wal-cursor.ts';
import { WalFile } from './wal-file.ts';

const ATTACH_LOCK_MS = 3000;
/** Nothing else waits for a capture that is only starting. */
const START_LOCK_MS = 10_000;
/** Attaching again from the timer: whoever writes right now is asked again at the next look. */
const REGAIN_LOCK_MS = 250;
const RESYNC_BYTES = 64 * 1024 * 1024;
const FLUSH_BYTES = 64 * 1024 * 1024;

export class WalCapture {
  readonly #file: CapturedFile;
  readonly #start: CaptureStart;
  readonly #wal: WalFile;
  readonly #cursor: WalCursor;
  readonly #barrier: WalBarrier;
  readonly #hashes: CapturedHashes;
  readonly #trackers = new ChangeTrackers();
  #resync: Resync | null = null;
  #detached: string | null = null;
  #pins = 0;
  #unflushed = 0;
  /** Told once what was given to the sink is durable. */
  #whenFlushed: (() => void) | null = null;
  #commits = 0;

  /** Attaches: proves continuity from `start.from`, or begins afresh, or announces a gap and prepares the resync. */
  constructor(file: CapturedFile, start: CaptureStart) {
    this.#file = file;
    this.#start = start;
    this.#wal = new WalFile(`${file.path}-wal`, file.files, file.pageSize);
    this.#cursor = new WalCursor(file, this.#wal, start.from);
    this.#barrier = this.#newBarrier();
    const known = typeof start.hashes === 'function' ? null : start.hashes;
    this.#hashes = new CapturedHashes(start.hashing, known, file.pageSize, (...page) => this.readPages(...page));
    try {
      this.#attach(start.from, known !== null, START_LOCK_MS);
    } catch (error) {
      this.#wal.close();
      throw error;
    }
  }

  get position(): CapturePosition {
    return this.#cursor.position;
  }
  get hashes(): PageHashes | null {
    return this.#hashes.table;
  }
  /** True while the difference after a gap is still being read. */
  get resyncing(): boolean {
    return this.#resync !== null || this.#detached !== null;
  }
  /** See `WalBarrier`. */
  get framesSinceSeal(): number {
    return this.#barrier.framesSinceSeal;
  }
  get framesSinceCopy(): number {
    return this.#barrier.framesSinceCopy;
  }
  get frameBytes(): number {
    return FRAME_HEADER_BYTES + this.#file.pageSize;
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
    return this.#cursor.view;
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
    else if (!this.#file.connections.reading) this.#attach(this.position, true, REGAIN_LOCK_MS);
    if (this.#resync) {
      this.resyncStep(budget);
      return true;
    }
    const more = this.#drainOrDetach(budget);
    this.#flushIfNeeded();
    // While this process lags behind, programs that checkpoint by themselves do so.
    this.#barrier.handOver();
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

  // See `WalBarrier` for these three.
  copyBack(): boolean {
    return this.#barrier.copyBack();
  }
  seal(): boolean {
    return this.#barrier.seal();
  }
  sealLocked(): boolean {
    return this.#barrier.sealLocked();
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
    return this.#trackers.begin();
  }

  /** Reads `numbers` (ascending) as they are in `view` into `target`, back to back; a page that is not there throws. */
  readPages(view: PageView, numbers: Uint32Array, target: Buffer): void {
    readPages({ ...this.#file, wal: this.#wal }, view, numbers, target);
  }

  /** Hashes up to `budget` bytes of pages that are not known yet; false when all are known. */
  hashStep(budget: number): boolean {
    return !this.resyncing && this.#hashes.step(this.view, budget);
  }

  /** Reads and compares up to `budget` bytes after a gap; at the end gives the difference to the sink as one commit. */
  resyncStep(budget: number): void {
    const resync = this.#resync;
    if (!resync) return;
    const found = resync.step(this.view, budget);
    if (!found) return;
    if (found === 'tooMuch') {
      this.#resync = null;
      this.#startFresh('The difference after the gap is too large for one log record; a full backup is required.');
      return;
    }
    const { position } = this;
    const pageCount = position.commitPages;
    if (found.numbers.length > 0 || pageCount !== this.#hashes.table?.pageCount) {
      this.#start.sink.commit(resyncCommit(found, position, this.#file.clock.now()));
      this.#commits += 1;
    }
    this.#hashes.take(found, pageCount);
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
    this.#attach(this.position, true, ATTACH_LOCK_MS);
  }

  /**
   * A durable fence was lifted: the WAL is gone and everything captured is in the file. When `untouched` denies that nobody
   * wrote since, the pages are compared.
   */
  rebase(connections: Connections, untouched: () => boolean): void {
    this.#file.connections = connections;
    if (this.#detached !== null) return;
    const release = keepWritersOut(this.#file, ATTACH_LOCK_MS);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      if (!untouched()) {
        this.#detach('The file was written while its fence was being lifted.');
        return;
      }
      this.#cursor.restart();
      this.#drain(Number.POSITIVE_INFINITY);
      this.#flushIfNeeded();
    } finally {
      release();
    }
    this.#start.sink.flush(this.position);
  }

  /** Compares the whole file while this process holds it exclusively, without WAL, and gives the difference to the sink. */
  compareClosed(pageCount: number): void {
    this.#start.onEvent({ kind: 'gap', reason: 'A commit was made in the moment before the fence.' });
    this.#cursor.restart(pageCount);
    this.#beginResync(true);
    while (this.#resync) this.resyncStep(RESYNC_BYTES);
  }

  /** Ends the reader's transaction and closes the log; the connections stay the owner's. */
  close(): void {
    this.#trackers.breakOff('the capture was stopped');
    this.#file.connections.endRead();
    this.#wal.close();
  }

  #attach(from: CapturePosition | null, hashesGiven: boolean, lockMs: number): void {
    const { connections } = this.#file;
    const release = keepWritersOut(this.#file, lockMs);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      if (!from) {
        this.#takeCurrent();
        this.#hashes.readLog(this.view);
        this.#start.sink.flush(this.position);
        return;
      }
      if (from.inode !== this.#file.inode || from.device !== this.#file.device) {
        this.#takeCurrent();
        this.#startFresh('Another file stands in the place of the one that was captured.');
        return;
      }
      const place = this.#cursor.prove(from);
      if (typeof place !== 'string') {
        this.#cursor.takePlace(place);
        this.#barrier.startAt(this.#cursor.frames);
        this.#hashes.resize(from.commitPages);
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
      this.#takeCurrent();
    } finally {
      release();
    }
    // The reader holds the state; to find the hashes may take long, and no writer has to wait for it.
    this.#beginResync(hashesGiven || this.#hashes.find(this.#start.hashes));
  }

  #newBarrier(): WalBarrier {
    const capture = this;
    return new WalBarrier(this.#file, {
      get position() {
        return capture.position;
      },
      get frames() {
        return capture.#cursor.frames;
      },
      get held() {
        return capture.pinned || capture.resyncing;
      },
      get resyncing() {
        return capture.resyncing;
      },
      sync: () => this.sync(),
      drain: (budget) => this.#drainOrDetach(budget),
      flush: () => this.#flushIfNeeded(),
      flushPosition: () => this.#start.sink.flush(this.position),
      markSealed: () => this.#markSealed(),
      discountNoop: () => {
        this.#commits -= 1;
      },
    });
  }

  #takeCurrent(): void {
    this.#cursor.takeCurrent();
    this.#barrier.startAt(this.position.sealed ? 0 : this.#cursor.frames);
  }

  #markSealed(): void {
    this.#cursor.markSealed();
    this.#barrier.startAt(0);
  }

  #startFresh(reason: string): void {
    this.#hashes.startOver(this.view);
    this.#trackers.breakOff(reason);
    this.#start.onEvent({ kind: 'replaced', reason });
    this.#start.sink.flush(this.position);
  }

  #beginResync(hashesKnown: boolean): void {
    const { table } = this.#hashes;
    if (!hashesKnown || !table) {
      this.#startFresh('Commits went by unseen and no page hashes exist to compare with; a full backup is required.');
      return;
    }
    const { pageSize } = this.#file;
    this.#resync = new Resync(pageSize, lockPage(pageSize), table, (view, numbers, target) =>
      this.readPages(view, numbers, target),
    );
  }

  #announceGap(reason: string): void {
    this.#trackers.breakOff(reason);
    this.#start.onEvent({ kind: 'gap', reason });
  }

  #detach(reason: string): void {
    this.#detached = reason;
    this.#announceGap(reason);
  }

  /** After a gap in a running capture: a new starting state under the write lock, then the comparison. */
  #attachAgain(): void {
    const { connections } = this.#file;
    const release = keepWritersOut(this.#file, REGAIN_LOCK_MS);
    try {
      connections.endRead();
      connections.beginRead();
      this.#wal.reopen();
      this.#takeCurrent();
      this.#detached = null;
      this.#beginResync(true);
    } finally {
      release();
    }
  }

  /** Captures what is committed, up to about `budget` bytes; true when it stopped before the end. */
  #drain(budget: number): boolean {
    try {
      return this.#cursor.drain(budget, (commit) => this.#take(commit));
    } finally {
      this.#hashes.settle();
    }
  }

  #take({ frames, ...commit }: FoundCommit): void {
    if (this.#unflushed > FLUSH_BYTES) {
      this.#hashes.settle();
      this.#flushIfNeeded();
    }
    this.#start.sink.commit(commit);
    const { pageCount, numbers, data } = commit;
    const { pageSize } = this.#file;
    this.#unflushed += data.length + 1;
    this.#hashes.resize(pageCount);
    numbers.forEach((page, i) => {
      this.#hashes.later(page, data.subarray(i * pageSize, (i + 1) * pageSize));
    });
    this.#trackers.add(numbers);
    this.#barrier.count(frames);
    this.#commits += 1;
  }

  #flushIfNeeded(): void {
    if (this.#unflushed === 0) return;
    this.#start.sink.flush(this.position);
    this.#unflushed = 0;
    this.#whenFlushed?.();
    this.#whenFlushed = null;
  }
}
