// Every database as a row: when it was last proven to restore, how the last drill went, when the next one is.
import type { DrillView } from '../../../core/contract/drills.ts';
import { databaseColumn, nextColumn } from '../../app/run-columns.tsx';
import { scheduleText } from '../../app/ScheduleEditor.tsx';
import { Age, Badge, type Column, formatDuration, SignedText, Table, Time } from '../../ui/index.ts';

const level = { passed: 'ok', failed: 'critical', cancelled: 'neutral' } as const;
const word = { passed: 'Passed', failed: 'Failed', cancelled: 'Canceled' } as const;

const columns: readonly Column<DrillView>[] = [
  databaseColumn(),
  {
    key: 'proven',
    header: 'Last proven restore',
    title: 'When its backups were last brought back and checked',
    width: 'minmax(150px, 0.9fr)',
    sort: (row) => row.lastProven?.at ?? null,
    cell: (row) => (
      <SignedText level={row.overdue ? 'warning' : null} sign="Older than it should be">
        <span className={row.overdue || !row.lastProven ? 'hf-tone-warning' : undefined}>
          {row.lastProven ? <Age since={row.lastProven.at} suffix=" ago" /> : 'never'}
        </span>
      </SignedText>
    ),
  },
  {
    key: 'reached',
    header: 'To the state of',
    width: '118px',
    sort: (row) => row.lastProven?.reachedAt ?? null,
    cell: (row) => <Time at={row.lastProven?.reachedAt ?? null} />,
  },
  {
    key: 'rto',
    header: 'Recovery time',
    title: 'Measured in the last drill: from the start of the restore to a checked database',
    width: '104px',
    align: 'end',
    sort: (row) => row.last?.restoreMs ?? null,
    cell: (row) => (row.last?.restoreMs == null ? '–' : formatDuration(row.last.restoreMs)),
  },
  {
    key: 'last',
    header: 'Last drill',
    width: 'minmax(190px, 2.4fr)',
    sort: (row) => row.last?.status ?? null,
    cell: (row) =>
      row.running ? (
        <Badge tone="info">Running</Badge>
      ) : row.last ? (
        <SignedText level={level[row.last.status]} sign={word[row.last.status]} title={row.last.verdict}>
          {row.last.verdict}
        </SignedText>
      ) : (
        <span className="hf-muted">none yet</span>
      ),
  },
  nextColumn({
    header: 'Next drill',
    width: 'minmax(120px, 0.9fr)',
    empty: 'by hand only',
    when: (row) => (row.config ? scheduleText(row.config.when) : undefined),
  }),
];

export function DrillTable(props: {
  drills: readonly DrillView[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (drill: DrillView) => void;
}) {
  return (
    <Table
      label="Restore drills"
      columns={columns}
      rows={props.drills}
      rowKey={(row) => row.instanceId}
      selected={props.selected}
      onSelect={props.onSelect}
      onOpen={props.onOpen}
      maxHeight="32vh"
    />
  );
}
