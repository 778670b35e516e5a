// Contingency copies of a database: sets that a restore replaced. They stay until an administrator deletes them by name.
import { useState } from 'react';
import type { Contingency } from '../../../core/contract/agent.ts';
import { useApi, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Button,
  Bytes,
  type Column,
  ConfirmDialog,
  ErrorBar,
  formatBytes,
  Section,
  Table,
  Time,
} from '../../ui/index.ts';

export function KeptCopies({ instanceId }: { instanceId: string }) {
  const api = useApi();
  const live = useLive();
  const copies = useQuery(instanceId, (signal) => api.retention.contingencies({ instanceId }, { signal }));
  const [deleting, setDeleting] = useState<Contingency | null>(null);
  const action = useAction();
  const name = instanceId.split('/')[1] ?? '';
  const remove = async (copy: Contingency, typed: string | null) => {
    const done = await action.run(() => api.retention.removeContingency({ instanceId, id: copy.id, typed }));
    if (!done) return;
    setDeleting(null);
    copies.reload();
  };
  const columns: readonly Column<Contingency>[] = [
    { key: 'at', header: 'Kept', width: '118px', sort: (row) => row.takenAt, cell: (row) => <Time at={row.takenAt} /> },
    { key: 'data', header: 'Data up to', width: '118px', cell: (row) => <Time at={row.dataTime} /> },
    {
      key: 'why',
      header: 'Why',
      width: 'minmax(140px, 1fr)',
      cell: (row) => <span title={row.reason}>{row.reason}</span>,
    },
    {
      key: 'size',
      header: 'Size',
      width: '84px',
      align: 'end',
      sort: (row) => row.bytes,
      cell: (row) => <Bytes value={row.bytes} />,
    },
    {
      key: 'path',
      header: 'Place',
      width: 'minmax(140px, 1.6fr)',
      cell: (row) => (
        <span className="hf-mono" title={row.path}>
          {row.path}
        </span>
      ),
    },
    {
      key: 'do',
      header: 'Delete',
      hideHeader: true,
      width: '92px',
      align: 'end',
      cell: (row) => (
        <Button
          kind="subtle"
          disabled={!live}
          label={`Delete the copy kept at ${new Date(row.takenAt).toISOString()}`}
          onClick={() => setDeleting(row)}
        >
          Delete…
        </Button>
      ),
    },
  ];
  return (
    <Section title="Contingency copies">
      {copies.error && <ErrorBar error={copies.error} />}
      <Table
        label="Contingency copies"
        columns={columns}
        rows={copies.data ?? []}
        rowKey={(row) => row.id}
        empty="None: nothing of this database was replaced or left behind."
        maxHeight={180}
      />
      {deleting && (
        <ConfirmDialog
          plan={{
            title: 'Delete a contingency copy',
            class: 'typed',
            typedName: name,
            effects: [`${deleting.path} is deleted for good: ${formatBytes(deleting.bytes)}.`],
            warnings: [`It was kept because: ${deleting.reason}. What only it holds is lost.`],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Delete"
          busy={action.busy}
          error={action.error}
          onConfirm={(typed) => void remove(deleting, typed)}
          onCancel={() => setDeleting(null)}
        />
      )}
    </Section>
  );
}
