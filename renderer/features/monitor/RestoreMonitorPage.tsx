// The restore monitor: one restore as a live picture, what to do about it, and the recent ones to choose from.
import { useMemo } from 'react';
import type { Job } from '../../../core/contract/jobs.ts';
import { useApi, useApp, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import type { PageComponent } from '../../app/pages.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, EmptyState, ErrorBar, Section, Spinner, useNow } from '../../ui/index.ts';
import { AfterRestore } from './AfterRestore.tsx';
import { BackendStrip } from './BackendStrip.tsx';
import { MonitorPicture } from './MonitorPicture.tsx';
import { RecoveryPanel } from './RecoveryPanel.tsx';
import { RestoreList } from './RestoreList.tsx';
import { intoFile, phaseOf, type RestorePicture, rstTaken } from './restore-phase.ts';
import { settledView } from './settled-view.ts';
import { useRestoreWatch } from './use-restore-watch.ts';
import { VerdictBar } from './VerdictBar.tsx';
import { WaitingPanel } from './WaitingPanel.tsx';
import { WaysOn } from './WaysOn.tsx';
import './monitor.css';

const isOver = (job: Job): boolean => !['queued', 'running', 'canceling'].includes(job.status);

/** All known restores, newest first; those of the snapshot are fresher than those that were asked for. */
function useRestores(): { jobs: Job[]; loading: boolean } {
  const api = useApi();
  const current = useSite((snapshot) => snapshot.jobs);
  const newest = current.find((job) => job.kind === 'restore')?.id ?? 'none';
  const history = useQuery(`restores ${newest}`, (signal) => api.jobs.list({ limit: 500 }, { signal }));
  const jobs = useMemo(() => {
    const known = new Map((history.data ?? []).filter((job) => job.kind === 'restore').map((job) => [job.id, job]));
    for (const job of current) if (job.kind === 'restore') known.set(job.id, job);
    return [...known.values()].sort((a, b) => b.startedAt - a.startedAt);
  }, [history.data, current]);
  return { jobs, loading: history.loading };
}

/** What to do now, above the picture, since the administrator looks for it first. */
function NextSteps({ picture, newest }: { picture: RestorePicture; newest: boolean }) {
  const instance = useSite((snapshot) => snapshot.instances.find((each) => each.id === picture.job.instanceId) ?? null);
  // An older restore of the same instance has no set of its own any more.
  const rstWaits =
    newest &&
    !intoFile(picture) &&
    // An engine that was killed had no time to write the last picture down.
    (picture.view.rst.state === 'complete, disabled' || picture.job.status === 'interrupted') &&
    (instance?.status.hasRst ?? false);
  if (phaseOf(picture) === 'activated') return newest ? <AfterRestore picture={picture} instance={instance} /> : null;
  const guided = newest && phaseOf(picture) === 'behind' && !intoFile(picture) && instance !== null;
  const ways = <WaysOn picture={picture} instance={instance} rstWaits={rstWaits} guided={guided} />;
  if (!guided) return ways;
  return (
    <RecoveryPanel key={picture.job.id} picture={picture} instance={instance}>
      {ways}
    </RecoveryPanel>
  );
}

export const RestoreMonitorPage: PageComponent = ({ route }) => {
  const app = useApp();
  const { jobs, loading } = useRestores();
  const chosen = route.jobId ?? (jobs.find((job) => !isOver(job)) ?? jobs[0])?.id ?? null;
  const { picture: reported, error } = useRestoreWatch(chosen);
  const now = useNow();
  const target = useSite((snapshot) => snapshot.instances.find((each) => each.id === reported?.job.target) ?? null);
  const job = reported?.job;
  const newest = job !== undefined && jobs.find((each) => each.target === job.target)?.id === job.id;
  const picture = reported && { ...reported, view: settledView(reported, newest ? target : null) };
  const restore = (
    <Button onClick={() => app.navigate({ page: 'restore/wizard' })} kind={jobs.length === 0 ? 'primary' : 'normal'}>
      Restore…
    </Button>
  );
  if (chosen === null) {
    return (
      <Page title="Restore monitor">
        {loading ? (
          <Spinner label="Looking for restores" />
        ) : (
          <EmptyState title="No restore has run yet" actions={restore}>
            A restore brings a database back from a full backup, its incrementals and the roll-forward logs, beside the
            one in use. Here you see every step of it: what is read, what is verified, and which set is active.
          </EmptyState>
        )}
      </Page>
    );
  }
  const taken =
    picture !== null &&
    rstTaken(picture, {
      hasRst: target?.status.hasRst ?? false,
      reachable: target?.reachable ?? false,
      newest,
      at: now,
    });
  return (
    <Page title="Restore monitor" aside={<span className="hf-secondary">{job?.target ?? ''}</span>} actions={restore}>
      <div className="mon">
        {error && <ErrorBar error={error} />}
        {!picture && !error && <Spinner label="Asking for the picture of this restore" />}
        {picture && (
          <>
            <VerdictBar picture={picture} taken={taken} />
            {!isOver(picture.job) && <WaitingPanel picture={picture} />}
            {isOver(picture.job) && <NextSteps picture={picture} newest={newest} />}
            {picture.view.backend && <BackendStrip backend={picture.view.backend} phase={phaseOf(picture)} />}
            <MonitorPicture view={picture.view} over={isOver(picture.job)} file={intoFile(picture)} taken={taken} />
          </>
        )}
        <Section title="Recent restores">
          <RestoreList
            jobs={jobs}
            selected={chosen}
            onSelect={(jobId) => app.navigate({ page: 'restore/monitor', jobId })}
          />
        </Section>
      </div>
    </Page>
  );
};
