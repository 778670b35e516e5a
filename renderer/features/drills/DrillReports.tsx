// The reports of one database, newest first, and the chosen one in full.
import { useState } from 'react';
import type { DrillReport, DrillView } from '../../../core/contract/drills.ts';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { type Column, EmptyState, ErrorBar, formatDuration, LevelIcon, Spinner, Table, Time } from '../../ui/index.ts';
import { ReportView } from './ReportView.tsx';

const columns: readonly Column<DrillReport>[] = [
  {
    key: 'status',
    header: 'Result',
    hideHeader: true,
    width: '36px',
    cell: (row) => (
      <LevelIcon
        level={row.status === 'passed' ? 'ok' : row.status === 'failed' ? 'critical' : 'neutral'}
        label={row.status === 'cancelled' ? 'canceled' : row.status}
      />
    ),
  },
  {
    key: 'at',
    header: 'Started',
    width: 'minmax(96px, 1fr)',
    sort: (row) => row.startedAt,
    cell: (row) => <Time at={row.startedAt} />,
  },
  {
    key: 'by',
    header: 'By',
    width: '74px',
    cell: (row) => (row.trigger === 'schedule' ? 'schedule' : 'hand'),
  },
  {
    key: 'rto',
    header: 'Recovery',
    width: '78px',
    align: 'end',
    sort: (row) => row.restoreMs,
    cell: (row) => (row.restoreMs === null ? '–' : formatDuration(row.restoreMs)),
  },
];

export function DrillReports({ drill }: { drill: DrillView }) {
  const api = useApi();
  const { instanceId } = drill;
  const reports = useQuery(`${instanceId} ${drill.last?.id ?? ''}`, (signal) =>
    api.drills.reports({ instanceId, limit: 100 }, { signal }),
  );
  const [chosen, setChosen] = useState<string | null>(null);
  if (reports.error) return <ErrorBar error={reports.error} />;
  if (!reports.data) return <Spinner label="Asking for the reports…" />;
  if (reports.data.length === 0)
    return (
      <EmptyState title="No drill was run yet">
        Run one now: it restores {instanceId} into a throw-away folder, checks every block and the whole database,
        counts its rows, and measures how long that takes. The database itself is not touched.
      </EmptyState>
    );
  const report = reports.data.find((one) => one.id === chosen) ?? reports.data[0];
  return (
    <div className="drills-split">
      <Table
        label={`Drills of ${instanceId}`}
        columns={columns}
        rows={reports.data}
        rowKey={(row) => row.id}
        selected={report?.id ?? null}
        onSelect={setChosen}
        maxHeight="44vh"
      />
      {report && <ReportView report={report} />}
    </div>
  );
}
