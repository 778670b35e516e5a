// The files of one database: size, pages and logging of each; more can be added, and all but the first taken out.
import { useState } from 'react';
import type { BackendStatus } from '../../../core/contract/backend.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import {
  AddIcon,
  Badge,
  Button,
  Bytes,
  type Column,
  ConfirmDialog,
  DeleteIcon,
  formatCount,
  IconButton,
  Table,
} from '../../ui/index.ts';
import { AddBackendDialog } from './AddBackendDialog.tsx';

function columnsFor(first: string, canChange: boolean, remove: (id: string) => void): Column<BackendStatus>[] {
  return [
    {
      key: 'id',
      header: 'File',
      width: '128px',
      cell: (one) => (
        <span className="db-sign">
          <span className="db-name">{one.id}</span>
          {one.error && (
            <Badge tone="critical" title={one.error.message}>
              error
            </Badge>
          )}
        </span>
      ),
    },
    {
      key: 'path',
      header: 'Path',
      width: 'minmax(160px, 1fr)',
      cell: (one) => (
        <span className="hf-mono" title={`${one.path}\nHome: ${one.home}`}>
          {one.path}
        </span>
      ),
    },
    { key: 'size', header: 'Size', width: '84px', align: 'end', cell: (one) => <Bytes value={one.size} /> },
    {
      key: 'pages',
      header: 'Pages',
      width: '132px',
      align: 'end',
      cell: (one) =>
        one.pageCount === null || one.pageSize === null
          ? '–'
          : `${formatCount(one.pageCount)} × ${formatCount(one.pageSize)}`,
    },
    {
      key: 'logging',
      header: 'Logging',
      width: '150px',
      cell: (one) =>
        one.logging.on ? (
          <span title={one.logging.directory}>
            <span className="hf-mono">{one.logging.currentLog}</span>
          </span>
        ) : (
          <span className="hf-muted">{one.journal === 'rollback' ? 'off, rollback journal' : 'off'}</span>
        ),
    },
    {
      key: 'remove',
      header: 'Take out',
      hideHeader: true,
      width: '52px',
      align: 'end',
      cell: (one) =>
        one.id === first ? null : (
          <IconButton
            label={`Take ${one.id} out`}
            icon={<DeleteIcon />}
            disabled={!canChange}
            onClick={() => remove(one.id)}
          />
        ),
    },
  ];
}

export function BackendFiles({ instance }: { instance: InstanceView }) {
  const live = useLive();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const { status } = instance;
  const backends = status.backends ?? [];
  const canChange = live && instance.reachable && status.state !== 'BackingUp' && status.state !== 'Restoring';
  if (status.role === 'standby') return null;
  return (
    <section className="db-files" aria-label="Files">
      <div className="db-files-head">
        <h3>Files</h3>
        <span className="hf-muted">
          {backends.length > 1
            ? `${backends.length} files, backed up at one moment and restored together`
            : 'One file. Files that the same program keeps beside it can be backed up with it.'}
        </span>
        <Button
          icon={<AddIcon />}
          disabled={!canChange || instance.groupId !== null || !status.writable}
          title={instance.groupId ? 'A failover group keeps databases of one file' : undefined}
          onClick={() => setAdding(true)}
        >
          Add a file…
        </Button>
      </div>
      {backends.length > 1 && (
        <Table
          label={`Files of ${instance.id}`}
          columns={columnsFor(backends[0]?.id ?? '', canChange, setRemoving)}
          rows={backends}
          rowKey={(one) => one.id}
        />
      )}
      {adding && <AddBackendDialog instance={instance} onClose={() => setAdding(false)} />}
      {removing !== null && (
        <RemoveBackendDialog instance={instance} backend={removing} onClose={() => setRemoving(null)} />
      )}
    </section>
  );
}

function RemoveBackendDialog(props: { instance: InstanceView; backend: string; onClose: () => void }) {
  const { instance, backend, onClose } = props;
  const app = useApp();
  const action = useAction();
  const remove = async () => {
    const done = await action.run(() => app.api.instances.removeBackend({ instanceId: instance.id, id: backend }));
    if (done) onClose();
  };
  return (
    <ConfirmDialog
      plan={{
        title: `Take ${backend} out of ${instance.id}`,
        class: 'confirm',
        typedName: null,
        effects: [
          `Backups and restores of ${instance.id} leave ${backend} out from now on.`,
          'The file, its logs and all backups stay where they are.',
          'A full backup is required afterwards.',
        ],
        warnings: ['Backups that hold it can be restored only into new files, or once it is added again.'],
        checks: [],
        command: `holdfast backends ${instance.id} --remove ${backend}`,
        refusal: null,
      }}
      busy={action.busy}
      error={action.error}
      verb="Take out"
      onConfirm={() => void remove()}
      onCancel={onClose}
    />
  );
}
