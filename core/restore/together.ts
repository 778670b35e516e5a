// The restore of several files as one: each takes the seven steps, all are closed before the first page is written, and all become
// active under one journal when every one is complete and verified.
import type { BackendStep } from '../contract/backend.ts';
import { type ErrorReport, HoldfastError } from '../contract/errors.ts';
import type { RestoreEvent, RestoreOptions, RestoreResult, RestoreView } from '../contract/restore.ts';
import { Meeting } from '../platform/meeting.ts';
import type { HeldVector } from '../vectors/verify.ts';
import type { RestoreJournal } from './journal.ts';
import { createPeersDesk } from './peers-desk.ts';
import type { RestoreSources } from './plan-sources.ts';
import { discardRst } from './recover.ts';
import { runRestore } from './run-restore.ts';
import { activateSet } from './set-journal.ts';
import type { RestoreContext, RestoreTarget, RestoreTogether } from './types.ts';
import { rstPath } from './waiting-set.ts';

/** One file of the set: where it goes and what it is made of. */
export interface SetFile {
  id: string;
  target: RestoreTarget;
  options: RestoreOptions;
  sources: RestoreSources;
}

type Shared = Omit<RestoreContext, 'target' | 'together'>;

/**
 * Restores all files; the journal of all lies in `home`. Emits the picture of the file that is worked on, and at the end one `result`, or
 * one `failed` after all old files are active again.
 */
export async function restoreTogether(context: Shared, files: SetFile[], home: string): Promise<RestoreResult | null> {
  for (const { sources } of files)
    for (const backup of [sources.full, ...sources.incrementals]) await backup.unlock(context.keys);
  return new TogetherRestore(context, files, home).run();
}

class TogetherRestore {
  readonly #context: Shared;
  readonly #files: SetFile[];
  readonly #steps: BackendStep['all'];
  readonly #views: (RestoreView | null)[];
  readonly #closed: Meeting<null, void>;
  readonly #ready: Meeting<null, void>;
  readonly #activation: Meeting<RestoreJournal, void>;
  /** The first file last: in its step the peers verify all, and when they find one behind, a whole set waits in RST. */
  readonly #order: number[];
  /** Resolves when the file before this one is complete. */
  readonly #turns: PromiseWithResolvers<void>[];
  readonly #stop = new AbortController();
  readonly #held: HeldVector[];
  #shown = 0;
  #takenAt = 0;
  #failed: Extract<RestoreEvent, { kind: 'failed' }> | null = null;
  /** All files are exchanged: what fails now undoes nothing. */
  #activated = false;

