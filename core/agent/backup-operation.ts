// One backup of one instance: what goes into it, the file, and only then the new head of the chain.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { startBackupEntry } from '../backup/backup-log.ts';
import { scanBackups } from '../backup/catalog.ts';
import { dsVersion } from '../backup/header.ts';
import type {
  BackupIdentity,
  BackupOutcome,
  BackupSource,
  WriteBackupOptions,
  WrittenBackup,
} from '../backup/types.ts';
import { writeBackup } from '../backup/writer.ts';
import type { BackupEvent, BackupOptions, BackupResult } from '../contract/backup.ts';
import type { Vector, Warning } from '../contract/common.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { lockPage } from '../sqlite/header.ts';
import type { DatabaseOwner, PageBatch, PageHashes, Snapshot, SnapshotOptions } from '../sqlite/types.ts';
import type { BackendPart } from './backend-part.ts';
import { filterChanged } from './changed-pages.ts';
import { changePageIndex, mergeHashes, placePageIndex, settlePageIndex, stagePageIndex } from './page-index.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import type { ChainHead, InstanceFacts } from './state-store.ts';
import { removeUnfinishedBackup, settleUnfinishedBackup } from './unfinished-backup.ts';

/** What goes into the file beside the options that were asked for. */
export type BackupExtras = Pick<WriteBackupOptions, 'encryption' | 'otherFiles' | 'streams'>;

interface Emitter {
  emit(event: BackupEvent): void;
  replace(event: BackupEvent): void;
}

/** Refuses what the chain does not allow; the page-hash base of an incremental is read here, before anything is written. */
function checkChain(facts: Readonly<InstanceFacts>, options: BackupOptions, owner: DatabaseOwner): ChainHead | null {
  if (options.type === 'full') return null;
  if (!facts.chain) throw new HoldfastError('NO_FULL_BACKUP', `${facts.name} has no finished full backup`);
  if (facts.fullRequired)
    throw new HoldfastError('FULL_BACKUP_REQUIRED', `${facts.name} needs a full backup first: ${facts.fullRequired}`);
  if (owner.info().pageSize !== facts.chain.pageSize)
    throw new HoldfastError('FULL_BACKUP_REQUIRED', `The page size of ${facts.name} has changed since the full backup`);
  return facts.chain;
}

/** Takes the backup; the chain moves only when the file is durable. Throws what failed; CANCELLED when aborted. */
export async function runBackup(
  instance: ProtectedInstance,
  owner: DatabaseOwner,
  options: BackupOptions & BackupExtras,
  out: Emitter,
  signal: AbortSignal,
  part: BackendPart | null = null,
): Promise<BackupResult> {
  const { agent, home } = instance;
  const { files, clock } = agent.deps;
  // An attempt whose end the disk did not let us clean up; what it left must be gone before its note is written over.
  settleUnfinishedBackup(instance);
  const facts = instance.facts;
  const head = checkChain(facts, options, owner);
  const startedAt = part?.startedAt ?? clock.now();
  const began = clock.monotonic();
  const idtag = part?.idtag ?? freeIdtag(instance, options.file, startedAt);
  const identity: BackupIdentity = {
    type: options.type,
    startedAt,
    idtag,
    site: facts.site,
    organization: facts.organization,
    server: agent.spec.name,
    instance: facts.name,
    databasePath: facts.path,
    replica: facts.replica,
    serial: part?.serial ?? randomBytes(16).toString('hex'),
    previousSerial: head?.serial ?? null,
    sequence: head ? head.sequence + 1 : 0,
    baseIdtag: head?.baseIdtag ?? idtag,
    incrementalId: head ? String(facts.nextIncId) : null,
    nextIncId: String(head ? facts.nextIncId + 1 : facts.nextIncId),
    databaseSerial: facts.databaseSerial,
    logSerial: facts.logging.on ? facts.logging.serial : null,
  };
  const entry =
    part?.entry ??
    startBackupEntry(
      options.log,
      {
        type: options.type,
        startedAt,
        backupFile: options.file,
        serverName: `\\T=${facts.site}\\O=${facts.organization}\\CN=${agent.spec.name}`,
        currentLog: instance.currentLog(),
        dsversion: dsVersion(),
        idtag,
        otherFiles: options.streams?.files ?? options.otherFiles ?? [],
      },
      files,
    );
  out.emit({ kind: 'log', line: `Backup ${idtag} of ${facts.name} to ${options.file}` });
  try {
    // As large as the database has pages: read only where the logs do not say what has changed.
    const base = once(() => (head ? settlePageIndex(files, home, head.serial) : null));
    // One of several is begun again with the others, by whoever began them.
    const { written, restarts } = await copyWhole(part ? 1 : COPY_ATTEMPTS, async () => {
      const { source, exact } = await openSource(instance, owner, options, head, base, signal, part);
      out.emit({ kind: 'log', line: sourceLine(options, head, exact) });
      instance.update({
        writing: { file: options.file, serial: identity.serial, partFolders: options.partFolders },
      });
      return await writeBackup(
        identity,
        source,
        { ...options, signal, onProgress: (progress) => out.replace({ kind: 'progress', progress }) },
        files,
      );
    });
    for (const reason of restarts) out.emit({ kind: 'log', line: `The copy began again: ${reason}` });
    const unplaced = await commitChain(instance, identity, written, base, options, part);
    const { outcome } = written;
    const torn = changedFiles(options, written);
    for (const { message } of torn) attempted(() => entry.line(message));
    const durationMs = Math.round(clock.monotonic() - began);
    const unlogged = attempted(() => entry.succeeded(durationMs));
    return {
      idtag,
      type: options.type,
      file: options.file,
      files: written.files,
      bytesRead: written.bytesRead,
      bytesWritten: written.bytesWritten,
      pages: written.pageCount,
      changedPages: written.hashes.numbers.length,
      durationMs,
      at: outcome.at,
      consistentAt: outcome.consistentAt,
      currentLog: outcome.currentLog,
      nextIncId: identity.nextIncId,
      serial: identity.serial,
      vector: outcome.vector,
      warnings: [
        ...(outcome.at !== options.at
          ? [{ name: 'WAL_LIMIT', message: 'The WAL passed its limit; the copy shows the moment when it ended.' }]
          : []),
        ...restarts.map((reason) => ({ name: 'COPY_RESTARTED', message: `The copy had to begin again: ${reason}` })),
        ...torn,
        ...(unplaced ? [{ name: 'PAGE_INDEX', message: `The page index waits for its place: ${unplaced}` }] : []),
        ...(unlogged ? [{ name: 'BACKUP_LOG', message: `The verdict is not in the backup log: ${unlogged}` }] : []),
      ],
    };
  } catch (error) {
    // Neither may hide what went wrong; the note of the attempt stays until what it left is gone.
    if (instance.hasState) removeUnfinishedBackup(instance);
    const report = signal.aborted ? new HoldfastError('CANCELLED').report() : toErrorReport(error);
    attempted(() => entry.failed(report.code, Math.round(clock.monotonic() - began)));
    if (signal.aborted) throw new HoldfastError('CANCELLED', `Backup ${idtag} was canceled`, { cause: error });
    throw error;
  }
}

