// The connections that capture needs: a reader whose transaction stays open and another that relieves it, a writer for barriers, and an
// idle one for checkpoints (a checkpoint on a connection inside a transaction fails with SQLITE_LOCKED).
import Database from 'better-sqlite3';
import { HoldfastError } from '../contract/errors.ts';
import type { DatabaseTraits } from './types.ts';

/** Frames in the log and frames copied back; -1 where another checkpoint was running. */
export interface WalGauge {
  busy: boolean;
  log: number;
  copied: number;
}

/** Between two tries for the write lock, ms. */
const LOCK_RETRY_MS = 1;
/** A program that checkpoints by itself tries to after each commit, and holds the checkpoint lock for that moment. */
const BARRIER_WAIT_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** A restart by our own commit truncates the log to this many bytes. */
const LOG_SIZE_LIMIT = 64 * 1024 * 1024;
/** Before 3.51.3 a checkpoint racing a commit could lose committed frames. */
const MINIMUM_VERSION = [3, 51, 3] as const;

export function isBusy(thrown: unknown): boolean {
  return thrown instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(thrown.code);
}

/** What SQLite found wrong with the file at `path`, in the catalogue's terms; null when it is something else. */
export function asRefusal(thrown: unknown, path: string): HoldfastError | null {
  if (!(thrown instanceof Database.SqliteError)) return null;
  const options = { cause: thrown };
  if (/^SQLITE_NOTADB/.test(thrown.code))
    return new HoldfastError('ENCRYPTED_DATABASE', `SQLite cannot read ${path}.`, options);
  if (/^SQLITE_CORRUPT/.test(thrown.code)) {
    return new HoldfastError('INTEGRITY_FAILED', `${path} is damaged: ${thrown.message}.`, options);
  }
  if (/^SQLITE_(CANTOPEN|PERM|READONLY|AUTH)/.test(thrown.code)) {
    return new HoldfastError(
      'NO_PERMISSION',
      `${path} or a file beside it cannot be opened: ${thrown.message}.`,
      options,
    );
  }
  if (/^SQLITE_(IOERR|FULL)/.test(thrown.code)) {
    return new HoldfastError('IO_ERROR', `Reading ${path} failed: ${thrown.message}.`, options);
  }
  return null;
}

export function openConnection(path: string, timeoutMs: number): Database.Database {
  const connection = new Database(path, { fileMustExist: true, timeout: timeoutMs });
  connection.pragma('wal_autocheckpoint = 0');
  connection.pragma(`journal_size_limit = ${LOG_SIZE_LIMIT}`);
  connection.pragma('cache_size = -256');
  return connection;
}

/** Throws when the SQLite inside this process is older than the version that may checkpoint beside other writers. */
export function assertSqliteVersion(connection: Database.Database): void {
  const text = String(connection.prepare('SELECT sqlite_version()').pluck().get());
  const parts = text.split('.').map(Number);
  for (const [i, minimum] of MINIMUM_VERSION.entries()) {
    const part = parts[i] ?? 0;
    if (part > minimum) return;
    if (part < minimum) throw new Error(`SQLite ${text} is too old, ${MINIMUM_VERSION.join('.')} is needed`);
  }
}

export class Connections {
  #reader: Database.Database;
  /** Idle but for the moment in which it takes the reader's place; made when it is needed first. */
  #relief: Database.Database | null = null;
  readonly #writer: Database.Database;
  readonly #checkpointer: Database.Database;
  readonly #path: string;
  readonly #timeoutMs: number;
  #reading = false;
  #checkpoints = 0;

