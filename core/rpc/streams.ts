// A stream can fail later than the call that opened it: its errors are translated as well.

/** Wraps an async iterator so that whatever it throws goes through `translate`; anything else is returned as it is. */
export function translateStream<T>(output: T, translate: (thrown: unknown) => unknown): T {
  if (typeof output !== 'object' || output === null || !(Symbol.asyncIterator in output)) return output;
  const stream = output as unknown as AsyncIterableIterator<unknown>;
  const guard = async (step: () => Promise<IteratorResult<unknown>> | undefined) => {
    try {
      return (await step()) ?? { done: true as const, value: undefined };
    } catch (error) {
      throw translate(error);
    }
  };
  const wrapped: AsyncIterableIterator<unknown> = {
    next: () => guard(() => stream.next()),
    return: (value?: unknown) => guard(() => stream.return?.(value)),
    throw: (error?: unknown) => guard(() => stream.throw?.(error)),
    [Symbol.asyncIterator]: () => wrapped,
  };
  return wrapped as T;
}
