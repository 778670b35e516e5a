// Short-lived tokens for plans: a plan is executed once, soon, and only while the world is as it was planned.
import { randomBytes } from 'node:crypto';
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';

export const PLAN_LIFETIME_MS = 5 * 60_000;
const MAX_TOKENS = 500;

export interface PlanTokens<T> {
  issue(content: T): { token: string; expiresAt: number };
  /** The content, once; throws PLAN_EXPIRED. */
  redeem(token: string): T;
}

export function createPlanTokens<T>(clock: Clock): PlanTokens<T> {
  const issued = new Map<string, { content: T; until: number }>();
  return {
    issue(content) {
      const now = clock.monotonic();
      for (const [token, { until }] of issued)
        if (until <= now || issued.size >= MAX_TOKENS) issued.delete(token);
        else break;
      const token = randomBytes(18).toString('base64url');
      issued.set(token, { content, until: now + PLAN_LIFETIME_MS });
      return { token, expiresAt: clock.now() + PLAN_LIFETIME_MS };
    },
    redeem(token) {
      const entry = issued.get(token);
      issued.delete(token);
      if (!entry || entry.until <= clock.monotonic()) throw new HoldfastError('PLAN_EXPIRED');
      return entry.content;
    },
  };
}
