// The protected databases that the engine knows, with the last status their agent gave: what is shown while it does not answer.
import type Database from 'better-sqlite3';
import type { InstanceStatus } from '../contract/instance.ts';

export interface InstanceRecord {
  server: string;
  name: string;
  path: string;
  backupFolder: string;
  lastStatus: InstanceStatus | null;
  addedAt: number;
}

export interface InstanceStore {
  list(): InstanceRecord[];
  /** Inserts or replaces by server and name. */
  save(instance: InstanceRecord): void;
  remove(server: string, name: string): void;
}

interface Row {
  server: string;
  name: string;
  path: string;
  backup_folder: string;
  last_status: string | null;
  added_at: number;
}

export function createInstanceStore(db: Database.Database): InstanceStore {
  const all = db.prepare<[], Row>('SELECT * FROM instances ORDER BY added_at, server, name');
  const upsert = db.prepare(`INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (server, name) DO UPDATE SET path = excluded.path, backup_folder = excluded.backup_folder, last_status = excluded.last_status`);
  const remove = db.prepare('DELETE FROM instances WHERE server = ? AND name = ?');
  return {
    list: () =>
      all.all().map((row) => ({
        server: row.server,
        name: row.name,
        path: row.path,
        backupFolder: row.backup_folder,
        lastStatus: row.last_status === null ? null : (JSON.parse(row.last_status) as InstanceStatus),
        addedAt: row.added_at,
      })),
    save(one) {
      const status = one.lastStatus === null ? null : JSON.stringify(one.lastStatus);
      upsert.run(one.server, one.name, one.path, one.backupFolder, status, one.addedAt);
    },
    remove: (server, name) => void remove.run(server, name),
  };
}
