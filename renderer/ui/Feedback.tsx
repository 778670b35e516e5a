// Progress, waiting, emptiness, and the section that holds the parts of a page.
import './message-bar.css';
import { Spinner as FluentSpinner } from '@fluentui/react-components';
import { type ReactNode, useId } from 'react';

/** `value` 0 to 1, or null when the end is not known. */
export function ProgressBar(props: {
  value: number | null;
  label: string;
  tone?: 'normal' | 'ok' | 'warning' | 'critical';
}) {
  const known = props.value === null ? null : Math.max(0, Math.min(1, props.value));
  return (
    <span
      className={`hf-progress hf-progress-${known === null ? 'unknown' : (props.tone ?? 'normal')}`}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known === null ? undefined : Math.round(known * 100)}
    >
      <span className="hf-progress-fill" style={known === null ? undefined : { width: `${known * 100}%` }} />
    </span>
  );
}

export function Spinner({ label, size = 'small' }: { label: string; size?: 'tiny' | 'small' }) {
  return (
    <div className="hf-loading">
      <FluentSpinner size={size === 'tiny' ? 'extra-tiny' : 'tiny'} aria-hidden="true" />
      <span role="status">{label}</span>
    </div>
  );
}

export function EmptyState(props: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="hf-empty">
      <h2>{props.title}</h2>
      {props.children && <div className="hf-empty-text">{props.children}</div>}
      {props.actions && <div className="hf-empty-actions">{props.actions}</div>}
    </div>
  );
}

/** A titled part of a page, with a thin rule. */
export function Section(props: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="hf-section" aria-labelledby={id}>
      <div className="hf-section-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside && <div className="hf-section-aside">{props.aside}</div>}
      </div>
      {props.children}
    </section>
  );
}
