// Turns a long operation into the stream that the contract promises: it goes on while nobody reads, latest view wins,
// and ends when the reader goes away.
interface Emitter<T> {
  /** Queued in order, never dropped. */
  emit(event: T): void;
  /** Replaces a replaceable event that nobody has read yet. */
  replace(event: T): void;
}

/** Runs `work`; its signal aborts when the caller's does, and when the reader stops reading early. */
export async function* streamOperation<T>(
  signal: AbortSignal | undefined,
  work: (emitter: Emitter<T>, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void, void> {
  const controller = new AbortController();
  const forward = () => controller.abort(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener('abort', forward, { once: true });

  const queue: { event: T; replaceable: boolean }[] = [];
  let wake: (() => void) | null = null;
  let ended = false;
  const push = (event: T, replaceable: boolean) => {
    const last = queue.at(-1);
    if (replaceable && last?.replaceable) last.event = event;
    else queue.push({ event, replaceable });
    wake?.();
  };
  let failure: { error: unknown } | null = null;
  const running = work(
    { emit: (event) => push(event, false), replace: (event) => push(event, true) },
    controller.signal,
  )
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      ended = true;
      wake?.();
    });
  try {
    for (;;) {
      const next = queue.shift();
      if (next) yield next.event;
      else if (ended) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener('abort', forward);
    if (!ended) controller.abort(new DOMException('The reader went away', 'AbortError'));
    await running;
  }
  if (failure) throw (failure as { error: unknown }).error;
}
