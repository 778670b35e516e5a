// The sidecar state of one protected instance: `<home>/state.db`. Small facts, each change one durable transaction.
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceRole } from '../contract/instance.ts';
import type { StoredDefinition } from '../encryption/definitions.ts';
import type { WaitingSet } from '../restore/types.ts';
import type { CapturePosition } from '../sqlite/types.ts';

const SCHEMA_VERSION = 1;

/** The newest finished backup of the chain; the next incremental continues it. */
export interface ChainHead {
  serial: string;
  sequence: number;
  idtag: string;
  baseIdtag: string;
  /** Vector of the snapshot in that backup. */
  vector: Vector;
  pageSize: number;
  pageCount: number;
  /** Serial of the roll-forward logs at that time; null without logging. Changed pages are exact only within one. */
  logSerial: string | null;
  /** Current roll-forward log at that time. */
  currentLog: string;
  /** ms since 1970: the moment that it shows. */
  consistentAt: number;
}

export interface LoggingFacts {
  on: boolean;
  directory: string;
  minBytes: number;
  maxBytes: number;
  /** Logging turns itself off when the volume of the logs is full; absent: no. */
  stopWhenFull?: boolean;
  /** Serial of the logs being written; a new one after turning on, relocating, restoring, a new term. */
  serial: string | null;
  /** The serial before it. */
  previousSerial: string | null;
}

/** The settings with a new serial: what is logged from now on does not continue what was logged before. */
export function renewSerial(logging: LoggingFacts): LoggingFacts {
  return {
    ...logging,
    serial: randomBytes(16).toString('hex'),
    previousSerial: logging.serial ?? logging.previousSerial,
  };
}

/** A further file of the same instance, with a home of its own. */
export interface BackendPlace {
  id: string;
  path: string;
  home: string;
}

export interface BackupMark {
  idtag: string;
  at: number;
  file: string;
}

/** Everything that must survive the agent; each field is one row. */
export interface InstanceFacts {
  name: string;
  path: string;
  role: InstanceRole;
  replica: number;
  term: number;
  site: string;
  organization: string;
  /** Identity of the data set; restores take it over from the backup. */
  databaseSerial: string;
  fenced: boolean;
  fenceReason: string | null;
  /** Closed by an administrator's restore without `open`; capture stays off. */
  closed: boolean;
  logging: LoggingFacts;
  vector: Vector;
  capture: CapturePosition | null;
  lastCommitAt: number | null;
  chain: ChainHead | null;
  /** Id that the next incremental gets; never reset. */
  nextIncId: number;
  fullRequired: string | null;
  outOfSync: string | null;
  lastFull: BackupMark | null;
  lastIncremental: BackupMark | null;
  lastRestore: {
    idtag: string;
    at: number;
    dataTime: number;
    serial: string;
    sequence: number;
    baseIdtag: string;
  } | null;
  /** The backup that is being written: not part of the chain until `chain` names its serial. */
  writing: { file: string; serial: string; partFolders?: string[] } | null;
  /** Redo marker: this backup file is being applied in place. */
  applying: { file: string; serial: string } | null;
  rst: WaitingSet | null;
  /** A cold backup has the file closed and locked: undone by the agent that finds this after a crash. */
  cold: { idtag: string; followUp: 'open' | 'closed' | 'disabled' } | null;
  /** Files and folders of the database's programs that backups take along under a password. */
  securityFiles: string[];
  encryption: { preferred: string | null; definitions: StoredDefinition[] };
  /** File identity and header counters at the last look; null before the first. */
  seen: { inode: number; device: number; changeCounter: number; schemaCookie: number } | null;
  /** Name of this file among several; null where it is the only one that there ever was. */
  backendId: string | null;
  /** The other files of the instance; the first file's state keeps the list. */
  further: BackendPlace[];
  /**
   * New chain heads of the further files, by backend id: written together with the first file's own, in the one transaction that makes
   * a backup of several count, and null again when each has taken its own over.
   */
  decided: Record<string, Partial<InstanceFacts>> | null;
}

export interface StateStore {
  readonly facts: Readonly<InstanceFacts>;
  /** Writes the given fields in one transaction; durable when it returns. */
  update(patch: Partial<InstanceFacts>): void;
  close(): void;
}

/** No name of a fact. */
const SUM_KEY = '#sum';

