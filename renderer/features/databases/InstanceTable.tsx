// Every protected database as a row.
import type { InstanceView } from '../../../core/contract/site.ts';
import { useSite } from '../../app/app.ts';
import { byName, memberOf, type Standing, standingOf } from '../../app/standing.ts';
import { Age, Bytes, type Column, Led, Table, Until } from '../../ui/index.ts';
import { loggingText } from './instance-text.ts';

const columnsFor = (standing: (row: InstanceView) => Standing): readonly Column<InstanceView>[] => [
  {
    key: 'name',
    header: 'Name',
    width: 'minmax(78px, 1fr)',
    sort: (row) => row.status.name,
    cell: (row) => <span className="db-name">{row.status.name}</span>,
  },
  {
    key: 'server',
    header: 'Server',
    width: 'minmax(62px, 0.5fr)',
    sort: (row) => row.server,
    cell: (row) => row.server,
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
    key: 'journal',
    header: 'Journal',
    width: '66px',
    sort: (row) => row.status.journal,
    cell: (row) => row.status.journal ?? '–',
  },
  {
    key: 'full',
    header: 'Last full',
    width: 'minmax(80px, 0.7fr)',
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
    width: 'minmax(82px, 0.7fr)',
    sort: (row) => row.status.lastIncremental?.at ?? null,
    cell: (row) => <Age since={row.status.lastIncremental?.at ?? null} suffix=" ago" />,
  },
  {
    key: 'logging',
    header: 'Logging',
    width: '66px',
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
    width: 'minmax(76px, 0.6fr)',
    sort: (row) => row.lastProven?.at ?? null,
    cell: (row) => <Age since={row.lastProven?.at ?? null} suffix=" ago" empty="never" />,
  },
  {
    key: 'next',
    header: 'Next backup',
    title: 'By its own schedules; a failover group has its own',
    width: 'minmax(90px, 0.6fr)',
    sort: (row) => row.nextBackup ?? null,
    cell: (row) => (row.nextBackup ? <Until at={row.nextBackup} /> : <span className="hf-muted">–</span>),
  },
  {
    key: 'verdict',
    header: 'Protection',
    width: 'minmax(150px, 2.6fr)',
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
    width: '116px',
    sort: (row) => standing(row).word,
    cell: (row) => {
      const { led, word, text } = standing(row);
      return (
        <span className="db-sign" title={text}>
          <Led state={led} label={text} />
          {word}
        </span>
      );
    },
  },
];

export function InstanceTable(props: {
  instances: readonly InstanceView[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (instance: InstanceView) => void;
}) {
  const groups = useSite((snapshot) => snapshot.groups);
  const columns = columnsFor((row) => standingOf(row, memberOf(groups, row)));
  return (
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
  );
}
