// System messages: raised by key, standing while their condition holds, acknowledged by the administrator.
import { randomUUID } from 'node:crypto';
import type { MessageStore, StoredMessage } from '../catalog/messages.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Message } from '../contract/site.ts';
import type { Clock } from '../platform/clock.ts';

export interface MessageInput {
  level: Message['level'];
  text: string;
  source: string;
  standing: boolean;
}

export interface MessageBoard {
  /** Raises a message; a standing one with the same key and text stays as it is, any other replaces it and is news again. */
  raise(key: string, message: MessageInput): void;
  /** The condition is over: the message stays readable, and no longer counts. */
  clear(key: string): void;
  /** Throws NOT_FOUND. */
  acknowledge(id: string): void;
  /** Newest first. */
  list(): Message[];
  /** Keys of the conditions that stand. */
  standing(): string[];
}

const KEPT = 200;

/** What happens to a message, with the key that its condition goes by. */
export type OnBoardEvent = (key: string, kind: 'raised' | 'cleared', message: Message) => void;

/** `onStoreError`: a message could not be written down; it is shown all the same. `onNews`: one was raised. */
export function createMessageBoard(
  store: MessageStore,
  clock: Clock,
  changed: () => void,
  onStoreError: (error: unknown) => void,
  onNews: (message: Message) => void = () => {},
  onEvent: OnBoardEvent = () => {},
): MessageBoard {
  const byKey = new Map(
    store
      .list()
      .reverse()
      .map((message) => [message.key, message]),
  );

  function replace(message: StoredMessage): void {
    byKey.set(message.key, message);
    persist(() => store.save(message));
    changed();
  }

  function persist(write: () => void): void {
    try {
      write();
    } catch (error) {
      onStoreError(error);
    }
  }

  function dropOldest(): void {
    const surplus = byKey.size - KEPT;
    if (surplus <= 0) return;
    for (const old of [...byKey.values()].filter((m) => !m.standing).slice(0, surplus)) {
      byKey.delete(old.key);
      persist(() => store.remove(old.key));
    }
  }

  return {
    raise(key, { level, text, source, standing }) {
      const before = byKey.get(key);
      if (before?.standing && standing && before.text === text && before.level === level) return;
      byKey.delete(key);
      const message = { key, id: randomUUID(), at: clock.now(), level, text, source, acknowledged: false, standing };
      replace(message);
      onNews(message);
      onEvent(key, 'raised', message);
      dropOldest();
    },
    clear(key) {
      const message = byKey.get(key);
      if (!message?.standing) return;
      replace({ ...message, standing: false, acknowledged: true });
      onEvent(key, 'cleared', message);
    },
    acknowledge(id) {
      const message = [...byKey.values()].find((m) => m.id === id);
      if (!message) throw new HoldfastError('NOT_FOUND', 'This message is no longer there');
      if (!message.acknowledged) replace({ ...message, acknowledged: true });
    },
    standing: () => [...byKey.values()].filter((message) => message.standing).map((message) => message.key),
    list: () => [...byKey.values()].reverse().map(({ key: _, ...message }) => message),
  };
}
