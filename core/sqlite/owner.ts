// The one owner of a protected file: its descriptor, its connections, its capture, its fence, and the order in which they go.
import { HoldfastError } from '../contract/errors.ts';
import { CaptureLoop } from './capture-loop.ts';
import { captureStart } from './captured-file.ts';
import { asRefusal, Connections, isBusy } from './connections.ts';
import { type FenceOutcome, restoreWriteVersion, sealFence } from './fence.ts';
import { ForeignChanges } from './foreign-changes.ts';
import { type DatabaseHeader, parseHeader } from './header.ts';
import { holdsReadMark } from './lock-table.ts';
import { describeOwned, type OwnedState, observeOwnedWal } from './observe-owned.ts';
import { journalOf, OpenFile } from './open-file.ts';
import { registerOwner, unregisterOwner } from './registry.ts';
import { RunningCopies } from './running-copies.ts';
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
import { WalCapture } from './wal-capture.ts';

const BUSY_MS = 2000;
const RESYNC_STEP_BYTES = 8 * 1024 * 1024;

export class SqliteOwner implements DatabaseOwner {
  readonly path: string;
  readonly #context: OwnerContext;
  readonly #file: OpenFile;
  readonly #foreign: ForeignChanges;
  readonly #pageSize: number;
  /** Null while the file is durably fenced (nobody can write, nothing to lock) and after close. */
  #connections: Connections | null = null;
  #capture: WalCapture | null = null;
  #options: CaptureOptions | null = null;
  #loop: CaptureLoop | null = null;
  readonly #copies = new RunningCopies(() => {
    if (!this.#capture) this.#connections?.endRead();
  });
  #fence: 'none' | 'lock' | 'durable' = 'none';
  #changeToken = '';
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
      this.#foreign = new ForeignChanges(this.#file, header.changeCounter);
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
    return describeOwned(this.#state(), this.#newestHeader(), this.#fence === 'durable');
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
    return this.#foreign.look(this.#fence === 'durable', () => this.#newestHeader());
  }

  startCapture(options: CaptureOptions): void {
    if (this.#capture) throw new Error(`${this.path} is being captured already`);
    if (this.#copies.any) {
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
      return stillSnapshot({ ...still, pageCount: header.pageCount, release: this.#copies.hold() }, options);
    }
    if (journal === 'rollback') {
      const connections = this.#open();
      if (!this.#copies.any) this.#translated(() => connections.beginRead());
      const release = this.#copies.hold();
      return stillSnapshot({ ...still, pageCount: connections.pageCount(), release }, options);
    }
    // Not even a turn of the event loop where several snapshots begin under one lock.
    if (this.#capture?.resyncing) await this.#finishResync(options.signal);
    const capture = this.#capture ?? this.#copies.temporary(() => this.#captureWith(this.#open(), null));
    return this.#copies.read(capture, { clock, path: this.path, pageSize: this.#pageSize }, options);
  }

  async readyForSnapshot(signal: AbortSignal): Promise<() => void> {
    if (this.#fence === 'durable' || journalOf(this.#file.header()) === 'rollback') return () => {};
    await this.#finishResync(signal);
    if (!this.#capture) this.#copies.temporary(() => this.#captureWith(this.#open(), null));
    return this.#copies.hold();
  }

  holdWrites(timeoutMs: number): boolean {
    // Under the shared lock of a copy nothing can be committed, and whoever waits for its end has the write lock.
    const still = this.#copies.any && journalOf(this.#file.header()) === 'rollback';
    return still || this.#fence !== 'none' || this.#translated(() => this.#open().lockWrites(timeoutMs));
  }

  releaseWrites(): void {
    if (this.#fence === 'none') this.#connections?.unlockWrites();
  }

  switchToWal(): void {
    const connections = this.#open();
    if (this.#copies.any) throw new HoldfastError('BACKUP_ACTIVE', `A copy of ${this.path} is being read.`);
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
    if (holders.length > 0 || this.#copies.any) return { durable: false, holders };
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
      this.#foreign.noteFenced();
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
    const { untouched } = this.#foreign;
    restoreWriteVersion(this.#context.files, this.#file.fd);
    const after = this.#file.modifiedAt();
    this.#fence = 'none';
    this.#foreign.noteUnfenced();
    this.#connections = this.#connect();
    this.#capture?.rebase(this.#connections, () => untouched && after === this.#file.modifiedAt());
    this.#startLoop();
  }

  observeWal(): WalObservation | null {
    return observeOwnedWal(this.#state(), this.#copies.any);
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
      this.#copies.close();
      this.#connections?.close();
      this.#connections = null;
      unregisterOwner(this.#file.device, this.#file.inode);
      this.#file.close();
    }
  }

  #state(): OwnedState {
    return { file: this.#file, pageSize: this.#pageSize, connections: this.#connections };
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
    const { fd: databaseFd, inode, device } = this.#file;
    const file = {
      path: this.path,
      ...this.#context,
      databaseFd,
      inode,
      device,
      pageSize: this.#pageSize,
      connections,
    };
    return new WalCapture(file, captureStart(options));
  }

  /** In steps, so that nothing else has to wait for it. */
  async #finishResync(signal: AbortSignal): Promise<void> {
    while (this.#capture?.resyncing) {
      signal.throwIfAborted();
      this.#capture.step(RESYNC_STEP_BYTES);
      await new Promise((resolve) => setImmediate(resolve));
    }
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
      this.#foreign.noteReplaced();
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
