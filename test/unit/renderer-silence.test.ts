// An engine that hangs keeps its connection open: the console counts the silence itself.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SiteSnapshot } from '../../core/contract/site.ts';
import type { ConnectionState, ConsoleConnection } from '../../renderer/app/connect.ts';
import { followSite, SILENT_MS } from '../../renderer/app/snapshot-store.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A connection whose engine says what the test lets it say; `retries` counts how often it was given up. */
function fakeConnection() {
  const listeners = new Set<(state: ConnectionState) => void>();
  let state: ConnectionState = { status: 'connected', attempt: 0 };
  let seq = 0;
  let arrive: (snapshot: SiteSnapshot) => void = () => {};
  async function* stream() {
    while (true)
      yield await new Promise<SiteSnapshot>((resolve) => {
        arrive = resolve;
      });
  }
  const setStatus = (status: ConnectionState['status']) => {
    state = { status, attempt: 0 };
    for (const listener of listeners) listener(state);
  };
  let retries = 0;
  const connection = {
    api: { site: { watch: async () => stream() } },
    getState: () => state,
    subscribe(listener: (state: ConnectionState) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry: () => {
      retries += 1;
    },
  } as unknown as ConsoleConnection;
  return {
    connection,
    setStatus,
    retries: () => retries,
    async say() {
      seq += 1;
      arrive({ seq, now: Date.now() } as SiteSnapshot);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

describe('the newest snapshot', () => {
  it('is only what was last known once the engine is silent, and live again with its next word', async () => {
    const { connection, say, retries } = fakeConnection();
    const { store, stop } = followSite(connection);
    await vi.advanceTimersByTimeAsync(0);
    await say();
    expect(store.getState()).toMatchObject({ live: true, snapshot: { seq: 1 } });
    await vi.advanceTimersByTimeAsync(SILENT_MS - 1);
    expect(store.getState().live).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.getState()).toMatchObject({ live: false, snapshot: { seq: 1 } });
    expect(retries()).toBe(0);
    await say();
    expect(store.getState()).toMatchObject({ live: true, snapshot: { seq: 2 } });
    stop();
  });

  it('gives a connection up that stays silent', async () => {
    const { connection, say, retries } = fakeConnection();
    const { stop } = followSite(connection);
    await vi.advanceTimersByTimeAsync(0);
    await say();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(retries()).toBe(1);
    stop();
  });

  it('is what was last known as soon as the connection is gone, though its stream does not end', async () => {
    const { connection, say, setStatus } = fakeConnection();
    const { store, stop } = followSite(connection);
    await vi.advanceTimersByTimeAsync(0);
    await say();
    setStatus('reconnecting');
    await vi.advanceTimersByTimeAsync(0);
    expect(store.getState().live).toBe(false);
    setStatus('connected');
    await vi.advanceTimersByTimeAsync(1_000);
    await say();
    expect(store.getState()).toMatchObject({ live: true, snapshot: { seq: 2 } });
    stop();
  });
});
