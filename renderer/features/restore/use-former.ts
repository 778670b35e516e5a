// What a former restore chose, for a wizard that begins with it.
import type { RestoreChoices } from '../../../core/contract/console.ts';
import { type ErrorReport, HoldfastError, toErrorReport } from '../../../core/contract/errors.ts';
import type { FolderDatabase } from '../../../core/contract/library.ts';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';

export interface Former {
  choices: RestoreChoices | null;
  /** The backup folders that it was made from, opened again. */
  folder: FolderDatabase | null;
  error: ErrorReport | null;
  loading: boolean;
  /** Something was asked for that is not known yet, or cannot be known. */
  waits: boolean;
  reload: () => void;
}

export function useFormer(jobId: string | undefined): Former {
  const api = useApi();
  const kept = useQuery(jobId ?? null, (signal) => api.restore.choices({ jobId: jobId ?? '' }, { signal }));
  const from = kept.data?.request.from ?? null;
  const opened = useQuery(from ? JSON.stringify(from) : null, (signal) => {
    const { server, folders } = from ?? { server: null, folders: [] };
    return api.library.open({ server, folders }, { signal });
  });
  const folder = opened.data?.databases.find(
    ({ source }) => source.instance === from?.instance && source.srvname === from.srvname,
  );
  const gone: ErrorReport | null =
    opened.data && !folder && from
      ? toErrorReport(
          new HoldfastError('NOT_FOUND', `No backup of ${from.instance} is in ${from.folders.join(', ')} any more.`),
        )
      : null;
  const choices = from && !folder ? null : kept.data;
  return {
    choices,
    folder: folder ?? null,
    error: kept.error ?? opened.error ?? gone,
    loading: kept.loading || opened.loading,
    waits: jobId !== undefined && choices === null,
    reload: kept.error ? kept.reload : opened.reload,
  };
}
