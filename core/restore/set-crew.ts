// Who does the work on a set: a few threads, or this one where threads would not pay or cannot be had.
import os from 'node:os';
import { HoldfastError } from '../contract/errors.ts';
import type { EncryptionRecord } from '../encryption/record.ts';
import type { BlockCipher, BlockKeys } from '../encryption/types.ts';
import { AskedThread } from '../platform/asked-thread.ts';
import { type Files, systemFiles } from '../platform/files.ts';
import { type SetPlan, type SetTask, SetWork } from './set-work.ts';

type SetThread = AskedThread<SetTask, number>;

/** What a thread begins with. */
export interface CrewData {
  plan: SetPlan;
  ciphers: ({ record: EncryptionRecord; keys: BlockKeys } | null)[];
}

export interface SetCrew {
  readonly threads: number;
  /**
   * Does the tasks and calls `done` after each, in no particular order. After a failure or a cancel nothing is begun any more; it
   * throws once nothing is under way.
   */
  run(tasks: Iterable<SetTask>, done: (task: SetTask, pages: number) => void): Promise<void>;
  close(): Promise<void>;
}

export interface CrewOptions {
  plan: SetPlan;
  ciphers: (BlockCipher | null)[];
  files: Files;
  signal: AbortSignal;
  /** Lets others have this thread, and the disk catch up. Called before each task. */
  breathe(): Promise<void>;
  /** Below so many bytes a thread is not worth its start. */
  threadedFrom?: number;
}

const THREADED_FROM = 48 * 1024 * 1024;
const MOST_THREADS = 4;
/** Given to a thread at once, so that it never waits for this one. */
const AHEAD = 2;

/** Threads for a large set, this thread for a small one, for files that are not the system's, and where no thread starts. */
export async function gatherCrew(options: CrewOptions): Promise<SetCrew> {
  const { plan, files, threadedFrom = THREADED_FROM } = options;
  const bytes = plan.pageCount * plan.pageSize;
  const count = files === systemFiles && bytes >= threadedFrom ? Math.min(MOST_THREADS, os.availableParallelism()) : 0;
  const keys = options.ciphers.map((cipher) => cipher && { record: cipher.record, keys: cipher.keys });
  const data: CrewData = { plan, ciphers: keys };
  const started = await Promise.all(
    Array.from({ length: count }, () => AskedThread.start<SetTask, number>('set-worker', import.meta.url, data)),
  );
  const threads = started.filter((thread) => thread !== null);
  return threads.length > 0 ? new ThreadedCrew(threads, options) : inPlace(options);
}

function inPlace({ plan, ciphers, files, breathe }: CrewOptions): SetCrew {
  const work = new SetWork(plan, ciphers, files);
  return {
    threads: 0,
    async run(tasks, done) {
      for (const task of tasks) {
        await breathe();
        done(task, work.carryOut(task));
      }
    },
    close: async () => work.close(),
  };
}

class ThreadedCrew implements SetCrew {
  readonly #threads: SetThread[];
  readonly #signal: AbortSignal;
  readonly #breathe: () => Promise<void>;

  constructor(threads: SetThread[], { signal, breathe }: CrewOptions) {
    this.#threads = threads;
    this.#signal = signal;
    this.#breathe = breathe;
  }

  get threads(): number {
    return this.#threads.length;
  }

  async run(tasks: Iterable<SetTask>, done: (task: SetTask, pages: number) => void): Promise<void> {
    const rest = tasks[Symbol.iterator]();
    let failure: { error: unknown } | null = null;
    const shift = async (thread: SetThread) => {
      for (let next = rest.next(); !next.done && !failure && !this.#signal.aborted; next = rest.next()) {
        try {
          await this.#breathe();
          done(next.value, await thread.ask(next.value));
        } catch (error) {
          failure ??= { error };
        }
      }
    };
    await Promise.all(this.#threads.flatMap((thread) => Array.from({ length: AHEAD }, () => shift(thread))));
    const failed = failure as { error: unknown } | null;
    if (failed) throw failed.error;
    if (this.#signal.aborted) throw new HoldfastError('CANCELLED');
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
