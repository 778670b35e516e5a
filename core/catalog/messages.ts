// System messages by key: the same key replaces the one before.
import type Database from 'better-sqlite3';
import type { Message } from '../contract/site.ts';

export interface StoredMessage extends Message {
  key: string;
}

export interface MessageStore {
  /** Newest first. */
  list(): StoredMessage[];
  save(message: StoredMessage): void;
  remove(key: string): void;
}

type Row = Omit<StoredMessage, 'acknowledged' | 'standing'> & { acknowledged: number; standing: number };

export function createMessageStore(db: Database.Database): MessageStore {
  const all = db.prepare<[], Row>('SELECT * FROM messages ORDER BY at DESC');
  const upsert = db.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM messages WHERE key = ?');
  return {
    list: () =>
      all.all().map((row) => ({ ...row, acknowledged: row.acknowledged === 1, standing: row.standing === 1 })),
    save(m) {
      upsert.run(m.key, m.id, m.at, m.level, m.text, m.source, Number(m.acknowledged), Number(m.standing));
    },
    remove: (key) => void remove.run(key),
  };
}
