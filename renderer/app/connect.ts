// The page's one connection to the engine: picks the door, keeps the connection up, and offers the contract as one stable object.
import { config } from 'zod';
import { HoldfastError } from '../../core/contract/errors.ts';
import { connectConsoleByPort, connectConsoleBySocket } from '../../core/rpc/connect.ts';
import type { ConsoleApi } from '../../core/rpc/types.ts';
import { openPort } from './door-desktop.ts';
import { hasToken, openSocket, takeToken } from './door-web.ts';

// The content security policy forbids compiled validators.
config({ jitless: true });

export interface ConnectionState {
  /** `unauthorized`: the browser needs the address that the start printed; it is not tried again. */
  status: 'connecting' | 'connected' | 'reconnecting' | 'unauthorized' | 'closed';
  /** Failed tries since the last connection. */
  attempt: number;
}

/** What a door gives: a client and a promise that resolves once it can no longer be used. */
export interface OpenDoor {
  api: ConsoleApi;
  closed: Promise<void>;
  close(): void;
}

export interface ConsoleConnection {
  /** Stays the same over reconnections; a call while there is none fails with ENGINE_NOT_RUNNING. */
  api: ConsoleApi;
  door: 'desktop' | 'web';
  getState(): ConnectionState;
  /** Calls `listener` after each change; returns a function that ends that. */
  subscribe(listener: (state: ConnectionState) => void): () => void;
  /** Opens the connection anew: at once instead of waiting for the next try, and also when the present one has gone silent. */
  retry(): void;
  close(): void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** Connects through the desktop shell's message port where there is one, else over a WebSocket; reconnects until closed. */
export function connectToEngine(): ConsoleConnection {
  const bridge = window.holdfast;
  let tokenLeft = bridge ? null : takeToken();
  // The address of a new start, opened in this very tab, differs in its fragment only: nothing would load.
  if (!bridge) window.addEventListener('hashchange', () => hasToken() && window.location.reload());
  const openDoor = async (): Promise<OpenDoor> => {
    if (bridge) {
      const { port, ...door } = await openPort(bridge);
      return { ...door, api: connectConsoleByPort(port) };
    }
    const { socket, ...door } = await openSocket(tokenLeft);
    tokenLeft = null;
    return { ...door, api: connectConsoleBySocket(socket) };
  };
  return keepConnected(openDoor, bridge ? 'desktop' : 'web');
}

/** The part that does not know which door it is: state, back-off and the stable API over `openDoor`. */
export function keepConnected(openDoor: () => Promise<OpenDoor>, door: 'desktop' | 'web'): ConsoleConnection {
  const listeners = new Set<(state: ConnectionState) => void>();
  let state: ConnectionState = { status: 'connecting', attempt: 0 };
  let current: OpenDoor | null = null;
  let wake: () => void = () => {};
  let ended = false;

  const setState = (next: ConnectionState) => {
    state = next;
    for (const listener of listeners) listener(state);
  };

  const run = async () => {
    while (!ended) {
      try {
        const opened = await openDoor();
        if (ended) return opened.close();
        current = opened;
        setState({ status: 'connected', attempt: 0 });
        await opened.closed;
        current = null;
        if (!ended) setState({ status: 'reconnecting', attempt: 0 });
      } catch (error) {
        if (ended) return;
        if (error instanceof HoldfastError && error.name === 'UNAUTHORIZED')
          return setState({ status: 'unauthorized', attempt: state.attempt });
        setState({ status: 'reconnecting', attempt: state.attempt + 1 });
      }
      if (!ended) await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(state.attempt, 10)));
    }
  };
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  void run();

  return {
    api: stableApi(() => current),
    door,
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retry() {
      current?.close();
      wake();
    },
    close() {
      ended = true;
      current?.close();
      wake();
      setState({ status: 'closed', attempt: 0 });
    },
  };
}

type Call = (...args: unknown[]) => Promise<unknown>;

/** Looks the procedure up on whichever client is current when it is called. */
function stableApi(current: () => OpenDoor | null, path: readonly string[] = []): ConsoleApi {
  const call: Call = async (...args) => {
    const door = current();
    const name = path.join('.');
    if (door === null) throw new HoldfastError('ENGINE_NOT_RUNNING', `${name}: there is no connection to the engine`);
    const procedure = path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], door.api) as Call;
    try {
      return await procedure(...args);
    } catch (error) {
      const aborted = (args[1] as { signal?: AbortSignal } | undefined)?.signal?.aborted;
      if (aborted || error instanceof HoldfastError || current() === door) throw error;
      throw new HoldfastError('ENGINE_NOT_RUNNING', `${name}: the connection to the engine was lost`, { cause: error });
    }
  };
  return new Proxy(call, {
    // `then` would make the API look like a promise to whoever awaits it.
    get: (_, key) => (typeof key === 'string' && key !== 'then' ? stableApi(current, [...path, key]) : undefined),
  }) as unknown as ConsoleApi;
}
