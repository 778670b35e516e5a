// The web door: trades the token of the address for a session, then opens the WebSocket.
import { HoldfastError } from '../../core/contract/errors.ts';

/** A door that does not answer within this time is tried again. */
const ANSWER_MS = 10_000;

const tokenOf = () => new URLSearchParams(window.location.hash.slice(1)).get('token');

/** The address carries a token that was not taken yet. */
export const hasToken = (): boolean => tokenOf() !== null;

/** Takes the token out of the address, so that neither history nor a bookmark keeps it. */
export function takeToken(): string | null {
  const token = tokenOf();
  if (token === null) return null;
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return token;
}

export interface OpenSocket {
  socket: WebSocket;
  closed: Promise<void>;
  close(): void;
}

/** Resolves with an open socket; throws UNAUTHORIZED when neither the token nor an earlier session opens the door. */
export async function openSocket(token: string | null): Promise<OpenSocket> {
  if (token !== null) await tradeToken(token);
  else await checkSession();
  const socket = new WebSocket(`ws://${window.location.host}/rpc`);
  let finish = () => {};
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  socket.addEventListener('close', finish, { once: true });
  const opened = new Promise<void>((resolve) => socket.addEventListener('open', () => resolve(), { once: true }));
  const tooLate = setTimeout(finish, ANSWER_MS);
  await Promise.race([opened, closed]);
  clearTimeout(tooLate);
  if (socket.readyState !== WebSocket.OPEN) {
    socket.close();
    throw new Error('the engine did not accept the connection');
  }
  return {
    socket,
    closed,
    close() {
      socket.close();
      // An engine that hangs does not answer the farewell either.
      finish();
    },
  };
}

async function tradeToken(token: string): Promise<void> {
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  // A reload of an old address: an earlier session may still be good.
  if (response.status === 401) return await checkSession();
  if (!response.ok) throw new Error(`the engine answered ${response.status}`);
}

async function checkSession(): Promise<void> {
  const response = await fetch('/session', { signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 401) throw new HoldfastError('UNAUTHORIZED');
  if (!response.ok) throw new Error(`the engine answered ${response.status}`);
}
