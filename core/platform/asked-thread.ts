// A thread of this process that answers one question after another, in order.
import { type Transferable, Worker } from 'node:worker_threads';
import { type ErrorReport, HoldfastError } from '../contract/errors.ts';

/** What a thread says: once when it is ready (anything but an error), then once for each question. */
export type Answered<Answer> = { answer: Answer } | { error: ErrorReport };

/** Asked with `Task`s, the last of which is `close`: the program then ends. */
export class AskedThread<Task, Answer> {
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<Answer>[] = [];
  #ended: Error | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (said: Answered<Answer>) => {
      const asked = this.#waiting.shift();
      if ('error' in said) asked?.reject(HoldfastError.fromReport(said.error));
      else asked?.resolve(said.answer);
    });
    worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => this.#end(new Error('A thread ended early.')));
  }

  /**
   * Starts the program `name` (no ending) that lies beside the module `from`, in a bundle beside the bundle. Null when it cannot be
   * started, as where the program's own files cannot be reached by a thread.
   */
  static async start<Task, Answer>(
    name: string,
    from: string,
    workerData: unknown,
  ): Promise<AskedThread<Task, Answer> | null> {
    const file = `./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`;
    const thread = new AskedThread<Task, Answer>(new Worker(new URL(file, from), { workerData, execArgv: [] }));
    const ready = Promise.withResolvers<Answer>();
    thread.#waiting.push(ready);
    return await ready.promise.then(
      () => thread,
      () => null,
    );
  }

  ask(task: Task, transfer: Transferable[] = []): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.push(answer);
    this.#worker.postMessage(task, transfer);
    return answer.promise;
  }

  /** Lets it finish what it was asked, and waits until it has ended. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const left = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.postMessage('close');
    await left;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const asked of this.#waiting.splice(0)) asked.reject(this.#ended);
  }
}
