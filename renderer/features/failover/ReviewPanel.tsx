// A group that came back from the files of its members: what each of them knows and is now, what contradicts, and the one decision that is wanted.
import { useState } from 'react';
import type { GroupView } from '../../../core/contract/failover.ts';
import type { GroupReview, ReviewRow } from '../../../core/contract/group-review.ts';
import { useApp, useLive } from '../../app/app.ts';
import { Badge, Button, type Column, Led, MessageBar, Section, Select, Table, Time } from '../../ui/index.ts';

const unsettled = { value: '', label: 'Choose…' };

export function ReviewPanel({ group, review }: { group: GroupView; review: GroupReview }) {
  const app = useApp();
  const live = useLive();
  const [picked, setPicked] = useState<string | null>(null);
  const [settingsOf, setSettingsOf] = useState('');
  const activeId = picked ?? review.proposedId ?? '';
  const settings = review.settingsOf.includes(settingsOf) ? settingsOf : null;
  const open = review.settingsOf.length > 0 && settings === null;
  const why = !live
    ? 'There is no connection to the engine'
    : activeId === ''
      ? 'Choose the active database first'
      : open
        ? 'Choose whose settings count first'
        : undefined;
  const confirm = () =>
    app.confirmPlan(
      () => app.api.failover.plan({ groupId: group.id, action: { kind: 'confirm', activeId, settingsOf: settings } }),
      (plan, typed) => app.api.failover.execute({ token: plan.token, typed }),
      'Confirm',
    );
  return (
    <>
      <MessageBar level="critical" title="This group is not confirmed.">
        {capital(review.why)}. Until you confirm it, nothing of it is backed up, restored, fenced or switched, and
        nothing takes over. To give it up instead, remove it on the Properties tab.
      </MessageBar>
      <Section title="What was found">
        <Table label="What was found" columns={columns} rows={review.rows} rowKey={(row) => row.memberId} />
        {review.conflicts.length > 0 && (
          <ul className="failover-conflicts">
            {review.conflicts.map((conflict) => (
              <li key={conflict.text}>
                <Led state="warning" label="Contradiction" /> {conflict.text}.
              </li>
            ))}
          </ul>
        )}
      </Section>
      <div className="failover-decide">
        <Select
          label="Active database"
          value={activeId}
          width={220}
          options={[
            ...(review.proposedId === null ? [unsettled] : []),
            ...review.rows.map((row) => ({ value: row.memberId, label: `${row.server}/${row.instance}` })),
          ]}
          onChange={setPicked}
        />
        {review.settingsOf.length > 0 && (
          <Select
            label="Settings of"
            value={settings ?? ''}
            width={180}
            options={[unsettled, ...review.settingsOf.map((server) => ({ value: server, label: server }))]}
            onChange={setSettingsOf}
          />
        )}
        <Button kind="primary" disabled={why !== undefined} title={why} onClick={confirm}>
          Confirm this group…
        </Button>
      </div>
    </>
  );
}

const columns: Column<ReviewRow>[] = [
  {
    key: 'server',
    header: 'Database',
    width: 'minmax(150px, 1fr)',
    cell: (row) => (
      <span className="failover-server">
        {row.server}/{row.instance}
      </span>
    ),
  },
  { key: 'now', header: 'Now', width: 'minmax(150px, 1fr)', cell: (row) => <Now row={row} /> },
  { key: 'data', header: 'Newest commit', width: '126px', cell: (row) => <Time at={row.live?.dataTime ?? null} /> },
  { key: 'term', header: 'Term', width: '72px', align: 'end', cell: (row) => row.live?.term ?? '–' },
  {
    key: 'file',
    header: 'Settings it keeps',
    width: 'minmax(190px, 1.4fr)',
    cell: (row) => <Kept row={row} />,
  },
  {
    key: 'active',
    header: 'Active by then',
    width: '112px',
    cell: (row) => row.record?.active ?? '–',
  },
];

function Now({ row }: { row: ReviewRow }) {
  if (!row.answers) return <Badge tone="critical">Does not answer</Badge>;
  if (!row.live) return <Badge tone="warning">Not there</Badge>;
  if (row.live.writable) return <Badge tone="ok">Accepts writes</Badge>;
  return row.live.role === 'primary' ? <Badge tone="warning">Fenced</Badge> : <Badge tone="neutral">Closed copy</Badge>;
}

function Kept({ row }: { row: ReviewRow }) {
  if (!row.record) return <span className="hf-muted">none</span>;
  return (
    <span>
      {row.record.newest ? 'newest' : <span className="hf-tone-warning">older</span>}, of{' '}
      <Time at={row.record.writtenAt} />
    </span>
  );
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
