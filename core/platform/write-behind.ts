// Pushes what is written to a file out to the disk while the writing goes on, so that the last fsync is short.

/** One file's write-out in the background. `settle` must have ended before the descriptor is closed. */
export class WriteBehind {
  readonly #flush: () => Promise<void>;
  readonly #everyBytes: number;
  #waiting = 0;
  #running: Promise<void> | null = null;
  #failure: { error: unknown } | null = null;

  /** `flush` makes durable what was written so far, without holding up the thread. */
  constructor(flush: () => Promise<void>, everyBytes: number) {
    this.#flush = flush;
    this.#everyBytes = everyBytes;
  }

  /** So many bytes more are in the page cache. Throws what an earlier flush failed with: the system reports it only once. */
  wrote(bytes: number): void {
    this.#waiting += bytes;
    this.#throwFailure();
    if (this.#waiting >= this.#everyBytes && !this.#running) this.#start();
  }

  /**
   * Waits while the disk is far behind. Otherwise a writer that is quicker than the disk piles up gigabytes in the page cache: its
   * progress tells of what is not there yet, and whoever then needs the disk, a cancel too, waits for all of them.
   */
  async room(): Promise<void> {
    while (this.isFull) await this.#running;
    this.#throwFailure();
  }

  /** The disk is so far behind that a writer should wait for `room`. */
  get isFull(): boolean {
    return this.#running !== null && this.#waiting >= 2 * this.#everyBytes;
  }

  /** Makes everything durable; throws what failed, now or before. */
  async finish(): Promise<void> {
    await this.#running;
    this.#throwFailure();
    this.#start();
    await this.#running;
    this.#throwFailure();
  }

  /** Waits for a flush that is under way; never throws. */
  async settle(): Promise<void> {
    await this.#running;
  }

  #start(): void {
    this.#waiting = 0;
    this.#running = this.#flush()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running = null;
      });
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
