// The demo lab: three servers with an outage switch each, the client, and what to try.
import './demo.css';
import { useState } from 'react';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { Page } from '../../app/Page.tsx';
import { useAction } from '../../app/use-action.ts';
import { Button, ConfirmDialog, EmptyState, ErrorBar, Led, ProgressBar, Section } from '../../ui/index.ts';
import { fraction, isOver } from '../jobs/job-text.ts';
import { ClientLine } from './ClientLine.tsx';
import { LabServer } from './LabServer.tsx';
import { PowerSwitch } from './PowerSwitch.tsx';

const failover = 'system/directory-manager/database-failover';

export function LabPage() {
  const app = useApp();
  const live = useLive();
  const demo = useSite((snapshot) => snapshot.demo);
  const setup = useSite((snapshot) => snapshot.jobs.find((job) => job.kind === 'demo' && !isOver(job)));
  const action = useAction();
  const [closing, setClosing] = useState(false);

  if (!demo.open)
    return (
      <Page title="Demo lab">
        {action.error && <ErrorBar error={action.error} />}
        {setup ? (
          <EmptyState title="Setting up the lab">
            <div className="lab-setup">
              <span role="status">{setup.progress?.phase ?? 'Starting'}…</span>
              <ProgressBar value={fraction(setup)} label="Setting up the demo lab" />
            </div>
          </EmptyState>
        ) : (
          <EmptyState
            title="The lab is closed"
            actions={
              <Button
                kind="primary"
                disabled={!live}
                busy={action.busy}
                onClick={() => void action.run(() => app.api.demo.open({}))}
              >
                Open the demo lab
              </Button>
            }
          >
            Three servers on this machine, a directory of some 20,000 entities, a client that keeps writing, and an
            outage switch for each server. It lies in a folder of its own and touches nothing else.
          </EmptyState>
        )}
      </Page>
    );

  const close = async () => {
    const done = await action.run(() => app.api.demo.close({}));
    if (done) setClosing(false);
  };
  return (
    <Page
      title="Demo lab"
      actions={
        <>
          <Button onClick={() => setClosing(true)} disabled={!live}>
            Close the lab
          </Button>
          <Button kind="primary" onClick={() => app.navigate({ page: failover })}>
            Open database failover
          </Button>
        </>
      }
    >
      {action.error && !closing && <ErrorBar error={action.error} onDismiss={action.clear} />}
      <Section title="Client">
        <div className="lab-line">
          <ClientLine client={demo.client} />
        </div>
        <p className="hf-muted">
          A program of its own that asks each server which one is active and writes there, one change after the other.
          It counts a change only once it is acknowledged.
        </p>
      </Section>
      <Section title="Servers">
        <div className="lab-servers">
          {demo.servers.map((server) => (
            <LabServer key={server.name} name={server.name}>
              <PowerSwitch server={server} />
            </LabServer>
          ))}
        </div>
        <p className="hf-muted">
          <Led state="on" label="Filled" /> active, <Led state="standby" label="Ring" /> a copy that can take over.
          Switching a server off ends its process at once, as a power cut would.
        </p>
      </Section>
      <Section title="To try">
        <ol className="lab-try">
          <li>
            Run a differential backup on the Database failover page, then switch the active server off: a copy takes
            over and the client goes on.
          </li>
          <li>
            Switch the server on again: the page asks whether to go back to the master or to keep the changes made
            meanwhile.
          </li>
          <li>Restore SRV-1 to a moment before a change, and watch the seven steps in the restore monitor.</li>
        </ol>
      </Section>
      {closing && (
        <ConfirmDialog
          plan={{
            title: 'Close the demo lab',
            class: 'confirm',
            typedName: null,
            effects: ['The client and the three servers end.', 'The group and its databases leave this console.'],
            warnings: [],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Close the lab"
          busy={action.busy}
          error={action.error}
          onConfirm={() => void close()}
          onCancel={() => setClosing(false)}
        />
      )}
    </Page>
  );
}
