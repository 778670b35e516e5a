// Which way? Everything that can bring the database back, best first: how far, at what loss, how long, and whether it was proven.
import type { WayBack, WaysBack } from '../../../core/contract/library.ts';
import { Badge, type Column, EngineText, formatDuration, Table, Time } from '../../ui/index.ts';

/** `nothing`, `14 commits, 12 s`, `3 commits that only SRV-1 has`: what is lost against the newest commit that is known anywhere. */
export function lossText({
  lossCommits,
  lossMs,
  lossHeldBy,
}: Pick<WayBack, 'lossCommits' | 'lossMs' | 'lossHeldBy'>): string {
  if (lossCommits === 0) return 'nothing';
  const commits = lossCommits === null ? null : `${lossCommits} commit${lossCommits === 1 ? '' : 's'}`;
  // Commits of another life can be lost without reaching less far.
  if (commits && lossHeldBy.length > 0) return `${commits} that only ${lossHeldBy.join(' and ')} has`;
  const span = !lossMs ? null : formatDuration(lossMs);
  return [commits, span].filter((part) => part !== null).join(', ') || 'not known';
}

const columns: readonly Column<WayBack>[] = [
  {
    key: 'title',
    header: 'Way',
    width: '160px',
    cell: (way) => (
      <span className={way.problem ? 'hf-muted' : 'rw-choice'} title={way.detail}>
        {way.title}
      </span>
    ),
  },
  { key: 'reaches', header: 'Reaches', width: '96px', cell: (way) => <Time at={way.reaches} empty="–" /> },
  {
    key: 'loss',
    header: 'Loses',
    width: 'minmax(140px, 1fr)',
    cell: (way) => (
      <span className={way.problem ? 'hf-tone-critical' : undefined} title={way.problem ?? lossText(way)}>
        {way.problem ?? lossText(way)}
      </span>
    ),
  },
  {
    key: 'takes',
    header: 'Takes',
    title: 'About, from what restores and failovers took here; – where none was measured yet',
    width: '64px',
    align: 'end',
    cell: (way) => (way.estimatedMs === null ? '–' : formatDuration(way.estimatedMs)),
  },
  {
    key: 'proven',
    header: 'Proven',
    width: '92px',
    cell: (way) =>
      way.proof ? (
        <Badge tone="ok" title={`A ${way.proof.kind} reached it`}>
          <Time at={way.proof.provenAt} />
        </Badge>
      ) : (
        <span className="hf-muted">not yet</span>
      ),
  },
];

/** Choosing a way is the caller's; a way that cannot be taken says why and is not chosen. */
export function WaysPanel(props: { ways: WaysBack; chosen: string | null; onChoose: (way: WayBack) => void }) {
  const chosen = props.ways.ways.find((way) => way.id === props.chosen);
  return (
    <>
      <Table
        label="Ways back"
        columns={columns}
        rows={props.ways.ways}
        rowKey={(way) => way.id}
        selected={props.chosen}
        onSelect={(id) => {
          const way = props.ways.ways.find((each) => each.id === id);
          if (way && !way.problem) props.onChoose(way);
        }}
        maxHeight={190}
        empty="Nothing is known that would bring this database back."
      />
      {chosen && (
        <p className="hf-secondary">
          <EngineText text={`${chosen.detail.charAt(0).toUpperCase()}${chosen.detail.slice(1)}.`} />
        </p>
      )}
    </>
  );
}
