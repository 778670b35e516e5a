// Restore drills: every database with its last proven restore, the drill that is set up for it, and the reports.
import './drills.css';
import { useState } from 'react';
import type { DrillView } from '../../../core/contract/drills.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  Button,
  DrillIcon,
  EditIcon,
  EmptyState,
  ErrorBar,
  ProtectIcon,
  Spinner,
  StartIcon,
  Toolbar,
  ToolbarDivider,
} from '../../ui/index.ts';
import { DrillDialog } from './DrillDialog.tsx';
import { DrillReports } from './DrillReports.tsx';
import { DrillTable } from './DrillTable.tsx';

export const DrillsPage: PageComponent = ({ route }) => {
  const app = useApp();
  const live = useLive();
  // What changes a list of drills: a drill that begins or ends, a database that comes or goes.
  const version = useSite((snapshot) =>
    [
      ...snapshot.jobs.filter((job) => job.kind === 'drill').map((job) => job.id + job.status),
      ...snapshot.instances.map((instance) => `${instance.id} ${instance.lastProven?.at ?? ''}`),
    ].join(),
  );
  const list = useQuery('drills', (signal) => app.api.drills.list({}, { signal }), version);
  const [chosen, setChosen] = useState<string | null>(null);
  const [editing, setEditing] = useState<DrillView | null>(null);
  const action = useAction();
  const drills = list.data ?? [];
  const id = chosen ?? route.instanceId ?? drills[0]?.instanceId ?? null;
  const drill = drills.find((one) => one.instanceId === id) ?? null;
  const start = (point: 'last' | 'random') =>
    drill && void action.run(() => app.api.drills.run({ instanceId: drill.instanceId, point }));
  const off = !live
    ? 'There is no connection to the engine'
    : !drill
      ? 'Choose a database first'
      : drill.running
        ? 'A drill of this database is running'
        : undefined;

  if (list.data && drills.length === 0)
    return (
      <Page title="Restore drills">
        <EmptyState
          title="No database is protected yet"
          actions={
            <Button kind="primary" icon={<ProtectIcon />} onClick={() => app.openDialog({ kind: 'protect' })}>
              Protect a database
            </Button>
          }
        >
          A drill restores a database’s backups into a throw-away folder, checks every block, asks the restored copy
          your questions, and says how long it took.
        </EmptyState>
      </Page>
    );
  return (
    <Page title="Restore drills">
      <div className="drills">
        <Toolbar label="Restore drills">
          <Button
            kind="subtle"
            icon={<StartIcon />}
            disabled={off !== undefined}
            title={off}
            busy={action.busy}
            onClick={() => start('last')}
          >
            Run a drill now
          </Button>
          <Button
            kind="subtle"
            icon={<DrillIcon />}
            disabled={off !== undefined}
            title={off ?? 'Restores to a moment picked at random from what backups and logs cover'}
            busy={action.busy}
            onClick={() => start('random')}
          >
            To a random moment
          </Button>
          <ToolbarDivider />
          <Button
            kind="subtle"
            icon={<EditIcon />}
            disabled={!live || !drill}
            title={drill ? undefined : 'Choose a database first'}
            onClick={() => setEditing(drill)}
          >
            {drill?.config ? 'Change the drill…' : 'Set up a drill…'}
          </Button>
        </Toolbar>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {list.error && <ErrorBar error={list.error} />}
        {list.data ? (
          <DrillTable drills={drills} selected={id} onSelect={setChosen} onOpen={(row) => setEditing(row)} />
        ) : (
          !list.error && <Spinner label="Asking for the drills…" />
        )}
        {drill && <DrillReports key={drill.instanceId} drill={drill} />}
      </div>
      {editing && (
        <DrillDialog
          drill={editing}
          onClose={() => setEditing(null)}
          onSaved={() => {
            list.reload();
            setEditing(null);
          }}
        />
      )}
    </Page>
  );
};
