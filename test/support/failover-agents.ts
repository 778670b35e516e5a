// Agents in memory for tests of the failover service: databases as sets of commits, with roles, fences, terms, vectors and chains.
// Clients write to the file, not through the agent: a dead agent stops nobody, only a durable fence does.
import path from 'node:path';
import type { AgentStatus, FenceResult } from '../../core/contract/agent.ts';
import type { BackupEvent, BackupFileInfo, BackupType } from '../../core/contract/backup.ts';
import type { Vector } from '../../core/contract/common.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import type { KeyRecipe } from '../../core/contract/group-keys.ts';
import { type GroupRecord, knows } from '../../core/contract/group-records.ts';
import type { InstanceStatus } from '../../core/contract/instance.ts';
import type { Peer, RestoreEvent } from '../../core/contract/restore.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { verifyVectors } from '../../core/vectors/verify.ts';
import type { FakeClock } from './fake-clock.ts';

/** One commit: which replica made it and its place there. */
export type Commit = `${number}#${number}`;

interface StoredBackup {
  idtag: string;
  type: BackupType;
  content: Set<Commit>;
  serial: string;
  previous: string | null;
  base: string;
  sequence: number;
  at: number;
  /** Salt of the key that it is encrypted under. */
  key: string | null;
}

export class FakeDatabase {
  readonly name: string;
  readonly path: string;
  role: 'primary' | 'standby';
  replica: number;
  term: number;
  durableFence = false;
  /** The agent holds the write lock; ends with it. */
  lockHeld = false;
  /** Programs that have the file open. */
  holders: { pid: number; name: string }[] = [];
  content = new Set<Commit>();
  seq = 0;
  /** Serial of the last backup taken from, or applied to, this database. */
  head: string | null = null;
  headBase: string | null = null;
  headSequence = 0;
  lastRestore: InstanceStatus['lastRestore'] = null;
  lastCommitAt: number | null = null;
  fullRequired = true;
  outOfSync: string | null = null;
  broken: string | null = null;
  busy: 'BackingUp' | 'Restoring' | null = null;
  /** Sets that were replaced, oldest first: nothing is discarded without a copy. */
  kept: Set<Commit>[] = [];

  constructor(name: string, file: string, role: 'primary' | 'standby', replica: number, term: number) {
    this.name = name;
    this.path = file;
    this.role = role;
    this.replica = replica;
    this.term = term;
    this.durableFence = role === 'standby';
  }

  get acceptsWrites(): boolean {
    return this.role === 'primary' && !this.durableFence && !this.lockHeld && this.broken === null;
  }

  vector(): Vector {
    const seqs = new Map<number, number>();
    for (const commit of this.content) {
      const [replica, seq] = commit.split('#').map(Number) as [number, number];
      seqs.set(replica, Math.max(seqs.get(replica) ?? 0, seq));
    }
    return [...seqs].sort((a, b) => a[0] - b[0]).map(([replica, seq]) => ({ replica, sec: 1, event: seq, seq }));
  }
}

interface BackupOrder {
  type: BackupType;
  file: string;
  encrypt?: boolean;
}

interface RestoreInput {
  file: string;
  incrementals?: string[] | null;
  peers?: Peer[];
  override?: boolean;
}

/** What a test may put before any procedure: throw, wait, count. */
export type Gate = (procedure: string, input: unknown, signal: AbortSignal | undefined) => Promise<void> | void;

export class FakeServer {
  readonly name: string;
  readonly root: string;
  readonly clock: FakeClock;
  readonly disk: Map<string, StoredBackup>;
  readonly databases = new Map<string, FakeDatabase>();
  /** The agent's process lives. */
  alive = true;
  /** Its answers arrive. */
  reachable = true;
  unwritable = new Set<string>();
  /** What its agent keeps of groups, by group, as JSON. */
  readonly records = new Map<string, string>();
  damagedRecords: string[] = [];
  /** Keys that its agent keeps, by salt; what a database is encrypted under is its definition. */
  readonly keys = new Set<string>();
  definition: string | null = null;
  /** Grows with each life of the agent. */
  pid = 1;
  gate: Gate = () => {};
  leases: { ms: number; term: number; asOf: number | null | undefined }[] = [];
  calls: string[] = [];
  restores: RestoreInput[] = [];
  private counter = 0;

