// A backup of several files as one: all show the moment of one barrier, all chains move together or none does.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { backendFileName } from '../backup/backend-names.ts';
import { type LogEntryWriter, startBackupEntry } from '../backup/backup-log.ts';
import { dsVersion } from '../backup/header.ts';
import type { BackendManifest } from '../contract/backend.ts';
import type { BackupEvent, BackupOptions, BackupResult } from '../contract/backup.ts';
import type { Progress } from '../contract/common.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { Meeting } from '../platform/meeting.ts';
import type { DatabaseOwner } from '../sqlite/types.ts';
import { BackendBarrier } from './backend-barrier.ts';
import { takeDecided } from './backend-members.ts';
import type { BackendPart, CopiedBackend } from './backend-part.ts';
import { type BackupExtras, COPY_ATTEMPTS, freeIdtag, REPEATABLE, runBackup } from './backup-operation.ts';
import type { Emitter, ProtectedInstance } from './protected-instance.ts';
import type { InstanceFacts } from './state-store.ts';

type Options = BackupOptions & BackupExtras;

/** Takes the backup of every file of `first`. Throws what failed in any of them; then no chain has moved and no file is left. */
export async function runBackupOfAll(
  first: ProtectedInstance,
  options: Options,
  out: Emitter<BackupEvent>,
  signal: AbortSignal,
): Promise<BackupResult> {
  const { files, clock } = first.agent.deps;
  takeDecided(first);
  const owners = first.backends.map(ownerOf);
  refuseUneven(first, options);
  const startedAt = clock.now();
  const began = clock.monotonic();
  const idtag = freeIdtag(first, options.file, startedAt);
  const { site, organization } = first.facts;
  const entry = startBackupEntry(
    options.log,
    {
      type: options.type,
      startedAt,
      backupFile: options.file,
      serverName: `\\T=${site}\\O=${organization}\\CN=${first.agent.spec.name}`,
      currentLog: first.currentLog(),
      dsversion: dsVersion(),
      idtag,
      otherFiles: options.streams?.files ?? options.otherFiles ?? [],
    },
    files,
  );
  try {
    for (const one of first.backends)
      entry.line(`Backend ${one.backendId}: ${one.path} to ${fileOf(first, one, options)}`);
    const restarts: string[] = [];
    for (;;) {
      try {
        const attempt = new SetAttempt(first, owners, options, { startedAt, idtag }, out, signal);
        const result = joinResults(first, await attempt.run(), restarts, Math.round(clock.monotonic() - began));
        entry.succeeded(result.durationMs);
        return result;
      } catch (error) {
        if (signal.aborted || !(error instanceof HoldfastError) || !REPEATABLE.has(error.name)) throw error;
        restarts.push(error.message);
        if (restarts.length === COPY_ATTEMPTS) throw error;
        out.emit({ kind: 'log', line: `The copy began again: ${error.message}` });
      }
    }
  } catch (error) {
    const report = signal.aborted ? new HoldfastError('CANCELLED').report() : toErrorReport(error);
    entry.failed(report.code, Math.round(clock.monotonic() - began));
    if (signal.aborted) throw new HoldfastError('CANCELLED', `Backup ${idtag} was canceled`, { cause: error });
    throw error;
  }
}

/** The file of the set that holds `one`. */
const fileOf = (first: ProtectedInstance, one: ProtectedInstance, options: BackupOptions) =>
  one === first ? options.file : backendFileName(options.file, one.backendId);

function ownerOf(one: ProtectedInstance): DatabaseOwner {
  if (one.owner) return one.owner;
  const why = one.error ? `: ${one.error.message}` : '';
  throw new HoldfastError('DATABASE_FENCED', `The backend ${one.backendId} of ${one.name} is not open here${why}`);
}

/** An incremental needs chains that are equally long: one that moved alone is no base for a set. */
function refuseUneven(first: ProtectedInstance, options: BackupOptions): void {
  if (options.type === 'full') return;
  const { chain } = first.facts;
  const other = first.further.find(({ facts }) => facts.chain?.idtag !== chain?.idtag);
  if (!chain || !other) return;
  throw new HoldfastError(
    'FULL_BACKUP_REQUIRED',
    `The last backup of the backend ${other.backendId} is not the last one of ${first.name}`,
  );
}

class SetAttempt {
  readonly #first: ProtectedInstance;
  readonly #owners: DatabaseOwner[];
  readonly #options: Options;
  readonly #mark: { startedAt: number; idtag: string };
  readonly #out: Emitter<BackupEvent>;
  readonly #setId = randomBytes(16).toString('hex');
  readonly #serials: string[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #barrier: BackendBarrier;
  readonly #copied: Meeting<CopiedBackend, CopiedBackend[]>;
  readonly #commits: Meeting<Partial<InstanceFacts>, void>;
  readonly #progress: Progress[] = [];

  constructor(
    first: ProtectedInstance,
    owners: DatabaseOwner[],
    options: Options,
    mark: { startedAt: number; idtag: string },
    out: Emitter<BackupEvent>,
    signal: AbortSignal,
  ) {
    this.#first = first;
    this.#owners = owners;
    this.#options = options;
    this.#mark = mark;
    this.#out = out;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#serials = owners.map(() => randomBytes(16).toString('hex'));
    this.#barrier = new BackendBarrier(owners, options.at, first.agent.deps.clock, this.#signal);
    this.#copied = new Meeting(owners.length, (all) => all);
    this.#commits = new Meeting(owners.length, (patches) => this.#commit(patches));
  }

