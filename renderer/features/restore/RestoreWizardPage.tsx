// The restore wizard: source, point in time, target, checklist, options, review; Start opens the monitor.
import { useEffect, useMemo, useRef, useState } from 'react';
import type { RestoreChoices, Timeline } from '../../../core/contract/console.ts';
import type { FolderDatabase } from '../../../core/contract/library.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import type { Route } from '../../app/route.ts';
import { useAction } from '../../app/use-action.ts';
import { useQuery } from '../../app/use-query.ts';
import {
  BackupIcon,
  Button,
  EmptyState,
  ErrorBar,
  FolderIcon,
  formatMoment,
  Spinner,
  StartIcon,
  TextField,
  useNow,
} from '../../ui/index.ts';
import { grownTimeline, type Mark, marksOf } from '../chains/restore-points.ts';
import { InstanceSelect, NoInstance } from '../databases/InstanceSelect.tsx';
import { useInstance } from '../databases/use-instance.ts';
import { ChecklistStep } from './ChecklistStep.tsx';
import { FolderDialog } from './FolderDialog.tsx';
import { OptionsStep } from './OptionsStep.tsx';
import { PointStep } from './PointStep.tsx';
import { ReviewStep } from './ReviewStep.tsx';
import {
  draftAt,
  draftFrom,
  folderDraft,
  newDraft,
  type RestoreDraft,
  stepProblem,
  toRequest,
  type WizardStep,
  wizardSteps,
} from './restore-draft.ts';
import { noRestoreSecrets, restoreExtras, SecretsPart } from './SecretsPart.tsx';
import { SourceStep } from './SourceStep.tsx';
import { StepNav } from './StepNav.tsx';
import { TargetStep } from './TargetStep.tsx';
import { useFormer } from './use-former.ts';
import { WaitingSet } from './WaitingSet.tsx';
import { choiceText, stepNames } from './wizard-text.ts';
import './wizard.css';

/** Comes from the chains page with a point, from a backup with its id, or from the menu with neither. */
function firstDraft(instanceId: string, route: Route, timeline: Timeline): RestoreDraft {
  if (route.until !== undefined) return draftAt(instanceId, route.until, timeline, marksOf(timeline));
  return { ...newDraft(instanceId), idtag: route.idtag ?? null };
}

/** Choices of before are only to be looked through, unless the world has changed under them. */
function firstStep(route: Route, chosen: RestoreDraft | null, timeline: Timeline, marks: readonly Mark[]): WizardStep {
  if (chosen) return wizardSteps.find((step) => stepProblem(step, chosen, timeline, marks)) ?? 'review';
  return route.until === undefined ? 'source' : 'target';
}

const secretsOf = (choices: RestoreChoices | null) => ({
  ...noRestoreSecrets,
  placeSecurity: choices?.otherFiles.security ?? false,
  placeIncluded: choices?.otherFiles.included ?? false,
});

