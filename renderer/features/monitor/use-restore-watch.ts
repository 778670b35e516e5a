// Follows one restore through the engine's stream; keeps the last picture while the connection is gone, and follows again after.
import { useEffect, useState } from 'react';
import { type ErrorReport, toErrorReport } from '../../../core/contract/errors.ts';
import { useApi, useLive } from '../../app/app.ts';
import type { RestorePicture } from './restore-phase.ts';

export interface RestoreWatch {
  /** Null until the first one arrives; never one of another job. */
  picture: RestorePicture | null;
  error: ErrorReport | null;
}

export function useRestoreWatch(jobId: string | null): RestoreWatch {
  const api = useApi();
  const live = useLive();
  const [state, setState] = useState<RestoreWatch & { jobId: string | null }>({
    jobId: null,
    picture: null,
    error: null,
  });
  useEffect(() => {
    if (jobId === null || !live) return;
    const controller = new AbortController();
    const follow = async () => {
      const stream = await api.restore.watch({ jobId }, { signal: controller.signal });
      for await (const picture of stream) setState({ jobId, picture, error: null });
    };
    follow().catch((thrown: unknown) => {
      if (controller.signal.aborted) return;
      setState((before) => ({
        jobId,
        picture: before.jobId === jobId ? before.picture : null,
        error: toErrorReport(thrown),
      }));
    });
    return () => controller.abort();
  }, [api, jobId, live]);
  return state.jobId === jobId ? state : { picture: null, error: null };
}
