// Restore drills: what is to be tried, the reports, and the throw-away folders that were begun.
import type Database from 'better-sqlite3';
import type { DrillConfig, DrillReport } from '../contract/drills.ts';
import type { DrillStore } from '../drills/types.ts';

/** For each instance: more than a year of daily drills. */
const KEPT_REPORTS = 400;

export function createDrillStore(db: Database.Database): DrillStore {
  const all = db.prepare<[], { config: string; due_from: number; created_at: number }>('SELECT * FROM drills');
  const upsert = db.prepare('INSERT OR REPLACE INTO drills VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM drills WHERE instance = ?');
  const insert = db.prepare('INSERT OR REPLACE INTO drill_reports VALUES (?, ?, ?, ?)');
  const trim = db.prepare(`DELETE FROM drill_reports WHERE instance = @instance AND started_at <
    (SELECT started_at FROM drill_reports WHERE instance = @instance ORDER BY started_at DESC LIMIT 1 OFFSET ${KEPT_REPORTS})`);
  const newest = db.prepare<[string, number], { report: string }>(
    'SELECT report FROM drill_reports WHERE instance = ? ORDER BY started_at DESC, rowid DESC LIMIT ?',
  );
  const one = db.prepare<[string], { report: string }>('SELECT report FROM drill_reports WHERE id = ?');
  const folders = db.prepare<[], { folder: string; pid: number | null }>('SELECT * FROM drill_folders');
  const keep = db.prepare('INSERT OR REPLACE INTO drill_folders VALUES (?, ?)');
  const drop = db.prepare('DELETE FROM drill_folders WHERE folder = ?');
  const parse = (row: { report: string }) => JSON.parse(row.report) as DrillReport;
  const save: DrillStore['save'] = ({ config, dueFrom, createdAt }) =>
    void upsert.run(config.instanceId, JSON.stringify(config), dueFrom, createdAt);
  return {
    list: () =>
      all.all().map((row) => ({
        config: JSON.parse(row.config) as DrillConfig,
        dueFrom: row.due_from,
        createdAt: row.created_at,
      })),
    save,
    saveLater: save,
    remove: (instanceId) => void remove.run(instanceId),
    addReport: db.transaction((report: DrillReport) => {
      insert.run(report.id, report.instanceId, report.startedAt, JSON.stringify(report));
      trim.run({ instance: report.instanceId });
    }),
    reports: (instanceId, limit) => newest.all(instanceId, limit).map(parse),
    report(id) {
      const row = one.get(id);
      return row ? parse(row) : null;
    },
    folders: () => folders.all(),
    keepFolder: (folder, pid) => void keep.run(folder, pid),
    dropFolder: (folder) => void drop.run(folder),
  };
}
