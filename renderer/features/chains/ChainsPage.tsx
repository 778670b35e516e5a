// Chains: the timeline of one instance, the chosen point with Restore to here, and its backups as a table.
import { useMemo, useState } from 'react';
import type { Timeline } from '../../../core/contract/console.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApi, useApp, useLive } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  BackupIcon,
  Button,
  CheckIcon,
  EmptyState,
  ErrorBar,
  InspectIcon,
  MessageBar,
  ReconnectIcon,
  RetryIcon,
  Section,
  Spinner,
  Time,
  Toolbar,
  ToolbarSpacer,
} from '../../ui/index.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { useInstance } from '../databases/use-instance.ts';
import { BackupTable, type Checks } from './BackupTable.tsx';
import { PointReadout } from './PointReadout.tsx';
import { grownTimeline, marksOf, pointAt } from './restore-points.ts';
import { TimelinePicker } from './TimelinePicker.tsx';
import './chains.css';

function Chains({
  instance,
  timeline: asked,
  reload,
}: {
  instance: InstanceView;
  timeline: Timeline;
  reload: () => void;
}) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const { status } = instance;
  const timeline = useMemo(() => grownTimeline(asked, status), [asked, status]);
  const marks = useMemo(() => marksOf(timeline), [timeline]);
  const [chosen, setChosen] = useState<number | null>(null);
  const [checks, setChecks] = useState<Checks>({});
  const [row, setRow] = useState<string | null>(null);
  const point = chosen === null ? null : pointAt(timeline, marks, chosen);
  const selected = marks.find((mark) => mark.info.idtag === row) ?? null;

  const choose = (at: number) => {
    setChosen(at);
    setRow(marks.find((mark) => mark.at === at)?.info.idtag ?? null);
  };
  const select = (idtag: string) => {
    setRow(idtag);
    const mark = marks.find((each) => each.info.idtag === idtag);
    if (mark && !mark.broken) setChosen(mark.at);
  };
  const restoreTo = (at: number | null) => {
    if (at === null || pointAt(timeline, marks, at).kind === 'none') return;
    app.navigate({ page: 'restore/wizard', instanceId: instance.id, until: at });
  };
  const verify = async (idtag: string) => {
    setChecks((before) => ({ ...before, [idtag]: 'running' }));
    const result = await action.run(() => app.api.backup.verify({ instanceId: instance.id, idtag }));
    setChecks(({ [idtag]: _, ...rest }) => (result ? { ...rest, [idtag]: result } : rest));
  };
  const header = (idtag: string) => app.navigate({ page: 'backup/inspector', instanceId: instance.id, idtag });
  const off = selected ? undefined : 'Choose a backup in the table first';
  const failed = row ? checks[row] : undefined;

  return (
    <div className="ch">
      <TimelinePicker timeline={timeline} chosen={chosen} onChoose={choose} onEnter={() => restoreTo(chosen)} />
      <div className="ch-point">
        {point === null || chosen === null ? (
          <p className="hf-secondary">
            {timeline.restorableFrom === null ? (
              'Nothing can be restored yet.'
            ) : (
              <>
                Restorable from <Time at={timeline.restorableFrom} /> to <Time at={timeline.restorableTo} />. Pick a
                point: click, or use the arrow keys (Shift for small steps, Ctrl for the next backup).
              </>
            )}
          </p>
        ) : (
          <PointReadout instanceId={instance.id} timeline={timeline} marks={marks} at={chosen} onChoose={choose} />
        )}
        <Button
          kind="primary"
          icon={<ReconnectIcon />}
          disabled={point === null || point.kind === 'none'}
          title={point === null ? 'Pick a point of the timeline first' : undefined}
          onClick={() => restoreTo(chosen)}
        >
          Restore to here
        </Button>
      </div>
      {timeline.catalog.unusable.length > 0 && (
        <MessageBar
          level="warning"
          title={`${timeline.catalog.unusable.length === 1 ? 'One file' : `${timeline.catalog.unusable.length} files`} in the backup folder cannot be used.`}
        >
          {timeline.catalog.unusable.slice(0, 3).map((each) => (
            <span key={each.file} className="ch-unusable">
              {each.error.message.includes(each.file) ? '' : `${each.file}: `}
              {each.error.message} ({each.error.code})
            </span>
          ))}
        </MessageBar>
      )}
      <Section title="Backups" aside={<span className="hf-num">{marks.length}</span>}>
        <Toolbar label="Backups">
          <Button
            kind="subtle"
            icon={<CheckIcon />}
            disabled={!selected || !live || failed === 'running'}
            title={off}
            onClick={() => selected && void verify(selected.info.idtag)}
          >
            Verify
          </Button>
          <Button
            kind="subtle"
            icon={<InspectIcon />}
            disabled={!selected}
            title={off}
            onClick={() => selected && header(selected.info.idtag)}
          >
            Header
          </Button>
          <Button
            kind="subtle"
            icon={<ReconnectIcon />}
            disabled={!selected || selected.broken !== null}
            title={off ?? (selected?.broken ? `Cannot be restored: ${selected.broken}` : undefined)}
            onClick={() => restoreTo(selected?.at ?? null)}
          >
            Restore…
          </Button>
          <ToolbarSpacer />
          <Button kind="subtle" icon={<RetryIcon />} onClick={reload}>
            Read again
          </Button>
        </Toolbar>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {failed && failed !== 'running' && !failed.ok && (
          <MessageBar level="critical" title={`Backup ${row} is not good.`}>
            {failed.files
              .filter((file) => file.error)
              .map((file) => `${file.file}: ${file.error?.message} (${file.code})`)
              .join('; ')}
          </MessageBar>
        )}
        <BackupTable
          marks={marks}
          checks={checks}
          proofs={timeline.proofs}
          selected={row}
          onSelect={select}
          onOpen={(mark) => header(mark.info.idtag)}
        />
      </Section>
    </div>
  );
}

