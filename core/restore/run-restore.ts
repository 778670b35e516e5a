// The seven steps of a restore, journalled: whatever fails or is cancelled, the old set is active again.
import path from 'node:path';
import { type LogEntryWriter, startRestoreEntry, tolerantEntry } from '../backup/backup-log.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { RestoreOptions, RestoreResult, Verification } from '../contract/restore.ts';
import { fsyncFolder } from '../platform/files.ts';
import { momentText } from '../platform/time-text.ts';
import { swapIn } from './activate.ts';
import { lockFile } from './closed-lock.ts';
import { contingencyFolder, dropContingency } from './contingency.ts';
import { closeJournal, identify, type RestoredSet, type RestoreJournal, writeJournal } from './journal.ts';
import { nameHolders } from './name-holders.ts';
import { createPeersDesk, type PeersDesk } from './peers-desk.ts';
import { createPicture, type Picture } from './picture.ts';
import { logRange, planSources, type RestoreSources } from './plan-sources.ts';
import { discardRst, putBack } from './recover.ts';
import { restoreSet } from './restore-set.ts';
import type { RestoreContext } from './types.ts';
import { notVerified, verifyRestored } from './verify-step.ts';
import { rstPath } from './waiting-set.ts';

/** What step 6 says of a verification that lets the restore go on. */
const verdictWords: Partial<Record<Verification['status'], string>> = {
  ok: 'nothing missing',
  noPeers: 'integrity good, no other server to ask',
  overridden: 'overridden by hand',
  skipped: 'servers not asked',
};

/**
 * Restores into `context.target`. Emits views, log lines, and at the end a `result`, or `failed` after the old set is
 * active again. Throws only what stood in the way before anything was begun.
 */
export async function runRestore(
  context: RestoreContext,
  options: RestoreOptions,
  planned: RestoreSources | null = null,
): Promise<RestoreResult | null> {
  const sources = planned ?? planSources(options, context.files);
  for (const backup of [sources.full, ...sources.incrementals]) await backup.unlock(context.keys);
  return new Restore(context, options, sources).run();
}

class Restore {
  private readonly context: RestoreContext;
  private readonly options: RestoreOptions;
  private readonly sources: RestoreSources;
  private readonly picture: Picture;
  private readonly startedAt: number;
  private readonly began: number;
  private readonly rst: string;
  private journal: RestoreJournal;
  private entry: LogEntryWriter;
  private step = 0;
  private lowLevelDone = false;
  private closed = false;
  private pastReturn = false;
  private verification: Verification = notVerified;
  private readonly desk: PeersDesk;

  constructor(context: RestoreContext, options: RestoreOptions, sources: RestoreSources) {
    const { target, files, clock } = context;
    this.context = context;
    this.options = options;
    this.sources = sources;
    this.desk = context.desk ?? createPeersDesk(options.peers);
    this.startedAt = clock.now();
    this.began = clock.monotonic();
    this.rst = rstPath(target.home, target.path);
    const bytes = files.statSync(target.path, { throwIfNoEntry: false })?.size ?? null;
    this.picture = createPicture(context, target.path, bytes, this.rst);
    this.journal = {
      version: 1,
      startedAt: this.startedAt,
      phase: 'closing',
      target: target.path,
      rst: this.rst,
      log: options.log,
      nds: identify(files, target.path),
      wasFenced: target.wasFenced,
      contingency: null,
      rstFile: null,
      set: null,
    };
    const entry = startRestoreEntry(options.log, { startedAt: this.startedAt, restoreFile: options.file }, files);
    this.entry = tolerantEntry(entry, (error) =>
      context.emit({ kind: 'log', line: `The backup log could not be written: ${toErrorReport(error).message}` }),
    );
  }

  async run(): Promise<RestoreResult | null> {
    try {
      await this.closeAgent();
      await this.switchToRst();
      const set = await this.restorePages();
      await this.disableRst(set);
      await this.resetLogSettings();
      await this.verify(set);
      const verified = { ...set, verified: true };
      const contingency = await this.activate(verified);
      return this.finish(verified, contingency);
    } catch (error) {
      this.fail(error);
      return null;
    }
  }

  /** Runs one step with its picture; `work` returns the detail that is shown. */
  private async inStep<T>(
    step: number,
    work: () => Promise<{ value: T; detail: string; status?: 'skipped' }>,
  ): Promise<T> {
    const { signal, at } = this.context;
    this.step = step;
    if (signal.aborted) throw new HoldfastError('CANCELLED');
    this.picture.step(step, 'running');
    at(`step${step}.begin`);
    const { value, detail, status } = await work();
    this.picture.step(step, status ?? 'done', detail);
    this.note(`Step ${step}: ${this.picture.view().steps[step - 1]?.name ?? ''}${detail ? `, ${detail}` : ''}`);
    at(`step${step}.end`);
    await new Promise((resolve) => setImmediate(resolve));
    return value;
  }

