// Channels of notifications, the conditions that were told of, and what came of each delivery. No secrets.
import type Database from 'better-sqlite3';
import type { Delivery } from '../contract/notify.ts';
import type { Channel, NotifyStore, OpenCondition } from '../notify/types.ts';

const KEPT_DELIVERIES = 2_000;

interface Row {
  id: number;
  delivery: string;
}

export function createNotifyStore(db: Database.Database): NotifyStore {
  const channels = db.prepare<[], { channel: string }>(
    "SELECT channel FROM notify_channels ORDER BY channel ->> '$.name' COLLATE NOCASE, id",
  );
  const saveChannel = db.prepare('INSERT OR REPLACE INTO notify_channels VALUES (?, ?)');
  const removeChannel = db.prepare('DELETE FROM notify_channels WHERE id = ?');
  const conditions = db.prepare<[], { key: string; condition: string }>('SELECT * FROM notify_conditions');
  const open = db.prepare('INSERT OR REPLACE INTO notify_conditions VALUES (?, ?)');
  const close = db.prepare('DELETE FROM notify_conditions WHERE key = ?');
  const insert = db.prepare('INSERT INTO notify_deliveries (channel_id, status, delivery) VALUES (?, ?, ?)');
  const update = db.prepare('UPDATE notify_deliveries SET status = ?, delivery = ? WHERE id = ?');
  const pending = db.prepare<[], Row>(
    "SELECT id, delivery FROM notify_deliveries WHERE status = 'pending' ORDER BY id",
  );
  const newest = db.prepare<[number], Row>('SELECT id, delivery FROM notify_deliveries ORDER BY id DESC LIMIT ?');
  const trim = db.prepare(`DELETE FROM notify_deliveries WHERE status <> 'pending' AND id <=
    (SELECT id FROM notify_deliveries ORDER BY id DESC LIMIT 1 OFFSET ${KEPT_DELIVERIES})`);
  const parse = ({ id, delivery }: Row): Delivery => ({ ...(JSON.parse(delivery) as Omit<Delivery, 'id'>), id });
  let known: Channel[] | null = null;
  return {
    channels: () => (known ??= channels.all().map((row) => JSON.parse(row.channel) as Channel)),
    saveChannel(channel) {
      saveChannel.run(channel.id, JSON.stringify(channel));
      known = null;
    },
    removeChannel(id) {
      removeChannel.run(id);
      known = null;
    },
    conditions: () =>
      new Map(conditions.all().map((row) => [row.key, JSON.parse(row.condition) as OpenCondition] as const)),
    openCondition: (key, condition) => void open.run(key, JSON.stringify(condition)),
    closeCondition: (key) => void close.run(key),
    addDelivery: db.transaction((delivery: Omit<Delivery, 'id'>) => {
      const { lastInsertRowid } = insert.run(delivery.channelId, delivery.status, JSON.stringify(delivery));
      trim.run();
      return Number(lastInsertRowid);
    }),
    saveDelivery: ({ id, ...delivery }) => void update.run(delivery.status, JSON.stringify(delivery), id),
    pending: () => pending.all().map(parse),
    deliveries: (limit) => newest.all(limit).map(parse),
  };
}