  constructor(path: string, timeoutMs: number) {
    const opened: Database.Database[] = [];
    try {
      for (let i = 0; i < 3; i++) {
        const connection = openConnection(path, timeoutMs);
        opened.push(connection);
        touch(connection);
      }
    } catch (error) {
      for (const connection of opened) connection.close();
      throw error;
    }
    [this.#reader, this.#writer, this.#checkpointer] = opened as [
      Database.Database,
      Database.Database,
      Database.Database,
    ];
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    assertSqliteVersion(this.#writer);
  }

  get reading(): boolean {
    return this.#reading && this.#reader.inTransaction;
  }

  /** How many checkpoints were run here. */
  get checkpoints(): number {
    return this.#checkpoints;
  }

  get locked(): boolean {
    return this.#writer.inTransaction;
  }

  /** Begins the reader's transaction with a real read, since a bare BEGIN takes no lock. */
  beginRead(): void {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#reader.exec('BEGIN');
        touch(this.#reader);
        this.#reading = true;
        return;
      } catch (error) {
        if (this.#reader.inTransaction) this.#reader.exec('ROLLBACK');
        if (!isBusy(error) || attempt === 10) throw error;
      }
    }
  }

  endRead(): void {
    this.#reading = false;
    rollback(this.#reader);
    rollback(this.#relief);
  }

  /** Begins a second read transaction beside the reader's, at the state of now; false when the system's marks are all in use. */
  beginRelief(): boolean {
    try {
      this.#relief ??= openConnection(this.#path, this.#timeoutMs);
      this.#relief.exec('BEGIN');
      touch(this.#relief);
      return true;
    } catch (error) {
      rollback(this.#relief);
      if (isBusy(error)) return false;
      throw error;
    }
  }

  get relieving(): boolean {
    return this.#relief?.inTransaction ?? false;
  }

  /** Ends the older of the two read transactions, or the newer when it does not `takeOver`. */
  endRelief(takeOver: boolean): void {
    if (takeOver && this.#relief) [this.#reader, this.#relief] = [this.#relief, this.#reader];
    rollback(this.#relief);
  }

  /** Page count of the state that the reader holds. */
  pageCount(): number {
    return Number(this.#reader.pragma('page_count', { simple: true }));
  }

  schemaCookie(): number {
    return Number(this.#checkpointer.pragma('schema_version', { simple: true }));
  }

  /** Changes when any other connection has committed. */
  dataVersion(): number {
    return Number(this.#writer.pragma('data_version', { simple: true }));
  }

  currentPageCount(): number {
    return Number(this.#checkpointer.pragma('page_count', { simple: true }));
  }

  /** Takes the write lock; false when it stayed taken for `timeoutMs`. */
  lockWrites(timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs;
    this.#writer.pragma('busy_timeout = 0');
    try {
      for (;;) {
        try {
          this.#writer.exec('BEGIN IMMEDIATE');
          return true;
        } catch (error) {
          if (!isBusy(error)) throw error;
          if (performance.now() >= deadline) return false;
        }
        // SQLite's own handler comes to wait 100 ms between two tries: busy writers would always be there first.
        Atomics.wait(pause, 0, 0, LOCK_RETRY_MS);
      }
    } finally {
      this.#writer.pragma(`busy_timeout = ${this.#timeoutMs}`);
    }
  }

  unlockWrites(): void {
    rollback(this.#writer);
  }

  /** A commit of one frame that changes nothing but the change counter: it closes the restart window after a seal. */
  noopCommit(timeoutMs: number): boolean {
    if (!this.lockWrites(timeoutMs)) return false;
    try {
      const version = Number(this.#writer.pragma('user_version', { simple: true }));
      this.#writer.pragma(`user_version = ${version}`);
      this.#writer.exec('COMMIT');
      return true;
    } catch (error) {
      this.unlockWrites();
      if (isBusy(error)) return false;
      throw error;
    }
  }

  /** The log's gauge, without any side effect. */
  gauge(): WalGauge {
    return readGauge(this.#checkpointer, 'NOOP');
  }

  /** Within a barrier: copies back what no other reader needs. Complete only when not busy and `log === copied`. */
  checkpoint(): WalGauge {
    return this.copyBack(BARRIER_WAIT_MS);
  }

  /** Copies back what no reader needs; blocks nobody. `waitMs`: for how long to ask again while another program is at it. */
  copyBack(waitMs: number): WalGauge {
    this.#checkpoints += 1;
    const deadline = performance.now() + waitMs;
    for (;;) {
      const gauge = readGauge(this.#checkpointer, 'PASSIVE');
      if (!gauge.busy || performance.now() >= deadline) return gauge;
      Atomics.wait(pause, 0, 0, LOCK_RETRY_MS);
    }
  }

  traits(): DatabaseTraits {
    const ask = (pragma: string) => this.#checkpointer.pragma(pragma, { simple: true });
    return {
      autoVacuum: Number(ask('auto_vacuum')),
      encoding: String(ask('encoding')),
      synchronous: Number(ask('synchronous')),
    };
  }

  journalMode(): string {
    return String(this.#writer.pragma('journal_mode', { simple: true }));
  }

  setJournalMode(mode: 'WAL' | 'DELETE'): string {
    return String(this.#writer.pragma(`journal_mode = ${mode}`, { simple: true }));
  }

  /**
   * Leaves this object with one connection that holds the file exclusively, in rollback mode; false when others are in the way,
   * and then all connections are closed. Between the release of the write lock and the exclusive lock others may commit.
   */
  takeExclusive(wal: boolean): boolean {
    this.#closeReaders();
    this.#checkpointer.close();
    this.unlockWrites();
    try {
      this.#writer.pragma('busy_timeout = 0');
      this.#writer.pragma('locking_mode = EXCLUSIVE');
      if (wal && this.setJournalMode('DELETE') !== 'delete') throw new Error('the journal mode did not change');
      this.#writer.exec('BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      this.close();
      if (isBusy(error)) return false;
      throw error;
    }
  }

  /** May be called again, and after `takeExclusive`. */
  close(): void {
    this.#closeReaders();
    this.unlockWrites();
    this.#checkpointer.close();
    this.#writer.close();
  }

  #closeReaders(): void {
    this.endRead();
    this.#reader.close();
    this.#relief?.close();
  }
}

function rollback(connection: Database.Database | null): void {
  if (connection?.open && connection.inTransaction) connection.exec('ROLLBACK');
}

function touch(connection: Database.Database): void {
  connection.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
}

function readGauge(connection: Database.Database, mode: 'NOOP' | 'PASSIVE'): WalGauge {
  const rows = connection.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[];
  const row = rows[0];
  return { busy: row?.busy !== 0, log: row?.log ?? -1, copied: row?.checkpointed ?? -1 };
}
