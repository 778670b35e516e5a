// A clock that stands still until a test moves it.
import type { Clock } from '../../core/platform/clock.ts';

interface Sleeper {
  at: number;
  wake(): void;
}

export class FakeClock implements Clock {
  private time: number;
  private readonly sleepers = new Set<Sleeper>();

  constructor(start = Date.UTC(2026, 0, 5, 8)) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = { at: this.time + ms, wake: resolve };
      this.sleepers.add(sleeper);
      signal?.addEventListener(
        'abort',
        () => {
          this.sleepers.delete(sleeper);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** Moves on by `ms`, waking in order whoever sleeps until then. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.sleepers].filter((sleeper) => sleeper.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.sleepers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.wake();
    }
    this.time = end;
  }
}
