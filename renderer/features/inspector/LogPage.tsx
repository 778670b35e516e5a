// Log viewer: the entries of a database's backup log, newest first, each with its verdict and its lines as they were written.
import { useState } from 'react';
import type { BackupLogEntry } from '../../../core/contract/backup.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Button,
  type Column,
  EmptyState,
  ErrorBar,
  type Level,
  LevelIcon,
  RetryIcon,
  Select,
  Spinner,
  Table,
  Time,
} from '../../ui/index.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { useInstance } from '../databases/use-instance.ts';
import './inspector.css';

interface Row {
  key: string;
  entry: BackupLogEntry;
}

const verdicts: Record<BackupLogEntry['verdict'], { level: Level; text: string }> = {
  success: { level: 'ok', text: 'completed' },
  failed: { level: 'critical', text: 'failed' },
  unfinished: { level: 'warning', text: 'no last line' },
};

const columns: readonly Column<Row>[] = [
  {
    key: 'at',
    header: 'Started',
    width: '88px',
    sort: (row) => row.entry.startedAt,
    cell: (row) => <Time at={row.entry.startedAt} />,
  },
  { key: 'kind', header: 'Entry', width: '68px', sort: (row) => row.entry.kind, cell: (row) => row.entry.kind },
  {
    key: 'what',
    header: 'What',
    width: 'minmax(88px, 1fr)',
    cell: ({ entry }) => entry.fields['Backup type'] ?? entry.fields['Backup ID'] ?? '',
  },
  {
    key: 'verdict',
    header: 'Verdict',
    width: '112px',
    sort: (row) => row.entry.verdict,
    cell: ({ entry }) => (
      <span className="in-verdict">
        <LevelIcon level={verdicts[entry.verdict].level} label={verdicts[entry.verdict].text} />
        {verdicts[entry.verdict].text}
        {entry.errorCode !== null && entry.errorCode !== 0 && <span className="hf-num"> {entry.errorCode}</span>}
      </span>
    ),
  },
];

function Log({ instance }: { instance: InstanceView }) {
  const app = useApp();
  const [chosen, setChosen] = useState<string | null>(null);
  const [show, setShow] = useState<'all' | 'failed'>('all');
  const { lastFull, lastIncremental, lastRestore } = instance.status;
  const log = useQuery(`${instance.id} ${lastFull?.idtag} ${lastIncremental?.idtag} ${lastRestore?.at}`, (signal) =>
    app.api.backup.log({ instanceId: instance.id }, { signal }),
  );
  if (log.error) return <ErrorBar error={log.error} actions={<Button onClick={log.reload}>Try again</Button>} />;
  if (!log.data) return <Spinner label="Reading the backup log" />;
  const all = log.data.entries.map((entry, index) => ({ key: String(index), entry })).toReversed();
  const rows = show === 'all' ? all : all.filter((row) => row.entry.verdict !== 'success');
  const selected = rows.find((row) => row.key === chosen) ?? rows[0] ?? null;
  if (all.length === 0) {
    return (
      <EmptyState title="The backup log is empty">
        Every backup and restore appends an entry to <span className="hf-mono">{log.data.file}</span>; its last line is
        the verdict.
      </EmptyState>
    );
  }
  return (
    <div className="in-log">
      <div className="in-log-head">
        <span className="hf-mono hf-ellipsis" title={log.data.file}>
          {log.data.file}
        </span>
        <Select
          label="Entries"
          hideLabel
          width={170}
          value={show}
          onChange={setShow}
          options={[
            { value: 'all', label: `All entries (${all.length})` },
            { value: 'failed', label: 'Without success' },
          ]}
        />
        <Button kind="subtle" icon={<RetryIcon />} onClick={log.reload}>
          Read again
        </Button>
      </div>
      <div className="in-log-columns">
        <Table
          label="Entries of the backup log"
          columns={columns}
          rows={rows}
          rowKey={(row) => row.key}
          selected={selected?.key ?? null}
          onSelect={setChosen}
          maxHeight="100%"
          empty="Every entry ended with success."
        />
        {selected && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
          <section className="in-log-lines" tabIndex={0} aria-label="Lines of the entry">
            {selected.entry.lines.map((line, index, { length }) => (
              <code
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of one unchanging entry
                key={index}
                className={
                  index === length - 1
                    ? `is-verdict is-${selected.entry.verdict}`
                    : /ERROR|failed/i.test(line)
                      ? 'is-failed'
                      : undefined
                }
              >
                {line}
                {'\n'}
              </code>
            ))}
          </section>
        )}
      </div>
    </div>
  );
}

export const LogPage: PageComponent = ({ route }) => {
  const { instance, instances } = useInstance(route);
  return (
    <Page
      title="Backup log"
      aside={instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />}
    >
      {instance ? <Log key={instance.id} instance={instance} /> : <NoInstance gone={!!route.instanceId} />}
    </Page>
  );
};