/** SHA-256 over all facts as they are stored, in the order of their names. */
function sumOf(texts: Map<string, string>): string {
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

const prepareWrite = (db: Database.Database) =>
  db.prepare<[string, string]>('INSERT OR REPLACE INTO fact VALUES (?, ?)');

/** The table and the first facts in one transaction: a state is never seen without facts. */
function createStore(db: Database.Database, initial: InstanceFacts): void {
  db.transaction(() => {
    db.exec('CREATE TABLE fact (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    const texts = new Map(Object.entries(initial).map(([key, value]) => [key, JSON.stringify(value)]));
    const write = prepareWrite(db);
    for (const [key, text] of texts) write.run(key, text);
    write.run(SUM_KEY, sumOf(texts));
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

/** What is stored, by name; a state of an earlier version has no checksum until it is next written. */
function readTexts(db: Database.Database, file: string): Map<string, string> {
  const rows = db.prepare('SELECT key, value FROM fact').all() as { key: unknown; value: unknown }[];
  const texts = new Map<string, string>();
  for (const { key, value } of rows) {
    if (typeof key !== 'string' || typeof value !== 'string') throw damagedState(file);
    texts.set(key, value);
  }
  const sum = texts.get(SUM_KEY);
  texts.delete(SUM_KEY);
  // The row of the checksum can be what was damaged: then the table itself must be sound.
  const sound = () => db.pragma('integrity_check(1)', { simple: true }) === 'ok';
  const whole =
    sum === undefined ? texts.has('databaseSerial') && texts.has('logging') && sound() : sum === sumOf(texts);
  if (!whole) throw damagedState(file);
  return texts;
}

const damagedState = (file: string, cause?: unknown) =>
  new HoldfastError('INTEGRITY_FAILED', `${file} is damaged`, {
    hint: 'Move the file away; the instance is then protected anew and needs a full backup.',
    cause,
  });

/**
 * Opens or creates the state of an instance; `initial` gives the facts of a new one.
 * The file stays locked while open, so two agents never work on one home: the second gets AGENT_RUNNING.
 */
export function openStateStore(file: string, initial: InstanceFacts): StateStore {
  const db = openLocked(file);
  let texts: Map<string, string>;
  let facts: InstanceFacts;
  try {
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > SCHEMA_VERSION)
      throw new HoldfastError('NOT_SUPPORTED', `${file} was written by a newer version of Holdfast`);
    if (version === 0) createStore(db, initial);
    texts = readTexts(db, file);
    const stored = Object.fromEntries([...texts].map(([key, text]) => [key, JSON.parse(text) as unknown]));
    facts = { ...initial, ...stored } as InstanceFacts;
  } catch (error) {
    db.close();
    throw translate(error, file);
  }

  const write = prepareWrite(db);
  const update = (patch: Partial<InstanceFacts>) => {
    const next = new Map(texts);
    db.transaction(() => {
      for (const [key, value] of Object.entries(patch)) {
        const text = JSON.stringify(value);
        write.run(key, text);
        next.set(key, text);
      }
      write.run(SUM_KEY, sumOf(next));
    })();
    texts = next;
    facts = { ...facts, ...patch };
  };
  return {
    get facts() {
      return facts;
    },
    update,
    close: () => db.close(),
  };
}

/** The facts of an instance that nothing is known of yet. */
export function newFacts(
  given: Pick<InstanceFacts, 'name' | 'path' | 'role' | 'replica' | 'site' | 'organization' | 'databaseSerial'>,
  home: string,
): InstanceFacts {
  return {
    ...given,
    term: 0,
    fenced: false,
    fenceReason: null,
    closed: false,
    logging: {
      on: false,
      directory: path.join(home, 'nds.rfl'),
      minBytes: 104_857_600,
      maxBytes: 4_294_705_152,
      serial: null,
      previousSerial: null,
    },
    vector: [],
    capture: null,
    lastCommitAt: null,
    chain: null,
    nextIncId: 1,
    fullRequired: null,
    outOfSync: null,
    lastFull: null,
    lastIncremental: null,
    lastRestore: null,
    writing: null,
    applying: null,
    rst: null,
    cold: null,
    securityFiles: [],
    encryption: { preferred: null, definitions: [] },
    seen: null,
    backendId: null,
    further: [],
    decided: null,
  };
}

function openLocked(file: string): Database.Database {
  const db = new Database(file, { timeout: 200 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec('BEGIN IMMEDIATE; COMMIT');
    return db;
  } catch (error) {
    db.close();
    throw translate(error, file);
  }
}

function translate(error: unknown, file: string): unknown {
  if (error instanceof SyntaxError) return damagedState(file, error);
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  if (code.startsWith('SQLITE_BUSY'))
    return new HoldfastError('AGENT_RUNNING', `Another agent works on ${path.dirname(file)}`, { cause: error });
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_ERROR')
    return damagedState(file, error);
  return error;
}
