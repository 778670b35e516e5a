// One report of a drill: the verdict, what was reached and how fast, the steps, the tables, the probes.
import type { ReactNode } from 'react';
import type { DrillProbeResult, DrillReport, DrillTable as TableRow } from '../../../core/contract/drills.ts';
import { useApi } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import {
  Badge,
  Button,
  type Column,
  CopyIcon,
  ErrorBar,
  formatBytes,
  formatCount,
  formatDuration,
  LevelIcon,
  MessageBar,
  Table,
  Time,
} from '../../ui/index.ts';

const stepLevel = { done: 'ok', failed: 'critical', running: 'info', waiting: 'neutral', skipped: 'neutral' } as const;
const badge = { passed: 'ok', failed: 'critical', cancelled: 'neutral' } as const;

function Change({ row }: { row: TableRow }) {
  if (row.rows === null) return <span className="hf-tone-warning">not counted</span>;
  if (row.before === null) return <span className="hf-muted">new</span>;
  const by = row.rows - row.before;
  if (by === 0) return <span className="hf-muted">as before</span>;
  return <span className="drills-up">{`${by > 0 ? '+' : '−'}${formatCount(Math.abs(by))}`}</span>;
}

const tableColumns: readonly Column<TableRow>[] = [
  { key: 'name', header: 'Table', width: 'minmax(120px, 2fr)', sort: (row) => row.name, cell: (row) => row.name },
  {
    key: 'rows',
    header: 'Rows',
    width: '92px',
    align: 'end',
    sort: (row) => row.rows,
    cell: (row) => <span className="hf-num">{row.rows === null ? '–' : formatCount(row.rows)}</span>,
  },
  {
    key: 'change',
    header: 'Since the last that passed',
    width: 'minmax(110px, 1fr)',
    align: 'end',
    cell: (row) => <Change row={row} />,
  },
];

const expected = ({ expect }: DrillProbeResult) =>
  expect.kind === 'any'
    ? 'only recorded'
    : expect.kind === 'equals'
      ? `is ${expect.value}`
      : `at least ${expect.value}`;

const probeColumns: readonly Column<DrillProbeResult>[] = [
  {
    key: 'status',
    header: 'Status',
    hideHeader: true,
    width: '36px',
    cell: (row) => (
      <LevelIcon
        level={row.status === 'passed' ? 'ok' : row.status === 'failed' ? 'critical' : 'neutral'}
        label={row.status === 'notRun' ? 'not run' : row.status}
      />
    ),
  },
  {
    key: 'name',
    header: 'Probe',
    width: 'minmax(100px, 1fr)',
    cell: (row) => <span title={row.sql}>{row.name}</span>,
  },
  { key: 'expect', header: 'Expected', width: 'minmax(90px, 0.8fr)', cell: expected },
  {
    key: 'result',
    header: 'Answer',
    width: 'minmax(120px, 1.6fr)',
    cell: (row) => (
      <span className={row.status === 'failed' ? 'hf-tone-critical' : undefined} title={row.problem ?? undefined}>
        {row.problem ?? row.result ?? 'nothing'}
      </span>
    ),
  },
];

export function ReportView({ report }: { report: DrillReport }) {
  const api = useApi();
  const copying = useAction();
  const copy = () =>
    copying.run(async () => {
      const { text } = await api.drills.report({ id: report.id });
      await navigator.clipboard.writeText(text);
    });
  const numbers: [string, ReactNode][] = [
    ['Recovery time', report.restoreMs === null ? '–' : formatDuration(report.restoreMs)],
    ['Restored to', <Time key="t" at={report.reachedAt} />],
    ['Database', report.databaseBytes === null ? '–' : formatBytes(report.databaseBytes)],
    ['Sources', `${report.files.length} + ${report.logs} ${report.logs === 1 ? 'log' : 'logs'}`],
  ];
  return (
    <article className="drills-report" aria-label="Report">
      <div className="drills-report-head">
        <Badge tone={badge[report.status]}>{report.status === 'cancelled' ? 'canceled' : report.status}</Badge>
        <h2>
          Drill of <Time at={report.startedAt} />
        </h2>
        <Button icon={<CopyIcon />} busy={copying.busy} onClick={() => void copy()}>
          Copy report
        </Button>
      </div>
      {copying.error && <ErrorBar error={copying.error} onDismiss={copying.clear} />}
      {report.error && <ErrorBar error={report.error} />}
      {report.warnings.map((warning) => (
        <MessageBar key={warning.message} level="warning">
          {warning.message}
        </MessageBar>
      ))}
      <dl className="drills-numbers">
        {numbers.map(([label, value]) => (
          <div className="drills-number" key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section aria-label="Steps">
        <h3>Steps</h3>
        <ol className="drills-steps">
          {report.steps.map((step) => (
            <li key={step.name}>
              <LevelIcon level={stepLevel[step.status]} label={step.status} />
              <span>{step.name}</span>
              <span className="hf-num">{step.durationMs === null ? '' : formatDuration(step.durationMs)}</span>
              <span className="hf-secondary">{step.detail}</span>
            </li>
          ))}
        </ol>
      </section>
      {report.probes.length > 0 && (
        <section aria-label="Probes">
          <h3>Probes</h3>
          <Table
            label="Probes"
            columns={probeColumns}
            rows={report.probes}
            rowKey={(row) => `${row.name} ${row.sql}`}
          />
        </section>
      )}
      {report.tables.length > 0 && (
        <section aria-label="Tables">
          <h3>Tables</h3>
          <Table
            label="Tables"
            columns={tableColumns}
            rows={report.tables}
            rowKey={(row) => row.name}
            maxHeight={240}
          />
        </section>
      )}
    </article>
  );
}
