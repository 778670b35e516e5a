// The one owner of a protected file: its descriptor, its connections, its capture, its fence, and the order in which they go.
import { HoldfastError } from '../contract/errors.ts';
import { CaptureLoop } from './capture-loop.ts';
import { asRefusal, Connections, isBusy } from './connections.ts';
import { type FenceOutcome, restoreWriteVersion, sealFence } from './fence.ts';
import { type DatabaseHeader, parseHeader } from './header.ts';
import { holdsReadMark, locksOn } from './lock-table.ts';
import { journalOf, OpenFile } from './open-file.ts';
import { readMarks } from './read-marks.ts';
import { registerOwner, unregisterOwner } from './registry.ts';
import { captureSnapshot } from './snapshot.ts';
import { stillSnapshot } from './still-snapshot.ts';
import type {
  CaptureOptions,
  CapturePosition,
  DatabaseInfo,
  DatabaseOwner,
  DatabaseTraits,
  LockHolder,
  OwnerContext,
  PageHashes,
  Snapshot,
  SnapshotOptions,
  WalObservation,
} from './types.ts';
import { FRAME_HEADER_BYTES } from './wal.ts';
import { WalCapture } from './wal-capture.ts';
import { checkpointers, walHolds } from './wal-holds.ts';

const BUSY_MS = 2000;
const RESYNC_STEP_BYTES = 8 * 1024 * 1024;
const TEMPORARY_SEAL_FRAMES = 1000;

export class SqliteOwner implements DatabaseOwner {
  readonly path: string;
  readonly #context: OwnerContext;
  readonly #file: OpenFile;
  readonly #pageSize: number;
  /** Null while the file is durably fenced (nobody can write, nothing to lock) and after close. */
  #connections: Connections | null = null;
  #capture: WalCapture | null = null;
  #options: CaptureOptions | null = null;
  #loop: CaptureLoop | null = null;
  #snapshots = 0;
  #temporary: WalCapture | null = null;
  #fence: 'none' | 'lock' | 'durable' = 'none';
  /** Modification time of the file after our last raw write to it, to see whether anybody wrote after us. */
  #fencedAt: bigint | null = null;
  #touchReportedAt: bigint | null = null;
  #changeToken = '';
  #foreignSeen: { counter: number } | null = null;
  #replacedReported = false;
  #closed = false;

