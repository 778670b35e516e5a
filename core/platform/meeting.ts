// A point where several pieces of work wait for one another: when the last arrives, one act is done for all.
import type { Clock } from './clock.ts';

const IDLE_MS = 50;

export class Meeting<T, R> {
  readonly #count: number;
  readonly #act: (values: T[]) => R | Promise<R>;
  readonly #values = new Map<number, T>();
  readonly #outcome = Promise.withResolvers<R>();

  constructor(count: number, act: (values: T[]) => R | Promise<R>) {
    this.#count = count;
    this.#act = act;
    // Whoever arrives after a failure hears of it then.
    this.#outcome.promise.catch(() => undefined);
  }

  /** Arrives with a value under its own number, and resolves with what the act returned for all; rejects with its failure. */
  arrive(index: number, value: T): Promise<R> {
    this.#values.set(index, value);
    if (this.#values.size === this.#count) this.#do();
    return this.#outcome.promise;
  }

  /** Arrives where the order does not matter. */
  next(value: T): Promise<R> {
    return this.arrive(this.#values.size, value);
  }

  /** One will never arrive. */
  cancel(error: unknown): void {
    this.#outcome.reject(error);
  }

  #do(): void {
    const values = Array.from({ length: this.#count }, (_, index) => this.#values.get(index) as T);
    // The one that comes last must not run the act inside its own call.
    void Promise.resolve()
      .then(() => this.#act(values))
      .then(this.#outcome.resolve, this.#outcome.reject);
  }
}

/** The same promise; while it is not settled, `idle` is called every now and then. Rejects when `idle` throws. */
export async function whileWaiting<R>(promise: Promise<R>, idle: () => void, clock: Clock): Promise<R> {
  let settled = false;
  const end = promise.then(
    () => {
      settled = true;
    },
    () => {
      settled = true;
    },
  );
  const over = new AbortController();
  void end.then(() => over.abort());
  while (!settled) {
    const pause = clock.sleep(IDLE_MS, over.signal).catch(() => undefined);
    await Promise.race([end, pause]);
    if (!settled) idle();
  }
  return await promise;
}
