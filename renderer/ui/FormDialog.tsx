// The frame of a dialog that saves something: its error on top, Cancel and the verb below; Enter in a field does what the verb does.
import type { ReactNode } from 'react';
import type { ErrorReport } from '../../core/contract/errors.ts';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';
import { ErrorBar } from './MessageBar.tsx';

export function FormDialog(props: {
  title: string;
  size?: 'small' | 'medium' | 'large';
  /** The verb on the button; Save unless given. */
  verb?: string;
  busy: boolean;
  disabled?: boolean;
  error: ErrorReport | null;
  onSave: () => void;
  onClose: () => void;
  /** Before Cancel: another action on the same thing. */
  extra?: ReactNode;
  children: ReactNode;
}) {
  const { busy, disabled = false } = props;
  return (
    <Dialog
      title={props.title}
      {...(props.size ? { size: props.size } : {})}
      onClose={props.onClose}
      actions={
        <>
          {props.extra}
          <Button onClick={props.onClose}>Cancel</Button>
          <Button kind="primary" busy={busy} disabled={disabled} onClick={props.onSave}>
            {props.verb ?? 'Save'}
          </Button>
        </>
      }
    >
      <form
        className="hf-form-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && !disabled) props.onSave();
        }}
      >
        {props.error && <ErrorBar error={props.error} />}
        {props.children}
        {/* What Enter in a field presses. */}
        <button type="submit" hidden tabIndex={-1} />
      </form>
    </Dialog>
  );
}