  constructor(realPath: string, context: OwnerContext) {
    this.path = realPath;
    this.#context = context;
    this.#file = new OpenFile(realPath, context.files);
    try {
      const header = this.#file.header();
      this.#pageSize = header.pageSize;
      if (header.writeVersion > 2) this.#fence = 'durable';
      else this.#connections = this.#connect();
      this.#foreignSeen = { counter: header.changeCounter };
      registerOwner(this.#file.device, this.#file.inode, this);
    } catch (error) {
      this.#connections?.close();
      this.#file.close();
      throw error;
    }
  }

  get capturing(): boolean {
    return this.#capture !== null;
  }
  get fenced(): boolean {
    if (this.#fence === 'lock' && !this.#connections?.locked) {
      throw new Error(`the write lock that fences ${this.path} is gone`);
    }
    return this.#fence !== 'none';
  }

  info(): DatabaseInfo {
    const header = this.#newestHeader();
    const journal = journalOf(header);
    const connections = this.#connections;
    const gauge = journal === 'wal' && connections ? connections.gauge() : null;
    return {
      journal,
      pageSize: this.#pageSize,
      pageCount: connections && !connections.locked ? connections.currentPageCount() : header.pageCount,
      size: this.#file.size(),
      changeCounter: header.changeCounter,
      schemaCookie: connections && !connections.locked ? connections.schemaCookie() : header.schemaCookie,
      inode: this.#file.inode,
      device: this.#file.device,
      wal: gauge && {
        frames: Math.max(0, gauge.log),
        copiedBack: Math.max(0, gauge.copied),
        bytes: this.#file.walBytes(),
        sealed: gauge.log === gauge.copied,
      },
      durablyFenced: this.#fence === 'durable',
    };
  }

  changed(): boolean {
    const token = this.#capture
      ? `captured ${this.#capture.commits}`
      : this.#connections
        ? `version ${this.#connections.dataVersion()}`
        : `fenced ${this.#file.modifiedAt()}`;
    const changed = token !== this.#changeToken;
    this.#changeToken = token;
    return changed;
  }

  foreignChange(): string | null {
    if (this.#file.isReplaced()) {
      if (this.#replacedReported) return null;
      this.#replacedReported = true;
      return 'Another file stands in the place of the protected one.';
    }
    const modifiedAt = this.#file.modifiedAt();
    if (this.#fence === 'durable' && this.#fencedAt !== null && this.#fencedAt !== modifiedAt) {
      if (this.#touchReportedAt === modifiedAt) return null;
      this.#touchReportedAt = modifiedAt;
      return 'The file was modified although it is fenced.';
    }
    const { changeCounter } = this.#newestHeader();
    const before = this.#foreignSeen?.counter ?? changeCounter;
    this.#foreignSeen = { counter: changeCounter };
    if (changeCounter < before)
      return `The change counter went back from ${before} to ${changeCounter}: an older state.`;
    return null;
  }

  startCapture(options: CaptureOptions): void {
    if (this.#capture) throw new Error(`${this.path} is being captured already`);
    if (this.#snapshots > 0) {
      throw new HoldfastError('BACKUP_ACTIVE', `A copy of ${this.path} is being read; capture can begin after it.`);
    }
    const connections = this.#open();
    if (journalOf(this.#file.header()) !== 'wal') {
      throw new HoldfastError('JOURNAL_MODE', `${this.path} uses a rollback journal; its commits cannot be captured.`);
    }
    this.#capture = this.#captureWith(connections, options);
    this.#options = options;
    this.#startLoop();
  }

  sync(): number {
    if (!this.#capture || this.#fence === 'durable') return 0;
    return this.#capture.sync();
  }

  stopCapture(): CapturePosition | null {
    const capture = this.#capture;
    if (!capture) return null;
    this.#loop?.stop();
    this.#loop = null;
    try {
      if (this.#fence !== 'durable') capture.sync();
    } finally {
      this.#capture = null;
      this.#options = null;
      capture.close();
    }
    return capture.position;
  }

  hashes(): PageHashes | null {
    return this.#capture?.hashes ?? null;
  }

  async snapshot(options: SnapshotOptions): Promise<Snapshot> {
    options.signal.throwIfAborted();
    const { files, clock } = this.#context;
    const header = this.#file.header();
    const journal = journalOf(header);
    const still = { path: this.path, files, clock, databaseFd: this.#file.fd, pageSize: this.#pageSize };
    if (this.#fence === 'durable') {
      this.#snapshots += 1;
      return stillSnapshot({ ...still, pageCount: header.pageCount, release: () => this.#endSnapshot() }, options);
    }
    if (journal === 'rollback') {
      const connections = this.#open();
      if (this.#snapshots === 0) this.#translated(() => connections.beginRead());
      this.#snapshots += 1;
      return stillSnapshot(
        { ...still, pageCount: connections.pageCount(), release: () => this.#endSnapshot() },
        options,
      );
    }
    const source = { clock, path: this.path, pageSize: this.#pageSize };
    // Not even a turn of the event loop where several snapshots begin under one lock.
    if (this.#capture?.resyncing) await this.#finishResync(options.signal);
    if (this.#capture) {
      this.#snapshots += 1;
      const end = () => this.#endSnapshot();
      return this.#guarded(end, () =>
        captureSnapshot({ ...source, capture: this.#capture!, drive: null, end }, options),
      );
    }
    this.#temporary ??= this.#temporaryCapture();
    this.#snapshots += 1;
    const capture = this.#temporary;
    const drive = () => {
      capture.sync();
      if (capture.framesSinceSeal >= TEMPORARY_SEAL_FRAMES) capture.seal();
    };
    const end = () => this.#endSnapshot();
    return this.#guarded(end, () => captureSnapshot({ ...source, capture, drive, end }, options));
  }

  async readyForSnapshot(signal: AbortSignal): Promise<() => void> {
    if (this.#fence === 'durable' || journalOf(this.#file.header()) === 'rollback') return () => {};
    await this.#finishResync(signal);
    if (!this.#capture) this.#temporary ??= this.#temporaryCapture();
    this.#snapshots += 1;
    let held = true;
    return () => {
      if (held) this.#endSnapshot();
      held = false;
    };
  }

  holdWrites(timeoutMs: number): boolean {
    // Under the shared lock of a copy nothing can be committed, and whoever waits for its end has the write lock.
    const still = this.#snapshots > 0 && journalOf(this.#file.header()) === 'rollback';
    return still || this.#fence !== 'none' || this.#translated(() => this.#open().lockWrites(timeoutMs));
  }

  releaseWrites(): void {
    if (this.#fence === 'none') this.#connections?.unlockWrites();
  }

  switchToWal(): void {
    const connections = this.#open();
    if (this.#snapshots > 0) throw new HoldfastError('BACKUP_ACTIVE', `A copy of ${this.path} is being read.`);
    const mode = this.#translated(() => connections.setJournalMode('WAL'));
    if (mode !== 'wal') throw new HoldfastError('DATABASE_BUSY', `${this.path} could not be switched to WAL.`);
    this.#connections = null;
    connections.close();
    this.#connections = this.#connect();
  }

  fence(timeoutMs: number): { durable: boolean; holders: LockHolder[] } {
    if (this.#fence === 'none') {
      const connections = this.#open();
      if (!connections.lockWrites(timeoutMs)) {
        throw new HoldfastError('DATABASE_BUSY', `A writer kept ${this.path} locked for ${timeoutMs} ms.`, {
          details: { holders: this.holders() },
        });
      }
      this.#fence = 'lock';
      try {
        this.#capture?.sync();
      } catch (error) {
        // Writers are stopped, which is what was asked for; that their last commits are not logged is its own message.
        this.#options?.onEvent({ kind: 'sinkFailed', error });
      }
    }
    return this.trySealFence();
  }

  trySealFence(): { durable: boolean; holders: LockHolder[] } {
    if (this.#fence === 'durable') return { durable: true, holders: [] };
    if (!this.fenced) throw new Error(`${this.path} is not fenced`);
    const holders = this.holders();
    if (holders.length > 0 || this.#snapshots > 0) return { durable: false, holders };
    const connections = this.#open();
    this.#loop?.stop();
    const capture = this.#capture;
    const { files } = this.#context;
    let outcome: FenceOutcome;
    try {
      outcome = sealFence({ path: this.path, files, databaseFd: this.#file.fd, connections, capture });
    } catch (error) {
      this.#fenceAgain();
      throw error;
    }
    if (outcome.sealed) {
      this.#connections = null;
      this.#fence = 'durable';
      this.#fencedAt = this.#file.modifiedAt();
      return { durable: true, holders: [] };
    }
    if (outcome.reopen) this.#fenceAgain();
    else this.#startLoop();
    return { durable: false, holders: this.holders() };
  }

  unfence(): void {
    if (this.#fence === 'none') return;
    if (this.#fence === 'lock') {
      this.#fence = 'none';
      this.#connections?.unlockWrites();
      return;
    }
    const untouched = this.#fencedAt !== null && this.#fencedAt === this.#file.modifiedAt();
    restoreWriteVersion(this.#context.files, this.#file.fd);
    const after = this.#file.modifiedAt();
    this.#fence = 'none';
    this.#fencedAt = null;
    this.#connections = this.#connect();
    this.#foreignSeen = null;
    this.#capture?.rebase(this.#connections, () => untouched && after === this.#file.modifiedAt());
    this.#startLoop();
  }

  observeWal(): WalObservation | null {
    const connections = this.#connections;
    if (!connections || journalOf(this.#file.header()) !== 'wal') return null;
    const { files } = this.#context;
    const shm = this.#file.shmInode();
    const locks = shm === null ? [] : locksOn(files, shm);
    const copying = this.#snapshots > 0;
    // Our own reader needs no explanation unless it serves a copy.
    const asked = shm !== null && (copying || locks.some(({ pid }) => pid !== process.pid));
    const { log, copied } = connections.gauge();
    return {
      frames: Math.max(0, log),
      copiedBack: Math.max(0, copied),
      frameBytes: FRAME_HEADER_BYTES + this.#pageSize,
      ownCheckpoints: connections.checkpoints,
      copying,
      checkpointing: shm === null ? [] : checkpointers(locks, shm),
      holds: shm === null ? [] : walHolds(locks, shm, asked ? readMarks(files, shm) : null),
    };
  }

  traits(): DatabaseTraits | null {
    return this.#connections?.traits() ?? null;
  }

  holders(): LockHolder[] {
    return this.#file.holders();
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.stopCapture();
    } finally {
      this.#closed = true;
      this.#temporary?.close();
      this.#temporary = null;
      this.#connections?.close();
      this.#connections = null;
      unregisterOwner(this.#file.device, this.#file.inode);
      this.#file.close();
    }
  }

  #open(): Connections {
    if (this.#connections) return this.#connections;
    if (this.#closed) throw new Error(`${this.path} is closed`);
    throw new HoldfastError('DATABASE_FENCED', `${this.path} is durably fenced.`);
  }

  #connect(): Connections {
    return this.#translated(() => new Connections(this.path, BUSY_MS));
  }

  /** Runs what asks SQLite, and says in the catalogue's terms what stood in the way. */
  #translated<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw asRefusal(error, this.path) ?? error;
      throw new HoldfastError('DATABASE_BUSY', `${this.path} stayed locked by another program.`, {
        cause: error,
        details: { holders: this.#file.holders() },
      });
    }
  }

  #captureWith(connections: Connections, options: CaptureOptions | null): WalCapture {
    const { files, clock } = this.#context;
    return new WalCapture(
      {
        path: this.path,
        files,
        clock,
        databaseFd: this.#file.fd,
        inode: this.#file.inode,
        device: this.#file.device,
        pageSize: this.#pageSize,
        connections,
      },
      {
        sink: options?.sink ?? { commit: () => {}, flush: () => {} },
        from: options?.from ?? null,
        hashes: options?.hashes ?? null,
        hashing: options !== null,
        onEvent: options?.onEvent ?? (() => {}),
      },
    );
  }

  /** In steps, so that nothing else has to wait for it. */
  async #finishResync(signal: AbortSignal): Promise<void> {
    while (this.#capture?.resyncing) {
      signal.throwIfAborted();
      this.#capture.step(RESYNC_STEP_BYTES);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #temporaryCapture(): WalCapture {
    return this.#captureWith(this.#open(), null);
  }

  /** The file could not be taken exclusively: new connections, and the write lock as it was before. */
  #fenceAgain(): void {
    this.#connections?.close();
    this.#connections = this.#connect();
    const locked = this.#connections.lockWrites(BUSY_MS);
    if (!locked) this.#fence = 'none';
    this.#capture?.reattach(this.#connections);
    this.#startLoop();
    if (locked) return;
    throw new HoldfastError('DATABASE_BUSY', `Another program took ${this.path} while it was being fenced.`, {
      details: { holders: this.holders() },
    });
  }

  #endSnapshot(): void {
    this.#snapshots -= 1;
    if (this.#snapshots > 0 || this.#closed) return;
    if (this.#temporary) {
      this.#temporary.close();
      this.#temporary = null;
    } else if (!this.#capture) {
      this.#connections?.endRead();
    }
  }

  #guarded<T>(undo: () => void, work: () => T): T {
    try {
      return work();
    } catch (error) {
      undo();
      throw error;
    }
  }

  #startLoop(): void {
    if (!this.#capture || !this.#options) return;
    this.#loop?.stop();
    this.#loop = new CaptureLoop(this.#capture, this.#options, {
      heartbeat: () => this.#heartbeat(),
      freeBytes: () => this.#file.freeBytes(),
      walBytes: () => this.#file.walBytes(),
      monotonic: () => this.#context.clock.monotonic(),
    });
  }

  #heartbeat(): void {
    const options = this.#options;
    if (!options || !this.#capture || !this.#connections) return;
    if (this.#file.isReplaced()) {
      this.#loop?.stop();
      this.#replacedReported = true;
      options.onEvent({ kind: 'replaced', reason: 'Another file stands in the place of the protected one.' });
      return;
    }
    const shm = this.#file.shmInode();
    const held = shm !== null && holdsReadMark(this.#context.files, shm, process.pid);
    if (held !== false || process.platform !== 'linux') return;
    options.onEvent({
      kind: 'lockLost',
      reason: 'The reader that holds the WAL lost its lock; continuity is proved anew.',
    });
    if (this.#fence === 'lock') return;
    this.#capture.sync();
    // First close, then open: as long as one connection believes in its lock, SQLite does not ask the system for another.
    this.#connections.close();
    this.#connections = this.#connect();
    this.#capture.reattach(this.#connections);
  }

  /** From the WAL where capture knows a newer page 1. */
  #newestHeader(): DatabaseHeader {
    const capture = this.#capture;
    if (capture && this.#fence !== 'durable' && capture.view.map.has(1)) {
      const page = Buffer.allocUnsafe(this.#pageSize);
      capture.readPages(capture.view, Uint32Array.of(1), page);
      const header = parseHeader(page);
      if (header) return header;
    }
    return this.#file.header();
  }
}
