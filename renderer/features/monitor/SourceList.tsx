// Every file a restore reads, in order, with how much of it is read.
import type { RestoreView } from '../../../core/contract/restore.ts';
import { formatBytes } from '../../ui/index.ts';
import { StepMark } from './StepMark.tsx';
import { sourceShare } from './source-line.ts';

const kinds = { full: 'full', incremental: 'inc', log: 'log' } as const;
const states = { waiting: 'waits', running: 'being read', done: 'done', failed: 'failed', skipped: 'skipped' } as const;
const fileName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** Files of one backup series differ at the end of their names, so a long name gives way in its middle. */
const tail = 12;

export function SourceList({ sources }: { sources: RestoreView['sources'] }) {
  if (sources.length === 0) return <p className="hf-muted mon-quiet">The sources are not known yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
    <section className="mon-source-scroll" tabIndex={0} aria-label="Sources">
      <ul className="mon-sources">
        {sources.map((source) => (
          <li key={source.name} className={`mon-source is-${source.status}`} title={source.name}>
            <StepMark status={source.status} label={states[source.status]} />
            <span className="mon-source-name">
              <span className="hf-ellipsis">{fileName(source.name).slice(0, -tail)}</span>
              <span>{fileName(source.name).slice(-tail)}</span>
            </span>
            <span className="mon-source-kind">{kinds[source.kind]}</span>
            <span className="mon-source-bytes hf-num">
              {source.status === 'running'
                ? `${Math.floor(sourceShare(source) * 100)} %`
                : source.total > 0
                  ? formatBytes(source.total)
                  : ''}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
