// Asks before an action, from the engine's plan: what will happen, warnings, checks, the command. The engine decides the class.
import { useState } from 'react';
import type { ErrorReport } from '../../core/contract/errors.ts';
import type { Plan } from '../../core/contract/failover.ts';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';
import { TextField } from './Fields.tsx';
import { ErrorBar, MessageBar } from './MessageBar.tsx';
import { LevelIcon } from './Signs.tsx';
import { CommandLine } from './Values.tsx';

export type PlanView = Pick<Plan, 'title' | 'class' | 'typedName' | 'effects' | 'warnings' | 'checks' | 'refusal'> & {
  /** Null where no command does the same. */
  command: string | null;
};

/** Cancel is the default unless the class is `plain`; a refused plan can't be carried out. */
export function ConfirmDialog(props: {
  plan: PlanView;
  /** The verb on the button; the plan's title unless given. */
  verb?: string;
  busy?: boolean;
  error?: ErrorReport | null;
  /** Asks for a fresh plan, after a refusal or when the world has changed since. */
  onReplan?: () => void;
  onConfirm: (typed: string | null) => void;
  onCancel: () => void;
}) {
  const { plan } = props;
  const [typed, setTyped] = useState('');
  const needsTyping = plan.class === 'typed' && plan.typedName !== null;
  const ready = plan.refusal === null && (!needsTyping || typed === plan.typedName);
  const confirm = () => ready && props.onConfirm(needsTyping ? typed : null);
  return (
    <Dialog
      title={plan.title}
      alert
      size="medium"
      onClose={props.onCancel}
      actions={
        <>
          <Button onClick={props.onCancel} autoFocus={plan.class !== 'plain' && !needsTyping}>
            Cancel
          </Button>
          <Button
            kind={plan.class === 'plain' ? 'primary' : 'danger'}
            disabled={!ready}
            busy={props.busy ?? false}
            autoFocus={plan.class === 'plain' && ready}
            onClick={confirm}
          >
            {props.verb ?? plan.title}
          </Button>
        </>
      }
    >
      <div className="hf-plan">
        {plan.refusal !== null && (
          <MessageBar
            level="critical"
            actions={props.onReplan && <Button onClick={props.onReplan}>Check again</Button>}
          >
            {plan.refusal}
          </MessageBar>
        )}
        {props.error && (
          <ErrorBar
            error={props.error}
            actions={props.onReplan && plan.refusal === null && <Button onClick={props.onReplan}>Check again</Button>}
          />
        )}
        {plan.effects.length > 0 && (
          <section aria-label="What will happen">
            <h3>What will happen</h3>
            <ul>
              {plan.effects.map((text) => (
                <li key={text}>
                  <span className="hf-plan-dot" aria-hidden="true">
                    ›
                  </span>
                  <span>{text}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {plan.warnings.map((text) => (
          <MessageBar key={text} level="warning">
            {text}
          </MessageBar>
        ))}
        {plan.checks.length > 0 && (
          <section aria-label="Checks">
            <h3>Checks</h3>
            <ul>
              {plan.checks.map((check) => (
                <li key={check.text}>
                  <LevelIcon
                    level={check.status === 'ok' ? 'ok' : check.status === 'warning' ? 'warning' : 'critical'}
                    label={check.status === 'ok' ? 'Passed' : check.status === 'warning' ? 'Warning' : 'Failed'}
                  />
                  <span>{check.text}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {plan.command !== null && (
          <details>
            <summary>Show command</summary>
            <CommandLine command={plan.command} />
          </details>
        )}
        {needsTyping && plan.refusal === null && (
          <TextField
            label={`Type ${plan.typedName} to go on`}
            value={typed}
            onChange={setTyped}
            autoFocus
            onEnter={confirm}
          />
        )}
      </div>
    </Dialog>
  );
}
