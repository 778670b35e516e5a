// Retention of one database: the rule, what would go by it and why the rest stays, and the kept copies of replaced sets.
import './schedules.css';
import { useCallback, useMemo, useState } from 'react';
import type { RetentionChain, RetentionPolicy } from '../../../core/contract/schedules.ts';
import { useApp, useDraft, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Badge,
  Button,
  Bytes,
  type Column,
  DeleteIcon,
  EmptyState,
  ErrorBar,
  formatBytes,
  MessageBar,
  ProtectIcon,
  Section,
  Select,
  Spinner,
  Table,
  Time,
} from '../../ui/index.ts';
import { KeptCopies } from './KeptCopies.tsx';
import { PolicyFields } from './PolicyFields.tsx';

const NONE: RetentionPolicy = { keepFulls: null, keepDays: null, manual: false };

type Row = RetentionChain & { goes: boolean };

const columns: readonly Column<Row>[] = [
  {
    key: 'what',
    header: 'By this rule',
    width: '86px',
    sort: (row) => (row.goes ? 0 : 1),
    cell: (row) => <Badge tone={row.goes ? 'warning' : 'ok'}>{row.goes ? 'goes' : 'stays'}</Badge>,
  },
  { key: 'full', header: 'Full of', width: '100px', sort: (row) => row.from, cell: (row) => <Time at={row.from} /> },
  { key: 'to', header: 'Up to', width: '100px', sort: (row) => row.to, cell: (row) => <Time at={row.to} /> },
  {
    key: 'count',
    header: 'Backups',
    width: '72px',
    align: 'end',
    sort: (row) => row.backups,
    cell: (row) => row.backups,
  },
  {
    key: 'size',
    header: 'Size',
    width: '72px',
    align: 'end',
    sort: (row) => row.bytes,
    cell: (row) => <Bytes value={row.bytes} />,
  },
  {
    key: 'by',
    header: 'Made by',
    width: 'minmax(90px, 0.8fr)',
    sort: (row) => row.schedule,
    cell: (row) => row.schedule ?? <span className="hf-muted">by hand</span>,
  },
  {
    key: 'why',
    header: 'Why',
    width: 'minmax(190px, 2fr)',
    cell: (row) => {
      const text = row.goes ? 'nothing needs it and no rule keeps it' : row.reasons.join('; ');
      return <span title={text}>{text}</span>;
    },
  },
];

export const RetentionPage: PageComponent = ({ route }) => {
  const app = useApp();
  const live = useLive();
  const instances = useSite((snapshot) => snapshot.instances);
  const instanceId = route.instanceId ?? instances[0]?.id ?? null;
  const version = useSite((snapshot) =>
    snapshot.jobs
      .filter((job) => job.instanceId === instanceId)
      .map((job) => job.id + job.status)
      .join(),
  );
  const [edited, setEdited] = useState<{ of: string; policy: RetentionPolicy } | null>(null);
  const [round, setRound] = useState(0);
  const action = useAction();
  const { run, clear } = action;
  const saved = useQuery(instanceId && `${instanceId} ${round}`, (signal) =>
    app.api.retention.getPolicy({ instanceId: instanceId ?? '' }, { signal }),
  );
  const policy = (edited?.of === instanceId ? edited.policy : saved.data?.policy) ?? NONE;
  const preview = useQuery(
    instanceId && saved.data && `${instanceId} ${version} ${round} ${JSON.stringify(policy)}`,
    (signal) => app.api.retention.preview({ instanceId: instanceId ?? '', policy }, { signal }),
  );
  const cancel = useCallback(() => {
    setEdited(null);
    clear();
  }, [clear]);
  const dirty = edited !== null && edited.of === instanceId;
  const draft = useMemo(
    () =>
      dirty && edited
        ? {
            problem: null,
            cancel,
            apply: async () => {
              const empty = edited.policy.keepFulls === null && edited.policy.keepDays === null;
              const done = await run(() =>
                app.api.retention.setPolicy({ instanceId: edited.of, policy: empty ? null : edited.policy }),
              );
              if (!done) return false;
              setRound((value) => value + 1);
              setEdited(null);
              return true;
            },
          }
        : null,
    [dirty, edited, cancel, run, app],
  );
  useDraft(draft);

  if (!instanceId)
    return (
      <Page title="Retention">
        <EmptyState
          title="No database is protected yet"
          actions={
            <Button kind="primary" icon={<ProtectIcon />} onClick={() => app.openDialog({ kind: 'protect' })}>
              Protect a database
            </Button>
          }
        >
          Retention removes old backups, never one that something which stays is built on.
        </EmptyState>
      </Page>
    );
  const rows: Row[] = [
    ...(preview.data?.remove ?? []).map((chain) => ({ ...chain, goes: true })),
    ...(preview.data?.keep ?? []).map((chain) => ({ ...chain, goes: false })),
  ];
  const gone = preview.data?.remove.length ?? 0;
  return (
    <Page
      title="Retention"
      aside={
        <Select
          label="Database"
          hideLabel
          width={210}
          value={instanceId}
          options={instances.map(({ id }) => ({ value: id, label: id }))}
          onChange={(id) => app.navigate({ page: 'backup/retention', instanceId: id })}
        />
      }
    >
      <div className="schedules">
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        <Section title="Keep">
          {saved.error && <ErrorBar error={saved.error} />}
          <PolicyFields policy={policy} manual onChange={(next) => setEdited({ of: instanceId, policy: next })} />
          <p className="hf-secondary">
            What either rule keeps stays. Old backups go after each good scheduled backup and once a day; schedules can
            have a rule of their own.
          </p>
        </Section>
        <Section
          title="What would go, and why the rest stays"
          aside={
            <Button
              icon={<DeleteIcon />}
              disabled={!live || dirty || gone === 0}
              title={dirty ? 'Apply the rule first' : gone === 0 ? 'Nothing would go' : undefined}
              busy={action.busy}
              onClick={() => void run(() => app.api.retention.run({ instanceId }))}
            >
              Clear now
            </Button>
          }
        >
          {preview.error && <ErrorBar error={preview.error} />}
          {preview.data?.warnings.map((warning) => (
            <MessageBar key={warning.message} level="warning">
              {warning.message}
            </MessageBar>
          ))}
          {preview.data ? (
            <>
              <p className="retention-sum">
                {gone === 0
                  ? `Nothing would go; ${rows.length} ${rows.length === 1 ? 'chain stays' : 'chains stay'}.`
                  : `${gone} of ${rows.length} chains would go: ${formatBytes(preview.data.bytes)}.`}
              </p>
              <Table
                label="Chains"
                columns={columns}
                rows={rows}
                rowKey={(row) => row.idtag}
                initialSort={{ key: 'full', descending: true }}
                rowClass={(row) => (row.goes ? 'retention-gone' : undefined)}
                empty="There is no backup yet."
                maxHeight="40vh"
              />
            </>
          ) : (
            !preview.error && <Spinner label="Reading the backup folders…" />
          )}
        </Section>
        <KeptCopies key={instanceId} instanceId={instanceId} />
      </div>
    </Page>
  );
};
