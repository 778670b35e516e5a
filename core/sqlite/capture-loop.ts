// Drives a capture from a timer: looks at the WAL, seals by size and age, reports a failing sink once, and lets go of the
// reader before the application's disk fills up.
import { HoldfastError } from '../contract/errors.ts';
import { isBusy } from './connections.ts';
import type { CaptureOptions } from './types.ts';
import type { WalCapture } from './wal-capture.ts';

export interface LoopHooks {
  /** Looks after what a capture cannot see itself (a replaced file, a lost lock); called every few seconds. */
  heartbeat(): void;
  /** Bytes free on the volume of the WAL. */
  freeBytes(): number;
  walBytes(): number;
  monotonic(): number;
}

const HEARTBEAT_MS = 3000;
const STEP_BYTES = 8 * 1024 * 1024;
const HASH_STEP_BYTES = 4 * 1024 * 1024;
/** While commits keep coming a seal waits this long after the one before, unless the log gets longer than the bounds that follow. */
const BUSY_SEAL_MS = 2000;
/** So many times `sealFrames`, up to so many bytes. */
const BUSY_FACTOR = 16;
const BUSY_BYTES = 64 * 1024 * 1024;
const PINNED_AFTER_MS = 30_000;
/** With a failing sink the WAL only grows; below this much free space the application comes first. */
const LET_GO_BYTES = 256 * 1024 * 1024;

export class CaptureLoop {
  readonly #capture: WalCapture;
  readonly #options: CaptureOptions;
  readonly #hooks: LoopHooks;
  #timer: NodeJS.Timeout | null = null;
  #sealedAt: number;
  #unsealedSince: number | null = null;
  #pinnedReportedAt = Number.NEGATIVE_INFINITY;
  #beatAt = Number.NEGATIVE_INFINITY;
  #failing = false;
  #letGo = false;
  #stopped = false;

  constructor(capture: WalCapture, options: CaptureOptions, hooks: LoopHooks) {
    this.#capture = capture;
    this.#options = options;
    this.#hooks = hooks;
    this.#sealedAt = hooks.monotonic();
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** One look; public so that a test can take the timer's place. */
  tick(): void {
    const now = this.#hooks.monotonic();
    let again = false;
    try {
      if (now - this.#beatAt >= HEARTBEAT_MS) {
        this.#beatAt = now;
        this.#hooks.heartbeat();
      }
      if (this.#stopped || this.#heldBack()) return;
      const before = this.#capture.commits;
      again = this.#capture.step(STEP_BYTES);
      this.#tidy(now, again ? 'behind' : this.#capture.commits === before ? 'quiet' : 'busy');
      if (!again) this.#capture.hashStep(HASH_STEP_BYTES);
      if (this.#failing) {
        this.#failing = false;
        this.#options.onEvent({ kind: 'sinkRecovered' });
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#schedule(again ? 1 : this.#options.pollMs);
    }
  }

  /** True while the reader is given up and there is not yet enough room to begin again. */
  #heldBack(): boolean {
    if (!this.#letGo) return false;
    if (this.#hooks.freeBytes() < 2 * LET_GO_BYTES) return true;
    this.#letGo = false;
    return false;
  }

  #onError(error: unknown): void {
    if (isBusy(error) || (error instanceof HoldfastError && error.name === 'DATABASE_BUSY')) return;
    if (!this.#letGo && this.#hooks.freeBytes() < LET_GO_BYTES) {
      this.#letGo = true;
      this.#capture.letGo('The log could not be written and the disk was filling up; the WAL was let go.');
    }
    if (this.#failing) return;
    this.#failing = true;
    this.#options.onEvent({ kind: 'sinkFailed', error });
  }

  /** Keeps the log short. Copying back costs writers nothing; a seal keeps them waiting, so it comes when they pause if it can. */
  #tidy(now: number, pace: 'quiet' | 'busy' | 'behind'): void {
    const { sealFrames, sealMs } = this.#options;
    const frames = this.#capture.framesSinceSeal;
    if (frames === 0) {
      this.#sealedAt = now;
      this.#unsealedSince = null;
      return;
    }
    if (this.#capture.pinned) return;
    const busyFrames = Math.max(sealFrames, Math.min(sealFrames * BUSY_FACTOR, BUSY_BYTES / this.#capture.frameBytes));
    const since = now - this.#sealedAt;
    const enough = pace === 'quiet' || since >= BUSY_SEAL_MS ? sealFrames : busyFrames;
    if (pace !== 'behind' && (frames >= enough || since >= sealMs)) this.#seal(now);
    else if (this.#capture.framesSinceCopy >= sealFrames) this.#capture.copyBack();
  }

  #seal(now: number): void {
    if (this.#capture.seal()) {
      this.#sealedAt = now;
      this.#unsealedSince = null;
      return;
    }
    this.#unsealedSince ??= now;
    const forMs = now - this.#unsealedSince;
    if (forMs >= PINNED_AFTER_MS && now - this.#pinnedReportedAt >= PINNED_AFTER_MS) {
      this.#pinnedReportedAt = now;
      this.#options.onEvent({ kind: 'walPinned', bytes: this.#hooks.walBytes(), forMs });
    }
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tick(), ms);
    this.#timer.unref();
  }
}
