// What notifications need from outside: their memory, their secrets, and the ways out.
import type { ChannelInput, Delivery, Notice } from '../contract/notify.ts';
import type { Clock } from '../platform/clock.ts';

/** A channel as it is kept: never with its secret. */
export type Channel = ChannelInput & { id: string };

/** A condition that was told of and whose end is still to be told. */
export interface OpenCondition {
  notice: Notice;
}

export interface NotifyStore {
  channels(): Channel[];
  saveChannel(channel: Channel): void;
  removeChannel(id: string): void;
  conditions(): Map<string, OpenCondition>;
  openCondition(key: string, condition: OpenCondition): void;
  closeCondition(key: string): void;
  /** Returns its number. */
  addDelivery(delivery: Omit<Delivery, 'id'>): number;
  saveDelivery(delivery: Delivery): void;
  /** Oldest first. */
  pending(): Delivery[];
  /** Newest first. */
  deliveries(limit: number): Delivery[];
}

/** Where passwords and keys are kept: outside the catalogue, readable by the engine's user alone. */
export interface NotifySecrets {
  get(channelId: string): string | null;
  /** Null removes it. */
  set(channelId: string, secret: string | null): void;
}

/** Delivers one notice; throws when it did not arrive. */
export type Send = (channel: Channel, secret: string | null, notice: Notice, signal: AbortSignal) => Promise<void>;

export interface NotifyPorts {
  clock: Clock;
  store: NotifyStore;
  secrets: NotifySecrets;
  send: Send;
  /** Messages on the board by key: what stands, and what happened once. */
  message(key: string, level: 'critical' | 'warning', text: string, source: string): void;
  clearMessage(key: string): void;
  changed(): void;
}
