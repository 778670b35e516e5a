// One job in the dock: what, where, how far, how fast, how long; or what came of it.
import type { Job } from '../../../core/contract/jobs.ts';
import { useApp, useLive } from '../../app/app.ts';
import { runFor } from '../../commands/registry.ts';
import {
  Age,
  Button,
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDuration,
  formatElapsed,
  LevelIcon,
  ProgressBar,
  useNow,
} from '../../ui/index.ts';
import { cancelText, fraction, isOver, statusLevel, statusText } from './job-text.ts';
import { RunAgain } from './RunAgain.tsx';

export function JobRow({ job }: { job: Job }) {
  return (
    <li className="job-row" aria-label={`${job.title}, ${statusText[job.status]}`}>
      <LevelIcon level={statusLevel[job.status]} label={statusText[job.status]} />
      <span className="job-name hf-ellipsis" title={`${job.title} · ${job.target}`}>
        <b>{job.title}</b>{' '}
        {!job.title.toLowerCase().endsWith(job.target.toLowerCase()) && <span className="hf-muted">{job.target}</span>}
      </span>
      {isOver(job) ? <Done job={job} /> : <Running job={job} />}
    </li>
  );
}

function Running({ job }: { job: Job }) {
  const app = useApp();
  const live = useLive();
  const now = useNow();
  const { progress } = job;
  const phase = progress ? `${progress.phase} ${progress.phaseIndex}/${progress.phaseCount}` : statusText[job.status];
  const amount =
    progress &&
    (progress.unit === 'items'
      ? `${formatCount(progress.done)}${progress.total === null ? '' : ` of ${formatCount(progress.total)}`}`
      : formatBytesOf(progress.done, progress.total));
  const rate = live && job.rate !== null && progress?.unit !== 'items' ? `${formatBytes(job.rate)}/s` : '';
  return (
    <>
      <span className="job-phase hf-ellipsis" title={progress?.phase}>
        {live ? phase : `last known: ${phase}`}
      </span>
      <span className="job-bar">
        <ProgressBar value={fraction(job)} label={`${job.title}: ${progress?.phase ?? statusText[job.status]}`} />
      </span>
      <span className="job-amount hf-num">{amount}</span>
      <span className="job-rate hf-num">{rate}</span>
      <span className="job-time hf-num">
        {live ? formatElapsed(now - job.startedAt) : 'not known now'}
        {live && job.etaMs !== null && <span className="hf-muted"> · {formatDuration(job.etaMs)} left</span>}
      </span>
      <span className="job-actions">
        <Button
          kind="subtle"
          onClick={() => app.openDialog({ kind: 'jobLog', jobId: job.id })}
          label={`Log of ${job.title}`}
        >
          Log
        </Button>
        <Button
          kind="subtle"
          disabled={job.cancelability === 'no' || job.status === 'canceling' || !live}
          title={cancelText(job)}
          label={`Cancel ${job.title}`}
          onClick={() => runFor(app, () => app.api.jobs.cancel({ jobId: job.id }))}
        >
          Cancel
        </Button>
      </span>
    </>
  );
}

function Done({ job }: { job: Job }) {
  const app = useApp();
  const text = job.error ? `${job.error.message} (${job.error.code})` : (job.verdict ?? statusText[job.status]);
  return (
    <>
      <span
        className={`job-verdict hf-ellipsis${job.error ? ' hf-tone-critical' : ''}`}
        title={[text, job.error?.hint, ...job.warnings.map((warning) => warning.message)].filter(Boolean).join('\n')}
      >
        {text}
      </span>
      <span className="job-time hf-num">
        {job.endedAt !== null && (
          <>
            took {formatDuration(job.endedAt - job.startedAt)}
            <span className="hf-muted">
              {' · '}
              <Age since={job.endedAt} suffix=" ago" />
            </span>
          </>
        )}
      </span>
      <span className="job-actions">
        <Button
          kind="subtle"
          label={`Log of ${job.title}`}
          onClick={() => app.openDialog({ kind: 'jobLog', jobId: job.id })}
        >
          Log
        </Button>
        {job.kind === 'restore' && (
          <Button kind="subtle" onClick={() => app.navigate({ page: 'restore/monitor', jobId: job.id })}>
            Monitor
          </Button>
        )}
        <RunAgain job={job} />
      </span>
    </>
  );
}
