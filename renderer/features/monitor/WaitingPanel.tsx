// Step 6 waits for servers that are silent: how long still, and retry, leave or go on without them.
import { useState } from 'react';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, ConfirmDialog, ErrorBar, formatDuration, RetryIcon, useNow } from '../../ui/index.ts';
import { AnswerByHand } from './AnswerByHand.tsx';
import type { RestorePicture } from './restore-phase.ts';
import { shortServer } from './vector-rows.ts';
import './recovery.css';

export function WaitingPanel({ picture }: { picture: RestorePicture }) {
  const app = useApp();
  const live = useLive();
  const now = useNow();
  const action = useAction();
  const [asking, setAsking] = useState<'goOn' | 'byHand' | null>(null);
  const { verification, nds } = picture.view;
  const { waiting } = verification;
  if (!waiting) return null;
  const jobId = picture.job.id;
  const silent = verification.servers.filter((peer) => peer.status === 'waiting');
  const names = [...new Set(silent.map((peer) => shortServer(peer.server)))].join(', ');
  const name = picture.job.instanceId?.split('/')[1] ?? picture.job.target;
  const decide = async (decision: 'leave' | 'goOn', typed: string | null) => {
    const done = await action.run(() => app.api.restore.decide({ jobId, decision, typed }));
    if (done) setAsking(null);
  };
  const locked = nds.state === 'active, locked' ? ' Until then the database stays locked.' : '';
  return (
    <section className="mon-waiting" aria-label="Waiting for servers">
      <div>
        <h2>Waiting for {names}</h2>
        <p>
          Asked {waiting.rounds + 1} times, last {formatDuration(Math.max(0, now - waiting.askedAt))} ago; asked again
          every 5 s. If nobody answers, the set is left in RST in{' '}
          <strong className="hf-num">{formatDuration(Math.max(0, waiting.until - now))}</strong>.{locked}
        </p>
      </div>
      <div className="mon-waiting-buttons">
        <Button
          kind="primary"
          icon={<RetryIcon />}
          disabled={!live}
          busy={action.busy}
          onClick={() => void action.run(() => app.api.restore.retry({ jobId }))}
        >
          Ask again now
        </Button>
        <Button disabled={!live} onClick={() => setAsking('byHand')}>
          Enter its answer…
        </Button>
        <Button disabled={!live} busy={action.busy} onClick={() => void decide('leave', null)}>
          Leave it in RST
        </Button>
        <Button kind="danger" disabled={!live} onClick={() => setAsking('goOn')}>
          Go on without {silent.length === 1 ? 'it' : 'them'}…
        </Button>
      </div>
      {action.error && asking !== 'goOn' && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {asking === 'byHand' && (
        <AnswerByHand
          jobId={jobId}
          silent={silent}
          files={picture.view.backend?.all.map(({ id }) => id) ?? []}
          onClose={() => setAsking(null)}
          onDone={() => setAsking(null)}
        />
      )}
      {asking === 'goOn' && (
        <ConfirmDialog
          plan={{
            title: `Activate without ${names}`,
            class: 'typed',
            typedName: name,
            effects: [
              'The restored set becomes the active database.',
              'The database that is active now is kept as a contingency copy.',
            ],
            warnings: [`Whatever only ${names} holds is missing in the restored data and stays missing.`],
            checks: [],
            command: null,
            refusal: null,
          }}
          verb="Go on"
          busy={action.busy}
          error={action.error}
          onConfirm={(typed) => void decide('goOn', typed)}
          onCancel={() => {
            action.clear();
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}
