// The log of one job, with its verdict and warnings; follows the job while it runs.
import './jobs.css';
import { useEffect } from 'react';
import { useApi, useSite } from '../../app/app.ts';
import { useQuery } from '../../app/use-query.ts';
import { Button, Dialog, ErrorBar, formatDuration, KeyValue, MessageBar, Spinner, Time } from '../../ui/index.ts';
import { isOver, statusText } from './job-text.ts';
import { RunAgain } from './RunAgain.tsx';

const REFRESH_MS = 1_000;

export function JobLogDialog({ jobId, onClose }: { jobId: string; onClose: () => void }) {
  const api = useApi();
  const log = useQuery(jobId, (signal) => api.jobs.log({ jobId }, { signal }));
  const { reload } = log;
  const live = useSite((snapshot) => snapshot.jobs.find((job) => job.id === jobId));
  const job = live ?? log.data?.job;
  const over = job ? isOver(job) : false;
  useEffect(() => {
    if (over) return reload();
    const timer = setInterval(reload, REFRESH_MS);
    return () => clearInterval(timer);
  }, [over, reload]);
  return (
    <Dialog
      title={job ? `${job.title} · ${job.target}` : 'Log'}
      size="large"
      onClose={onClose}
      actions={
        <>
          {job && <RunAgain job={job} kind="normal" onDone={onClose} />}
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <div className="hf-form-stack">
        {job && (
          <KeyValue
            columns={2}
            items={[
              ['Status', statusText[job.status]],
              ['Started', <Time key="t" at={job.startedAt} />],
              ['Verdict', job.verdict ?? '–'],
              ['Took', job.endedAt === null ? 'still running' : formatDuration(job.endedAt - job.startedAt)],
            ]}
          />
        )}
        {job?.error && <ErrorBar error={job.error} />}
        {job?.warnings.map((warning) => (
          <MessageBar key={warning.name + warning.message} level="warning">
            {warning.message}
          </MessageBar>
        ))}
        {log.error && <ErrorBar error={log.error} />}
        {!log.data && !log.error && <Spinner label="Reading the log…" />}
        {log.data && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard
          <ol className="job-log" tabIndex={0} aria-label="Log lines">
            {log.data.lines.map((line, index) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: lines only ever get added at the end
                key={index}
                className={
                  line.level === 'info' ? undefined : `hf-tone-${line.level === 'error' ? 'critical' : 'warning'}`
                }
              >
                <Time at={line.at} />
                {line.level !== 'info' && <b>{line.level}</b>}
                <span>{line.text}</span>
              </li>
            ))}
            {log.data.lines.length === 0 && <li className="hf-muted">Nothing was logged yet.</li>}
          </ol>
        )}
      </div>
    </Dialog>
  );
}