  private note(line: string): void {
    this.entry.line(line);
    this.context.emit({ kind: 'log', line });
  }

  private save(patch: Partial<RestoreJournal>): void {
    this.journal = { ...this.journal, ...patch };
    writeJournal(this.context.files, this.context.target.home, this.journal);
  }

  private closeAgent(): Promise<void> {
    return this.inStep(1, async () => {
      const { target, files } = this.context;
      files.mkdirSync(path.dirname(this.rst), { recursive: true, mode: 0o700 });
      this.save({ phase: 'closing' });
      this.context.at('closing');
      await target.close(this.context.signal, (holders) =>
        this.picture.step(1, 'running', `waiting until ${nameHolders(holders)} closes it`),
      );
      this.closed = true;
      // Closing may have moved frames back into the file, never exchanged it.
      this.journal.nds = identify(files, target.path);
      if (this.journal.nds) this.picture.sets({ nds: { state: 'active, locked' } });
      await this.context.together?.closed();
      return { value: undefined, detail: this.journal.nds ? 'capture stopped, old set locked' : 'no old set' };
    });
  }

  private switchToRst(): Promise<void> {
    return this.inStep(2, async () => {
      discardRst(this.context.files, this.rst);
      this.context.target.waiting(null);
      this.save({ phase: 'restoring' });
      this.picture.sets({ rst: { state: 'being written' } });
      return { value: undefined, detail: path.basename(this.rst) };
    });
  }

  private restorePages(): Promise<RestoredSet> {
    return this.inStep(3, async () => {
      const { files, signal } = this.context;
      const { last, full } = this.sources;
      const range = logRange(this.options, last.info);
      const pages = await restoreSet(
        this.rst,
        this.sources,
        range,
        this.picture.map,
        this.picture.progress,
        files,
        signal,
      );
      fsyncFolder(files, path.dirname(this.rst));
      this.picture.restored(pages.restoredTo, pages.lastCommit, pages.pageCount * full.info.pageSize);
      const set: RestoredSet = {
        file: last.info.file,
        idtag: last.info.idtag,
        serial: last.info.serial,
        sequence: last.info.sequence,
        baseIdtag: last.info.baseIdtag,
        databaseSerial: last.info.databaseSerial ?? '',
        vector: pages.vector,
        restoredTo: pages.restoredTo,
        verified: false,
        keepLogSettings: this.options.keepLogSettings,
        open: this.options.open,
        clearLock: this.options.clearLock,
      };
      return {
        value: set,
        detail: `${pages.pageCount.toLocaleString('en-US')} pages, up to ${momentText(pages.restoredTo)}`,
      };
    });
  }

  private disableRst(set: RestoredSet): Promise<void> {
    return this.inStep(4, async () => {
      const { files } = this.context;
      lockFile(files, this.rst);
      this.save({ phase: 'disabled', set, rstFile: identify(files, this.rst) });
      this.picture.sets({ rst: { state: 'complete, disabled' } });
      return { value: undefined, detail: 'write version set to read-only' };
    });
  }

  private resetLogSettings(): Promise<void> {
    return this.inStep(5, async () => {
      const { logSettings } = this.context.target;
      if (logSettings === null) return { value: undefined, detail: 'there are none', status: 'skipped' };
      if (this.options.keepLogSettings) return { value: undefined, detail: `kept: ${logSettings}`, status: 'skipped' };
      return { value: undefined, detail: `were: ${logSettings}; off once this set is active` };
    });
  }

  private verify(set: RestoredSet): Promise<void> {
    return this.inStep(6, async () => {
      this.save({ phase: 'verifying', set });
      this.lowLevelDone = true;
      this.context.at('verifying');
      const { clock, signal, together } = this.context;
      const held = together ? together.held(set.vector) : [{ vector: set.vector }];
      const { status, integrity } = await verifyRestored({
        ...{
          rst: this.rst,
          held,
          options: this.options,
          desk: this.desk,
          clock,
          signal,
          entry: this.entry,
        },
        note: (line) => this.note(line),
        show: (verification) => {
          this.verification = verification;
          this.picture.verification(verification);
        },
        keep: (verification) => {
          this.save({ verification });
          this.context.at('waiting');
        },
      });
      if (status === 'waiting') {
        const state = integrity === 'ok' ? 'sound' : 'not sound';
        return { value: undefined, detail: `${state}; servers are asked when all files are restored` };
      }
      return { value: undefined, detail: verdictWords[status] ?? status };
    });
  }

