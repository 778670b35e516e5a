// How the databases stand: one line each, with verdict, last backups and failover state.
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useSite } from '../../app/app.ts';
import { byName, memberOf, standingOf } from '../../app/standing.ts';
import { Button, Bytes, type Column, Led, Section, Table, Time, useStale } from '../../ui/index.ts';

export function Standing() {
  const app = useApp();
  const stale = useStale();
  const instances = useSite((snapshot) => snapshot.instances);
  const groups = useSite((snapshot) => snapshot.groups);
  const role = (row: InstanceView): string => {
    const group = groups.find((each) => each.id === row.groupId);
    const member = group?.members.find((each) => each.instanceId === row.id);
    if (!group || !member) return 'On its own';
    const words = [member.master ? 'Master' : 'Backup', member.active ? 'active' : null].filter(Boolean).join(', ');
    return groups.length > 1 ? `${words} of ${group.name}` : words;
  };
  const columns: Column<InstanceView>[] = [
    {
      key: 'led',
      header: 'Sign',
      hideHeader: true,
      width: '32px',
      cell: (row) => {
        const { led, text } = standingOf(row, memberOf(groups, row));
        return <Led state={led} label={text} />;
      },
    },
    {
      key: 'name',
      header: 'Database',
      width: 'minmax(176px, 1.3fr)',
      cell: (row) => <b className="home-name">{row.id}</b>,
      sort: (row) => row.id,
    },
    {
      key: 'verdict',
      header: 'Protection',
      width: 'minmax(200px, 2fr)',
      cell: (row) => {
        const { level, text } = standingOf(row, memberOf(groups, row));
        return (
          <span className={stale ? 'hf-muted' : level === 'ok' ? undefined : `hf-tone-${level}`} title={text}>
            {stale && 'last known: '}
            {level === 'ok' ? row.verdict : text}
          </span>
        );
      },
      sort: (row) => ({ critical: 0, warning: 1, ok: 2 })[standingOf(row, memberOf(groups, row)).level],
    },
    { key: 'role', header: 'Failover', width: 'minmax(150px, 1fr)', cell: role, sort: role },
    {
      key: 'size',
      header: 'Size',
      width: '80px',
      align: 'end',
      cell: (row) => <Bytes value={row.status.size} />,
      sort: (row) => row.status.size,
    },
    {
      key: 'full',
      header: 'Last full',
      width: '112px',
      cell: (row) => <Time at={row.status.lastFull?.at ?? null} />,
      sort: (row) => row.status.lastFull?.at ?? null,
    },
    {
      key: 'inc',
      header: 'Last incremental',
      width: '120px',
      cell: (row) => <Time at={row.status.lastIncremental?.at ?? null} />,
      sort: (row) => row.status.lastIncremental?.at ?? null,
    },
  ];
  return (
    <Section
      title="Databases"
      aside={
        <Button kind="subtle" disabled={stale} onClick={() => app.openDialog({ kind: 'protect' })}>
          Protect a database
        </Button>
      }
    >
      <Table
        label="Databases"
        columns={columns}
        rows={instances.toSorted(byName)}
        rowKey={(row) => row.id}
        onOpen={(row) => app.navigate({ page: 'backup/chains', instanceId: row.id })}
      />
    </Section>
  );
}
