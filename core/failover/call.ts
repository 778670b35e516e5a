// Calls to agents that cannot hang: a limit in time for short ones, a limit on silence for streams.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';

/** Runs `call` and aborts it after `ms` with SERVER_UNREACHABLE; `what` completes "… did not …" for the message. */
export async function within<T>(
  clock: Clock,
  ms: number,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const late = new AbortController();
  const limit = clock.sleep(ms, late.signal).then(
    () => {
      const error = new HoldfastError('SERVER_UNREACHABLE', `${what} within ${Math.round(ms / 100) / 10} s`);
      end.abort(error);
      throw error;
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([call(end.signal), limit]);
  } finally {
    late.abort();
  }
}

/** Passes a stream on and ends it with SERVER_UNREACHABLE when nothing came for `ms`, or as soon as `signal` aborts. */
export async function* watched<T>(
  clock: Clock,
  ms: number,
  what: string,
  signal: AbortSignal,
  open: (signal: AbortSignal) => Promise<AsyncIterable<T>>,
): AsyncGenerator<T, void, void> {
  const end = new AbortController();
  const onAbort = () => end.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(cancelled(end.signal));
    if (end.signal.aborted) fail();
    else end.signal.addEventListener('abort', fail, { once: true });
  });
  aborted.catch(() => {});
  const step = async <R>(work: Promise<R>): Promise<R> => {
    const timer = new AbortController();
    const limit = clock.sleep(ms, timer.signal).then(
      () => {
        const error = new HoldfastError('SERVER_UNREACHABLE', `${what} for ${Math.round(ms / 1000)} s`);
        end.abort(error);
        throw error;
      },
      () => new Promise<never>(() => {}),
    );
    work.catch(() => {});
    try {
      return await Promise.race([work, limit, aborted]);
    } finally {
      timer.abort();
    }
  };
  let iterator: AsyncIterator<T> | null = null;
  try {
    iterator = (await step(open(end.signal)))[Symbol.asyncIterator]();
    for (;;) {
      const next = await step(iterator.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!end.signal.aborted) end.abort(new HoldfastError('CANCELLED'));
    void iterator?.return?.()?.catch(() => {});
  }
}

function cancelled(signal: AbortSignal): unknown {
  return signal.reason instanceof HoldfastError ? signal.reason : new HoldfastError('CANCELLED');
}
