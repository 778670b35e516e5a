// The ways on after a restore that did not end active, each a button with what it means beside it.
import { useState } from 'react';
import type { Plan } from '../../../core/contract/failover.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, ConfirmDialog, ErrorBar } from '../../ui/index.ts';
import { AnswerByHand } from './AnswerByHand.tsx';
import { phaseOf, type RestorePicture } from './restore-phase.ts';
import { type WayId, waysOn } from './ways-on.ts';

export function WaysOn(props: {
  picture: RestorePicture;
  instance: InstanceView | null;
  rstWaits: boolean;
  /** The guided recovery stands beside it: then only what else can be done with the set is left to say. */
  guided?: boolean;
}) {
  const { picture, instance } = props;
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [asking, setAsking] = useState<{ kind: 'activate' | 'delete'; plan: Plan } | null>(null);
  const [byHand, setByHand] = useState(false);
  const ways = waysOn(picture, { rstWaits: props.rstWaits && instance !== null, repeatable: picture.job.repeatable });
  if (ways.length === 0) return null;
  const guided = props.guided ?? false;

  const again = async () => {
    const started = await action.run(() => app.api.jobs.again({ jobId: picture.job.id }));
    if (started) app.navigate({ page: 'restore/monitor', jobId: started.jobId });
  };
  const retry = async () => {
    const started = await action.run(() => app.api.restore.retry({ jobId: picture.job.id }));
    if (started) app.navigate({ page: 'restore/monitor', jobId: started.jobId });
  };
  const plan = async (kind: 'activate' | 'delete') => {
    if (!instance) return;
    const { status } = picture.view.verification;
    const proved = phaseOf(picture) === 'held' && (status === 'ok' || status === 'noPeers');
    const request = { instanceId: instance.id, action: kind, override: kind === 'activate' && !proved };
    const planned = await action.run(() => app.api.restore.finishPlan(request));
    if (planned) setAsking({ kind, plan: planned });
  };
  const finish = async (typed: string | null) => {
    if (!asking) return;
    const done = await action.run(() => app.api.restore.finishPlanned({ token: asking.plan.token, typed }));
    if (done) setAsking(null);
  };
  const instanceId = picture.job.instanceId ?? undefined;
  const run: Record<WayId, () => void> = {
    again: () => void again(),
    retry: () => void retry(),
    byHand: () => setByHand(true),
    wizard: () =>
      app.navigate(
        picture.job.review ? { page: 'restore/wizard', again: picture.job.id } : { page: 'restore/wizard', instanceId },
      ),
    activate: () => void plan('activate'),
    delete: () => void plan('delete'),
  };
  const silent = picture.view.verification.servers.filter((peer) => peer.status === 'unreachable');
  return (
    <section className={guided ? 'mon-ways-quiet' : 'mon-next'} aria-label={guided ? 'The set in RST' : 'Ways on'}>
      {!guided && <h2>Ways on</h2>}
      {phaseOf(picture) === 'unreachable' && (
        <p className="hf-secondary">Waiting costs nothing: the restored set stays in RST until you decide.</p>
      )}
      <ul className={guided ? 'mon-ways-line' : 'mon-ways'}>
        {ways.map((way) => (
          <li key={way.id} className={guided ? 'mon-way-quiet' : undefined}>
            <Button kind={guided ? 'normal' : way.kind} disabled={!live} busy={action.busy} onClick={run[way.id]}>
              {way.label}
            </Button>
            <span>{way.text}</span>
          </li>
        ))}
      </ul>
      {action.error && !asking && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {byHand && (
        <AnswerByHand
          jobId={picture.job.id}
          silent={silent}
          files={picture.view.backend?.all.map(({ id }) => id) ?? []}
          onClose={() => setByHand(false)}
          onDone={(jobId) => app.navigate({ page: 'restore/monitor', jobId })}
        />
      )}
      {asking && (
        <ConfirmDialog
          plan={asking.plan}
          verb={asking.kind === 'activate' ? 'Activate' : 'Delete RST'}
          busy={action.busy}
          error={action.error}
          onReplan={() => void plan(asking.kind)}
          onConfirm={(typed) => void finish(typed)}
          onCancel={() => {
            action.clear();
            setAsking(null);
          }}
        />
      )}
    </section>
  );
}
