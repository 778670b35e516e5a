// Databases: every protected database with its protection, the commands for the chosen one, and its details.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import type { PageId } from '../../app/route.ts';
import { useAction } from '../../app/use-action.ts';
import {
  AddIcon,
  BackupIcon,
  Button,
  ChainIcon,
  ConfirmDialog,
  DeleteIcon,
  ErrorBar,
  LogIcon,
  ReconnectIcon,
  Toolbar,
  ToolbarDivider,
} from '../../ui/index.ts';
import { InstanceDetails } from './InstanceDetails.tsx';
import { NoInstance } from './InstanceSelect.tsx';
import { InstanceTable } from './InstanceTable.tsx';
import { backupOff } from './instance-text.ts';
import './databases.css';

function ReleaseDialog({ instance, onClose }: { instance: InstanceView; onClose: () => void }) {
  const app = useApp();
  const action = useAction();
  const release = async () => {
    const done = await action.run(() => app.api.instances.release({ instanceId: instance.id }));
    if (done) onClose();
  };
  return (
    <ConfirmDialog
      plan={{
        title: `Release ${instance.id}`,
        class: 'confirm',
        typedName: null,
        effects: [
          'Holdfast stops capturing and backing up this database.',
          'The database, its backups and its logs stay where they are.',
          'Protecting it again starts a new chain: a full backup is required then.',
        ],
        warnings: [],
        checks: [],
        command: `holdfast release ${instance.id}`,
        refusal: instance.groupId ? 'This database belongs to a failover group. Remove it from the group first.' : null,
      }}
      verb="Release"
      busy={action.busy}
      error={action.error}
      onConfirm={() => void release()}
      onCancel={onClose}
    />
  );
}

export const DatabasesPage: PageComponent = ({ route }) => {
  const app = useApp();
  const live = useLive();
  const instances = useSite((snapshot) => snapshot.instances);
  const action = useAction();
  const [chosen, setChosen] = useState<string | null>(null);
  const [releasing, setReleasing] = useState(false);
  const id = chosen ?? route.instanceId ?? instances[0]?.id ?? null;
  const instance = instances.find((each) => each.id === id) ?? null;

  const protect = () => app.openDialog({ kind: 'protect' });
  const open = (page: PageId) => instance && app.navigate({ page, instanceId: instance.id });
  const backUp = (type: 'full' | 'incremental') => {
    if (!instance) return;
    const { groupId, id: instanceId } = instance;
    // In a group its copies have to get the backup too, so the group takes it.
    void action.run(() =>
      groupId ? app.api.failover.backupNow({ groupId, type }) : app.api.backup.start({ instanceId, type }),
    );
  };
  const off = (type: 'full' | 'incremental') =>
    live ? (backupOff(instance, type) ?? undefined) : 'There is no connection to the engine';
  const none = instance ? undefined : 'Choose a database first';

  if (instances.length === 0) {
    return (
      <Page title="Databases">
        <NoInstance gone={false} />
      </Page>
    );
  }
  return (
    <Page
      title="Databases"
      actions={
        <Button icon={<AddIcon />} disabled={!live} onClick={protect}>
          Protect a database
        </Button>
      }
    >
      <div className="db">
        <Toolbar label="Databases">
          <Button
            kind="subtle"
            icon={<BackupIcon />}
            disabled={!!off('full')}
            title={off('full')}
            busy={action.busy}
            onClick={() => backUp('full')}
          >
            Full backup now
          </Button>
          <Button
            kind="subtle"
            icon={<BackupIcon />}
            disabled={!!off('incremental')}
            title={off('incremental')}
            busy={action.busy}
            onClick={() => backUp('incremental')}
          >
            Incremental backup now
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<ReconnectIcon />}
            disabled={!!none}
            title={none}
            onClick={() => open('restore/wizard')}
          >
            Restore…
          </Button>
          <Button
            kind="subtle"
            icon={<ChainIcon />}
            disabled={!!none}
            title={none}
            onClick={() => open('backup/chains')}
          >
            Chains
          </Button>
          <Button
            kind="subtle"
            icon={<LogIcon />}
            disabled={!!none}
            title={none}
            onClick={() => open('backup/logging')}
          >
            Logging
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<DeleteIcon />}
            disabled={!!none || !live}
            title={none}
            onClick={() => setReleasing(true)}
          >
            Release…
          </Button>
        </Toolbar>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        <InstanceTable
          instances={instances}
          selected={instance?.id ?? null}
          onSelect={setChosen}
          onOpen={(row) => app.navigate({ page: 'backup/chains', instanceId: row.id })}
        />
        {instance && <InstanceDetails instance={instance} onFull={() => backUp('full')} />}
      </div>
      {releasing && instance && <ReleaseDialog instance={instance} onClose={() => setReleasing(false)} />}
    </Page>
  );
};
