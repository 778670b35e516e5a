// Notifications, wired to this engine: what the board says goes in, mails, posts and desktop notices go out.
import type { Catalog } from '../catalog/catalog.ts';
import type { MessageBoard } from '../messages/board.ts';
import type { BoardEvent } from '../notify/decide-notices.ts';
import { sendMail } from '../notify/email.ts';
import { createNotifications, type Notifications } from '../notify/service.ts';
import type { Send } from '../notify/types.ts';
import { postWebhook } from '../notify/webhook.ts';
import type { Clock } from '../platform/clock.ts';
import type { implementConsole } from '../rpc/serve.ts';
import { openSecretFile, type SecretSealer } from './secret-file.ts';

export interface NotifyWiring {
  clock: Clock;
  catalog: Catalog;
  board: MessageBoard;
  dataFolder: string;
  sealer: SecretSealer | null;
  changed(): void;
}

export function wireNotifications({ clock, catalog, board, dataFolder, sealer, changed }: NotifyWiring): Notifications {
  const send: Send = async (channel, secret, notice, signal) => {
    if (channel.kind === 'webhook') await postWebhook(channel.url, secret, notice, clock.now(), signal);
    else if (channel.kind === 'email') await sendMail(channel, secret, notice);
  };
  return createNotifications({
    clock,
    store: catalog.notifications,
    secrets: openSecretFile(dataFolder, sealer),
    send,
    message: (key, level, text, source) => board.raise(key, { level, text, source, standing: true }),
    clearMessage: (key) => board.clear(key),
    changed,
  });
}

/** Good runs are raised under keys that begin so. */
export const SUCCESS_PREFIX = 'done:';

/** What the board tells of one message, as notifications take it. */
export const boardEvent = (
  key: string,
  kind: BoardEvent['kind'],
  message: { level: BoardEvent['level']; source: string; text: string; standing: boolean },
  at: number,
): BoardEvent => ({
  ...{ key, kind, at, level: message.level, source: message.source, text: message.text },
  standing: message.standing,
  success: key.startsWith(SUCCESS_PREFIX),
});

export function notifyProcedures(
  console: ReturnType<typeof implementConsole>,
  notifications: Notifications,
  lifetime: AbortSignal,
) {
  const nothing = {};
  return {
    notify: {
      channels: console.notify.channels.handler(() => notifications.channels()),
      save: console.notify.save.handler(({ input }) => ({ id: notifications.save(input) })),
      remove: console.notify.remove.handler(({ input }) => {
        notifications.remove(input.id);
        return nothing;
      }),
      test: console.notify.test.handler(({ input, signal }) =>
        notifications.test(input.id, signal ? AbortSignal.any([signal, lifetime]) : lifetime),
      ),
      deliveries: console.notify.deliveries.handler(({ input }) => notifications.deliveries(input.limit)),
    },
  };
}