  /** All backups of the files at once; the failure that came first counts for all. */
  async run(): Promise<BackupResult[]> {
    let failure: { error: unknown } | null = null;
    const fail = (error: unknown) => {
      if (failure) return;
      failure = { error };
      for (const meeting of [this.#barrier, { fail: cancel(this.#copied) }, { fail: cancel(this.#commits) }])
        meeting.fail(error);
      this.#stop.abort(error);
    };
    const all = this.#first.backends.map((one, index) =>
      this.#one(one, index).catch((error: unknown) => {
        fail(error);
        return null;
      }),
    );
    const results = await Promise.all(all);
    if (failure) throw (failure as { error: unknown }).error;
    return results.filter((one) => one !== null);
  }

  #one(one: ProtectedInstance, index: number): Promise<BackupResult> {
    const file = fileOf(this.#first, one, this.#options);
    // Keys and the like belong to the set: its first file carries them.
    const options = index === 0 ? this.#options : { ...this.#options, file, otherFiles: [], streams: null };
    const out: Emitter<BackupEvent> = {
      emit: (event) => this.#out.emit(event),
      replace: (event) => {
        if (event.kind === 'progress') this.#report(index, event.progress);
      },
    };
    return runBackup(one, this.#owners[index] as DatabaseOwner, options, out, this.#signal, this.#part(index));
  }

  #part(index: number): BackendPart {
    const serial = this.#serials[index] as string;
    return {
      ...this.#mark,
      serial,
      entry: SILENT,
      begin: (take) => this.#barrier.begin(index, () => take(this.#barrier)),
      copied: async (what) => {
        const all = await this.#copied.arrive(index, what);
        return { backends: this.#manifest(index, all), consistentAt: Math.max(...all.map((one) => one.consistentAt)) };
      },
      commit: (patch) => this.#commits.arrive(index, patch),
    };
  }

  #manifest(index: number, copied: CopiedBackend[]): BackendManifest {
    const { backends } = this.#first;
    const backend = backends[index]?.backendId ?? '';
    return {
      setId: this.#setId,
      backend,
      backends: backends.map((one, at) => {
        const { pageSize, pageCount, vector } = copied[at] as CopiedBackend;
        const name = path.basename(fileOf(this.#first, one, this.#options));
        return { id: one.backendId, name, serial: this.#serials[at] as string, pageSize, pageCount, vector };
      }),
    };
  }

  /** One transaction of the first file's state decides for all; what the others take over from it a crash does not undo. */
  #commit(patches: Partial<InstanceFacts>[]): void {
    const { at } = this.#first.agent.deps;
    const decided: Record<string, Partial<InstanceFacts>> = {};
    this.#first.further.forEach((one, index) => {
      decided[one.backendId] = patches[index + 1] ?? {};
    });
    at?.('set.written');
    this.#first.update({ ...patches[0], decided });
    at?.('set.decided');
    try {
      takeDecided(this.#first);
    } catch (error) {
      // It stays decided: the next backup, or the next start, begins with it.
      const { message } = toErrorReport(error);
      this.#first.agent.emit(
        'error',
        'warning',
        this.#first.name,
        `The chains were not all written down yet: ${message}`,
      );
    }
    at?.('set.committed');
  }

  #report(index: number, progress: Progress): void {
    this.#progress[index] = progress;
    const all = this.#owners.map((_, at) => this.#progress[at]);
    const sum = (of: (one: Progress) => number) => all.reduce((total, one) => total + (one ? of(one) : 0), 0);
    const known = all.every((one) => one && one.total !== null);
    this.#out.replace({
      kind: 'progress',
      progress: { ...progress, done: sum((one) => one.done), total: known ? sum((one) => one.total ?? 0) : null },
    });
  }
}

const cancel =
  <T, R>(meeting: Meeting<T, R>) =>
  (error: unknown) =>
    meeting.cancel(error);

const SILENT: LogEntryWriter = { line() {}, verification() {}, succeeded() {}, failed() {} };

/** What the set is known by comes from its first file; sizes are those of all. */
function joinResults(
  first: ProtectedInstance,
  results: BackupResult[],
  restarts: string[],
  durationMs: number,
): BackupResult {
  const sum = (of: (one: BackupResult) => number) => results.reduce((total, one) => total + of(one), 0);
  const warnings = new Map(results.flatMap((one) => one.warnings).map((one) => [`${one.name} ${one.message}`, one]));
  for (const reason of restarts)
    warnings.set(reason, { name: 'COPY_RESTARTED', message: `The copy had to begin again: ${reason}` });
  return {
    ...(results[0] as BackupResult),
    files: results.flatMap((one) => one.files),
    bytesRead: sum((one) => one.bytesRead),
    bytesWritten: sum((one) => one.bytesWritten),
    pages: sum((one) => one.pages),
    changedPages: sum((one) => one.changedPages),
    durationMs,
    warnings: [...warnings.values()],
    backends: results.map((one, index) => ({
      id: first.backends[index]?.backendId ?? '',
      file: one.file,
      pages: one.pages,
      changedPages: one.changedPages,
    })),
  };
}
