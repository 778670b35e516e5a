// Back up: the options of one backup beside what the engine would do with them, and Start.
import { useEffect, useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import type { ConsoleApi } from '../../../core/rpc/types.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  BackupIcon,
  Button,
  CommandLine,
  ErrorBar,
  formatBytes,
  KeyValue,
  MessageBar,
  StartIcon,
} from '../../ui/index.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { backupOff } from '../databases/instance-text.ts';
import { useInstance } from '../databases/use-instance.ts';
import { JobRow } from '../jobs/JobRow.tsx';
import { HowPart, WhatPart, WherePart } from './BackupForm.tsx';
import { type BackupDraft, backupProblems, newBackupDraft, toBackupRequest } from './backup-draft.ts';
import { ClosedBar } from './ClosedBar.tsx';
import { SecretPart } from './SecretPart.tsx';
import { noSecretsDraft, secretProblems, secretsToSend } from './secrets-draft.ts';
import '../jobs/jobs.css';
import './backup.css';

type BackupPlan = Awaited<ReturnType<ConsoleApi['backup']['plan']>>;

/** The draft as it was when the last key was pressed a moment ago: one plan for a word, not one for each letter. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 250);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function PlanFacts({ plan, draft }: { plan: BackupPlan; draft: BackupDraft }) {
  const { at, type } = draft;
  return (
    <KeyValue
      items={[
        [
          'File',
          <span key="f" className="hf-mono">
            {plan.options.file}
          </span>,
        ],
        [
          'Backup log',
          <span key="l" className="hf-mono">
            {plan.options.log}
          </span>,
        ],
        ['About', plan.estimatedBytes === null ? 'not known yet' : `${formatBytes(plan.estimatedBytes)} to read`],
        [
          'Holds at most',
          type === 'cold'
            ? 'the whole database: nobody can use it meanwhile'
            : at === 'start'
              ? `${formatBytes(plan.options.walLimit)} of the write-ahead log; a copy that would need more shows the moment when it ended`
              : 'nothing',
        ],
      ]}
    />
  );
}

function BackUp({ instance }: { instance: InstanceView }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [draft, setDraft] = useState(() =>
    newBackupDraft(backupOff(instance, 'incremental') === null ? 'incremental' : 'full'),
  );
  const [started, setStarted] = useState<string | null>(null);
  // Here and in the start call alone: neither the snapshot, the plan, the route nor the job ever holds them.
  const [secrets, setSecrets] = useState(noSecretsDraft);
  const [tried, setTried] = useState(false);
  const job = useSite((snapshot) => snapshot.jobs.find((one) => one.id === started));
  const settled = useSettled(draft);
  const ready = Object.keys(backupProblems(settled)).length === 0;
  const request = toBackupRequest(instance.id, settled);
  // A finished backup moves the chain, so the plan is asked for again.
  const { lastFull, lastIncremental, fullRequired, closed, encryption, securityFiles } = instance.status;
  const chain = JSON.stringify([lastFull, lastIncremental, fullRequired, closed, encryption, securityFiles]);
  const plan = useQuery(ready ? `${JSON.stringify(request)} ${chain}` : null, (signal) =>
    app.api.backup.plan(request, { signal }),
  );
  const current = settled === draft && plan.data !== null && !plan.loading;
  const start = async () => {
    setTried(true);
    if (Object.keys(secretProblems(draft, instance, secrets)).length > 0) return;
    const given = { ...toBackupRequest(instance.id, draft), secrets: secretsToSend(draft, instance, secrets) };
    const job = await action.run(() => app.api.backup.start(given));
    if (!job) return;
    setStarted(job.jobId);
    setSecrets(noSecretsDraft);
    setTried(false);
  };
  const set = (change: Partial<BackupDraft>) => {
    setStarted(null);
    setDraft((before) => ({ ...before, ...change }));
  };
  return (
    <div className="bu">
      {instance.status.closed && (
        <div className="bu-closed">
          <ClosedBar instance={instance} />
        </div>
      )}
      <div className="bu-form">
        <WhatPart instance={instance} draft={draft} set={set} />
        <WherePart instance={instance} draft={draft} set={set} />
        <HowPart instance={instance} draft={draft} set={set} />
        <SecretPart
          instance={instance}
          draft={draft}
          set={set}
          secrets={secrets}
          setSecrets={(change) => setSecrets((before) => ({ ...before, ...change }))}
          tried={tried}
        />
      </div>
      <aside className="bu-plan" aria-label="What will be done">
        <div className="bu-head">
          <h2>What will be done</h2>
          <Button
            kind="primary"
            icon={<StartIcon />}
            busy={action.busy}
            disabled={!live || !current || plan.data?.refusal !== null}
            title={live ? (plan.data?.refusal ?? undefined) : 'There is no connection to the engine'}
            onClick={() => void start()}
          >
            Start the backup
          </Button>
        </div>
        {job && (
          <ul className="bu-job" aria-label="The backup that was started">
            <JobRow job={job} />
          </ul>
        )}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        {plan.error && <ErrorBar error={plan.error} actions={<Button onClick={plan.reload}>Try again</Button>} />}
        {instance.groupId !== null && (
          <MessageBar
            level="warning"
            title="In a failover group."
            actions={
              <Button
                onClick={() =>
                  app.navigate({
                    page: 'system/directory-manager/database-failover',
                    groupId: instance.groupId ?? undefined,
                  })
                }
              >
                Open it
              </Button>
            }
          >
            A backup taken here moves the chain and is not delivered to the copies: they wait for the next full backup
            of their group.
          </MessageBar>
        )}
        {plan.data?.refusal && <MessageBar level="critical">{plan.data.refusal}</MessageBar>}
        {plan.data?.warnings.map((warning) => (
          <MessageBar key={warning.name} level="warning">
            {warning.message}
          </MessageBar>
        ))}
        {plan.data && (
          <div className={current ? undefined : 'bu-stale'} aria-busy={!current}>
            <PlanFacts plan={plan.data} draft={draft} />
            <h3>Command</h3>
            <CommandLine command={plan.data.command} />
          </div>
        )}
      </aside>
    </div>
  );
}

export const BackUpPage: PageComponent = ({ route }) => {
  const app = useApp();
  const { instance, instances } = useInstance(route);
  return (
    <Page
      title="Back up"
      aside={instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />}
      actions={
        instance && (
          <Button
            icon={<BackupIcon />}
            onClick={() => app.navigate({ page: 'backup/chains', instanceId: instance.id })}
          >
            Chains
          </Button>
        )
      }
    >
      {instance ? <BackUp key={instance.id} instance={instance} /> : <NoInstance gone={!!route.instanceId} />}
    </Page>
  );
};
