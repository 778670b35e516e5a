// A sentence that stays on the page: information, warning, critical; with the one button that deals with it.
import './message-bar.css';
import type { ReactNode } from 'react';
import type { ErrorReport } from '../../core/contract/errors.ts';
import { IconButton } from './Button.tsx';
import { ErrorCode } from './ErrorCode.tsx';
import { DismissIcon } from './icons.ts';
import { type Level, LevelIcon } from './Signs.tsx';

export function MessageBar(props: {
  level: Exclude<Level, 'neutral'>;
  title?: string;
  children: ReactNode;
  actions?: ReactNode;
  onDismiss?: () => void;
}) {
  return (
    <div className={`hf-bar hf-bar-${props.level}`} role={props.level === 'critical' ? 'alert' : 'status'}>
      <LevelIcon level={props.level} />
      <div className="hf-bar-text">
        {props.title && <strong>{props.title} </strong>}
        {props.children}
      </div>
      {props.actions && <div className="hf-bar-actions">{props.actions}</div>}
      {props.onDismiss && <IconButton icon={<DismissIcon />} label="Dismiss" onClick={props.onDismiss} />}
    </div>
  );
}

/** An error with its hint and number. */
export function ErrorBar(props: { error: ErrorReport; actions?: ReactNode; onDismiss?: () => void }) {
  return (
    <MessageBar level="critical" actions={props.actions} {...(props.onDismiss ? { onDismiss: props.onDismiss } : {})}>
      {props.error.message} <span className="hf-secondary">{props.error.hint}</span> <ErrorCode error={props.error} />
    </MessageBar>
  );
}
