// Master backup: how often full and differential, both now, when they last ran and run next, and how far a running one is.
import { useState } from 'react';
import type { GroupView } from '../../../core/contract/failover.ts';
import { useApi, useLive, useSite } from '../../app/app.ts';
import { ScheduleEditor } from '../../app/ScheduleEditor.tsx';
import { useAction } from '../../app/use-action.ts';
import {
  Button,
  CommandIcon,
  CommandLine,
  ErrorBar,
  formatDuration,
  ProgressBar,
  Section,
  Time,
  Until,
} from '../../ui/index.ts';
import { fraction, isOver } from '../jobs/job-text.ts';
import type { GroupDraft } from './use-group-draft.ts';

export function MasterBackup({ group, draft }: { group: GroupView; draft: GroupDraft }) {
  const api = useApi();
  const live = useLive();
  const jobs = useSite((snapshot) => snapshot.jobs);
  const [command, setCommand] = useState(false);
  const action = useAction();
  const running = jobs.find(
    (job) => job.groupId === group.id && (job.kind === 'cycle' || job.kind === 'contingency') && !isOver(job),
  );
  const runningType = running && /^full/i.test(running.title) ? 'full' : 'incremental';
  const reason = !live
    ? 'There is no connection to the engine'
    : !group.config.enabled
      ? 'Turn failover on and apply first'
      : running
        ? 'A backup of this group is running'
        : undefined;
  const start = (type: 'full' | 'incremental') =>
    void action.run(() => api.failover.backupNow({ groupId: group.id, type }));

  const line = (
    label: string,
    field: 'full' | 'differential',
    last: number | null,
    next: number | null,
    type: 'full' | 'incremental',
  ) => (
    <div className="master-line">
      <span className="master-label">{label}</span>
      <ScheduleEditor label={label} value={draft.config[field]} onChange={(value) => draft.edit({ [field]: value })} />
      <Button disabled={reason !== undefined} title={reason} busy={action.busy} onClick={() => start(type)}>
        {label} backup now
      </Button>
      {running && runningType === type ? (
        <span className="master-running">
          <span className="hf-ellipsis hf-secondary">{running.progress?.phase ?? 'Starting'}</span>
          <ProgressBar value={fraction(running)} label={running.title} />
        </span>
      ) : (
        <span className="master-last hf-ellipsis">
          {last === null ? (
            'not run yet'
          ) : (
            <>
              last <Time at={last} />
            </>
          )}
          {next !== null && !draft.dirty && (
            <span className="hf-muted">
              {' · next '}
              <Until at={next} />
            </span>
          )}
        </span>
      )}
    </div>
  );

  return (
    <Section
      title="Master backup"
      aside={
        <Button kind="subtle" icon={<CommandIcon />} pressed={command} onClick={() => setCommand(!command)}>
          Show command
        </Button>
      }
    >
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {line('Full', 'full', group.lastFull, group.nextFull, 'full')}
      {line('Differential', 'differential', group.lastDifferential, group.nextDifferential, 'incremental')}
      <p className="hf-muted">
        A differential backup holds what changed since the previous backup of either kind: quick to make, so copies are
        fresher, but a restore has to apply every one of them.
        {group.restoreHintMs !== null && ` A restore of all takes about ${formatDuration(group.restoreHintMs)} now.`}
      </p>
      {command && (
        <div className="master-commands">
          <CommandLine command={`holdfast failover ${group.name} backup-now full`} />
          <CommandLine command={`holdfast failover ${group.name} backup-now differential`} />
        </div>
      )}
    </Section>
  );
}