export const ChainsPage: PageComponent = ({ route }) => {
  const app = useApp();
  const api = useApi();
  const { instance, instances } = useInstance(route);
  // A finished backup or restore of this instance changes the timeline.
  const { lastFull, lastIncremental, lastRestore } = instance?.status ?? {};
  const stamp = [lastFull?.idtag, lastIncremental?.idtag, lastRestore?.idtag, instance?.status.logging.currentLog].join(
    ' ',
  );
  const timeline = useQuery(
    instance ? instance.id : null,
    (signal) => api.instances.timeline({ instanceId: instance!.id }, { signal }),
    stamp,
  );
  const empty = timeline.data && timeline.data.catalog.chains.length === 0;
  return (
    <Page
      title="Chains"
      aside={instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />}
      actions={
        instance && (
          <Button
            icon={<BackupIcon />}
            onClick={() => app.navigate({ page: 'backup/back-up', instanceId: instance.id })}
          >
            Back up…
          </Button>
        )
      }
    >
      {!instance && <NoInstance gone={!!route.instanceId} />}
      {timeline.error && (
        <ErrorBar error={timeline.error} actions={<Button onClick={timeline.reload}>Try again</Button>} />
      )}
      {timeline.loading && !timeline.data && <Spinner label="Reading backups and logs" />}
      {instance && empty && timeline.data?.catalog.unusable.length === 0 && (
        <EmptyState
          title="No backup of this database yet"
          actions={
            <Button
              kind="primary"
              icon={<BackupIcon />}
              onClick={() => app.navigate({ page: 'backup/back-up', instanceId: instance.id })}
            >
              Take a full backup
            </Button>
          }
        >
          A chain starts with a full backup. Incrementals and roll-forward logs continue it; from then on you can pick a
          moment here and restore to it.
        </EmptyState>
      )}
      {instance && timeline.data && !(empty && timeline.data.catalog.unusable.length === 0) && (
        <Chains key={instance.id} instance={instance} timeline={timeline.data} reload={timeline.reload} />
      )}
    </Page>
  );
};
