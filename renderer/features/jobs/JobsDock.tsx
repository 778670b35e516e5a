// The jobs dock: always there, at the bottom. Closed it is one line that still shows what runs.
import './jobs.css';
import { useApp, useSite, useUi } from '../../app/app.ts';
import { Button, ChevronDownIcon, ChevronUpIcon, LevelIcon, useStale } from '../../ui/index.ts';
import { JobRow } from './JobRow.tsx';
import { isOver, statusLevel, statusText } from './job-text.ts';

const SHOWN = 40;

export function JobsDock() {
  const app = useApp();
  const stale = useStale();
  const jobs = useSite((snapshot) => snapshot.jobs);
  const open = useUi((state) => state.dockOpen);
  const running = jobs.filter((job) => !isOver(job));
  const newest = running[0] ?? jobs[0];
  const ordered = [...running, ...jobs.filter(isOver)].slice(0, SHOWN);
  return (
    <section className={`jobs-dock${open ? ' is-open' : ''}`} aria-label="Jobs">
      <div className="jobs-head">
        <span className="jobs-toggle">
          <Button
            kind="subtle"
            icon={open ? <ChevronDownIcon /> : <ChevronUpIcon />}
            label={open ? 'Collapse jobs' : 'Expand jobs'}
            onClick={() => app.ui.setState({ dockOpen: !open })}
          >
            Jobs
          </Button>
        </span>
        <span className="hf-muted hf-num">
          {stale && 'Last known: '}
          {running.length > 0 ? `${running.length} running` : stale ? 'none running' : 'None running'}
        </span>
        {!open && newest && <DockLine title={newest.title} target={newest.target} status={newest.status} />}
        <span className="hf-toolbar-spacer" />
        <Button kind="subtle" onClick={() => app.navigate({ page: 'activity' })}>
          All activity
        </Button>
      </div>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard
        <ul className="jobs-list" tabIndex={0} aria-label="Jobs, running first">
          {ordered.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
          {ordered.length === 0 && (
            <li className="jobs-none">
              Backups, restores and failovers show here while they run, and stay with their verdict.
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function DockLine(props: { title: string; target: string; status: keyof typeof statusText }) {
  return (
    <span className="jobs-line hf-ellipsis">
      <LevelIcon level={statusLevel[props.status]} label={statusText[props.status]} />
      {props.title} <span className="hf-muted">{props.target}</span>
    </span>
  );
}
