// The sources of a restore in one line, as the step list shows them: `full ✓  inc 2 ✓  logs 3/5`.
import type { RestoreView } from '../../../core/contract/restore.ts';

type Source = RestoreView['sources'][number];

export interface SourceGroup {
  kind: Source['kind'];
  label: string;
  done: number;
  total: number;
  status: 'waiting' | 'running' | 'done' | 'failed';
}

const labels = { full: 'full', incremental: 'inc', log: 'logs' } as const;

/** Fulls, incrementals and logs counted; a kind that is not used is left out. */
export function sourceGroups(sources: readonly Source[]): SourceGroup[] {
  return (['full', 'incremental', 'log'] as const).flatMap((kind) => {
    const ofKind = sources.filter((source) => source.kind === kind);
    if (ofKind.length === 0) return [];
    // One that was cut short by the end of the restore is not done.
    const done = ofKind.filter((source) => source.status === 'done').length;
    const status = ofKind.some((source) => source.status === 'failed')
      ? 'failed'
      : done === ofKind.length
        ? 'done'
        : ofKind.some((source) => source.status === 'running') || done > 0
          ? 'running'
          : 'waiting';
    return [{ kind, label: labels[kind], done, total: ofKind.length, status }];
  });
}

/** `full ✓`, `inc 2 ✓`, `logs 3/5`, `logs 2/5 ✕`. */
export function groupText(group: SourceGroup): string {
  const number =
    group.kind === 'full' && group.total === 1
      ? ''
      : ` ${group.status === 'done' ? group.total : `${group.done}/${group.total}`}`;
  const mark = group.status === 'done' ? ' ✓' : group.status === 'failed' ? ' ✕' : '';
  return `${group.label}${number}${mark}`;
}

/** Share of one source that is read, 0 to 1; a source of unknown size counts by its status. */
export function sourceShare(source: Source): number {
  if (source.status === 'done') return 1;
  return source.total > 0 ? Math.min(1, source.done / source.total) : 0;
}
