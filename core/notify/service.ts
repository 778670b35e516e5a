// Notifications: turns what the board says into notices, queues them for each channel, delivers, tries again, and says when one fails.
import { randomUUID } from 'node:crypto';
import { HoldfastError } from '../contract/errors.ts';
import type { ChannelInput, ChannelView, Delivery, Notice } from '../contract/notify.ts';
import { type BoardEvent, CHANNEL_PREFIX, concerns, decideNotice, retryAt } from './decide-notices.ts';
import type { Channel, NotifyPorts } from './types.ts';

export interface Notifications {
  /** Takes in what happened on the board. Never throws for a channel that fails. */
  on(event: BoardEvent): void;
  /** Delivers what is due; call it every second or so. Resolves when each attempt of this round has ended. */
  tick(signal: AbortSignal): Promise<void>;
  channels(): ChannelView[];
  save(input: ChannelInput): string;
  remove(id: string): void;
  test(id: string, signal: AbortSignal): Promise<{ ok: boolean; error: string | null }>;
  deliveries(limit: number): Delivery[];
  /** The newest notices for the desktop, oldest first, none from before the start; null while no channel to it is on. */
  forDesktop(): Notice[] | null;
}

const KEPT_NOTICES = 20;

export function createNotifications(ports: NotifyPorts): Notifications {
  const { clock, store, secrets } = ports;
  const problems = new Map<string, string>();
  const busy = new Set<string>();
  let notices: Notice[] = [];

  const channelKey = (id: string) => `${CHANNEL_PREFIX}${id}`;
  function get(id: string): Channel {
    const channel = store.channels().find((one) => one.id === id);
    if (!channel) throw new HoldfastError('NOT_FOUND', 'This channel is no longer there');
    return channel;
  }

  function enqueue(notice: Notice, key: string): void {
    for (const channel of store.channels()) {
      if (!concerns(channel, notice, key)) continue;
      const { id: channelId, name } = channel;
      store.addDelivery({
        ...{ channelId, channel: name, notice, status: 'pending', attempts: 0 },
        ...{ at: null, nextAt: clock.now(), error: null },
      });
    }
  }

  async function deliver(channel: Channel, notice: Notice, signal: AbortSignal): Promise<string | null> {
    if (channel.kind === 'desktop') {
      notices = [...notices, notice].slice(-KEPT_NOTICES);
      ports.changed();
      return null;
    }
    try {
      await ports.send(channel, secrets.get(channel.id), notice, signal);
      return null;
    } catch (error) {
      return (error as Error).message || String(error);
    }
  }

  async function attempt(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const channel = store.channels().find((one) => one.id === delivery.channelId);
    const attempts = delivery.attempts + 1;
    if (!channel?.enabled) {
      const error = channel ? 'The channel was turned off' : 'The channel was removed';
      return store.saveDelivery({ ...delivery, status: 'failed', at: clock.now(), nextAt: null, error });
    }
    const error = await deliver(channel, delivery.notice, signal);
    // The end of the engine is no failure of the channel: the next one goes on.
    if (error !== null && signal.aborted) return;
    const at = clock.now();
    if (error === null) {
      store.saveDelivery({ ...delivery, status: 'sent', attempts, at, nextAt: null, error: null });
      worked(channel);
      return;
    }
    const nextAt = retryAt(attempts, at);
    store.saveDelivery({ ...delivery, status: nextAt === null ? 'failed' : 'pending', attempts, at, nextAt, error });
    failed(channel, error);
  }

  function worked({ id }: Channel): void {
    problems.delete(id);
    ports.clearMessage(channelKey(id));
    ports.changed();
  }

  function failed({ id, name }: Channel, error: string): void {
    problems.set(id, error);
    // The text stays the same while it fails, so that the message stands and is not news with each attempt.
    ports.message(channelKey(id), 'warning', `Notifications by "${name}" do not arrive`, 'Notifications');
    ports.changed();
  }

  return {
    on(event) {
      const decided = decideNotice(event, store.conditions().get(event.key));
      if (!decided) return;
      const { notice, condition } = decided;
      if (condition === null) store.closeCondition(event.key);
      else if (condition) store.openCondition(event.key, condition);
      enqueue(notice, event.key);
    },

    async tick(signal) {
      const now = clock.now();
      const rounds: Promise<void>[] = [];
      for (const delivery of store.pending()) {
        // In order for each channel, and a slow one holds up no other.
        if (busy.has(delivery.channelId)) continue;
        // A clock that was set back must not keep a message for as long.
        const waits = delivery.nextAt !== null && delivery.nextAt > now && delivery.nextAt - now < 86_400_000;
        if (waits) continue;
        busy.add(delivery.channelId);
        rounds.push(attempt(delivery, signal).finally(() => busy.delete(delivery.channelId)));
      }
      await Promise.all(rounds);
    },

    channels: () =>
      store.channels().map((channel): ChannelView => {
        const problem = problems.get(channel.id) ?? null;
        if (channel.kind === 'desktop') return { ...channel, problem };
        return { ...channel, secret: null, hasSecret: secrets.get(channel.id) !== null, problem };
      }),

    save(input) {
      const known = input.id === null ? null : get(input.id);
      if (known && known.kind !== input.kind)
        throw new HoldfastError('INVALID_INPUT', 'The kind of a channel cannot be changed');
      const same = (one: Channel) => one.id !== input.id && one.name.toLowerCase() === input.name.toLowerCase();
      if (store.channels().some(same))
        throw new HoldfastError('DUPLICATE', `There is a channel "${input.name}" already`);
      const id = input.id ?? randomUUID();
      if (input.kind === 'desktop') store.saveChannel({ ...input, id });
      else {
        // The secret first: a channel without it would fail at the next message.
        if (input.secret !== null) secrets.set(id, input.secret === '' ? null : input.secret);
        store.saveChannel({ ...input, id, secret: null });
      }
      if (!input.enabled) ports.clearMessage(channelKey(id));
      ports.changed();
      return id;
    },

    remove(id) {
      get(id);
      store.removeChannel(id);
      secrets.set(id, null);
      problems.delete(id);
      ports.clearMessage(channelKey(id));
      ports.changed();
    },

    async test(id, signal) {
      const channel = get(id);
      const at = clock.now();
      const notice: Notice = {
        ...{ id: randomUUID(), at, kind: 'test', level: 'info', source: 'Holdfast', since: null },
        text: `This is a test of the channel "${channel.name}". Failures and their end will arrive here.`,
      };
      const error = await deliver(channel, notice, signal);
      const status = error === null ? 'sent' : 'failed';
      store.addDelivery({ channelId: id, channel: channel.name, notice, status, attempts: 1, at, nextAt: null, error });
      if (error === null) worked(channel);
      else problems.set(id, error);
      return { ok: error === null, error };
    },

    deliveries: (limit) => store.deliveries(limit),
    forDesktop: () =>
      store.channels().some((channel) => channel.kind === 'desktop' && channel.enabled) ? notices : null,
  };
}
