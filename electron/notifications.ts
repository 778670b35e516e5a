// Desktop notifications: one for each new critical message, none for those that were there when the app started.
import { Notification } from 'electron';
import type { Notice } from '../core/contract/notify.ts';
import type { Message } from '../core/contract/site.ts';

/** Decides which messages to announce; call it with the messages of each snapshot. */
export function createAnnouncer(): (messages: Message[]) => Message[] {
  let known: Set<string> | null = null;
  return (messages) => {
    const critical = messages.filter((message) => message.level === 'critical' && !message.acknowledged);
    const before = known;
    known = new Set(critical.map(({ id }) => id));
    return before === null ? [] : critical.filter(({ id }) => !before.has(id));
  };
}

/** Decides which notices to announce; those of the first snapshot were there before. */
export function createNoticeAnnouncer(): (notices: readonly Notice[] | null) => Notice[] {
  let known: Set<string> | null = null;
  return (notices) => {
    const before = known;
    known = new Set((notices ?? []).map(({ id }) => id));
    return before === null ? [] : (notices ?? []).filter(({ id }) => !before.has(id));
  };
}

export function announce(
  message: Pick<Message, 'source' | 'text'> & { kind?: Notice['kind']; level?: Message['level'] },
  open: () => void,
): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({
    title: `Holdfast: ${message.kind === 'recovery' ? 'over: ' : ''}${message.source}`,
    body: message.text,
    urgency: message.level === 'critical' && message.kind !== 'recovery' ? 'critical' : 'normal',
  });
  notification.on('click', open);
  notification.show();
}