/** Files that went along and may be of two moments. */
const changedFiles = ({ otherFiles }: BackupExtras, written: WrittenBackup): Warning[] =>
  [...(otherFiles ?? []).filter(({ changed }) => changed).map(({ name }) => name), ...written.changedFiles].map(
    (name) => ({
      name: 'FILE_CHANGED',
      message: `${name} was written to while it was read; its copy in this backup may be of two moments.`,
    }),
  );

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Attempts at a copy whose ground was pulled away by the database's other programs. */
export const COPY_ATTEMPTS = 4;

/** What a moment later may be gone: lost continuity, writers that never let go of the lock. */
export const REPEATABLE = new Set<string>(['CAPTURE_GAP', 'DATABASE_BUSY']);

/**
 * Repeats a copy that lost continuity half-way: an old SQLite in another program can start the log anew although it was not
 * copied back. Nothing of the attempt was kept, so the next one simply shows a later moment.
 */
async function copyWhole(
  attempts: number,
  attempt: () => Promise<WrittenBackup>,
): Promise<{ written: WrittenBackup; restarts: string[] }> {
  const restarts: string[] = [];
  for (;;) {
    try {
      return { written: await attempt(), restarts };
    } catch (error) {
      if (!(error instanceof HoldfastError) || !REPEATABLE.has(error.name)) throw error;
      restarts.push(error.message);
      if (restarts.length === attempts) throw error;
    }
  }
}

