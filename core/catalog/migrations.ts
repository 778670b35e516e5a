// The catalog's schema as numbered steps. A step that has been released is never edited: a change is a new step.

/** Step n (1-based) brings a catalog from version n-1 to n. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE kv (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE servers (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    root TEXT NOT NULL UNIQUE,
    allowed_folders TEXT NOT NULL,
    http_port INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    lab INTEGER NOT NULL,
    added_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE instances (
    server TEXT NOT NULL COLLATE NOCASE REFERENCES servers (name) ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE,
    path TEXT NOT NULL,
    backup_folder TEXT NOT NULL,
    last_status TEXT,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (server, name)
  ) STRICT;

  CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    job TEXT NOT NULL,
    request TEXT,
    result TEXT,
    view TEXT
  ) STRICT;
  CREATE INDEX jobs_by_start ON jobs (started_at DESC);
  CREATE INDEX jobs_unfinished ON jobs (id) WHERE ended_at IS NULL;

  CREATE TABLE job_lines (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE messages (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    text TEXT NOT NULL,
    source TEXT NOT NULL,
    acknowledged INTEGER NOT NULL,
    standing INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    config TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT;

  CREATE TABLE group_history (
    number INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    entry TEXT NOT NULL
  ) STRICT;
  CREATE INDEX group_history_by_group ON group_history (group_id, number DESC);

  CREATE TABLE group_journal (
    group_id TEXT PRIMARY KEY REFERENCES groups (id) ON DELETE CASCADE,
    entry TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE proofs (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL COLLATE NOCASE,
    idtag TEXT NOT NULL,
    reached_at INTEGER NOT NULL,
    proven_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    stamp TEXT,
    duration_ms INTEGER,
    bytes INTEGER,
    UNIQUE (instance, idtag, reached_at, kind)
  ) STRICT;
  CREATE INDEX proofs_by_instance ON proofs (instance, proven_at DESC);
  `,
  `
  CREATE TABLE backup_schedules (
    id TEXT PRIMARY KEY,
    instance TEXT NOT NULL COLLATE NOCASE,
    schedule TEXT NOT NULL,
    due_from INTEGER NOT NULL,
    retrying INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE schedule_runs (
    id INTEGER PRIMARY KEY,
    schedule_id TEXT NOT NULL,
    instance TEXT NOT NULL COLLATE NOCASE,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    idtag TEXT,
    run TEXT NOT NULL
  ) STRICT;
  CREATE INDEX schedule_runs_by_schedule ON schedule_runs (schedule_id, at DESC);
  CREATE INDEX schedule_runs_by_idtag ON schedule_runs (instance, idtag) WHERE idtag IS NOT NULL;

  CREATE TABLE retention_policies (
    instance TEXT PRIMARY KEY COLLATE NOCASE,
    policy TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE drills (
    instance TEXT PRIMARY KEY COLLATE NOCASE,
    config TEXT NOT NULL,
    due_from INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE drill_reports (
    id TEXT PRIMARY KEY,
    instance TEXT NOT NULL COLLATE NOCASE,
    started_at INTEGER NOT NULL,
    report TEXT NOT NULL
  ) STRICT;
  CREATE INDEX drill_reports_by_instance ON drill_reports (instance, started_at DESC);

  CREATE TABLE drill_folders (
    folder TEXT PRIMARY KEY,
    pid INTEGER
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_channels (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_conditions (
    key TEXT PRIMARY KEY,
    condition TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_deliveries (
    id INTEGER PRIMARY KEY,
    channel_id TEXT NOT NULL,
    status TEXT NOT NULL,
    delivery TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notify_deliveries_pending ON notify_deliveries (id) WHERE status = 'pending';
  `,
];
