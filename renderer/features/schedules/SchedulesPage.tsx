// Schedules: unattended backups of every database, when each runs next, and how the last run went.
import './schedules.css';
import { useState } from 'react';
import type { ScheduleView } from '../../../core/contract/schedules.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  AddIcon,
  Button,
  ConfirmDialog,
  DeleteIcon,
  EditIcon,
  EmptyState,
  ErrorBar,
  ProtectIcon,
  Spinner,
  StartIcon,
  Toolbar,
  ToolbarDivider,
} from '../../ui/index.ts';
import { RunList } from './RunList.tsx';
import { ScheduleDialog } from './ScheduleDialog.tsx';
import { ScheduleTable } from './ScheduleTable.tsx';

export const SchedulesPage: PageComponent = ({ route }) => {
  const app = useApp();
  const live = useLive();
  const instances = useSite((snapshot) => snapshot.instances);
  const version = useSite((snapshot) =>
    [
      ...snapshot.jobs.map((job) => job.id + job.status),
      ...snapshot.instances.map((instance) => `${instance.id} ${instance.nextBackup ?? ''} ${instance.reachable}`),
    ].join(),
  );
  const list = useQuery('schedules', (signal) => app.api.schedules.list({}, { signal }), version);
  const [chosen, setChosen] = useState<string | null>(null);
  const [editing, setEditing] = useState<ScheduleView | 'new' | null>(null);
  const [removing, setRemoving] = useState<ScheduleView | null>(null);
  const action = useAction();
  const schedules = list.data ?? [];
  const selected = schedules.find((one) => one.id === chosen) ?? schedules[0] ?? null;
  const none = selected ? undefined : 'Choose a schedule first';
  const changed = list.reload;
  const remove = async (id: string) => {
    const done = await action.run(() => app.api.schedules.remove({ id }));
    if (!done) return;
    setRemoving(null);
    changed();
  };

  if (instances.length === 0)
    return (
      <Page title="Schedules">
        <EmptyState
          title="No database is protected yet"
          actions={
            <Button kind="primary" icon={<ProtectIcon />} onClick={() => app.openDialog({ kind: 'protect' })}>
              Protect a database
            </Button>
          }
        >
          A schedule backs a database up by itself: for example a full every Friday and an incremental on all other
          days.
        </EmptyState>
      </Page>
    );
  return (
    <Page title="Schedules">
      <div className="schedules">
        <Toolbar label="Schedules">
          <Button kind="subtle" icon={<AddIcon />} disabled={!live} onClick={() => setEditing('new')}>
            Add a schedule
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<StartIcon />}
            disabled={!live || !selected || selected.state === 'running'}
            title={none}
            busy={action.busy}
            onClick={() => selected && void action.run(() => app.api.schedules.runNow({ id: selected.id }))}
          >
            Run now
          </Button>
          <Button
            kind="subtle"
            icon={<EditIcon />}
            disabled={!live || !selected}
            title={none}
            onClick={() => setEditing(selected)}
          >
            Change…
          </Button>
          <Button
            kind="subtle"
            icon={<DeleteIcon />}
            disabled={!live || !selected}
            title={none}
            onClick={() => setRemoving(selected)}
          >
            Remove
          </Button>
        </Toolbar>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {list.error && <ErrorBar error={list.error} />}
        {!list.data && !list.error && <Spinner label="Asking for the schedules…" />}
        {list.data && schedules.length === 0 && (
          <EmptyState
            title="No schedule yet"
            actions={
              <Button kind="primary" icon={<AddIcon />} disabled={!live} onClick={() => setEditing('new')}>
                Add the first one
              </Button>
            }
          >
            Backups are made by hand until then. Databases of a failover group are backed up by the group.
          </EmptyState>
        )}
        {schedules.length > 0 && (
          <ScheduleTable
            schedules={schedules}
            selected={selected?.id ?? null}
            onSelect={setChosen}
            onOpen={(row) => setEditing(row)}
          />
        )}
        {selected && <RunList key={selected.id} schedule={selected} />}
      </div>
      {editing && (
        <ScheduleDialog
          schedule={editing === 'new' ? null : editing}
          instanceId={route.instanceId ?? selected?.instanceId ?? instances[0]?.id ?? ''}
          onClose={() => setEditing(null)}
          onSaved={(id) => {
            setEditing(null);
            setChosen(id);
            changed();
          }}
        />
      )}
      {removing && (
        <ConfirmDialog
          plan={{
            title: `Remove the schedule ${removing.name}`,
            class: 'confirm',
            typedName: null,
            effects: [
              `${removing.instanceId} is no longer backed up by it.`,
              'Backups that it made stay; the retention of the database is about them from now on.',
            ],
            warnings: [],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Remove"
          busy={action.busy}
          error={action.error}
          onConfirm={() => void remove(removing.id)}
          onCancel={() => setRemoving(null)}
        />
      )}
    </Page>
  );
};
