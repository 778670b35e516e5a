// Schedules as rows: whose, what, when next, in which state, and how the last run went.
import type { ScheduleView } from '../../../core/contract/schedules.ts';
import { databaseColumn, nextColumn } from '../../app/run-columns.tsx';
import { scheduleText } from '../../app/ScheduleEditor.tsx';
import { Age, Badge, type Column, type Level, SignedText, Table } from '../../ui/index.ts';

const tone: Record<ScheduleView['state'], Level> = {
  off: 'neutral',
  waiting: 'ok',
  paused: 'warning',
  due: 'info',
  running: 'info',
};

type Status = NonNullable<ScheduleView['last']>['status'];

export function runLevel(status: Status): Level {
  if (status === 'succeeded' || status === 'covered') return 'ok';
  if (status === 'failed' || status === 'unknown') return 'critical';
  return status === 'succeededWithWarnings' || status === 'interrupted' ? 'warning' : 'neutral';
}

const columns: readonly Column<ScheduleView>[] = [
  {
    key: 'name',
    header: 'Schedule',
    width: 'minmax(120px, 1.2fr)',
    sort: (row) => row.name,
    cell: (row) => <span title={row.name}>{row.name}</span>,
  },
  databaseColumn(),
  {
    key: 'type',
    header: 'Type',
    width: '92px',
    sort: (row) => row.type,
    cell: (row) => (row.type === 'full' ? 'Full' : 'Incremental'),
  },
  {
    key: 'when',
    header: 'Runs',
    width: 'minmax(130px, 1.1fr)',
    cell: (row) => <span title={scheduleText(row.when)}>{scheduleText(row.when)}</span>,
  },
  nextColumn({ header: 'Next run', width: '108px', empty: '–', when: (row) => scheduleText(row.when) }),
  {
    key: 'state',
    header: 'State',
    width: '92px',
    sort: (row) => row.state,
    cell: (row) => (
      <Badge tone={tone[row.state]} title={row.stateText}>
        {row.state}
      </Badge>
    ),
  },
  {
    key: 'last',
    header: 'Last run',
    width: 'minmax(180px, 2.2fr)',
    sort: (row) => row.last?.at ?? null,
    cell: (row) =>
      row.last ? (
        <SignedText level={runLevel(row.last.status)} sign={row.last.status} title={row.last.verdict ?? ''}>
          <Age since={row.last.at} suffix=" ago" /> {row.last.verdict ?? ''}
        </SignedText>
      ) : (
        <span className="hf-muted">none yet</span>
      ),
  },
];

export function ScheduleTable(props: {
  schedules: readonly ScheduleView[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (schedule: ScheduleView) => void;
}) {
  return (
    <Table
      label="Schedules"
      columns={columns}
      rows={props.schedules}
      rowKey={(row) => row.id}
      selected={props.selected}
      onSelect={props.onSelect}
      onOpen={props.onOpen}
      maxHeight="44vh"
    />
  );
}