  constructor(context: Shared, files: SetFile[], home: string) {
    this.#context = context;
    this.#files = files;
    this.#steps = files.map(({ id, target }) => ({ id, path: target.path, status: 'waiting' }));
    this.#views = files.map(() => null);
    this.#held = files.map(({ id }) => ({ backend: id, vector: [] }));
    this.#turns = files.map(() => Promise.withResolvers<void>());
    for (const turn of this.#turns) turn.promise.catch(() => undefined);
    this.#order = [...files.keys()].slice(1).concat(0);
    this.#closed = new Meeting(files.length, () => this.#turn(0));
    this.#ready = new Meeting(files.length, () => {
      this.#takenAt = context.clock.now();
      this.#show(0);
    });
    this.#activation = new Meeting(files.length, (journals) => {
      const members = files.map(({ target }, index) => ({
        home: target.home,
        journal: journals[index] as RestoreJournal,
      }));
      context.at('activating');
      activateSet(context.files, home, members, context.at);
      this.#activated = true;
    });
  }

  async run(): Promise<RestoreResult | null> {
    const all = this.#files.map((file, index) =>
      this.#one(file, index).catch((error: unknown) => {
        this.#fail(error);
        throw error;
      }),
    );
    const ended = await Promise.allSettled(all);
    const broken = ended.find((one) => one.status === 'rejected');
    if (broken && !this.#failed) throw broken.reason;
    const results = ended.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
    if (results.length === this.#files.length && !this.#failed) return this.#finish(results);
    if (!this.#activated) this.#dropIncomplete();
    for (const step of this.#steps) if (step.status !== 'failed') step.status = 'waiting';
    this.#show(this.#shown);
    if (this.#failed) this.#context.emit(this.#failed);
    return null;
  }

  #one({ id, target, options, sources }: SetFile, index: number): Promise<RestoreResult | null> {
    const { signal } = this.#context;
    const ids = this.#files.map((file) => file.id);
    return runRestore(
      {
        ...this.#context,
        target,
        signal: AbortSignal.any([signal, this.#stop.signal]),
        // Only in the first file's step peers are asked, about all files.
        desk: index === 0 ? (this.#context.desk ?? createPeersDesk(options.peers, ids)) : undefined,
        together: this.#together(index),
        emit: (event) => this.#heard(id, index, event),
      },
      options,
      sources,
    );
  }

  #together(index: number): RestoreTogether {
    return {
      takenAt: () => this.#takenAt,
      closed: async () => {
        await this.#closed.arrive(index, null);
        await this.#turns[index]?.promise;
      },
      held: (vector) => {
        (this.#held[index] as HeldVector).vector = vector;
        return index === this.#order.at(-1) ? this.#held : null;
      },
      ready: async () => {
        this.#mark(index, 'ready');
        this.#turn(this.#order.indexOf(index) + 1);
        await this.#ready.arrive(index, null);
      },
      activate: (own) => this.#activation.arrive(index, own),
    };
  }

  #heard(id: string, index: number, event: RestoreEvent): void {
    if (event.kind === 'view') {
      this.#views[index] = event.view;
      if (index === this.#shown) this.#show(index);
    } else if (event.kind === 'log') this.#context.emit({ kind: 'log', line: `${id}: ${event.line}` });
    else if (event.kind === 'result') this.#mark(index, 'done');
    else {
      // The others fail because of the first; what it says is why.
      if (!this.#failed) {
        const behind = this.#unproved(event.error);
        const message = behind.length > 0 ? event.error.message : `Backend ${id}: ${event.error.message}`;
        this.#failed = { kind: 'failed', error: { ...event.error, message } };
        for (const one of behind.length > 0 ? behind : [index]) this.#mark(one, 'failed');
        this.#shown = index;
      }
      this.#fail(HoldfastError.fromReport(event.error));
    }
  }

  /** The files for which a server's answer is missing or ahead; empty when that is not why it failed. They were compared in one step. */
  #unproved({ name }: ErrorReport): number[] {
    const why = name === 'VERIFICATION_BEHIND' ? 'behind' : name === 'VERIFICATION_UNREACHABLE' ? 'unreachable' : null;
    const { servers = [] } = this.#views[0]?.verification ?? {};
    const ids = new Set(servers.filter(({ status }) => status === why).map(({ backend }) => backend));
    return [...this.#files.keys()].filter((index) => ids.has(this.#files[index]?.id));
  }

  /** None of the others waits for one that failed, or goes on without it. */
  #fail(error: unknown): void {
    for (const meeting of [this.#closed, this.#ready, this.#activation]) meeting.cancel(error);
    for (const turn of this.#turns) turn.reject(error);
    if (!this.#activated) this.#stop.abort(error);
  }

  #turn(position: number): void {
    const index = this.#order[position];
    if (index === undefined) return;
    this.#mark(index, 'running');
    this.#show(index);
    this.#turns[index]?.resolve();
  }

  #mark(index: number, status: BackendStep['all'][number]['status']): void {
    const step = this.#steps[index];
    if (step) step.status = status;
  }

  #show(index: number): void {
    this.#shown = index;
    const view = this.#views[index];
    if (!view) return;
    const { id } = this.#files[index] as SetFile;
    const position = this.#order.indexOf(index);
    const backend = { id, index, all: this.#steps.map((step) => ({ ...step })) };
    const progress = { ...view.progress, phaseIndex: position + 1, phaseCount: this.#files.length };
    this.#context.emit({ kind: 'view', view: { ...view, progress, backend } });
  }

  /** What waits in RST for only some of the files can never become active. */
  #dropIncomplete(): void {
    const { files } = this.#context;
    const kept = this.#files.filter(({ target }) => files.existsSync(rstPath(target.home, target.path)));
    if (kept.length === this.#files.length) return;
    for (const { target } of kept) {
      discardRst(files, rstPath(target.home, target.path));
      target.waiting(null);
    }
  }

  #finish(results: RestoreResult[]): RestoreResult {
    this.#show(0);
    const unsound = results.some(({ verify }) => verify.integrity === 'failed');
    const [first] = results as [RestoreResult];
    const times = results.map((one) => one.restoredTo).filter((at) => at !== null);
    const result: RestoreResult = {
      ...first,
      verify: unsound ? { ...first.verify, status: 'overridden', integrity: 'failed' } : first.verify,
      backends: this.#held.map(({ backend = '', vector }) => ({ id: backend, vector })),
      restoredTo: times.length > 0 ? Math.max(...times) : null,
      durationMs: Math.max(...results.map((one) => one.durationMs)),
    };
    this.#context.emit({ kind: 'result', result });
    return result;
  }
}
