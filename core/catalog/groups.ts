// Failover groups, their history and their journal; every save is durable when the call returns (synchronous FULL).
import type Database from 'better-sqlite3';
import type { GroupConfig, HistoryEntry } from '../contract/failover.ts';
import type { FailoverStore } from '../failover/types.ts';
import { createKeyValueStore } from './site.ts';

const KEPT_HISTORY = 1_000;
const removedKey = (id: string) => `removedGroup:${id}`;

interface GroupRow {
  id: string;
  name: string;
  config: string;
  state: string;
}

export function createFailoverStore(db: Database.Database): FailoverStore {
  const facts = createKeyValueStore(db);
  const all = db.prepare<[], GroupRow>('SELECT * FROM groups ORDER BY rowid');
  const upsert = db.prepare(`INSERT INTO groups VALUES (?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, config = excluded.config, state = excluded.state`);
  const remove = db.prepare('DELETE FROM groups WHERE id = ?');
  const addHistory = db.prepare('INSERT INTO group_history (group_id, entry) VALUES (?, ?)');
  const trim = db.prepare(`DELETE FROM group_history WHERE group_id = @group AND number <=
    (SELECT number FROM group_history WHERE group_id = @group ORDER BY number DESC LIMIT 1 OFFSET ${KEPT_HISTORY})`);
  const history = db.prepare<[string, number], { entry: string }>(
    'SELECT entry FROM group_history WHERE group_id = ? ORDER BY number DESC LIMIT ?',
  );
  const openJournal = db.prepare('INSERT OR REPLACE INTO group_journal VALUES (?, ?)');
  const readJournal = db.prepare<[string], { entry: string }>('SELECT entry FROM group_journal WHERE group_id = ?');
  const closeJournal = db.prepare('DELETE FROM group_journal WHERE group_id = ?');

  return {
    loadGroups: () =>
      all.all().map((row) => ({
        id: row.id,
        name: row.name,
        config: JSON.parse(row.config) as GroupConfig,
        state: JSON.parse(row.state) as unknown,
      })),
    saveGroup: (group) =>
      void upsert.run(group.id, group.name, JSON.stringify(group.config), JSON.stringify(group.state ?? null)),
    deleteGroup: db.transaction((id: string) => {
      remove.run(id);
      facts.set(removedKey(id), true);
    }),
    wasRemoved: (id) => facts.get<boolean>(removedKey(id)) === true,
    appendHistory: db.transaction((groupId: string, entry: HistoryEntry) => {
      addHistory.run(groupId, JSON.stringify(entry));
      trim.run({ group: groupId });
    }),
    /** Newest first. */
    listHistory: (groupId, limit) => history.all(groupId, limit).map((row) => JSON.parse(row.entry) as HistoryEntry),
    openJournal: (groupId, entry) => void openJournal.run(groupId, JSON.stringify(entry)),
    readJournal(groupId) {
      const row = readJournal.get(groupId);
      return row ? (JSON.parse(row.entry) as unknown) : null;
    },
    closeJournal: (groupId) => void closeJournal.run(groupId),
  };
}
