// What the agent noticed by itself, kept for a while and given to every listener: a late one gets the recent past first.
import type { AgentEvent } from '../contract/agent.ts';

const KEPT = 200;

export interface EventBus {
  emit(event: AgentEvent): void;
  /** Ends when `signal` aborts or the bus closes. A listener that lags loses the oldest events, never the newest. */
  listen(signal: AbortSignal | undefined): AsyncGenerator<AgentEvent, void, void>;
  close(): void;
}

export function createEventBus(): EventBus {
  const kept: { id: number; event: AgentEvent }[] = [];
  const wake = new Set<() => void>();
  let lastId = 0;
  let closed = false;
  const wakeAll = () => {
    for (const resume of wake) resume();
    wake.clear();
  };
  return {
    emit(event) {
      kept.push({ id: ++lastId, event });
      if (kept.length > KEPT) kept.shift();
      wakeAll();
    },
    async *listen(signal) {
      let seen = 0;
      signal?.addEventListener('abort', wakeAll);
      try {
        while (!closed && !signal?.aborted) {
          const next = kept.find((entry) => entry.id > seen);
          if (next) {
            seen = next.id;
            yield next.event;
          } else await new Promise<void>((resolve) => wake.add(resolve));
        }
      } finally {
        signal?.removeEventListener('abort', wakeAll);
      }
    },
    close() {
      closed = true;
      wakeAll();
    },
  };
}
