// The logs of a database, what becomes of each, and deleting those that may go.
import { useState } from 'react';
import type { LogStanding } from '../../../core/contract/logging.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import type { Query } from '../../app/use-query.ts';
import {
  Badge,
  Button,
  Bytes,
  type Column,
  ConfirmDialog,
  DeleteIcon,
  ErrorBar,
  formatBytes,
  Section,
  Spinner,
  Table,
  Time,
} from '../../ui/index.ts';
import { bytesOf, countLogs, safeLogs } from './logging-text.ts';

const standings = {
  current: { tone: 'info', text: 'current' },
  needed: { tone: 'neutral', text: 'needed' },
  safe: { tone: 'ok', text: 'safe to delete' },
} as const;

const columns: readonly Column<LogStanding>[] = [
  { key: 'log', header: 'Log', width: '130px', cell: (row) => <span className="hf-mono">{row.log}</span> },
  { key: 'begun', header: 'Begun', width: '130px', cell: (row) => <Time at={row.createdAt} /> },
  { key: 'size', header: 'Size', width: '84px', align: 'end', cell: (row) => <Bytes value={row.bytes} /> },
  {
    key: 'standing',
    header: 'Standing',
    width: '130px',
    cell: ({ standing }) => <Badge tone={standings[standing].tone}>{standings[standing].text}</Badge>,
  },
  {
    key: 'why',
    header: 'Why',
    width: 'minmax(180px, 1fr)',
    cell: (row) => (
      <span className="hf-secondary" title={row.reason ?? undefined}>
        {row.reason ?? 'Closed, and no backup that is kept needs it.'}
      </span>
    ),
  },
];

function DeleteDialog({
  instance,
  backend,
  rows,
  onClose,
  onDone,
}: {
  instance: InstanceView;
  backend: string | null;
  rows: readonly LogStanding[];
  onClose: () => void;
  onDone: () => void;
}) {
  const app = useApp();
  const action = useAction();
  const names = rows.map(({ log }) => log);
  const remove = async () => {
    const done = await action.run(() => app.api.logging.deleteLogs({ instanceId: instance.id, backend, logs: names }));
    if (done) onDone();
  };
  const range = names.length > 1 ? `${names[0]} to ${names.at(-1)}` : (names[0] ?? '');
  return (
    <ConfirmDialog
      plan={{
        title: `Delete ${countLogs(rows.length)} of ${instance.id}`,
        class: 'confirm',
        typedName: null,
        effects: [
          `${range} ${names.length > 1 ? 'are' : 'is'} deleted for good; ${formatBytes(bytesOf(rows))} become free.`,
          'What is needed is looked at once more first: if a backup has come back that needs one of them, nothing is deleted.',
          'Every backup that is kept stays complete, with all points in time from it on.',
        ],
        warnings: ['Copy them to your archive first if you keep one.'],
        checks: [],
        command: `holdfast logs ${instance.id}${backend === null ? '' : ` --backend ${backend}`} --delete ${names.join(' ')} --confirm yes`,
        refusal: null,
      }}
      verb="Delete"
      busy={action.busy}
      error={action.error}
      onConfirm={() => void remove()}
      onCancel={onClose}
    />
  );
}

export function LogFiles({
  instance,
  logs,
  backend,
}: {
  instance: InstanceView;
  logs: Query<LogStanding[]>;
  /** Whose logs of an instance of several files; null for the first. */
  backend: string | null;
}) {
  const live = useLive();
  const [deleting, setDeleting] = useState<readonly LogStanding[] | null>(null);
  const rows = logs.data ?? [];
  const safe = safeLogs(rows);
  const summary =
    safe.length === 0
      ? 'None of these may go now. A log may go once it is closed and no backup that is kept needs it.'
      : `${countLogs(safe.length)}, ${formatBytes(bytesOf(safe))}, may go. Nothing is deleted by itself.`;
  return (
    <Section
      title="Logs"
      aside={
        <Button
          kind="subtle"
          icon={<DeleteIcon />}
          disabled={!live || safe.length === 0}
          title={safe.length === 0 ? 'No log may go now' : undefined}
          onClick={() => setDeleting(safe)}
        >
          {safe.length === 0 ? 'Delete safe logs…' : `Delete these ${countLogs(safe.length)}…`}
        </Button>
      }
    >
      {logs.error && <ErrorBar error={logs.error} actions={<Button onClick={logs.reload}>Try again</Button>} />}
      {!logs.data && logs.loading && <Spinner label="Looking at the logs" />}
      {logs.data && rows.length === 0 && <p className="hf-secondary">There are no logs yet.</p>}
      {rows.length > 0 && (
        <>
          <p className="hf-secondary">{summary}</p>
          <Table
            label="Roll-forward logs"
            columns={columns}
            rows={rows}
            rowKey={(row) => row.log}
            rowHeight={28}
            maxHeight={260}
          />
        </>
      )}
      {deleting && (
        <DeleteDialog
          instance={instance}
          backend={backend}
          rows={deleting}
          onClose={() => {
            setDeleting(null);
            logs.reload();
          }}
          onDone={() => {
            setDeleting(null);
            logs.reload();
          }}
        />
      )}
    </Section>
  );
}
