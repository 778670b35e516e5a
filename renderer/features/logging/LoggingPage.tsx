// Roll-forward logging of one database: settings, what it does now, its logs, the write-ahead log, and what endangers them.
import { useState } from 'react';
import type { LoggingConfig } from '../../../core/contract/instance.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import { BackupIcon, Button, ErrorBar, MessageBar, Select, Spinner } from '../../ui/index.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { backupOff } from '../databases/instance-text.ts';
import { useInstance } from '../databases/use-instance.ts';
import { Hazards } from './Hazards.tsx';
import { LogFiles } from './LogFiles.tsx';
import { LoggingNow } from './LoggingNow.tsx';
import { LoggingSettings } from './LoggingSettings.tsx';
import { fileOf } from './logging-text.ts';
import { WalHolds } from './WalHolds.tsx';
import './logging.css';

function FullRequired({ instance }: { instance: InstanceView }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const off = live ? (backupOff(instance, 'full') ?? undefined) : 'There is no connection to the engine';
  const { groupId, id: instanceId } = instance;
  // In a group its copies have to get the backup too, so the group takes it.
  const backUp = () =>
    action.run(() =>
      groupId
        ? app.api.failover.backupNow({ groupId, type: 'full' })
        : app.api.backup.start({ instanceId, type: 'full' }),
    );
  return (
    <>
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      <MessageBar
        level="warning"
        title="A full backup is required."
        actions={
          <Button icon={<BackupIcon />} disabled={!!off} title={off} busy={action.busy} onClick={() => void backUp()}>
            Back up now
          </Button>
        }
      >
        {instance.status.fullRequiredReason}. Until then these logs cannot be used for a restore.
      </MessageBar>
    </>
  );
}

function Logging({ instance, config, reload }: { instance: InstanceView; config: LoggingConfig; reload: () => void }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const { status } = instance;
  const standby = status.role === 'standby';
  const files = status.backends ?? [];
  /** Of an instance of several files, the one that is shown; null for the first. */
  const [backend, setBackend] = useState<string | null>(null);
  const { currentLog, logCount, directory } = {
    ...config,
    ...(backend === null ? {} : fileOf(status, backend)?.logging),
  };
  const stamp = [currentLog, logCount, directory, status.lastFull?.idtag, status.fullRequired];
  const logs = useQuery(`${instance.id} ${backend} ${stamp.join(' ')}`, (signal) =>
    app.api.logging.logs({ instanceId: instance.id, backend }, { signal }),
  );
  const hazards = useQuery(standby ? null : instance.id, (signal) =>
    app.api.logging.hazards({ instanceId: instance.id }, { signal }),
  );
  return (
    <div className="lg">
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {status.error?.name === 'LOG_DEVICE_FULL' && <ErrorBar error={status.error} />}
      {standby && (
        <MessageBar level="info">
          This is a standby copy: it writes no logs of its own until it becomes active.
        </MessageBar>
      )}
      {status.fullRequired && !standby && <FullRequired instance={instance} />}
      {files.length > 1 && (
        <div className="lg-file">
          <Select
            label="File"
            width={220}
            value={backend ?? files[0]?.id ?? ''}
            options={files.map(({ id }) => ({ value: id, label: id }))}
            onChange={(id) => setBackend(id === files[0]?.id ? null : id)}
          />
          <p className="hf-secondary">
            The settings are those of all {files.length} files. Each writes logs of its own, which are shown for this
            one.
          </p>
        </div>
      )}
      <div className="lg-columns">
        <LoggingSettings instance={instance} config={config} action={action} reload={reload} />
        <div className="lg-stack">
          <LoggingNow instance={instance} config={config} backend={backend} reload={reload} />
          {!standby && <WalHolds instance={instance} backend={backend} />}
        </div>
      </div>
      <LogFiles instance={instance} logs={logs} backend={backend} />
      {!standby && <Hazards report={hazards} live={live} />}
    </div>
  );
}

export const LoggingPage: PageComponent = ({ route }) => {
  const app = useApp();
  const { instance, instances } = useInstance(route);
  // The snapshot names the current log; a new one means that the rest has changed too.
  const stamp = instance
    ? `${instance.id} ${instance.status.logging.currentLog} ${instance.status.logging.on} ${instance.status.lastFull?.idtag}`
    : null;
  const config = useQuery(stamp, (signal) => app.api.instances.getConfig({ instanceId: instance!.id }, { signal }));
  // Until the answer is there, the snapshot's own copy stands in: the page does not blink at each new log.
  const known = config.data ?? instance?.status.logging ?? null;
  // What grows comes with every snapshot.
  const current = known && instance ? { ...known, ...grown(instance.status.logging) } : known;
  return (
    <Page
      title="Roll-forward logging"
      aside={instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />}
    >
      {!instance && <NoInstance gone={!!route.instanceId} />}
      {config.error && <ErrorBar error={config.error} actions={<Button onClick={config.reload}>Try again</Button>} />}
      {instance && !current && config.loading && <Spinner label="Reading the settings" />}
      {instance && current && <Logging key={instance.id} instance={instance} config={current} reload={config.reload} />}
    </Page>
  );
};

const grown = ({ usedBytes, logCount, space }: LoggingConfig) => ({ usedBytes, logCount, ...(space ? { space } : {}) });
