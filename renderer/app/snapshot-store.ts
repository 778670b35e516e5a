// The newest site snapshot, from `site.watch`; follows the engine over reconnections. The only copy of the truth on the page.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SiteSnapshot } from '../../core/contract/site.ts';
import { setEngineClock } from '../ui/clock.ts';
import type { ConsoleConnection } from './connect.ts';

export interface SnapshotState {
  /** Null until the first one arrives; the last one known while offline. */
  snapshot: SiteSnapshot | null;
  /** True while snapshots arrive. */
  live: boolean;
}
export type SnapshotStore = StoreApi<SnapshotState>;

/** Starts to follow the engine; the returned function ends it. A snapshot older than the one shown is dropped within one stream. */
export function followSite(connection: ConsoleConnection): { store: SnapshotStore; stop: () => void } {
  const store = createStore<SnapshotState>(() => ({ snapshot: null, live: false }));
  const ended = new AbortController();

  const follow = async () => {
    // A restarted engine counts from the start again, so `seq` compares within one stream only.
    let seq = -1;
    const stream = await connection.api.site.watch({}, { signal: ended.signal });
    for await (const snapshot of stream) {
      if (snapshot.seq <= seq) continue;
      seq = snapshot.seq;
      setEngineClock(snapshot.now);
      store.setState({ snapshot, live: true });
    }
  };

  const run = async () => {
    while (!ended.signal.aborted) {
      // A failed stream is shown as offline and opened again; the connection tells why.
      await connected(connection, ended.signal)
        .then(follow)
        .catch(() => undefined);
      store.setState({ live: false });
      await wait(300, ended.signal);
    }
  };
  void run();
  return { store, stop: () => ended.abort() };
}

/** Resolves with the next snapshot, or soon without one: what was just applied can be in the newest already. */
export function nextSnapshot(store: SnapshotStore, ms = 700): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const unsubscribe = store.subscribe((state, before) => state.snapshot !== before.snapshot && done());
  });
}

function connected(connection: ConsoleConnection, signal: AbortSignal): Promise<void> {
  if (connection.getState().status === 'connected') return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      unsubscribe();
      resolve();
    };
    const unsubscribe = connection.subscribe((state) => {
      if (state.status === 'connected') done();
    });
    signal.addEventListener('abort', done, { once: true });
  });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
