// Contingency backups: what was kept when something was replaced or left behind. One can be restored to the master.
import type { GroupView } from '../../../core/contract/failover.ts';
import { useApp, useLive } from '../../app/app.ts';
import { Button, Bytes, type Column, Section, Table, Time } from '../../ui/index.ts';

type Kept = GroupView['contingencies'][number];

export function ContingencyList({ group }: { group: GroupView }) {
  const app = useApp();
  const live = useLive();
  const restore = (id: string) =>
    app.confirmPlan(
      () => app.api.failover.plan({ groupId: group.id, action: { kind: 'restoreContingency', contingencyId: id } }),
      (plan, typed) => app.api.failover.execute({ token: plan.token, typed }),
      'Restore',
    );
  const columns: Column<Kept>[] = [
    { key: 'at', header: 'Kept', width: '102px', cell: (row) => <Time at={row.takenAt} />, sort: (row) => row.takenAt },
    {
      key: 'server',
      header: 'Server',
      width: 'minmax(80px, 0.8fr)',
      cell: (row) => row.server,
      sort: (row) => row.server,
    },
    {
      key: 'data',
      header: 'Data up to',
      width: '102px',
      cell: (row) => <Time at={row.dataTime} />,
      sort: (row) => row.dataTime,
    },
    {
      key: 'reason',
      header: 'Why',
      width: 'minmax(120px, 1.2fr)',
      cell: (row) => <span title={row.reason}>{row.reason}</span>,
    },
    {
      key: 'size',
      header: 'Size',
      width: '72px',
      align: 'end',
      cell: (row) => <Bytes value={row.bytes} />,
      sort: (row) => row.bytes,
    },
    {
      key: 'path',
      header: 'Place',
      width: 'minmax(90px, 1.6fr)',
      cell: (row) => (
        <span className="hf-mono" title={row.path}>
          {row.path}
        </span>
      ),
    },
    {
      key: 'do',
      header: 'Restore',
      hideHeader: true,
      width: '140px',
      align: 'end',
      cell: (row) => (
        <Button
          kind="subtle"
          disabled={!live}
          label={`Restore to master: ${row.reason}`}
          onClick={() => restore(row.id)}
        >
          Restore to master…
        </Button>
      ),
    },
  ];
  return (
    <Section title="Contingency backups">
      <Table
        label="Contingency backups"
        columns={columns}
        rows={group.contingencies}
        rowKey={(row) => row.id}
        initialSort={{ key: 'at', descending: true }}
        maxHeight={200}
      />
    </Section>
  );
}
