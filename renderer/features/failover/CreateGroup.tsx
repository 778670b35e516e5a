// No group yet: choose the database that becomes the master. It stays off until Apply on the page that follows.
import { useState } from 'react';
import { nameSchema } from '../../../core/contract/common.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, EmptyState, ErrorBar, Select, TextField } from '../../ui/index.ts';

export function CreateGroup() {
  const app = useApp();
  const live = useLive();
  const instances = useSite((snapshot) => snapshot.instances);
  const action = useAction();
  const free = instances.filter((instance) => instance.groupId === null && instance.status.role === 'primary');
  const [chosen, setChosen] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const master = free.find((instance) => instance.id === chosen) ?? free[0];
  if (!master)
    return (
      <EmptyState
        title="No database to fail over yet"
        actions={
          <Button kind="primary" disabled={!live} onClick={() => app.openDialog({ kind: 'protect' })}>
            Protect a database
          </Button>
        }
      >
        Database failover keeps copies of a protected database on other servers and lets one take over when its server
        is lost. Protect the database that is to be the master first.
      </EmptyState>
    );
  const name = typed ?? master.status.name;
  const valid = nameSchema.safeParse(name).success;
  const create = async () => {
    const done = await action.run(() => app.api.failover.create({ instanceId: master.id, name }));
    if (done) app.navigate({ page: 'system/directory-manager/database-failover', groupId: done.groupId });
  };
  return (
    <div className="failover-create">
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      <p className="hf-secondary">
        Copies of the master are kept on other servers by full and differential backups; one of them takes over when the
        master’s server is lost. Choose the master. Nothing changes for its clients until failover is turned on.
      </p>
      <div className="hf-form-row">
        <Select
          label="Master database"
          width={240}
          value={master.id}
          options={free.map((instance) => ({ value: instance.id, label: instance.id }))}
          onChange={setChosen}
        />
        <TextField
          label="Group name"
          width={180}
          value={name}
          onChange={setTyped}
          maxLength={15}
          problem={valid ? null : '1 to 15 letters, digits and hyphens'}
        />
        <Button kind="primary" disabled={!valid || !live} busy={action.busy} onClick={() => void create()}>
          Set up failover
        </Button>
      </div>
    </div>
  );
}
