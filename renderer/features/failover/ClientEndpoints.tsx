// Where clients ask for the active database: one address per server, and a file.
import type { GroupView } from '../../../core/contract/failover.ts';
import { serves } from '../../app/standing.ts';
import { type Column, CommandLine, Led, Table } from '../../ui/index.ts';

type Endpoint = GroupView['clients']['endpoints'][number] & { active: boolean };

const columns: Column<Endpoint>[] = [
  {
    key: 'led',
    header: 'Sign',
    hideHeader: true,
    width: '32px',
    cell: (row) => <Led state={row.active ? 'on' : 'off'} label={row.active ? 'Answers 200' : 'Answers 503'} />,
  },
  { key: 'server', header: 'Server', width: '140px', cell: (row) => row.server },
  {
    key: 'url',
    header: 'Address',
    width: 'minmax(220px, 1fr)',
    cell: (row) => <span className="hf-mono">{row.url}</span>,
  },
  { key: 'answer', header: 'Answers', width: '120px', cell: (row) => (row.active ? '200, active' : '503') },
];

export function ClientEndpoints({ group }: { group: GroupView }) {
  const rows = group.clients.endpoints.map((endpoint) => ({
    ...endpoint,
    active: group.members.some((member) => serves(member) && member.server === endpoint.server),
  }));
  return (
    <>
      <p className="hf-secondary">
        Only the active server answers 200; a load balancer can follow that. Programs on this machine can read the file.
      </p>
      <Table
        label="Client endpoints"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.server}
        empty="No server offers an address now."
      />
      {group.clients.activeFile && <CommandLine command={group.clients.activeFile} />}
    </>
  );
}
