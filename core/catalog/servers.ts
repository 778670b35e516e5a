// The servers of the site. A plain copy of the list is kept in servers.json, so that a lost catalog can find the agents again.
import path from 'node:path';
import type Database from 'better-sqlite3';
import { systemFiles, writeFileDurably } from '../platform/files.ts';
import type { LateWrites } from './late-writes.ts';

export interface ServerRecord {
  name: string;
  root: string;
  /** Folders outside the root that the administrator allowed by protecting or restoring there. */
  allowedFolders: string[];
  /** 0: the agent picks one and remembers it. */
  httpPort: number;
  /** Switched off by the administrator; stays off over a restart. */
  stopped: boolean;
  lab: boolean;
  addedAt: number;
}

export interface ServerStore {
  list(): ServerRecord[];
  /** Inserts or replaces by name, whatever its case. */
  save(server: ServerRecord): void;
  /** All of them or none. */
  saveAll(servers: ServerRecord[]): void;
  /** Removes the server and its instances from the list; files stay. */
  remove(name: string): void;
}

interface Row {
  name: string;
  root: string;
  allowed_folders: string;
  http_port: number;
  stopped: number;
  lab: number;
  added_at: number;
}

export function createServerStore(db: Database.Database, dataFolder: string, late: LateWrites): ServerStore {
  const all = db.prepare<[], Row>('SELECT * FROM servers ORDER BY added_at, name');
  const upsert = db.prepare(`INSERT INTO servers VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET root = excluded.root, allowed_folders = excluded.allowed_folders,
      http_port = excluded.http_port, stopped = excluded.stopped, lab = excluded.lab`);
  const remove = db.prepare('DELETE FROM servers WHERE name = ?');
  const write = (server: ServerRecord) => {
    const folders = JSON.stringify(server.allowedFolders);
    const flags = [server.stopped, server.lab].map(Number);
    upsert.run(server.name, server.root, folders, server.httpPort, ...flags, server.addedAt);
  };
  const store: ServerStore = {
    list: () =>
      all.all().map((row) => ({
        name: row.name,
        root: row.root,
        allowedFolders: JSON.parse(row.allowed_folders) as string[],
        httpPort: row.http_port,
        stopped: row.stopped === 1,
        lab: row.lab === 1,
        addedAt: row.added_at,
      })),
    save: (server) => store.saveAll([server]),
    saveAll(servers) {
      if (servers.length === 0) return;
      db.transaction(() => servers.forEach(write))();
      copyToFile();
    },
    remove(name) {
      remove.run(name);
      copyToFile();
    },
  };
  const copyToFile = () =>
    late.write('servers.json', () =>
      writeFileDurably(systemFiles, serversFile(dataFolder), JSON.stringify(store.list(), null, 2)),
    );
  return store;
}

export const serversFile = (dataFolder: string) => path.join(dataFolder, 'servers.json');