  constructor(name: string, clock: FakeClock, disk: Map<string, StoredBackup>) {
    this.name = name;
    this.root = `/lab/${name}`;
    this.clock = clock;
    this.disk = disk;
  }

  addPrimary(name: string, replica: number): FakeDatabase {
    const database = new FakeDatabase(name, `${this.root}/${name}/directory.db`, 'primary', replica, 1);
    this.databases.set(name, database);
    return database;
  }

  database(name = 'Directory'): FakeDatabase {
    const found = this.databases.get(name);
    if (!found) throw new HoldfastError('NOT_FOUND', `${this.name} has no instance ${name}`);
    return found;
  }

  /** A client's write; false when the file refuses it. */
  write(name = 'Directory'): boolean {
    const database = this.databases.get(name);
    if (!database?.acceptsWrites) return false;
    database.seq += 1;
    database.content.add(`${database.replica}#${database.seq}`);
    database.lastCommitAt = this.clock.now();
    return true;
  }

  /** SIGKILL of the agent: held locks are gone, durable fences stay. */
  kill(): void {
    this.alive = false;
    for (const database of this.databases.values()) {
      database.lockHeld = false;
      database.busy = null;
    }
  }

  start(): void {
    if (!this.alive) this.pid++;
    this.alive = true;
  }

  status(): AgentStatus {
    return {
      server: this.name,
      root: this.root,
      version: '0',
      sqliteVersion: '3',
      pid: this.pid,
      at: this.clock.now(),
      freeBytes: 1e9,
      endpoint: `http://127.0.0.1/${this.name}`,
      instances: [...this.databases.values()].map((database) => this.instanceStatus(database)),
    };
  }

  instanceStatus(database: FakeDatabase): InstanceStatus {
    const fenced = database.durableFence || database.lockHeld;
    return {
      name: database.name,
      path: database.path,
      home: `${database.path}.home`,
      role: database.role,
      writable: database.acceptsWrites,
      state: database.broken
        ? 'Error'
        : (database.busy ?? (fenced ? 'Fenced' : database.outOfSync ? 'OutOfSync' : 'Online')),
      error: database.broken ? new HoldfastError('INTEGRITY_FAILED', database.broken).report() : null,
      replica: database.replica,
      term: database.term,
      journal: 'wal',
      pageSize: 4096,
      pageCount: 1,
      size: 4096,
      logging: {
        on: true,
        directory: '',
        minBytes: 1,
        maxBytes: 2,
        currentLog: '00000001.log',
        lastNotUsed: null,
        usedBytes: 0,
        logCount: 1,
        safeToDelete: [],
      },
      wal: null,
      vector: database.vector(),
      lastCommitAt: database.lastCommitAt,
      restorableTo: null,
      fullRequired: database.fullRequired,
      fullRequiredReason: database.fullRequired ? 'no full backup' : null,
      outOfSync: database.outOfSync !== null,
      outOfSyncReason: database.outOfSync,
      lastFull: null,
      lastIncremental: null,
      lastRestore: database.lastRestore,
      hasRst: false,
    };
  }

  fenceFile(name: string, term: number): FenceResult {
    const database = this.database(name);
    if (term < database.term) throw new HoldfastError('STALE_TERM');
    database.term = term;
    if (this.alive) database.lockHeld = true;
    const durable = database.holders.length === 0;
    if (durable) {
      database.durableFence = true;
      database.lockHeld = false;
    }
    return { durable, holders: database.holders, vector: database.vector() };
  }

  /** Gives programs up to `timeoutMs` to let go of the file, as the agent does. */
  async fence(name: string, term: number, timeoutMs: number): Promise<FenceResult> {
    const until = this.clock.monotonic() + timeoutMs;
    const { alive } = this;
    let result = this.fenceFile(name, term);
    while (!result.durable && this.clock.monotonic() < until) {
      await this.clock.sleep(100);
      if (this.alive !== alive) throw new HoldfastError('SERVER_UNREACHABLE', `${this.name} is gone`);
      result = this.fenceFile(name, term);
    }
    return result;
  }

