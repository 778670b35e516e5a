// Says that something changed to whoever watches: latest wins, and no watcher is told more often than it can take.
import type { Clock } from '../platform/clock.ts';

export interface ChangeSignal {
  changed(): void;
  /**
   * Yields at once, then after changes, at most once in `minMs`; changes in between count as one. With `maxMs` it also yields
   * when nothing changed for that long. Ends when the signal aborts.
   */
  watch(options: { minMs: number; maxMs?: number; signal?: AbortSignal }): AsyncGenerator<void, void, void>;
}

export function createChangeSignal(clock: Clock): ChangeSignal {
  let version = 0;
  let waiting: (() => void)[] = [];

  function nextChange(seen: number): Promise<void> {
    if (version !== seen) return Promise.resolve();
    return new Promise((resolve) => waiting.push(resolve));
  }

  return {
    changed() {
      version++;
      const told = waiting;
      waiting = [];
      for (const tell of told) tell();
    },
    async *watch({ minMs, maxMs, signal }) {
      const ended = signal ? new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())) : null;
      while (!signal?.aborted) {
        const seen = version;
        yield;
        const timer = new AbortController();
        const pause = (ms: number) => clock.sleep(ms, timer.signal).catch(() => {});
        const races = [pause(minMs).then(() => nextChange(seen))];
        if (maxMs !== undefined) races.push(pause(maxMs));
        if (ended) races.push(ended);
        await Promise.race(races);
        timer.abort();
      }
    },
  };
}
