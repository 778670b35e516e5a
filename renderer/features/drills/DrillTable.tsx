// Every database as a row: when it was last proven to restore, how the last drill went, when the next one is.
import type { DrillView } from '../../../core/contract/drills.ts';
import { scheduleText } from '../../app/ScheduleEditor.tsx';
import { Age, Badge, type Column, formatDuration, LevelIcon, Table, Time, Until } from '../../ui/index.ts';

const level = { passed: 'ok', failed: 'critical', cancelled: 'neutral' } as const;
const word = { passed: 'Passed', failed: 'Failed', cancelled: 'Cancelled' } as const;

const columns: readonly Column<DrillView>[] = [
  {
    key: 'name',
    header: 'Database',
    width: 'minmax(130px, 1fr)',
    sort: (row) => row.instanceId,
    cell: (row) => row.instanceId,
  },
  {
    key: 'proven',
    header: 'Last proven restore',
    title: 'When its backups were last brought back and checked',
    width: 'minmax(150px, 0.9fr)',
    sort: (row) => row.lastProven?.at ?? null,
    cell: (row) => (
      <span className="drills-sign">
        {row.overdue && <LevelIcon level="warning" label="Older than it should be" />}
        <span className={row.overdue || !row.lastProven ? 'hf-tone-warning' : undefined}>
          {row.lastProven ? <Age since={row.lastProven.at} suffix=" ago" /> : 'never'}
        </span>
      </span>
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
        <span className="drills-sign" title={row.last.verdict}>
          <LevelIcon level={level[row.last.status]} label={word[row.last.status]} />
          <span>{row.last.verdict}</span>
        </span>
      ) : (
        <span className="hf-muted">none yet</span>
      ),
  },
  {
    key: 'next',
    header: 'Next drill',
    width: 'minmax(120px, 0.9fr)',
    sort: (row) => row.nextAt,
    cell: (row) =>
      row.nextAt === null ? (
        <span className="hf-muted">by hand only</span>
      ) : (
        <span title={row.config ? scheduleText(row.config.when) : undefined}>
          <Until at={row.nextAt} />
        </span>
      ),
  },
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
