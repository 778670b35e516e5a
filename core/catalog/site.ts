// Small facts of the site by key, as JSON: its name, its organization, whether it was ever used.
import type Database from 'better-sqlite3';

export interface KeyValueStore {
  get<T>(key: string): T | null;
  set(key: string, value: unknown): void;
}

export function createKeyValueStore(db: Database.Database): KeyValueStore {
  const select = db.prepare<[string], { value: string }>('SELECT value FROM kv WHERE key = ?');
  const upsert = db.prepare('INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value');
  return {
    get<T>(key: string): T | null {
      const row = select.get(key);
      return row ? (JSON.parse(row.value) as T) : null;
    },
    set: (key, value) => void upsert.run(key, JSON.stringify(value)),
  };
}
