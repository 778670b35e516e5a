// Runs one call to the engine for a page: busy while it runs, its error kept beside the button that caused it.
import { useCallback, useState } from 'react';
import { type ErrorReport, toErrorReport } from '../../core/contract/errors.ts';

export interface Action {
  busy: boolean;
  error: ErrorReport | null;
  clear: () => void;
  /** Resolves to the result, or to undefined when it failed; then `error` says why. */
  run: <T>(work: () => Promise<T>) => Promise<T | undefined>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorReport | null>(null);
  const clear = useCallback(() => setError(null), []);
  const run = useCallback(async <T>(work: () => Promise<T>) => {
    setBusy(true);
    setError(null);
    try {
      return await work();
    } catch (thrown) {
      setError(toErrorReport(thrown));
      return undefined;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, error, clear, run };
}
