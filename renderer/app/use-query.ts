// Asks the engine for something that is not in the snapshot, again whenever its key changes; late answers are dropped.
import { useCallback, useEffect, useState } from 'react';
import { type ErrorReport, toErrorReport } from '../../core/contract/errors.ts';

export interface Query<T> {
  data: T | null;
  error: ErrorReport | null;
  loading: boolean;
  reload: () => void;
}

/**
 * `key` names what is asked for; null asks for nothing. The data of another key is never shown. A reload, or another `version` of the
 * site that the answer depends on, keeps the old data until the new is there.
 */
export function useQuery<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
  version: string | number = '',
): Query<T> {
  const [state, setState] = useState<{
    key: string | null;
    data: T | null;
    error: ErrorReport | null;
    loading: boolean;
  }>({
    key: null,
    data: null,
    error: null,
    loading: false,
  });
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `ask`, which is a new function each time; `round` and `version` ask again
  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    setState((before) => ({ ...(before.key === key ? before : { key, data: null, error: null }), loading: true }));
    ask(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ key, data, error: null, loading: false }),
      (thrown: unknown) =>
        !controller.signal.aborted &&
        setState((before) => ({ ...before, error: toErrorReport(thrown), loading: false })),
    );
    return () => controller.abort();
  }, [key, round, version]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  const current = state.key === key;
  return {
    data: current ? state.data : null,
    error: current ? state.error : null,
    loading: key !== null && (!current || state.loading),
    reload,
  };
}
