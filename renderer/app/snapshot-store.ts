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

/** The engine sends a snapshot every two seconds at least: after two that did not come, what is shown is only what was last known. */
export const SILENT_MS = 4_000;
/** An open connection that says nothing for this long is given up and opened anew: its other end may be gone without a word. */
const GIVE_UP_MS = 30_000;
/** Silence is counted in ticks, not read from a clock: time in which this page itself did not run is not time that the engine was silent. */
const TICK_MS = 1_000;

/** Starts to follow the engine; the returned function ends it. A snapshot older than the one shown is dropped within one stream. */
export function followSite(connection: ConsoleConnection): { store: SnapshotStore; stop: () => void } {
  const store = createStore<SnapshotState>(() => ({ snapshot: null, live: false }));
  const ended = new AbortController();
  const silence = watchSilence(() => store.setState({ live: false }), connection.retry);

  const follow = async (signal: AbortSignal) => {
    // A restarted engine counts from the start again, so `seq` compares within one stream only.
    let seq = -1;
    const stream = await connection.api.site.watch({}, { signal: ended.signal });
    silence.heard();
    for await (const snapshot of stream) {
      // A connection that was given up ends in its own time.
      if (signal.aborted) return;
      silence.heard();
      // The same one again is a sign of life.
      if (snapshot.seq === seq && !store.getState().live) store.setState({ live: true });
      if (snapshot.seq <= seq) continue;
      seq = snapshot.seq;
      setEngineClock(snapshot.now);
      store.setState({ snapshot, live: true });
    }
  };

  const run = async () => {
    while (!ended.signal.aborted) {
      // A failed stream is shown as offline and opened again; the connection tells why.
      const over = new AbortController();
      const signal = AbortSignal.any([ended.signal, over.signal]);
      await status(connection, true, signal)
        .then(() => Promise.race([follow(signal), status(connection, false, signal)]))
        .catch(() => undefined);
      over.abort();
      silence.stop();
      store.setState({ live: false });
      await wait(300, ended.signal);
    }
  };
  void run();
  return {
    store,
    stop() {
      silence.stop();
      ended.abort();
    },
  };
}

/** Calls `silent` when nothing was heard for a while, and `giveUp` when that goes on. */
function watchSilence(silent: () => void, giveUp: () => void): { heard: () => void; stop: () => void } {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = () => clearInterval(timer);
  return {
    heard() {
      stop();
      let passed = 0;
      timer = setInterval(() => {
        passed += TICK_MS;
        if (passed === SILENT_MS) silent();
        if (passed < GIVE_UP_MS) return;
        stop();
        giveUp();
      }, TICK_MS);
    },
    stop,
  };
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

/** Resolves once the connection is up, or once it is not; also when the signal aborts. */
function status(connection: ConsoleConnection, up: boolean, signal: AbortSignal): Promise<void> {
  const reached = () => (connection.getState().status === 'connected') === up;
  if (reached() || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      unsubscribe();
      resolve();
    };
    const unsubscribe = connection.subscribe(() => reached() && done());
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
