// The way to do again what a job did: at once where nothing is replaced, through the wizard with the same choices for a restore.
import type { Job } from '../../../core/contract/jobs.ts';
import { useApp, useLive } from '../../app/app.ts';
import { runFor } from '../../commands/registry.ts';
import { Button } from '../../ui/index.ts';
import { isOver } from './job-text.ts';

export function RunAgain({
  job,
  kind = 'subtle',
  onDone,
}: {
  job: Job;
  kind?: 'subtle' | 'normal';
  onDone?: () => void;
}) {
  const app = useApp();
  const live = useLive();
  if (!isOver(job) || !(job.repeatable || job.review)) return null;
  const start = () => {
    onDone?.();
    if (job.review) app.navigate({ page: 'restore/wizard', again: job.id });
    else runFor(app, () => app.api.jobs.again({ jobId: job.id }));
  };
  return (
    <Button
      kind={kind}
      label={`Run again: ${job.title}`}
      disabled={!live}
      title={job.review ? 'Opens the wizard with the same choices; nothing is done before Start' : undefined}
      onClick={start}
    >
      {job.review ? 'Run again…' : 'Run again'}
    </Button>
  );
}