  readonly api: AgentApi = this.createApi();

  private createApi(): AgentApi {
    const enter = async (procedure: string, input: unknown, signal?: AbortSignal) => {
      this.calls.push(procedure);
      await this.gate(procedure, input, signal);
      if (signal?.aborted) throw new HoldfastError('CANCELLED');
      if (!this.alive || !this.reachable) throw new HoldfastError('SERVER_UNREACHABLE', `${this.name} is gone`);
    };
    type Options = { signal?: AbortSignal } | undefined;
    const procedure =
      <I, O>(name: string, work: (input: I) => O) =>
      async (input: I, options?: Options): Promise<O> => {
        await enter(name, input, options?.signal);
        return work(input);
      };
    const stream =
      <I, E>(name: string, work: (input: I, signal?: AbortSignal) => AsyncGenerator<E>) =>
      async (input: I, options?: Options): Promise<AsyncGenerator<E>> => {
        await enter(name, input, options?.signal);
        return work(input, options?.signal);
      };
    const api = {
      status: procedure('status', () => this.status()),
      checkFolder: procedure('checkFolder', ({ folder }: { folder: string }) =>
        this.unwritable.has(folder)
          ? { writable: false, freeBytes: null, problem: 'read-only file system' }
          : { writable: true, freeBytes: 1e9, problem: null },
      ),
      allowFolders: procedure('allowFolders', () => ({})),
      attachStandby: procedure('attachStandby', (input: { instance: string; path: string; replica: number }) => {
        const database = new FakeDatabase(input.instance, input.path, 'standby', input.replica, 0);
        this.databases.set(input.instance, database);
        return this.instanceStatus(database);
      }),
      groupKeyRecipe: procedure('groupKeyRecipe', ({ salt }: { salt: string | null }) => {
        const found = salt === null ? this.definition : this.keys.has(salt) ? salt : null;
        if (found === null) throw new HoldfastError('NOT_FOUND', `${this.name} has no encryption definition`);
        const scrypt = { cost: 2, blockSize: 1, parallelization: 1, salt: found };
        return { recipe: { name: 'Archive', scrypt, check: 'x' } };
      }),
      keepGroupKey: procedure('keepGroupKey', ({ recipe, password }: { recipe: KeyRecipe; password: string }) => {
        if (password !== 'right') throw new HoldfastError('WRONG_PASSWORD');
        this.keys.add(recipe.scrypt.salt);
        return {};
      }),
      useGroupKey: procedure('useGroupKey', ({ salt }: { salt: string }) => {
        if (!this.keys.has(salt)) throw new HoldfastError('PASSWORD_REQUIRED', `${this.name} does not have the key`);
        this.definition = salt;
        return {};
      }),
      groupRecords: procedure('groupRecords', () => ({
        records: [...this.records.values()].map((text) => JSON.parse(text) as GroupRecord),
        damaged: this.damagedRecords,
      })),
      keepGroupRecord: procedure('keepGroupRecord', ({ record }: { record: GroupRecord }) => {
        const known = this.records.get(record.groupId);
        if (known && !knows(record, JSON.parse(known) as GroupRecord)) throw new HoldfastError('STALE_TERM');
        this.records.set(record.groupId, JSON.stringify(record));
        return {};
      }),
      forgetGroupRecord: procedure('forgetGroupRecord', ({ groupId }: { groupId: string }) => {
        this.records.delete(groupId);
        return {};
      }),
      release: procedure('release', ({ instance }: { instance: string }) => {
        this.databases.delete(instance);
        for (const [id, text] of this.records)
          if ((JSON.parse(text) as GroupRecord).instance === instance) this.records.delete(id);
        return {};
      }),
      fence: procedure('fence', (input: { instance: string; term: number; timeoutMs?: number }) =>
        this.fence(input.instance, input.term, input.timeoutMs ?? 5000),
      ),
      setRole: procedure('setRole', (input: { instance: string; role: 'primary' | 'standby'; term: number }) => {
        const database = this.database(input.instance);
        if (input.term < database.term) throw new HoldfastError('STALE_TERM');
        if (database.busy) throw new HoldfastError('RESTORE_ACTIVE');
        if (database.broken && input.role === 'primary') throw new HoldfastError('INTEGRITY_FAILED', database.broken);
        database.term = input.term;
        if (input.role === 'standby' || database.role === 'standby') database.fullRequired = true;
        database.role = input.role;
        database.durableFence = input.role === 'standby';
        database.lockHeld = false;
        return this.instanceStatus(database);
      }),
      lease: procedure('lease', (input: { ms: number; term: number; asOf?: number | null }) => {
        this.leases.push({ ms: input.ms, term: input.term, asOf: input.asOf });
        return {};
      }),
      contingencies: procedure('contingencies', ({ instance }: { instance: string }) => {
        const { kept, path: file } = this.database(instance);
        return kept.map((set, at) => ({
          id: `kept-${at}`,
          instance,
          takenAt: this.clock.now(),
          dataTime: null,
          reason: 'Replaced by a restore',
          kind: 'set' as const,
          path: `${file}.kept-${at}`,
          bytes: set.size,
        }));
      }),
      clearOutOfSync: procedure('clearOutOfSync', ({ instance }: { instance: string }) => {
        this.database(instance).outOfSync = null;
        return {};
      }),
      catalog: procedure('catalog', ({ folders }: { folders: string[] }) => this.catalog(folders)),
      removeBackups: procedure('removeBackups', ({ files }: { files: string[] }) => {
        for (const file of files) this.disk.delete(file);
        return { removed: files, bytes: 1000 };
      }),
      backup: stream('backup', (input: { instance: string; options: BackupOrder }, signal) =>
        this.backup(input.instance, input.options, signal),
      ),
      receive: stream('receive', (input: { files: string[]; folder: string }) => this.receive(input)),
      applyToStandby: stream('applyToStandby', (input: { instance: string; file: string }, signal) =>
        this.apply(input.instance, input.file, signal),
      ),
      restore: stream('restore', (input: { instance: string; options: RestoreInput }) =>
        this.restore(input.instance, [input.options.file, ...(input.options.incrementals ?? [])], input.options),
      ),
    };
    return api as unknown as AgentApi;
  }

