// The copies of one file that are being read just now, and the capture that serves them where none is on.
import { captureSnapshot } from './snapshot.ts';
import type { Snapshot, SnapshotOptions } from './types.ts';
import type { WalCapture } from './wal-capture.ts';

const TEMPORARY_SEAL_FRAMES = 1000;

export class RunningCopies {
  readonly #whenOver: () => void;
  #count = 0;
  #temporary: WalCapture | null = null;
  #closed = false;

  /** `whenOver` is called when the last one ends that no temporary capture served. */
  constructor(whenOver: () => void) {
    this.#whenOver = whenOver;
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** Counts one more, until the returned function is called. */
  hold(): () => void {
    this.#count += 1;
    let held = true;
    return () => {
      if (held) this.#end();
      held = false;
    };
  }

  /** Makes the temporary capture if there is none yet. */
  temporary(make: () => WalCapture): WalCapture {
    this.#temporary ??= make();
    return this.#temporary;
  }

  /** A copy out of `capture`; the temporary one is kept going by the copies that it serves. */
  read(
    capture: WalCapture,
    source: Pick<Parameters<typeof captureSnapshot>[0], 'clock' | 'path' | 'pageSize'>,
    options: SnapshotOptions,
  ): Snapshot {
    const end = this.hold();
    const keepGoing = () => {
      capture.sync();
      if (capture.framesSinceSeal >= TEMPORARY_SEAL_FRAMES) capture.seal();
    };
    const drive = capture === this.#temporary ? keepGoing : null;
    try {
      return captureSnapshot({ ...source, capture, drive, end }, options);
    } catch (error) {
      end();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#temporary?.close();
    this.#temporary = null;
  }

  #end(): void {
    this.#count -= 1;
    if (this.#count > 0 || this.#closed) return;
    if (!this.#temporary) {
      this.#whenOver();
      return;
    }
    this.#temporary.close();
    this.#temporary = null;
  }
}
