// Fetches a plan, shows it, carries it out. When the engine refuses because the world has changed, a new plan can be asked for.
import { useEffect } from 'react';
import type { Plan } from '../../core/contract/failover.ts';
import { Button, ConfirmDialog, Dialog, ErrorBar, Spinner } from '../ui/index.ts';
import { useLive } from './app.ts';
import type { PlanRequest } from './ui-store.ts';
import { useAction } from './use-action.ts';
import { useQuery } from './use-query.ts';

const REPLAN_MS = 2_000;

export function PlanFlow({ request, onClose }: { request: PlanRequest; onClose: () => void }) {
  const plan = useQuery<Plan>('plan', request.load);
  const live = useLive();
  const action = useAction();
  const { clear } = action;
  // A fresh plan starts without the error of the one before.
  useEffect(() => {
    if (plan.loading) clear();
  }, [plan.loading, clear]);
  // What stands in the way often goes by itself, such as a backup that ends: the plan is made anew while it is refused.
  const refused = plan.data !== null && plan.data.refusal !== null;
  const { reload } = plan;
  useEffect(() => {
    if (!refused || !live) return;
    const timer = setInterval(reload, REPLAN_MS);
    return () => clearInterval(timer);
  }, [refused, live, reload]);

  if (!plan.data)
    return (
      <Dialog
        title="Before this is done"
        size="medium"
        onClose={onClose}
        actions={<Button onClick={onClose}>Cancel</Button>}
      >
        {plan.error ? <ErrorBar error={plan.error} /> : <Spinner label="Checking what this would do…" />}
      </Dialog>
    );
  const current = plan.data;
  const execute = async (typed: string | null) => {
    const done = await action.run(async () => {
      await request.execute(current, typed);
      return true;
    });
    if (done) onClose();
  };
  return (
    <ConfirmDialog
      // A new plan is to be confirmed anew; one that is still refused keeps its dialog and the focus in it.
      key={refused ? 'refused' : current.token}
      plan={current}
      {...(request.verb === undefined ? {} : { verb: request.verb })}
      busy={action.busy || (plan.loading && !refused)}
      error={action.error}
      {...(action.error || refused ? { onReplan: reload } : {})}
      onConfirm={(typed) => void execute(typed)}
      onCancel={onClose}
    />
  );
}
