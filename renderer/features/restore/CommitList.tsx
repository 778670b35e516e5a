// The commits around a moment, each a point that a restore can end at exactly: picked from the logs, or by its stamp.
import { useState } from 'react';
import type { Commit } from '../../../core/contract/library.ts';
import { useApi } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, type Column, ErrorBar, formatCount, formatUtc, MessageBar, Spinner, Table } from '../../ui/index.ts';
import { stampText } from '../monitor/stamp-text.ts';
import type { RestoreDraft } from './restore-draft.ts';

const PAGE = 40;

const local = (at: number): string => {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
};

const columns: readonly Column<Commit>[] = [
  {
    key: 'stamp',
    header: 'Commit',
    width: '176px',
    cell: (row) => <span className="hf-mono">{stampText(row.stamp)}</span>,
  },
  {
    key: 'local',
    header: 'Local time',
    width: '110px',
    cell: (row) => <span className="hf-num">{local(row.at)}</span>,
  },
  {
    key: 'utc',
    header: 'UTC',
    width: '164px',
    cell: (row) => <span className="hf-num">{formatUtc(row.at).replace(' UTC', '')}</span>,
  },
  { key: 'pages', header: 'Pages', width: '70px', align: 'end', cell: (row) => formatCount(row.pages) },
  { key: 'log', header: 'Log', width: 'minmax(100px, 1fr)', cell: (row) => <span className="hf-mono">{row.log}</span> },
];

/** `at` is the moment that is looked at; picking a commit gives its own time and stamp. */
export function CommitList(props: {
  draft: Pick<RestoreDraft, 'instanceId' | 'from' | 'searchFolders'>;
  at: number;
  picked: string | null;
  onPick: (commit: Commit) => void;
}) {
  const api = useApi();
  const { instanceId, from, searchFolders } = props.draft;
  // Picking a commit of the list must not move the list away.
  const [around, setAround] = useState(props.at);
  const [moved, setMoved] = useState(props.at);
  const page = useQuery(JSON.stringify([instanceId, from, searchFolders, around]), (signal) =>
    api.library.commits({ instanceId: from ? null : instanceId, from, searchFolders, around, limit: PAGE }, { signal }),
  );
  const commits = page.data?.commits ?? [];
  if (moved !== props.at) {
    setMoved(props.at);
    if (!commits.some((commit) => commit.at === props.at)) setAround(props.at);
  }
  const first = commits[0];
  const last = commits.at(-1);
  return (
    <div className="rw-commits">
      <div className="rw-commits-head">
        <span className="hf-secondary">
          {page.data
            ? `${formatCount(page.data.before)} earlier, ${formatCount(page.data.after)} later in these logs`
            : 'Reading the logs'}
        </span>
        <Button kind="subtle" disabled={!first || !page.data?.before} onClick={() => first && setAround(first.at - 1)}>
          Earlier
        </Button>
        <Button kind="subtle" disabled={!last || !page.data?.after} onClick={() => last && setAround(last.at + 1)}>
          Later
        </Button>
      </div>
      {page.error && <ErrorBar error={page.error} actions={<Button onClick={page.reload}>Try again</Button>} />}
      {page.data?.problem && (
        <MessageBar level="warning" title="The logs end early:">
          {page.data.problem.message}
        </MessageBar>
      )}
      {page.loading && !page.data ? (
        <Spinner label="Reading the commits" />
      ) : (
        <Table
          label="Commits"
          columns={columns}
          rows={commits}
          rowKey={(row) => stampText(row.stamp)}
          selected={props.picked}
          onSelect={(key) => {
            const commit = commits.find((row) => stampText(row.stamp) === key);
            if (commit) props.onPick(commit);
          }}
          maxHeight={212}
          empty="No commit is in a log here: only the backups themselves can be restored."
        />
      )}
    </div>
  );
}
