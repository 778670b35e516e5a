// The sentence over the picture: what is going on or what came of it, how long, and Cancel with what it will do.
import { useState } from 'react';
import { useApi, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import {
  Button,
  Dialog,
  ErrorBar,
  ErrorCode,
  engineNow,
  formatBytes,
  formatDuration,
  formatElapsed,
  formatMoment,
  LevelIcon,
  StopIcon,
  Time,
  useNow,
} from '../../ui/index.ts';
import { cancelMeaning, currentStep, phaseOf, type RestorePicture, verdictOf } from './restore-phase.ts';
import { stampMeaning, stampText } from './stamp-text.ts';

function CancelButton({ picture }: { picture: RestorePicture }) {
  const api = useApi();
  const live = useLive();
  const action = useAction();
  const [asking, setAsking] = useState(false);
  const cancel = cancelMeaning(picture);
  if (!cancel) return null;
  const confirm = async () => {
    const done = await action.run(() => api.jobs.cancel({ jobId: picture.job.id }));
    if (done) setAsking(false);
  };
  return (
    <>
      <Button
        icon={<StopIcon />}
        title={cancel.enabled ? undefined : cancel.text}
        disabled={!cancel.enabled || !live}
        onClick={() => setAsking(true)}
        label="Cancel the restore"
      >
        Cancel
      </Button>
      {asking && cancel.enabled && (
        <Dialog
          title="Cancel the restore?"
          alert
          size="small"
          onClose={() => setAsking(false)}
          actions={
            <>
              <Button autoFocus onClick={() => setAsking(false)}>
                Keep restoring
              </Button>
              <Button kind="danger" busy={action.busy} onClick={() => void confirm()}>
                Cancel the restore
              </Button>
            </>
          }
        >
          {cancel.text}
          {action.error && <ErrorBar error={action.error} />}
        </Dialog>
      )}
    </>
  );
}

export function VerdictBar({ picture, taken }: { picture: RestorePicture; taken: boolean }) {
  const now = useNow();
  const { view, job } = picture;
  const running = job.endedAt === null;
  const restoredTo = picture.result?.restoredTo ?? view.restoredTo;
  const verdict = verdictOf(picture, restoredTo === null ? null : formatMoment(restoredTo, engineNow()), taken);
  const step = currentStep(view);
  const cancel = cancelMeaning(picture);
  return (
    <div className={`mon-verdict is-${verdict.tone}`}>
      <LevelIcon level={verdict.tone} />
      <p className="mon-verdict-sentence">{verdict.text}</p>
      <p className="mon-verdict-facts">
        {job.error && (
          <span title={job.error.message}>
            {phaseOf(picture) === 'behind' ? '' : `${job.error.hint} `}
            <ErrorCode error={job.error} />
          </span>
        )}
        <span>
          began <Time at={job.startedAt} />
        </span>
        {view.lastCommit && (
          <span title={stampMeaning(view.lastCommit)}>
            last commit <span className="hf-mono">{stampText(view.lastCommit)}</span>
          </span>
        )}
        {running && job.rate !== null && job.rate > 0 && <span className="hf-num">{formatBytes(job.rate)}/s</span>}
        {job.warnings.map((warning) => (
          <span key={warning.name} className="hf-tone-warning">
            {warning.message}
          </span>
        ))}
      </p>
      {cancel && (
        <p className="mon-cancel-meaning">
          {cancel.enabled ? `Cancel ${cancel.text.charAt(0).toLowerCase()}${cancel.text.slice(1)}` : cancel.text}
        </p>
      )}
      <div className="mon-verdict-side">
        <CancelButton picture={picture} />
        <span className="mon-clock hf-num">
          {formatElapsed((job.endedAt ?? now) - job.startedAt)}
          <small>
            {running ? (job.etaMs === null ? 'elapsed' : `about ${formatDuration(job.etaMs)} left`) : 'took'}
          </small>
        </span>
      </div>
      {/* Announced once a step, not with every percent. */}
      <span className="hf-sr" role="status">
        {phaseOf(picture) === 'running' ? (step ? `Step ${step.step} of 7: ${step.name}` : 'Starting') : verdict.text}
      </span>
    </div>
  );
}
