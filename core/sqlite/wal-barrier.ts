// Keeping the log short beside writers: the reader that moves on without the write lock, and the seal that needs it for a moment.
import type { CapturedFile } from './captured-file.ts';
import type { CapturePosition } from './types.ts';

/** What the barrier asks of the capture that it belongs to. */
export interface BarrierCapture {
  readonly position: CapturePosition;
  /** Frames of the log that are captured. */
  readonly frames: number;
  /** A copy reads at the position, or a gap is still open: nothing may move. */
  readonly held: boolean;
  readonly resyncing: boolean;
  /** Captures everything up to now; returns the commits found. */
  sync(): number;
  /** True when there is more: frames beyond the budget, or a gap to be closed. */
  drain(budget: number): boolean;
  flush(): void;
  /** Makes a position durable that came about without a commit. */
  flushPosition(): void;
  markSealed(): void;
  /** The last commit was our own. */
  discountNoop(): void;
}

/** Waiting for the write lock, and for another program's checkpoint. */
const SEAL_LOCK_MS = 250;
const CHECKPOINT_WAIT_MS = 100;
/** How often, and down to how many frames, a seal copies back before it takes the write lock. */
const CATCH_UPS = 3;
const SHORT_TAIL = 64;
const STEP_BYTES = 8 * 1024 * 1024;

export class WalBarrier {
  readonly #file: CapturedFile;
  readonly #capture: BarrierCapture;
  #framesSinceSeal = 0;
  #framesSinceCopy = 0;
  /** Frames in the log when the second reader had begun; its mark is none of a later one. */
  #relievedAt = 0;

  constructor(file: CapturedFile, capture: BarrierCapture) {
    this.#file = file;
    this.#capture = capture;
  }

  /** Frames captured since the last complete seal, not counting its own no-op commit. */
  get framesSinceSeal(): number {
    return this.#framesSinceSeal;
  }
  /** Of those, frames captured since the reader moved on last. */
  get framesSinceCopy(): number {
    return this.#framesSinceCopy;
  }

  count(frames: number): void {
    this.#framesSinceSeal += frames;
    this.#framesSinceCopy += frames;
  }

  /** So many frames of the log are captured and not known to be copied back. */
  startAt(frames: number): void {
    this.#framesSinceSeal = frames;
    this.#framesSinceCopy = frames;
  }

  /**
   * Lets the log be copied back as far as it is now, without the write lock: a second reader begins at the newest commit, everything up to
   * it is captured, and only then the first one ends. So at no moment anybody can begin the log anew, or copy back a frame that was not
   * captured. False when another program is copying back for `waitMs`, and while there is more to capture first: then later looks end it.
   */
  copyBack(waitMs = 0): boolean {
    const { connections } = this.#file;
    if (this.#capture.held || connections.locked || !connections.reading) return false;
    if (!connections.relieving) {
      if (!connections.beginRelief()) return false;
      this.#relievedAt = connections.gauge().log;
    }
    if (this.#capture.drain(STEP_BYTES) || !this.handOver()) return false;
    return !connections.copyBack(waitMs).busy;
  }

  /** The second reader takes over once everything that it lets others copy back is captured; true when it did. */
  handOver(): boolean {
    const { connections } = this.#file;
    if (!connections.relieving || this.#capture.held) return false;
    if (this.#capture.frames < this.#relievedAt) return false;
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
    const { connections } = this.#file;
    const capture = this.#capture;
    if (capture.held || connections.locked) return false;
    // What is copied back before the barrier need not be copied back within it.
    for (let round = 0; round < CATCH_UPS; round++) {
      capture.sync();
      if (this.#framesSinceCopy <= SHORT_TAIL || !this.copyBack(CHECKPOINT_WAIT_MS)) break;
    }
    let empty = 0;
    for (let round = 0; round < 8 && empty < 2; round++) empty = capture.sync() === 0 ? empty + 1 : 0;
    if (capture.position.sealed) return true;
    if (!connections.lockWrites(SEAL_LOCK_MS)) return false;
    try {
      this.sealLocked();
    } finally {
      connections.unlockWrites();
    }
    if (!capture.position.sealed) return false;
    capture.flushPosition();
    if (connections.noopCommit(SEAL_LOCK_MS)) {
      if (capture.sync() > 0) capture.discountNoop();
      this.#framesSinceSeal = Math.max(0, this.#framesSinceSeal - 1);
    }
    // The reader that began within the barrier holds no mark. As long as that is so, each commit of a program that checkpoints by itself
    // sorts the whole log in vain.
    this.copyBack();
    return true;
  }

  /** Steps 2 to 6 of the barrier; the caller holds the write lock on another connection than the reader. */
  sealLocked(): boolean {
    const { connections, path } = this.#file;
    const capture = this.#capture;
    // A gap found here is closed later: comparing a whole database must not keep writers out.
    if (capture.resyncing || capture.drain(Number.POSITIVE_INFINITY)) return false;
    capture.flush();
    const gauge = connections.gauge();
    if (!capture.position.sealed && gauge.log !== capture.frames) {
      throw new Error(`${path}: ${capture.frames} frames were captured, SQLite counts ${gauge.log}`);
    }
    let complete = false;
    connections.endRead();
    try {
      const result = connections.checkpoint();
      complete = !result.busy && result.log === result.copied;
    } finally {
      connections.beginRead();
    }
    if (complete) capture.markSealed();
    return complete;
  }
}