async function openSource(
  instance: ProtectedInstance,
  owner: DatabaseOwner,
  options: BackupOptions,
  head: ChainHead | null,
  base: () => PageHashes | null,
  signal: AbortSignal,
  part: BackendPart | null,
): Promise<{ source: BackupSource; exact: boolean }> {
  let exact = head !== null && instance.logsCover(head);
  const noBase = () =>
    new HoldfastError(
      'FULL_BACKUP_REQUIRED',
      `Neither logs nor page hashes of ${instance.name} reach back to its last backup`,
    );
  if (head && !exact && !base()) throw noBase();
  // Logs that were moved away name no pages; then all are read and compared.
  const changed = (since: ChainHead) => {
    try {
      return instance.changedSince(since);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (!base()) throw noBase();
      exact = false;
      const { pageCount, pageSize } = owner.info();
      return Uint32Array.from({ length: pageCount }, (_, index) => index + 1).filter((n) => n !== lockPage(pageSize));
    }
  };
  let vector: Vector = [];
  let currentLog = '';
  const wanted: SnapshotOptions = {
    at: options.at,
    walLimit: options.walLimit,
    only: exact && head ? () => changed(head) : null,
    signal,
    onConsistent: () => {
      instance.noticeCommits();
      vector = instance.vector;
      currentLog = instance.currentLog();
    },
  };
  const snapshot: Snapshot = await (part
    ? part.begin((group) => owner.snapshot({ ...wanted, group }))
    : owner.snapshot(wanted));
  async function* batches(): AsyncGenerator<PageBatch, BackupOutcome, void> {
    try {
      const inner = snapshot.batches();
      const hashes = head && !exact ? base() : null;
      const filtered = hashes ? filterChanged(inner, hashes, snapshot.pageSize) : inner;
      let last = performance.now();
      for (;;) {
        const next = await filtered.next();
        if (next.done) {
          const outcome = { ...next.value, vector, currentLog };
          if (!part) return outcome;
          const { pageCount, consistentAt } = outcome;
          // One moment, read from the clock for each: the last reading is still within the barrier.
          return {
            ...outcome,
            ...(await part.copied({ pageSize: snapshot.pageSize, pageCount, vector, consistentAt })),
          };
        }
        yield next.value;
        if (performance.now() - last > 20) {
          await new Promise((resolve) => setImmediate(resolve));
          last = performance.now();
        }
      }
    } finally {
      snapshot.release();
    }
  }
  const { pageSize, expectedPages } = snapshot;
  return { source: { pageSize, expectedPages, handsOverBuffers: true, batches }, exact };
}

const sourceLine = (options: BackupOptions, head: ChainHead | null, exact: boolean) =>
  options.type === 'full'
    ? 'All pages'
    : `Pages changed since backup ${head?.idtag}, ${exact ? 'by the roll-forward logs' : 'found by comparing pages'}`;

/** Runs what the outcome no longer depends on; the message of its failure, or null. */
function attempted(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return toErrorReport(error).message;
  }
}

/**
 * The file is durable; what follows makes it the head of the chain in one transaction. Returns why its page index could not be put in place
 * afterwards, which the next backup makes good, or null.
 */
async function commitChain(
  instance: ProtectedInstance,
  identity: BackupIdentity,
  written: WrittenBackup,
  base: () => PageHashes | null,
  options: BackupOptions,
  part: BackendPart | null,
): Promise<string | null> {
  const { home, facts, agent } = instance;
  const { files, at } = agent.deps;
  at?.('backup.written');
  // A place that was still to be given: the index of the chain as it is must not be written over by that of an attempt.
  if (facts.chain && files.existsSync(path.join(home, 'pages.idx.next')))
    settlePageIndex(files, home, facts.chain.serial);
  const { outcome, pageCount } = written;
  const whole = () => {
    if (options.type === 'full')
      return mergeHashes({ pageCount: 0, bytes: Buffer.alloc(0) }, written.hashes, pageCount);
    const { serial, previousSerial } = identity;
    if (previousSerial && changePageIndex(files, home, { previousSerial, serial }, written.hashes, pageCount))
      return null;
    const before = base();
    return before && mergeHashes(before, written.hashes, pageCount);
  };
  const hashes = whole();
  if (hashes) stagePageIndex(files, home, identity.serial, hashes);
  at?.('backup.indexed');
  const mark = { idtag: identity.idtag, at: identity.startedAt, file: options.file };
  const patch: Partial<InstanceFacts> = {
    writing: null,
    chain: {
      serial: identity.serial,
      sequence: identity.sequence,
      idtag: identity.idtag,
      baseIdtag: identity.baseIdtag,
      vector: outcome.vector,
      pageSize: instance.pageSize(),
      pageCount,
      logSerial: facts.logging.on ? facts.logging.serial : null,
      currentLog: outcome.currentLog,
      consistentAt: outcome.consistentAt,
    },
    ...(options.type === 'full'
      ? { lastFull: mark, fullRequired: null }
      : { lastIncremental: mark, nextIncId: facts.nextIncId + 1 }),
  };
  if (part) await part.commit(patch);
  else instance.update(patch);
  at?.('backup.committed');
  return hashes ? attempted(() => placePageIndex(files, home)) : null;
}

/** Seconds in hex; the next free second when a backup with this id is in the folder or known. */
export function freeIdtag(instance: ProtectedInstance, file: string, now: number): string {
  const { facts, agent } = instance;
  const folder = path.dirname(file);
  const taken = new Set([facts.lastFull?.idtag, facts.lastIncremental?.idtag, facts.chain?.idtag]);
  for (const info of scanBackups([folder], agent.deps.files).infos) taken.add(info.idtag);
  for (let second = Math.floor(now / 1000); ; second++) {
    const idtag = second.toString(16).toUpperCase().padStart(8, '0');
    if (!taken.has(idtag)) return idtag;
  }
}
