// Small signs: LED, badge, level icon. Each differs by shape as well as by colour and has a text.
import './signs.css';
import { createContext, type ReactNode, useContext } from 'react';
import { CriticalIcon, InfoIcon, OkIcon, WarningIcon } from './icons.ts';

export type Level = 'ok' | 'info' | 'warning' | 'critical' | 'neutral';
export type LedState = 'on' | 'standby' | 'off' | 'gone' | 'warning' | 'error';

const ledShapes: Record<LedState, ReactNode> = {
  on: (
    <>
      <circle cx="6" cy="6" r="5.5" fill="var(--hf-green-fill)" opacity="0.28" />
      <circle cx="6" cy="6" r="3.75" fill="var(--hf-green-fill)" />
    </>
  ),
  standby: <circle cx="6" cy="6" r="3.5" fill="none" stroke="var(--hf-green-fill)" strokeWidth="1.8" />,
  off: <circle cx="6" cy="6" r="3.5" fill="none" stroke="var(--hf-text-3)" strokeWidth="1.4" />,
  gone: (
    <>
      <circle cx="6" cy="6" r="4" fill="var(--hf-grey-fill)" />
      <path d="M2 10 10 2" stroke="var(--hf-surface)" strokeWidth="1.6" />
    </>
  ),
  warning: <path d="M6 1.5 11 10.5 H1 Z" fill="var(--hf-amber-fill)" />,
  error: (
    <>
      <rect
        x="1.5"
        y="1.5"
        width="9"
        height="9"
        rx="1"
        fill="var(--hf-red-fill)"
        transform="rotate(45 6 6) scale(0.9) translate(0.65 0.65)"
      />
      <path d="M6 3.6v3M6 8v.6" stroke="#fff" strokeWidth="1.3" />
    </>
  ),
};

/** True while what is shown is only what was last known: signs don't glow then, and say so. */
export const StaleSigns = createContext(false);

export const useStale = (): boolean => useContext(StaleSigns);

/** Filled green: active; green ring: a copy that can take over; hollow grey: not active; grey and struck through: not there; triangle: warning; diamond: error. */
export function Led({ state, label }: { state: LedState; label: string }) {
  const stale = useStale();
  const text = stale ? `Last known: ${label}` : label;
  return (
    <svg
      className={`hf-led${stale ? ' is-stale' : ''}`}
      width="12"
      height="12"
      viewBox="0 0 12 12"
      role="img"
      aria-label={text}
    >
      <title>{text}</title>
      {ledShapes[state]}
    </svg>
  );
}

export function Badge({ tone = 'neutral', children, title }: { tone?: Level; children: ReactNode; title?: string }) {
  const stale = useStale();
  return (
    <span className={`hf-badge hf-badge-${stale && tone === 'ok' ? 'neutral' : tone}`} title={title}>
      {children}
    </span>
  );
}

const levelWords: Record<Level, string> = {
  ok: 'OK',
  info: 'Information',
  warning: 'Warning',
  critical: 'Critical',
  neutral: 'Nothing to report',
};

/** The sign for a level: check, i, triangle, or filled circle with a mark. An empty label is for a sign beside its own words. */
export function LevelIcon({ level, label }: { level: Level; label?: string }) {
  const Icon = { ok: OkIcon, info: InfoIcon, warning: WarningIcon, critical: CriticalIcon, neutral: InfoIcon }[level];
  return (
    <span
      className={`hf-level hf-level-${level}`}
      {...(label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label ?? levelWords[level] })}
    >
      <Icon aria-hidden="true" />
    </span>
  );
}

/** A sign beside its words, on one line that is cut off at its end. `sign` names the sign where the words don't. */
export function SignedText(props: { level: Level | null; sign?: string; title?: string; children: ReactNode }) {
  return (
    <span className="hf-signed" title={props.title}>
      {props.level && <LevelIcon level={props.level} label={props.sign ?? ''} />}
      <span className="hf-ellipsis">{props.children}</span>
    </span>
  );
}
