// Every protected database as a row.
import type { InstanceView } from '../../../core/contract/site.ts';
import { useSite } from '../../app/app.ts';
import { byName, memberOf, type Standing, standingOf } from '../../app/standing.ts';
import { Age, Bytes, type Column, Led, Table, Until } from '../../ui/index.ts';
import { useWidth } from '../chains/use-width.ts';
import { loggingText } from './instance-text.ts';

const columnsFor = (standing: (row: InstanceView) => Standing): readonly Column<InstanceView>[] => [
  {
    key: 'name',
    header: 'Database',
    width: 'minmax(170px, 1fr)',
    sort: (row) => row.id,
    cell: (row) => {
      const { led, text } = standing(row);
      return (
        <span className="db-sign" title={`${row.id}: ${text}`}>
          <Led state={led} label={text} />
          <span className="db-name hf-ellipsis">{row.id}</span>
        </span>
      );
    },
  },
  {
    key: 'size',
    header: 'Size',
    width: '70px',
    align: 'end',
    sort: (row) => row.status.size,
    cell: (row) => <Bytes value={row.status.size} />,
  },
  {
    key: 'full',
    header: 'Last full',
    width: '94px',
    sort: (row) => row.status.lastFull?.at ?? null,
    cell: (row) => (
      <Age
        since={row.status.lastFull?.at ?? null}
        suffix=" ago"
        empty={row.status.role === 'standby' ? '–' : 'never'}
      />
    ),
  },
  {
    key: 'incremental',
    header: 'Last incr.',
    title: 'Last incremental backup',
    width: '94px',
    sort: (row) => row.status.lastIncremental?.at ?? null,
    cell: (row) => <Age since={row.status.lastIncremental?.at ?? null} suffix=" ago" />,
  },
  {
    key: 'logging',
    header: 'Logging',
    width: '68px',
    sort: (row) => loggingText(row).text,
    cell: (row) => {
      const logging = loggingText(row);
      return (
        <span
          className={logging.on || logging.text === 'standby' ? undefined : 'hf-tone-warning'}
          title={row.status.logging.currentLog}
        >
          {logging.text}
        </span>
      );
    },
  },
  {
    key: 'proven',
    header: 'Proven',
    title: 'The last time that its backups were brought back and checked',
    width: '98px',
    sort: (row) => row.lastProven?.at ?? null,
    cell: (row) => <Age since={row.lastProven?.at ?? null} suffix=" ago" empty="never" />,
  },
  {
    key: 'next',
    header: 'Next backup',
    title: 'By its own schedules; a failover group has its own',
    width: '106px',
    sort: (row) => row.nextBackup ?? null,
    cell: (row) => (row.nextBackup ? <Until at={row.nextBackup} /> : <span className="hf-muted">–</span>),
  },
  {
    key: 'verdict',
    header: 'Protection',
    width: 'minmax(184px, 1.8fr)',
    sort: (row) => ({ critical: 0, warning: 1, ok: 2 })[standing(row).level],
    cell: (row) => {
      const { level, text } = standing(row);
      return (
        <span className={level === 'ok' ? undefined : `hf-tone-${level}`} title={text}>
          {row.verdict}
        </span>
      );
    },
  },
  {
    key: 'state',
    header: 'State',
    width: '84px',
    sort: (row) => standing(row).word,
    cell: (row) => standing(row).word,
  },
];

/** In a narrow window the details below have to say these. */
const wideOnly: ReadonlySet<string> = new Set(['incremental', 'next', 'state']);
const WIDE = 930;

export function InstanceTable(props: {
  instances: readonly InstanceView[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (instance: InstanceView) => void;
}) {
  const groups = useSite((snapshot) => snapshot.groups);
  const { ref, width } = useWidth<HTMLDivElement>();
  const all = columnsFor((row) => standingOf(row, memberOf(groups, row)));
  const columns = width > 0 && width < WIDE ? all.filter((column) => !wideOnly.has(column.key)) : all;
  return (
    <div ref={ref} className="db-table">
      <Table
        label="Databases"
        columns={columns}
        rows={props.instances.toSorted(byName)}
        rowKey={(row) => row.id}
        selected={props.selected}
        onSelect={props.onSelect}
        onOpen={props.onOpen}
        rowClass={(row) => (row.reachable ? undefined : 'db-unreachable')}
        maxHeight="46vh"
      />
    </div>
  );
}
