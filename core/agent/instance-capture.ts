// Roll-forward logging of one instance: commits from the owner go into numbered logs, stamped with the replica number.

import type { Vector } from '../contract/common.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import { ensureFolder } from '../platform/files.ts';
import { type LogWriter, openLogWriter } from '../rollforward/log-writer.ts';
import { changedPages } from '../rollforward/page-set.ts';
import { resumePosition } from '../rollforward/resume-position.ts';
import type {
  CapturedCommit,
  CaptureEvent,
  CapturePosition,
  CommitSink,
  DatabaseOwner,
  PageHashes,
} from '../sqlite/types.ts';
import { hashesForResume, saveCaptureHashes } from './capture-hashes.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { type ChainHead, renewSerial } from './state-store.ts';

const POLL_MS = 100;
const SEAL_FRAMES = 1000;
const SEAL_MS = 60_000;
/** How far the state may lag behind the log, which holds the position as well, ms. */
const PERSIST_MS = 1000;

export class InstanceCapture {
  private readonly instance: ProtectedInstance;
  private readonly owner: DatabaseOwner;
  private writer: LogWriter;
  private lastAt: number | null;
  private flushedAt: number | null;
  private persistedAt = Number.NEGATIVE_INFINITY;
  private position: CapturePosition | null;

  private constructor(instance: ProtectedInstance, owner: DatabaseOwner, writer: LogWriter) {
    this.instance = instance;
    this.owner = owner;
    this.writer = writer;
    this.lastAt = instance.facts.lastCommitAt;
    this.flushedAt = this.lastAt;
    const { capture: position, vector, replica } = instance.facts;
    this.position = resumePosition(
      { position, vector },
      { position: writer.position(), vector: writer.vector() },
      replica,
    );
  }

  /** Opens the logs and attaches to the database. Events may arrive before it returns. */
  static start(
    instance: ProtectedInstance,
    owner: DatabaseOwner,
    onEvent: (event: CaptureEvent, capture: InstanceCapture) => void,
  ): InstanceCapture {
    const { facts } = instance;
    if (owner.info().journal !== 'wal')
      throw new HoldfastError(
        'JOURNAL_MODE',
        `${instance.name} uses a rollback journal; its commits cannot be captured`,
      );
    const resume = facts.logging.serial !== null;
    if (!resume) instance.update({ logging: renewSerial(facts.logging) });
    const capture = new InstanceCapture(instance, owner, openWriter(instance, owner, resume));
    const from = resume ? capture.position : null;
    const hashes = from ? hashesForResume(instance, from) : null;
    try {
      owner.startCapture({
        sink: capture.sink(),
        from,
        hashes,
        onEvent: (event) => onEvent(event, capture),
        pollMs: POLL_MS,
        sealFrames: SEAL_FRAMES,
        sealMs: SEAL_MS,
      });
    } catch (error) {
      capture.writer.close();
      throw error;
    }
    capture.persist();
    return capture;
  }

  get vector(): Vector {
    return this.writer.vector();
  }
  get currentLog(): string {
    return this.writer.currentLog();
  }
  /** Bytes of records since this capture, or this run of logging, began. */
  get bytesWritten(): number {
    return this.writer.bytesWritten();
  }
  get lastNotUsed(): string | null {
    return this.writer.lastNotUsed();
  }
  /** ms since 1970 of the last commit that was captured, and of the last that is durable in a log. */
  get lastCommitAt(): number | null {
    return this.lastAt;
  }
  get safeTo(): number | null {
    return this.flushedAt;
  }

  /** The logs written since the backup `head` are of one serial, so that they name every page that changed. */
  covers(head: ChainHead): boolean {
    return head.logSerial !== null && head.logSerial === this.instance.facts.logging.serial;
  }

  /** Pages changed since `head`, ascending. Commits that are only in memory yet are made readable first. */
  changedSince(head: ChainHead): Uint32Array {
    this.writer.flush();
    const { logging, databaseSerial } = this.instance.facts;
    return changedPages(
      {
        folder: logging.directory,
        databaseSerial,
        firstLog: head.currentLog,
        after: head.vector,
      },
      this.instance.agent.deps.files,
    ).numbers;
  }

  /** Every commit up to this call is in the log, and durable, when it returns. */
  flushNow(): void {
    this.owner.sync();
    this.writer.flush();
    this.flushedAt = this.lastAt;
  }

  roll(): void {
    this.owner.sync();
    this.writer.roll();
  }

  /** What the logs held so far cannot be continued: a new serial begins with the next log. */
  startNewSerial(): void {
    this.writer.close();
    this.instance.update({ vector: this.writer.vector(), logging: renewSerial(this.instance.facts.logging) });
    this.writer = openWriter(this.instance, this.owner, false);
  }

  /** Stops with what is captured up to now durable, and leaves what the next start needs to prove continuity. */
  stop(): void {
    try {
      const hashes = this.owner.hashes();
      const position = this.owner.stopCapture();
      if (position) this.position = position;
      if (hashes && position) this.keepHashes(position, hashes);
    } finally {
      this.persist();
      this.writer.close();
    }
  }

  /** Without room for them they are made again from backup and logs. */
  private keepHashes(position: CapturePosition, hashes: PageHashes): void {
    try {
      saveCaptureHashes(this.instance, position, hashes);
    } catch (error) {
      if (toErrorReport(error).name !== 'NO_SPACE') throw error;
    }
  }

  private sink(): CommitSink {
    return {
      commit: (commit: CapturedCommit) => {
        const { at, kind, pageCount, numbers, data, position } = commit;
        this.writer.append({ at, kind, pageCount, numbers, data }, position);
        this.lastAt = at;
      },
      flush: (position) => {
        this.writer.flush();
        this.flushedAt = this.lastAt;
        this.position = position;
        if (this.instance.agent.deps.clock.monotonic() - this.persistedAt >= PERSIST_MS) this.persist();
      },
    };
  }

  private persist(): void {
    const { instance } = this;
    this.persistedAt = instance.agent.deps.clock.monotonic();
    try {
      instance.update({ vector: this.writer.vector(), capture: this.position, lastCommitAt: this.flushedAt });
      instance.observed.lagging = null;
    } catch (error) {
      // Logging goes on where the logs have room: they know the position as well.
      if (!isStorageRefusal(error)) throw error;
      const { name, message } = toErrorReport(error);
      const why = name === 'NO_SPACE' ? `the volume of ${instance.home} is full` : `${instance.home}: ${message}`;
      const text = `The state of ${instance.name} cannot be written: ${why}`;
      instance.observed.lagging = new HoldfastError(name, text).report();
    }
  }
}

function openWriter(instance: ProtectedInstance, owner: DatabaseOwner, resume: boolean): LogWriter {
  const { files, clock } = instance.agent.deps;
  const { logging, databaseSerial, replica, vector } = instance.facts;
  ensureFolder(files, logging.directory);
  return openLogWriter({
    folder: logging.directory,
    files,
    clock,
    databaseSerial,
    serial: logging.serial as string,
    previousSerial: logging.previousSerial,
    pageSize: owner.info().pageSize,
    origin: replica,
    vector,
    minBytes: logging.minBytes,
    maxBytes: logging.maxBytes,
    resume,
  });
}
