// The runs of one schedule, newest first.
import type { ScheduleRun, ScheduleView } from '../../../core/contract/schedules.ts';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { type Column, ErrorBar, formatDuration, Section, SignedText, Table, Time } from '../../ui/index.ts';
import { statusText } from '../jobs/job-text.ts';
import { runLevel } from './ScheduleTable.tsx';

const columns: readonly Column<ScheduleRun>[] = [
  {
    key: 'status',
    header: 'Status',
    width: '190px',
    sort: (row) => row.status,
    cell: (row) => (
      <SignedText level={runLevel(row.status)}>
        {row.status === 'covered' ? 'Covered by a later run' : statusText[row.status]}
      </SignedText>
    ),
  },
  { key: 'at', header: 'Started', width: '118px', sort: (row) => row.at, cell: (row) => <Time at={row.at} /> },
  {
    key: 'took',
    header: 'Took',
    width: '84px',
    align: 'end',
    cell: (row) => (row.endedAt === null || row.status === 'covered' ? '–' : formatDuration(row.endedAt - row.at)),
  },
  {
    key: 'type',
    header: 'Type',
    width: '96px',
    cell: (row) => (row.type === 'full' ? 'Full' : 'Incremental'),
  },
  {
    key: 'verdict',
    header: 'Verdict',
    width: 'minmax(200px, 1fr)',
    cell: (row) => <span title={row.verdict ?? undefined}>{row.verdict ?? '–'}</span>,
  },
];

export function RunList({ schedule }: { schedule: ScheduleView }) {
  const api = useApi();
  const { id, last } = schedule;
  const runs = useQuery(`${id} ${last?.at ?? ''} ${last?.status ?? ''}`, (signal) =>
    api.schedules.runs({ id, limit: 100 }, { signal }),
  );
  return (
    <Section title={`Runs of ${schedule.name}`}>
      {runs.error && <ErrorBar error={runs.error} />}
      <Table
        label="Runs"
        columns={columns}
        rows={runs.data ?? []}
        rowKey={(row) => `${row.at} ${row.jobId ?? ''}`}
        empty="It has not run yet."
        maxHeight="30vh"
      />
    </Section>
  );
}
