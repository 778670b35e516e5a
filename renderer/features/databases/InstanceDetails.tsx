// Everything that is known about one database: what it needs now, where it lies, its vector, its write-ahead log.
import type { ReactNode } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import {
  Age,
  BackupIcon,
  Badge,
  Button,
  Bytes,
  ErrorBar,
  formatCount,
  KeyValue,
  MessageBar,
  ProgressBar,
  Time,
  Until,
} from '../../ui/index.ts';
import { ClosedBar } from '../backup/ClosedBar.tsx';
import { stampMeaning, stampText } from '../monitor/stamp-text.ts';
import { BackendFiles } from './BackendFiles.tsx';
import { walShare, watchedText } from './instance-text.ts';

function Needs({ instance, onFull }: { instance: InstanceView; onFull: () => void }) {
  const app = useApp();
  const live = useLive();
  const { status } = instance;
  return (
    <>
      {!instance.reachable && (
        <MessageBar level="warning" title="Not current.">
          The agent of {instance.server} does not answer. What stands here is the last that it said.
        </MessageBar>
      )}
      <ClosedBar instance={instance} />
      {status.error && <ErrorBar error={status.error} />}
      {status.outOfSync && (
        <MessageBar level="warning" title="Out of sync.">
          {status.outOfSyncReason ?? 'The copies differ from the master.'}
        </MessageBar>
      )}
      {status.fullRequired && status.role === 'primary' && (
        <MessageBar
          level="warning"
          title="A full backup is required."
          actions={
            <Button icon={<BackupIcon />} disabled={!live || !instance.reachable} onClick={onFull}>
              Full backup now
            </Button>
          }
        >
          {status.fullRequiredReason}
        </MessageBar>
      )}
      {status.hasRst && (
        <MessageBar
          level="warning"
          title="A restored set waits in RST."
          actions={<Button onClick={() => app.navigate({ page: 'restore/monitor' })}>Open the monitor</Button>}
        >
          It is not active until you decide.
        </MessageBar>
      )}
    </>
  );
}

function Wal({ wal }: { wal: NonNullable<InstanceView['status']['wal']> }) {
  if (wal.frames === 0) return <span>empty: everything is in the database</span>;
  return (
    <span className="db-wal">
      <span className="db-wal-bar">
        <ProgressBar value={walShare(wal)} label="Write-ahead log copied back" />
      </span>
      <span>
        {formatCount(wal.copiedBack)} of {formatCount(wal.frames)} frames copied back, <Bytes value={wal.bytes} />
      </span>
      {wal.sealed && (
        <Badge tone="info" title="Everything in it is captured; it may be reset">
          sealed
        </Badge>
      )}
    </span>
  );
}

/** Holds on the WAL and hazards in a few words; the logging page has them in full. */
function Watched({ text, instance }: { text: string; instance: InstanceView }) {
  const app = useApp();
  return (
    <span>
      {text}{' '}
      <Button kind="subtle" onClick={() => app.navigate({ page: 'backup/logging', instanceId: instance.id })}>
        Show
      </Button>
    </span>
  );
}

export function InstanceDetails({ instance, onFull }: { instance: InstanceView; onFull: () => void }) {
  const { status } = instance;
  const watched = watchedText(instance);
  const pages =
    status.pageCount === null || status.pageSize === null || status.backends
      ? ''
      : `, ${formatCount(status.pageCount)} pages of ${formatCount(status.pageSize)} bytes`;
  return (
    <section className="db-details" aria-label={`Details of ${instance.id}`}>
      <h2>{instance.id}</h2>
      <Needs instance={instance} onFull={onFull} />
      <div className="db-facts">
        <KeyValue
          items={[
            [
              'Database',
              <span className="hf-mono" key="p">
                {status.path}
              </span>,
            ],
            [
              'Home',
              <span className="hf-mono" key="h">
                {status.home}
              </span>,
            ],
            [
              'Backups',
              <span className="hf-mono" key="b">
                {instance.backupFolder}
              </span>,
            ],
            [
              'Logs',
              <span className="hf-mono" key="l">
                {status.logging.directory}
              </span>,
            ],
            [
              'Vector',
              status.vector.length === 0 ? (
                <span key="v" className="hf-muted">
                  empty
                </span>
              ) : (
                <span key="v" className="db-vector">
                  {status.vector.map((stamp) => (
                    <span key={stamp.replica} className="hf-mono" title={stampMeaning(stamp)}>
                      {stampText(stamp)}
                    </span>
                  ))}
                </span>
              ),
            ],
            [
              'WAL',
              status.wal ? (
                <Wal key="w" wal={status.wal} />
              ) : (
                <span key="w" className="hf-muted">
                  none
                </span>
              ),
            ],
            ...(watched
              ? ([['Caution', <Watched key="x" text={watched} instance={instance} />]] satisfies [string, ReactNode][])
              : []),
          ]}
        />
        <KeyValue
          items={[
            ['Role', `${status.role}${status.writable ? ', writable' : ', not writable'}`],
            ['Replica, term', `${status.replica}, ${status.term}`],
            [
              'Size',
              <span key="s">
                <Bytes value={status.size} />
                <span className="hf-muted">{pages}</span>
              </span>,
            ],
            [
              'Last commit',
              <span key="c">
                <Time at={status.lastCommitAt} />{' '}
                {status.lastCommitAt !== null && (
                  <span className="hf-muted">
                    (<Age since={status.lastCommitAt} suffix=" ago" />)
                  </span>
                )}
              </span>,
            ],
            ['Restorable to', <Time key="r" at={status.restorableTo} />],
            ...(instance.nextBackup
              ? ([['Next backup', <Until key="n" at={instance.nextBackup} />]] satisfies [string, ReactNode][])
              : []),
            [
              status.lastRestore ? 'Last restore' : 'Last full',
              status.lastRestore ? (
                <span key="lr">
                  <Time at={status.lastRestore.at} />{' '}
                  <span className="hf-muted hf-mono">{status.lastRestore.idtag}</span>
                </span>
              ) : (
                <span key="lf">
                  <Time at={status.lastFull?.at ?? null} empty="never" />{' '}
                  <span className="hf-muted hf-mono">{status.lastFull?.idtag ?? ''}</span>
                </span>
              ),
            ],
            ...(status.lastIncremental
              ? ([
                  [
                    'Last incremental',
                    <span key="li">
                      <Time at={status.lastIncremental.at} />{' '}
                      <span className="hf-muted hf-mono">{status.lastIncremental.idtag}</span>
                    </span>,
                  ],
                ] satisfies [string, ReactNode][])
              : []),
          ]}
        />
      </div>
      <BackendFiles instance={instance} />
    </section>
  );
}