function Wizard(props: {
  instance: InstanceView | null;
  folder: FolderDatabase | null;
  route: Route;
  timeline: Timeline;
  /** What a former restore chose; the wizard begins at the review. */
  choices: RestoreChoices | null;
  onSearch: (folders: string[]) => void;
}) {
  const { instance, folder, route, timeline: asked, choices } = props;
  const app = useApp();
  const live = useLive();
  const now = useNow();
  const action = useAction();
  const status = folder ? null : (instance?.status ?? null);
  const timeline = useMemo(() => (status ? grownTimeline(asked, status) : asked), [asked, status]);
  const marks = useMemo(() => marksOf(timeline), [timeline]);
  const [draft, setDraft] = useState(() =>
    choices
      ? draftFrom(choices.request)
      : folder
        ? folderDraft(folder)
        : firstDraft(instance?.id ?? '', route, timeline),
  );
  const [step, setStep] = useState<WizardStep>(() => firstStep(route, choices && draft, timeline, marks));
  const [typed, setTyped] = useState('');
  const [secrets, setSecrets] = useState(() => secretsOf(choices));
  const heading = useRef<HTMLHeadingElement>(null);
  const at = wizardSteps.indexOf(step);
  const problems = wizardSteps.map((each) => stepProblem(each, draft, timeline, marks));
  const firstProblem = problems.findIndex((problem) => problem !== null);
  const reach = firstProblem < 0 ? wizardSteps.length - 1 : firstProblem;

  const planned = at >= wizardSteps.indexOf('checklist') && firstProblem < 0;
  const request = toRequest(draft, marks);
  const plan = useQuery(planned ? JSON.stringify(request) : null, (signal) =>
    app.api.restore.plan(request, { signal }),
  );
  const expired = plan.data !== null && now >= plan.data.expiresAt;
  const { reload } = plan;
  // A plan lives shortly; while the administrator reads, it is made anew, and what has changed is seen.
  useEffect(() => {
    if (expired) reload();
  }, [expired, reload]);

  const go = (next: WizardStep) => {
    setStep(next);
    // Whoever has mended what stood in the way must not wait until the plan is made anew by itself.
    if (plan.data?.refusal) reload();
    setTyped('');
    action.clear();
    requestAnimationFrame(() => heading.current?.focus());
  };
  const set = (change: Partial<RestoreDraft>) => {
    setDraft((before) => ({ ...before, ...change }));
    if (change.searchFolders) props.onSearch(change.searchFolders);
  };
  const given = { instance, draft, set, timeline, marks };
  const confirmed = plan.data !== null && (plan.data.class !== 'typed' || typed === plan.data.typedName);
  const ready = plan.data !== null && !plan.loading && plan.data.refusal === null && confirmed && live;

  const start = async () => {
    if (!plan.data || !ready) return;
    const { token, typedName, class: kind } = plan.data;
    const extras = restoreExtras(plan.data, secrets);
    const job = await action.run(() =>
      app.api.restore.start({ token, typed: kind === 'typed' ? typedName && typed : null, ...extras }),
    );
    if (job) app.navigate({ page: 'restore/monitor', jobId: job.jobId });
    else reload();
  };
  const problem = problems[at];
  const next = wizardSteps[at + 1];
  const before = wizardSteps[at - 1];
  const texts = wizardSteps.map((each) => choiceText(each, draft, marks, (time) => formatMoment(time, now)));
  return (
    <div className="rw">
      <StepNav step={step} reach={reach} texts={texts} onStep={go} />
      <div className="rw-body">
        <h2 ref={heading} tabIndex={-1}>
          {stepNames[step]}
        </h2>
        <div className="rw-content">
          {step === 'source' && <SourceStep {...given} />}
          {step === 'point' && <PointStep {...given} />}
          {step === 'target' && <TargetStep {...given} />}
          {step === 'options' && <OptionsStep {...given} />}
          {planned && plan.error && (
            <ErrorBar error={plan.error} actions={<Button onClick={reload}>Try again</Button>} />
          )}
          {planned && !plan.data && !plan.error && step !== 'options' && (
            <Spinner label="Looking at backups, logs, servers and space" />
          )}
          {step === 'checklist' && plan.data && <ChecklistStep {...given} plan={plan.data} />}
          {step === 'review' && plan.data && (
            <>
              <ReviewStep {...given} plan={plan.data} />
              <SecretsPart
                chain={plan.data}
                draft={secrets}
                set={(change) => setSecrets((before) => ({ ...before, ...change }))}
              />
            </>
          )}
          {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        </div>
        <footer className="rw-foot">
          <span className={problem ? 'hf-tone-critical' : 'hf-secondary'} role="status">
            {problem ?? (step === 'review' ? '' : 'Nothing is done before Start.')}
          </span>
          {step === 'review' &&
            plan.data?.class === 'typed' &&
            plan.data.typedName !== null &&
            plan.data.refusal === null && (
              <div className="rw-confirm">
                <span aria-hidden="true">
                  Type <strong>{plan.data.typedName}</strong> to replace the database
                </span>
                <TextField
                  label={`Type ${plan.data.typedName} to replace the database`}
                  hideLabel
                  width={150}
                  value={typed}
                  onChange={setTyped}
                  onEnter={() => void start()}
                />
              </div>
            )}
          <Button disabled={!before} onClick={() => before && go(before)}>
            Back
          </Button>
          {next ? (
            <Button kind="primary" disabled={!!problem} title={problem ?? undefined} onClick={() => go(next)}>
              Next
            </Button>
          ) : (
            <Button
              kind="primary"
              icon={<StartIcon />}
              busy={action.busy}
              disabled={!ready}
              title={
                ready
                  ? undefined
                  : (plan.data?.refusal ?? (live ? 'Type the name to confirm' : 'There is no connection to the engine'))
              }
              onClick={() => void start()}
            >
              Start the restore
            </Button>
          )}
        </footer>
      </div>
    </div>
  );
}

export const RestoreWizardPage: PageComponent = ({ route }) => <RestorePage key={route.again ?? ''} route={route} />;

const RestorePage: PageComponent = ({ route }) => {
  const app = useApp();
  const former = useFormer(route.again);
  const { choices } = former;
  const about = choices ? { ...route, instanceId: choices.request.instanceId } : route;
  const { instance, instances } = useInstance(about);
  const [picked, setFolder] = useState<FolderDatabase | null | undefined>();
  const folder = picked === undefined ? former.folder : picked;
  const [opening, setOpening] = useState(false);
  const [searched, setSearchFolders] = useState<string[] | null>(null);
  const searchFolders = searched ?? choices?.request.searchFolders ?? [];
  const begun = choices && picked === undefined ? choices : null;
  const key = instance && !folder && !former.waits ? JSON.stringify([instance.id, searchFolders]) : null;
  const asked = useQuery(key, (signal) =>
    app.api.instances.timeline({ instanceId: instance!.id, searchFolders }, { signal }),
  );
  // The wizard stays while more folders are looked through.
  const [shown, setShown] = useState<{ id: string; timeline: Timeline } | null>(null);
  if (instance && asked.data && shown?.timeline !== asked.data) setShown({ id: instance.id, timeline: asked.data });
  const timeline = folder ? folder.timeline : shown?.id === instance?.id ? (shown?.timeline ?? null) : null;
  const known = folder ? (instances.find((each) => each.id === folder.instanceId) ?? null) : instance;
  const empty = !folder && timeline?.catalog.chains.length === 0;
  const openFolder = (
    <Button icon={<FolderIcon />} onClick={() => setOpening(true)}>
      Open a backup folder…
    </Button>
  );
  return (
    <Page
      title="Restore"
      fill
      aside={
        folder ? (
          <span className="hf-secondary">
            {folder.source.instance} of {folder.source.srvname}
          </span>
        ) : (
          instances.length > 0 && <InstanceSelect route={route} instance={instance} instances={instances} />
        )
      }
      actions={
        <>
          {folder ? <Button onClick={() => setFolder(null)}>Back to the databases</Button> : openFolder}
          <Button onClick={() => app.navigate({ page: 'restore/monitor' })}>Recent restores</Button>
        </>
      }
    >
      {former.error && <ErrorBar error={former.error} actions={<Button onClick={former.reload}>Try again</Button>} />}
      {former.loading && <Spinner label="Looking up what was chosen" />}
      {instance?.status.hasRst && !folder && <WaitingSet instance={instance} />}
      {!instance && !folder && !former.waits && <NoInstance gone={!!about.instanceId} />}
      {!folder && asked.error && (
        <ErrorBar error={asked.error} actions={<Button onClick={asked.reload}>Try again</Button>} />
      )}
      {!folder && asked.loading && !timeline && <Spinner label="Reading backups and logs" />}
      {instance && empty && (
        <EmptyState
          title="There is nothing to restore from"
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
          No backup of {instance.id} lies in {instance.backupFolder}. Open the folder in which its files are, or take a
          backup.
        </EmptyState>
      )}
      {(instance || folder) && timeline && !empty && !former.waits && (
        <Wizard
          key={`${route.again ?? ''} ${folder ? JSON.stringify(folder.source) : `${instance?.id} ${route.until ?? ''} ${route.idtag ?? ''}`}`}
          choices={begun}
          instance={known}
          folder={folder}
          route={route}
          timeline={timeline}
          onSearch={setSearchFolders}
        />
      )}
      {opening && (
        <FolderDialog
          onPick={(database) => {
            setFolder(database);
            setOpening(false);
          }}
          onClose={() => setOpening(false)}
        />
      )}
    </Page>
  );
};
