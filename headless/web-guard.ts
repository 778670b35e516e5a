// Who may come in through the web door: the right Host and Origin, the start's token, and after it a session's cookie.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Compares in constant time, whatever the lengths. */
function equalSecrets(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

export interface WebGuard {
  /** True when the request names this host itself: another name that resolves to it (DNS rebinding) is refused. */
  hostAllowed(request: IncomingMessage): boolean;
  /** True when the request comes from our own page. `required`: a request without an Origin is refused as well. */
  originAllowed(request: IncomingMessage, required: boolean): boolean;
  /** A Set-Cookie value for the right token, null for a wrong one. */
  openSession(token: string): string | null;
  hasSession(request: IncomingMessage): boolean;
}

export function createWebGuard(token: string, port: number): WebGuard {
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]);
  // Cookies do not know ports: the name keeps two engines on one machine apart.
  const cookieName = `holdfast-${port}`;
  // One for all who knew the token: sessions end with the engine, so there is nothing to tell them apart for.
  const session = randomBytes(32).toString('base64url');
  return {
    hostAllowed: (request) => hosts.has(request.headers.host ?? ''),
    originAllowed(request, required) {
      const { origin } = request.headers;
      if (origin === undefined) return !required && request.headers['sec-fetch-site'] !== 'cross-site';
      return origin === `http://${request.headers.host}` && hosts.has(request.headers.host ?? '');
    },
    openSession(given) {
      if (!equalSecrets(given, token)) return null;
      return `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`;
    },
    hasSession(request) {
      const given = cookieValue(request.headers.cookie, cookieName);
      return given !== null && equalSecrets(given, session);
    },
  };
}

function cookieValue(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.trim().split('=', 2);
    if (key === name && value) return value;
  }
  return null;
}
