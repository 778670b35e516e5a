// What is told to whom, and when a delivery is tried again. Pure.
import { randomUUID } from 'node:crypto';
import type { Notice } from '../contract/notify.ts';
import type { Channel, OpenCondition } from './types.ts';

/** A message of the board as notifications see it. */
export interface BoardEvent {
  key: string;
  /** `raised`: it is news; `cleared`: its condition is over. */
  kind: 'raised' | 'cleared';
  at: number;
  level: Notice['level'];
  source: string;
  text: string;
  standing: boolean;
  /** A good run that somebody asked to be told of. */
  success: boolean;
}

/** Messages about channels: told on the desktop only, so that a failing channel can't feed another or itself. */
export const CHANNEL_PREFIX = 'notify:';
const RANK: Record<Notice['level'], number> = { info: 0, warning: 1, critical: 2 };

/**
 * The notice to send, and the condition to remember (or null to forget it); nothing for what was told already: the same condition
 * counts again only once it was over, or when it has grown worse.
 */
export function decideNotice(
  event: BoardEvent,
  open: OpenCondition | undefined,
): { notice: Notice; condition: OpenCondition | null | undefined } | null {
  const { at, level, source, text } = event;
  const notice = (kind: Notice['kind'], since: number | null): Notice => ({
    ...{ id: randomUUID(), at, kind, level, source, text, since },
  });
  if (event.kind === 'cleared') {
    if (!open) return null;
    const over = { ...notice('recovery', open.notice.at), level: open.notice.level };
    return { notice: over, condition: null };
  }
  if (event.success) return { notice: notice('success', null), condition: undefined };
  if (level === 'info') return null;
  if (!event.standing) return { notice: notice('failure', null), condition: undefined };
  if (open && RANK[open.notice.level] >= RANK[level]) return null;
  const failure = notice('failure', null);
  return { notice: failure, condition: { notice: failure } };
}

/** Whether the channel is told of it. */
export function concerns(channel: Channel, notice: Notice, key: string): boolean {
  if (!channel.enabled) return false;
  if (key.startsWith(CHANNEL_PREFIX) && channel.kind !== 'desktop') return false;
  if (notice.kind === 'success') return channel.onSuccess;
  return RANK[notice.level] >= RANK[channel.from];
}

const WAITS_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000];

/** When attempt number `attempts` (1 for the first) that failed at `now` is repeated; null: given up. */
export function retryAt(attempts: number, now: number): number | null {
  const wait = WAITS_MS[attempts - 1];
  return wait === undefined ? null : now + wait;
}
