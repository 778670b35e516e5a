// A restored set that waits in RST, wherever it came from: activated with the switches of restadv, or deleted, by the engine's plan.
import { useState } from 'react';
import type { Plan } from '../../../core/contract/failover.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, Checkbox, ConfirmDialog, Dialog, ErrorBar, MessageBar } from '../../ui/index.ts';
import { RadioGroup } from '../../ui/RadioGroup.tsx';

export interface FinishDraft {
  action: 'activate' | 'delete';
  override: boolean;
  open: boolean;
  clearLock: boolean;
}

const usual: FinishDraft = { action: 'activate', override: false, open: true, clearLock: true };

export function WaitingSet({ instance }: { instance: InstanceView }) {
  const live = useLive();
  const [deciding, setDeciding] = useState(false);
  return (
    <>
      <MessageBar
        level="warning"
        title={`A restored set of ${instance.id} waits in RST.`}
        actions={
          <Button disabled={!live} onClick={() => setDeciding(true)}>
            Decide…
          </Button>
        }
      >
        It is not active. A new restore removes it.
      </MessageBar>
      {deciding && <Deciding instanceId={instance.id} onClose={() => setDeciding(false)} />}
    </>
  );
}

function Deciding({ instanceId, onClose }: { instanceId: string; onClose: () => void }) {
  const app = useApp();
  const action = useAction();
  const [draft, setDraft] = useState(usual);
  const [plan, setPlan] = useState<Plan | null>(null);
  const ask = async () => {
    action.clear();
    const planned = await action.run(() => app.api.restore.finishPlan({ instanceId, ...draft }));
    if (planned) setPlan(planned);
  };
  const finish = async (typed: string | null) => {
    if (!plan) return;
    const done = await action.run(() => app.api.restore.finishPlanned({ token: plan.token, typed }));
    if (done) onClose();
  };
  if (plan)
    return (
      <ConfirmDialog
        plan={plan}
        verb={draft.action === 'delete' ? 'Delete the set' : 'Activate'}
        busy={action.busy}
        error={action.error}
        onReplan={() => void ask()}
        onConfirm={(typed) => void finish(typed)}
        onCancel={() => {
          action.clear();
          setPlan(null);
        }}
      />
    );
  const set = (change: Partial<FinishDraft>) => setDraft((before) => ({ ...before, ...change }));
  return (
    <Dialog
      title={`The restored set of ${instanceId}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={action.busy} onClick={() => void ask()}>
            Show what will happen
          </Button>
        </>
      }
    >
      <div className="rw-folder">
        <RadioGroup
          label="What becomes of the set"
          hideLabel
          value={draft.action}
          onChange={(next) => set({ action: next })}
          options={[
            { value: 'activate', label: 'Activate it', hint: 'It becomes the database; the one in use now is kept.' },
            { value: 'delete', label: 'Delete it (-m)', hint: 'The database in use stays; backups and logs stay.' },
          ]}
        />
        {draft.action === 'activate' && (
          <div className="rw-options">
            <Checkbox checked={draft.open} onChange={(open) => set({ open })} label="Open it (-o)" />
            <Checkbox
              checked={draft.clearLock}
              onChange={(clearLock) => set({ clearLock })}
              label="Clear the lock, so that clients may write (-k)"
            />
            <Checkbox
              checked={draft.override}
              onChange={(override) => set({ override })}
              label="Even when it was not verified, or a server was ahead (-v)"
            />
          </div>
        )}
        {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
      </div>
    </Dialog>
  );
}
