// The first start: two doors, one sentence each. While the lab is being set up, its progress instead.
import type { ReactElement } from 'react';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { useAction } from '../../app/use-action.ts';
import { Button, ErrorBar, LabIcon, ProgressBar, ProtectIcon } from '../../ui/index.ts';
import { fraction, isOver } from '../jobs/job-text.ts';

export function FirstStart() {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const jobs = useSite((snapshot) => snapshot.jobs);
  const setup = jobs.find((job) => job.kind === 'demo' && !isOver(job));
  return (
    <Page title="Welcome to Holdfast">
      <div className="home-first">
        <p className="hf-secondary">
          Holdfast backs directory databases up while they are in use, restores them to any moment, and fails over to a
          copy when a server is lost. Nothing is protected yet.
        </p>
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
        <div className="home-doors">
          <Door
            icon={<LabIcon />}
            title="Open the demo lab"
            text="Three servers on this machine, a directory of some 20,000 entities, a client that keeps writing, and an outage switch for each server."
          >
            {setup ? (
              <div className="home-setup" role="status">
                <span>{setup.progress?.phase ?? 'Setting up'}…</span>
                <ProgressBar value={fraction(setup)} label="Setting up the demo lab" />
              </div>
            ) : (
              <Button
                kind="primary"
                busy={action.busy}
                disabled={!live}
                onClick={() => void action.run(() => app.api.demo.open({}))}
              >
                Open the demo lab
              </Button>
            )}
          </Door>
          <Door
            icon={<ProtectIcon />}
            title="Protect a database"
            text="Pick a SQLite file, give it a name and a backup folder; it keeps serving its clients all the while."
          >
            <Button disabled={!live} onClick={() => app.openDialog({ kind: 'protect' })}>
              Protect a database
            </Button>
          </Door>
        </div>
      </div>
    </Page>
  );
}

function Door(props: { icon: ReactElement; title: string; text: string; children: ReactElement }) {
  return (
    <section className="home-door" aria-label={props.title}>
      <h2>
        {props.icon}
        {props.title}
      </h2>
      <p>{props.text}</p>
      {props.children}
    </section>
  );
}
