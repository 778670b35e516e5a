// One protected database of this agent: its owner, its capture, its state, and what may run on it at the same time.
import type { Contingency, FenceResult } from '../contract/agent.ts';
import type { BackupEvent, BackupOptions } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import { type ErrorReport, HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { InstanceRole, InstanceStatus, LoggingConfig } from '../contract/instance.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { RestoreEvent, RestoreOptions } from '../contract/restore.ts';
import { openDatabase } from '../sqlite/open-database.ts';
import type { DatabaseOwner } from '../sqlite/types.ts';
import { nextStamp } from '../vectors/stamp.ts';
import { advance, stampOf } from '../vectors/vector.ts';
import type { Agent } from './agent.ts';
import { contingenciesOf } from './backend-contingencies.ts';
import { type LastMark, markBarrier } from './backend-marks.ts';
import { configureBackends, joinFences, refuseSeveral, unfenceBackends } from './backend-members.ts';
import { isCorrupt } from './closed-set.ts';
import { noSecrets } from './encryption-settings.ts';
import { beginCapture, stopFullCapture } from './full-volume.ts';
import { type Activity, assertIdle, runExclusively, settleActivity } from './instance-activity.ts';
import type { InstanceCapture } from './instance-capture.ts';
import { bringToState } from './instance-opening.ts';
import { InstanceRecord, newSerial } from './instance-record.ts';
import { finishWaitingSet, instanceTarget, restoreInstance } from './instance-restore.ts';
import { changeRole, fenceInstance, fenceUntilDurable } from './instance-role.ts';
import { describeInstance } from './instance-status.ts';
import { noteIdentity, onCaptureEvent, watchInstance } from './instance-watch.ts';
import { type configureLogging, currentLogOf, describeLogging } from './logging-config.ts';
import { Observations } from './observations.ts';
import { applyBackup } from './standby-apply.ts';
import { type BackendPlace, type ChainHead, type InstanceFacts, newFacts } from './state-store.ts';
import { takeBackup } from './take-backup.ts';

export interface Emitter<T> {
  emit(event: T): void;
  replace(event: T): void;
}

/** How often opening is tried again after it failed, and the file's identity is written down. */
const RETRY_MS = 5000;

export class ProtectedInstance extends InstanceRecord {
  owner: DatabaseOwner | null = null;
  capture: InstanceCapture | null = null;
  activity: Activity | null = null;
  readonly observed: Observations;
  private triedAt = Number.NEGATIVE_INFINITY;
  private lastPageSize = 0;
  private watchFailed = false;
  private lastMark: LastMark | null = null;
  /** The instance that this file belongs to; null for the first file, which is the instance. */
  readonly first: ProtectedInstance | null;
  /** The other files that are backed up and restored together with this one; empty but for the first of several. */
  further: ProtectedInstance[] = [];

  private constructor(agent: Agent, name: string, file: string, home: string, first: ProtectedInstance | null = null) {
    super(agent, name, file, home);
    this.first = first;
    this.observed = new Observations(this);
  }

  /** A new instance, or one whose home is still there: then it continues from its state. Throws what keeps it from opening. */
  static create(
    agent: Agent,
    given: Pick<InstanceFacts, 'name' | 'path' | 'role' | 'replica' | 'site' | 'organization'>,
    home: string,
    patch: (facts: Readonly<InstanceFacts>) => Partial<InstanceFacts>,
    first: ProtectedInstance | null = null,
  ): ProtectedInstance {
    const instance = new ProtectedInstance(agent, given.name, given.path, home, first);
    try {
      instance.openStore(newFacts({ ...given, databaseSerial: newSerial() }, home));
      instance.update({ ...given, ...patch(instance.facts) });
      instance.open();
      return instance;
    } catch (error) {
      instance.close();
      throw error;
    }
  }

  /** A registered instance at the start of the agent; what goes wrong is its state, and is tried again. */
  static load(agent: Agent, name: string, file: string, home: string): ProtectedInstance {
    const instance = new ProtectedInstance(agent, name, file, home);
    instance.tryOpen();
    for (const one of instance.further) one.tryOpen();
    return instance;
  }

  /** Every file of the instance, this one first. */
  get backends(): ProtectedInstance[] {
    return [this, ...this.further];
  }
  /** The vector with every captured commit; at most one flush ahead of the stored one. */
  get vector(): Vector {
    return this.capture?.vector ?? this.facts.vector;
  }

  status(): InstanceStatus {
    return describeInstance(this);
  }

  /** Where it is and whether clients may write there; what `active.json` is made of. */
  place(): { name: string; path: string; term: number; writable: boolean } {
    return { name: this.name, path: this.path, term: this.term, writable: this.writable() };
  }

  /** Role primary, open, and neither fenced nor being replaced. */
  writable(): boolean {
    return this.backends.every((one) => one.acceptsWrites());
  }

  private acceptsWrites(): boolean {
    // Where the file is gone a client would only create an empty one.
    if (this.error?.name === 'DATABASE_REPLACED') return false;
    if (this.hasState && this.facts.cold) return false;
    return this.role === 'primary' && !this.fenced && this.owner !== null && this.activity?.kind !== 'restore';
  }

  fail(report: ErrorReport): void {
    if (this.error?.message !== report.message) this.agent.emit('error', 'critical', this.name, report.message);
    this.error = report;
  }

  /** How the last look went: its error stays only until a look goes well again. */
  watched(report: ErrorReport | null): void {
    if (report) this.fail(report);
    else if (this.watchFailed) this.error = null;
    this.watchFailed = report !== null;
  }

  pageSize(): number {
    if (this.owner) this.lastPageSize = this.owner.info().pageSize;
    return this.lastPageSize;
  }

  /** Name of the roll-forward log that is written now, or would be. */
  currentLog(): string {
    return currentLogOf(this);
  }

  logsCover(head: ChainHead): boolean {
    return this.capture?.covers(head) ?? false;
  }

  /** Pages changed after the backup `head`, ascending; asked at the moment that a copy shows. */
  changedSince(head: ChainHead): Uint32Array {
    if (!this.capture) throw new HoldfastError('LOG_GAP', `${this.name} is not being captured`);
    return this.capture.changedSince(head);
  }

  /** Captures what was committed up to now and makes it durable. */
  captureNow(): { restorableTo: number | null; vector: Vector } {
    for (const one of this.backends) one.capture?.flushNow();
    const safe = this.backends.map((one) => one.capture?.safeTo ?? null);
    const every = safe.filter((at) => at !== null);
    return { restorableTo: every.length === safe.length ? Math.min(...every) : null, vector: this.vector };
  }

  /** Without logging a commit is only seen as a change: the own stamp moves once for all that happened since. */
  noticeCommits(): void {
    // A capture that waits for room will find those commits itself, and count them.
    if (
      this.capture ||
      this.facts.logging.on ||
      !this.owner ||
      this.role !== 'primary' ||
      this.fenced ||
      !this.owner.changed()
    )
      return;
    const now = this.agent.deps.clock.now();
    const stamp = nextStamp(stampOf(this.facts.vector, this.facts.replica), this.facts.replica, now);
    this.update({ vector: advance(this.facts.vector, stamp), lastCommitAt: now });
  }

  tick(): void {
    const now = this.agent.deps.clock.monotonic();
    const wanted = this.error || (this.first && this.triedAt === Number.NEGATIVE_INFINITY);
    if (wanted && !this.owner && !this.activity && now - this.triedAt >= RETRY_MS) this.tryOpen();
    watchInstance(this);
    if (this.further.length > 0) this.lastMark = markBarrier(this, this.lastMark);
  }

  /** Brings the file to what the state says: open and captured, fenced, or closed. Throws what keeps it from that. */
  open(): void {
    bringToState(this);
  }

  openOwner(): DatabaseOwner {
    try {
      this.owner ??= openDatabase(this.path, this.agent.roots, this.agent.deps);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      throw new HoldfastError('INTEGRITY_FAILED', `${this.path} is damaged: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.lastPageSize = this.owner.info().pageSize;
    return this.owner;
  }

  startCapture(): void {
    if (!this.owner || this.capture || !this.facts.logging.on || this.facts.fenced) return;
    this.capture = beginCapture(this, this.owner, (event, capture) => onCaptureEvent(this, event, capture));
  }

  stopCapture(): void {
    const { capture } = this;
    this.capture = null;
    capture?.stop();
  }

  /** Stops capture and lets go of the file; the state stays open. */
  closeFile(): void {
    try {
      stopFullCapture(this);
    } finally {
      const { owner } = this;
      this.owner = null;
      owner?.close();
    }
  }

  close(): void {
    for (const one of this.further) one.close();
    this.further = [];
    if (this.owner && this.hasState) noteIdentity(this);
    this.closeFile();
    this.closeStore();
  }

  /** Cancels what runs and waits for its end. */
  settle(): Promise<void> {
    return settleActivity(this);
  }

  /** Throws BACKUP_ACTIVE or RESTORE_ACTIVE. */
  assertIdle(): void {
    assertIdle(this);
  }

  /** Runs the one backup or restore that this instance may have at a time. */
  exclusively(
    kind: Activity['kind'],
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    return runExclusively(this, kind, signal, work);
  }

  backup(
    options: BackupOptions,
    out: Emitter<BackupEvent>,
    signal: AbortSignal,
    secrets: Secrets = noSecrets,
  ): Promise<void> {
    return this.exclusively('backup', signal, async (abort) => {
      const result = await takeBackup(this, options, secrets, out, abort);
      out.emit({ kind: 'result', result });
    });
  }

  restore(
    options: RestoreOptions,
    out: Emitter<RestoreEvent>,
    signal: AbortSignal,
    secrets: Secrets = noSecrets,
  ): Promise<void> {
    return this.exclusively('restore', signal, (abort) => restoreInstance(this, options, out, abort, secrets));
  }

  applyToStandby(file: string, log: string, out: Emitter<RestoreEvent>, signal: AbortSignal): Promise<void> {
    return this.exclusively('restore', signal, (abort) => applyBackup(this, file, log, out, abort));
  }

  async finishRst(input: {
    action: 'activate' | 'delete';
    override: boolean;
    open: boolean;
    clearLock: boolean;
    log: string;
  }): Promise<{ contingency: string | null }> {
    let contingency: string | null = null;
    await this.exclusively('restore', new AbortController().signal, async () => {
      contingency = await finishWaitingSet(this, input);
    });
    return { contingency };
  }

  contingencies(): Contingency[] {
    return contingenciesOf(this);
  }

  loggingConfig(): LoggingConfig {
    return describeLogging(this);
  }

  setConfig(change: Parameters<typeof configureLogging>[1]): LoggingConfig {
    this.assertIdle();
    configureBackends(this, change);
    return describeLogging(this);
  }

  clearOutOfSync(): void {
    for (const one of this.backends) one.update({ outOfSync: null });
  }

  fence(reason: string, term: number, timeoutMs: number): FenceResult {
    return joinFences(this.backends.map((one) => fenceInstance(one, reason, term, timeoutMs)));
  }

  async fenceUntilDurable(reason: string, term: number, timeoutMs: number): Promise<FenceResult> {
    return joinFences(await Promise.all(this.backends.map((one) => fenceUntilDurable(one, reason, term, timeoutMs))));
  }

  unfence(term: number): InstanceStatus {
    unfenceBackends(this, term);
    return this.status();
  }

  setRole(role: InstanceRole, term: number): InstanceStatus {
    refuseSeveral(this, role === 'standby' ? 'become a standby' : null);
    for (const one of this.backends) changeRole(one, role, term);
    return this.status();
  }

  requireFull(reason: string): void {
    if (!this.first?.facts.fullRequired) this.first?.requireFull(`Backend ${this.backendId}: ${reason}`);
    if (this.facts.fullRequired === reason) return;
    this.update({ fullRequired: reason });
    if (!this.first)
      this.agent.emit('fullRequired', 'warning', this.name, `${this.name} needs a full backup: ${reason}`);
  }

  outOfSync(reason: string): void {
    this.requireFull(reason);
    if (this.facts.outOfSync) return;
    this.update({ outOfSync: reason });
    if (this.first) this.first.outOfSync(`Backend ${this.backendId}: ${reason}`);
    else this.agent.emit('outOfSync', 'critical', this.name, `${this.name} is out of sync: ${reason}`);
  }

  protected override openStore(initial: InstanceFacts): void {
    const before = this.hasState;
    super.openStore(initial);
    if (!before && !this.first) this.further = this.facts.further.map((place) => this.knownBackend(place));
  }

  /** A further file with its state, not opened yet; without its state it says why, and tries again. */
  private knownBackend({ path: file, home }: BackendPlace): ProtectedInstance {
    const one = new ProtectedInstance(this.agent, this.name, file, home, this);
    try {
      one.openStore(one.unknownFacts());
    } catch (error) {
      one.fail(toErrorReport(error));
    }
    return one;
  }

  /** Opens what the state says; what goes wrong is the instance's error, and is tried again. */
  tryOpen(): void {
    this.triedAt = this.agent.deps.clock.monotonic();
    try {
      this.openStore(this.unknownFacts());
      this.open();
    } catch (error) {
      this.closeFile();
      this.fail(toErrorReport(error));
    }
  }

  /** The restore's view of this instance. */
  target() {
    return instanceTarget(this);
  }
}
