// Posts a notice as JSON, signed with HMAC-SHA256 over time stamp and body; never follows a redirect to another host.
import { createHmac } from 'node:crypto';
import type { Notice } from '../contract/notify.ts';

const TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;

/** What a receiver computes again: hex HMAC-SHA256 of `<time stamp>.<body>`. */
export const webhookSignature = (secret: string, timestamp: string, body: string): string =>
  createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');

/** Throws with the reason when no 2xx answer came in time. */
export async function postWebhook(
  url: string,
  secret: string | null,
  notice: Notice,
  now: number,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  const body = JSON.stringify({
    version: 1,
    ...notice,
    at: new Date(notice.at).toISOString(),
    since: iso(notice.since),
  });
  const timestamp = String(Math.floor(now / 1000));
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'Holdfast',
    'x-holdfast-event': notice.kind,
    'x-holdfast-delivery': notice.id,
    'x-holdfast-timestamp': timestamp,
  };
  if (secret) headers['x-holdfast-signature'] = `sha256=${webhookSignature(secret, timestamp, body)}`;
  const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let target = new URL(url);
  for (let hops = 0; ; hops++) {
    const answer = await request(
      target,
      { method: 'POST', headers, body, redirect: 'manual', signal: within },
      timeoutMs,
    );
    await answer.body?.cancel();
    if (answer.ok) return;
    const location = answer.headers.get('location');
    // 301 to 303 would make a GET of it: the body must arrive.
    if ((answer.status !== 307 && answer.status !== 308) || location === null)
      throw new Error(`${target.host} answered ${answer.status} ${answer.statusText}`.trim());
    const next = new URL(location, target);
    if (next.host !== target.host || next.protocol !== target.protocol)
      throw new Error(`${target.host} sends on to ${next.protocol}//${next.host}, which is not followed`);
    if (hops === MAX_REDIRECTS) throw new Error(`${target.host} redirects in a circle`);
    target = next;
  }
}

async function request(target: URL, init: RequestInit, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(target, init);
  } catch (error) {
    const { name, message, cause } = error as Error & { cause?: Error };
    if (name === 'TimeoutError') throw new Error(`${target.host} did not answer within ${timeoutMs / 1000} s`);
    throw new Error(`${target.host} cannot be reached: ${cause?.message || message}`, { cause: error });
  }
}

const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