  private catalog(folders: string[]) {
    const here = [...this.disk].filter(([file]) => folders.includes(path.dirname(file)));
    const info = ([file, backup]: [string, StoredBackup]) =>
      ({
        file,
        parts: [file],
        idtag: backup.idtag,
        type: backup.type,
        serial: backup.serial,
        instance: 'Directory',
        time: backup.at,
        bytes: backup.content.size,
      }) as BackupFileInfo;
    const fulls = here.filter(([, backup]) => backup.type === 'full');
    const chains = fulls.map((full) => {
      const incrementals: [string, StoredBackup][] = [];
      for (let last = full[1]; ; ) {
        const next = here.find(([, backup]) => backup.previous === last.serial && backup.base === full[1].serial);
        if (!next) break;
        incrementals.push(next);
        last = next[1];
      }
      return { full: info(full), incrementals: incrementals.map(info), gaps: [] };
    });
    return { chains, logs: [], unusable: [] };
  }

  private async *backup(
    name: string,
    options: BackupOrder,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<BackupEvent> {
    const database = this.database(name);
    if (options.type === 'incremental' && (database.fullRequired || !database.head))
      throw new HoldfastError('FULL_BACKUP_REQUIRED', 'A full backup is required');
    const content = new Set(database.content);
    const at = this.clock.now();
    database.busy = 'BackingUp';
    try {
      yield {
        kind: 'progress',
        progress: { phase: 'x', phaseIndex: 1, phaseCount: 1, done: 1, total: 2, unit: 'bytes' },
      };
      await this.gate('backup:middle', options, signal);
      if (signal?.aborted) throw new HoldfastError('CANCELLED');
      if (!this.alive) throw new HoldfastError('SERVER_UNREACHABLE', 'connection lost');
    } finally {
      database.busy = null;
    }
    const serial = `${this.name}-${++this.counter}`;
    const full = options.type === 'full';
    const backup: StoredBackup = {
      idtag: serial,
      type: options.type,
      content,
      serial,
      previous: full ? null : database.head,
      base: full ? serial : database.headBase!,
      sequence: full ? 0 : database.headSequence + 1,
      at,
      key: options.encrypt ? this.definition : null,
    };
    this.disk.set(options.file, backup);
    database.head = serial;
    database.headBase = backup.base;
    database.headSequence = backup.sequence;
    if (full) database.fullRequired = false;
    yield {
      kind: 'result',
      result: {
        idtag: serial,
        type: options.type,
        file: options.file,
        files: [options.file],
        bytesRead: content.size,
        bytesWritten: content.size,
        pages: 1,
        changedPages: 1,
        durationMs: 1,
        at: 'start',
        consistentAt: at,
        currentLog: '',
        nextIncId: '',
        serial,
        vector: database.vector(),
        warnings: [],
      },
    };
  }

  private async *receive(input: { files: string[]; folder: string }) {
    const received: string[] = [];
    for (const file of input.files) {
      const backup = this.disk.get(file);
      if (!backup) throw new HoldfastError('NOT_FOUND', `${file} is not there`);
      yield {
        kind: 'progress' as const,
        progress: { phase: 'copy', phaseIndex: 1, phaseCount: 1, done: 1, total: 1, unit: 'bytes' as const },
      };
      const copy = path.join(input.folder, path.basename(file));
      this.disk.set(copy, backup);
      received.push(copy);
    }
    yield { kind: 'result' as const, files: received };
  }

  private async *apply(name: string, file: string, signal: AbortSignal | undefined): AsyncGenerator<RestoreEvent> {
    const database = this.database(name);
    if (database.role === 'primary') throw new HoldfastError('INVALID_INPUT', 'a primary takes no backups');
    const backup = this.disk.get(file);
    if (!backup) throw new HoldfastError('NOT_FOUND', `${file} is not there`);
    if (backup.key && !this.keys.has(backup.key)) throw new HoldfastError('PASSWORD_REQUIRED');
    if (backup.type === 'incremental' && database.lastRestore === null)
      throw new HoldfastError('COPY_NEVER_RESTORED', 'never restored');
    if (backup.type === 'incremental' && database.head !== backup.previous)
      throw new HoldfastError('INVALID_SEQUENCE', 'not the next one');
    database.busy = 'Restoring';
    try {
      yield { kind: 'log', line: 'restoring' };
      await this.gate('apply:middle', file, signal);
      if (signal?.aborted) throw new HoldfastError('CANCELLED');
      if (!this.alive) throw new HoldfastError('SERVER_UNREACHABLE', 'connection lost');
    } finally {
      database.busy = null;
    }
    this.replace(database, backup);
    yield { kind: 'result', result: { contingency: null } as never };
  }

  private replace(database: FakeDatabase, backup: StoredBackup): void {
    if (backup.type === 'full' && database.content.size > 0) database.kept.push(database.content);
    database.content = new Set(backup.content);
    database.head = backup.serial;
    database.headBase = backup.base;
    database.headSequence = backup.sequence;
    database.lastRestore = { idtag: backup.idtag, at: this.clock.now(), dataTime: backup.at };
  }

  private async *restore(name: string, files: string[], options: RestoreInput): AsyncGenerator<RestoreEvent> {
    const database = this.database(name);
    this.restores.push(options);
    yield { kind: 'log', line: 'restoring' };
    await this.gate('restore:middle', files, undefined);
    for (const file of files) {
      const backup = this.disk.get(file);
      if (!backup) throw new HoldfastError('NOT_FOUND', `${file} is not there`);
      this.replace(database, backup);
    }
    database.fullRequired = true;
    const found = verifyVectors(database.vector(), options.peers ?? []);
    const behind = found.status === 'behind' || found.status === 'unreachable';
    if (behind && !options.override) {
      database.content = database.kept.pop() ?? new Set();
      yield { kind: 'failed', error: new HoldfastError('VERIFICATION_BEHIND').report() };
      return;
    }
    const verify = { ...found, status: behind ? 'overridden' : found.status, integrity: 'ok' };
    yield { kind: 'result', result: { contingency: `${database.path}.kept`, verify } as never };
  }
}
