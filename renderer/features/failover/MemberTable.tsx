// The list of databases: LED, server, state, last backup or restore, folder, age of the data.
import type { GroupView } from '../../../core/contract/failover.ts';
import { useSite } from '../../app/app.ts';
import { memberLed, serves } from '../../app/standing.ts';
import {
  Age,
  Badge,
  type Column,
  formatCount,
  formatDuration,
  Led,
  ProgressBar,
  Table,
  Time,
  useNow,
} from '../../ui/index.ts';
import { fraction, isOver } from '../jobs/job-text.ts';
import { ageTone, memberStateText } from './group-words.ts';
import type { MemberRow } from './member-rows.ts';

export function MemberTable(props: {
  group: GroupView;
  rows: readonly MemberRow[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
}) {
  const { group } = props;
  const columns: Column<MemberRow>[] = [
    {
      key: 'led',
      header: 'Active',
      hideHeader: true,
      width: '30px',
      cell: (row) => <Sign group={group} row={row} />,
    },
    {
      key: 'server',
      header: 'Server',
      width: 'minmax(150px, 2.2fr)',
      cell: (row) => (
        <span title={row.server}>
          <b className="failover-server">{row.server}</b>
          {row.master && ' (Master)'}
        </span>
      ),
    },
    {
      key: 'host',
      header: 'Database server',
      width: 'minmax(64px, 1fr)',
      cell: (row) => <span title={row.databaseServer}>{row.databaseServer}</span>,
    },
    { key: 'instance', header: 'Instance', width: 'minmax(80px, 0.9fr)', cell: (row) => row.instance },
    { key: 'state', header: 'State', width: 'minmax(104px, 1.2fr)', cell: (row) => <State group={group} row={row} /> },
    {
      key: 'last',
      header: 'Last backup/restore',
      width: 'minmax(102px, 142px)',
      title: 'Master: last backup. Copies: last restore.',
      cell: (row) => <Time at={(row.master ? row.live?.lastBackupAt : row.live?.lastRestoreAt) ?? null} />,
    },
    {
      key: 'folder',
      header: 'Folder',
      width: 'minmax(48px, 1.3fr)',
      cell: (row) => (
        <span className="hf-mono" title={row.folder}>
          {row.folder}
        </span>
      ),
    },
    {
      key: 'age',
      header: 'Data age',
      width: 'minmax(110px, 148px)',
      cell: (row) => <DataAge group={group} row={row} />,
    },
  ];
  return (
    <Table
      label="Databases of this group"
      columns={columns}
      rows={props.rows}
      rowKey={(row) => row.id}
      selected={props.selected}
      onSelect={props.onSelect}
      onOpen={(row) => props.onOpen(row.id)}
    />
  );
}

/** A copy whose data has grown old takes over with a loss that nobody expects: no green ring for it. */
function Sign({ group, row }: { group: GroupView; row: MemberRow }) {
  const now = useNow();
  if (!row.live) return <Led state="off" label="Not in force yet" />;
  const led = memberLed(row.live);
  const age = row.live.dataTime === null ? 0 : now - row.live.dataTime;
  if (led.state === 'standby' && ageTone(age, group).tone === 'critical')
    return <Led state="warning" label={`${led.label}, but its data is ${formatDuration(age)} old`} />;
  return <Led {...led} />;
}

function State({ group, row }: { group: GroupView; row: MemberRow }) {
  const jobs = useSite((snapshot) => snapshot.jobs);
  if (!row.live || row.changed) return <Badge tone="info">Not applied yet</Badge>;
  const { text, level } = memberStateText[row.live.state];
  const working = row.live.state === 'Restoring' || row.live.state === 'BackingUp';
  if (working) {
    const job = jobs.find(
      (each) => each.groupId === group.id && !isOver(each) && (each.progress?.phase.includes(row.server) ?? false),
    );
    return (
      <span className="failover-working" title={row.live.stateText || text}>
        {text}
        <ProgressBar value={job ? fraction(job) : null} label={`${text} ${row.server}`} />
      </span>
    );
  }
  return (
    <span className={level === 'ok' ? undefined : `hf-tone-${level}`} title={row.live.stateText || text}>
      {row.live.state === 'Error' && row.live.stateText ? row.live.stateText : text}
    </span>
  );
}

function DataAge({ group, row }: { group: GroupView; row: MemberRow }) {
  const now = useNow();
  const { live } = row;
  if (!live) return <span className="hf-muted">–</span>;
  if (live.active)
    return serves(live) ? (
      <span className="hf-secondary">live</span>
    ) : (
      <span className="hf-tone-warning">not serving</span>
    );
  if (live.dataTime === null) return <span className="hf-muted">never restored</span>;
  const age = Math.max(0, now - live.dataTime);
  const { tone, share } = ageTone(age, group);
  const behind = live.behindCommits === null ? '' : `, ${formatCount(live.behindCommits)} commits behind`;
  return (
    <span className="failover-age" title={`Newest commit ${formatDuration(age)} old${behind}`}>
      <Age since={live.dataTime} />
      <span className={`failover-age-bar is-${tone}`} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