  private activate(set: RestoredSet): Promise<string | null> {
    return this.inStep(7, async () => {
      const { target, files, clock, at, together } = this.context;
      await together?.ready();
      if (!this.options.activate) {
        const reason = 'Restored without activation';
        target.waiting({ set, reason, verification: this.verification });
        putBack(files, this.journal, target);
        this.picture.sets({ nds: { state: this.journal.nds ? 'active' : 'absent' } });
        return { value: null, detail: 'the set waits in RST', status: 'skipped' };
      }
      const contingency = this.journal.nds
        ? contingencyFolder(files, target.home, together?.takenAt() ?? clock.now())
        : null;
      // From here a cancel comes too late: the swap takes milliseconds and is settled as a whole.
      if (together) {
        const { dataTime } = target;
        await together.activate({ ...this.journal, phase: 'activating', contingency, set, dataTime });
        this.journal = { ...this.journal, contingency, set };
      } else {
        this.save({ phase: 'activating', contingency, set });
        at('activating');
        swapIn(
          files,
          this.journal,
          { takenAt: clock.now(), dataTime: target.dataTime, reason: `Replaced by restore ${set.idtag}` },
          at,
        );
      }
      this.pastReturn = true;
      const redundant = target.contains(set);
      this.save({ phase: 'activated' });
      at('activated');
      target.adopt(set);
      at('adopted');
      closeJournal(files, target.home);
      this.picture.sets({
        nds: { state: set.clearLock ? 'active' : 'active, locked', bytes: files.statSync(target.path).size },
        rst: { state: 'absent', bytes: 0 },
      });
      target.opened(set);
      if (!contingency) return { value: null, detail: '' };
      if (!redundant) return { value: contingency, detail: `old set kept in ${contingency}` };
      dropContingency(files, contingency);
      return { value: null, detail: 'the old set held nothing else and was not kept' };
    });
  }

  private finish(set: RestoredSet, contingency: string | null): RestoreResult {
    const { target, clock, emit } = this.context;
    const durationMs = Math.round(clock.monotonic() - this.began);
    const view = this.picture.view();
    this.entry.succeeded(durationMs);
    this.picture.flush();
    const result: RestoreResult = {
      steps: view.steps.map(({ step, status }) => ({ step, status })),
      restoredTo: view.restoredTo,
      lastCommit: view.lastCommit,
      verify: view.verification,
      activated: this.options.activate,
      contingency,
      target: this.options.activate ? target.path : this.rst,
      vector: set.vector,
      durationMs,
    };
    emit({ kind: 'result', result });
    return result;
  }

  /** Back to the old set, then the verdict; a failure after the point of no return leaves the journal for the next start. */
  private fail(thrown: unknown): void {
    const { clock, emit, signal } = this.context;
    const report = signal.aborted && !this.pastReturn ? new HoldfastError('CANCELLED').report() : toErrorReport(thrown);
    this.picture.step(this.step, 'failed', report.message);
    if (this.pastReturn) this.note('The restored set is in place; the rest is settled at the next opening');
    try {
      if (!this.pastReturn) this.takeBack(report.message);
    } catch (error) {
      // The journal is still open; whoever called settles it as after a crash.
      this.note(`The old set could not be made active at once: ${toErrorReport(error).message}`);
    }
    this.entry.failed(report.code, Math.round(clock.monotonic() - this.began));
    this.picture.flush();
    emit({ kind: 'log', line: `Restore failed, error ${report.code}: ${report.message}` });
    emit({ kind: 'failed', error: report });
  }

  private takeBack(reason: string): void {
    const { target, files } = this.context;
    const { nds, set, wasFenced } = this.journal;
    const keep = this.lowLevelDone && set !== null;
    if (keep) target.waiting({ set, reason, verification: this.verification });
    else if (this.step > 1) discardRst(files, this.rst);
    if (!this.closed) closeJournal(files, target.home);
    else if (putBack(files, this.journal, target) === 'completed') {
      this.picture.sets({ nds: { state: 'active' }, rst: { state: 'absent', bytes: 0 } });
      return;
    }
    this.picture.sets({
      nds: { state: nds ? (wasFenced ? 'active, locked' : 'active') : 'absent' },
      rst: keep ? { state: 'complete, disabled' } : { state: this.step > 1 ? 'discarded' : 'absent', bytes: 0 },
    });
  }
}
