// A database that was left closed or disabled says so, and is opened again from here.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { Button, ConfirmDialog, ErrorBar, MessageBar } from '../../ui/index.ts';

export function ClosedBar({ instance }: { instance: InstanceView }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const [asking, setAsking] = useState(false);
  const { closed, name } = instance.status;
  if (!closed) return null;
  const disabled = closed === 'disabled';
  const open = async (typed: string | null) => {
    const done = await action.run(() => app.api.otherFiles.openClosed({ instanceId: instance.id, typed }));
    if (done) setAsking(false);
  };
  const verb = disabled ? 'Enable it here' : 'Open it';
  return (
    <>
      <MessageBar
        level="warning"
        title={disabled ? 'Closed and disabled.' : 'Closed.'}
        actions={
          <Button
            disabled={!live}
            busy={action.busy && !asking}
            onClick={() => (disabled ? setAsking(true) : void open(null))}
          >
            {verb}
          </Button>
        }
      >
        {disabled
          ? 'No program can write to this copy. It was locked for a move to other hardware; enable it only where the database is to live on.'
          : 'It is not captured and not offered to clients until it is opened.'}
      </MessageBar>
      {action.error && !asking && <ErrorBar error={action.error} onDismiss={action.clear} />}
      {asking && (
        <ConfirmDialog
          plan={{
            title: `Enable ${instance.id}`,
            class: 'typed',
            typedName: name,
            effects: ['The lock in the file is cleared.', 'Clients are let in, and capture goes on.'],
            warnings: ['If this database lives on other hardware by now, there will be two that both take changes.'],
            checks: [],
            refusal: null,
            command: `holdfast restadv --to ${instance.id} -o -k --confirm ${name}`,
          }}
          verb={verb}
          busy={action.busy}
          error={action.error}
          onConfirm={(typed) => void open(typed)}
          onCancel={() => {
            action.clear();
            setAsking(false);
          }}
        />
      )}
    </>
  );
}
