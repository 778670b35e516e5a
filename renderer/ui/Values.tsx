// Values as text: times, ages, sizes, key and value pairs, a command line.
import './values.css';
import { Fragment, type ReactNode, useState } from 'react';
import { IconButton } from './Button.tsx';
import { engineNow, useNow } from './clock.ts';
import { formatBytes } from './format-bytes.ts';
import { formatDuration, formatTime, formatUtc } from './format-time.ts';
import { CheckIcon, CopyIcon } from './icons.ts';

/** Local time; UTC on hover. A dash for null. */
export function Time({ at, empty = '–' }: { at: number | null; empty?: string }) {
  if (at === null) return <span className="hf-muted">{empty}</span>;
  return (
    <time className="hf-num" dateTime={new Date(at).toISOString()} title={formatUtc(at)}>
      {formatTime(at, engineNow())}
    </time>
  );
}

function ageText(ms: number, suffix: string): string {
  const whole = Math.round(ms / 1000) * 1000;
  if (whole > 0) return formatDuration(whole) + suffix;
  return suffix === '' ? '< 1 s' : 'just now';
}

/** How long ago, ticking each second on the engine's clock: `12 s`. */
export function Age({ since, suffix = '', empty = '–' }: { since: number | null; suffix?: string; empty?: string }) {
  const now = useNow();
  if (since === null) return <span className="hf-muted">{empty}</span>;
  return (
    <span className="hf-num" title={formatUtc(since)}>
      {ageText(now - since, suffix)}
    </span>
  );
}

/** Time to come, ticking: `in 4 min`. */
export function Until({ at }: { at: number }) {
  const now = useNow();
  const left = at - now;
  return (
    <span className="hf-num" title={formatUtc(at)}>
      {left > 1000 ? `in ${formatDuration(Math.round(left / 1000) * 1000)}` : 'now'}
    </span>
  );
}

export function Bytes({ value }: { value: number | null }) {
  return (
    <span className="hf-num" title={value === null ? undefined : `${value.toLocaleString('en-US')} bytes`}>
      {formatBytes(value)}
    </span>
  );
}

/** A two-column list of facts. */
export function KeyValue({ items, columns = 1 }: { items: readonly [string, ReactNode][]; columns?: 1 | 2 }) {
  return (
    <dl className={`hf-kv hf-kv-${columns}`}>
      {items.map(([key, value]) => (
        <Fragment key={key}>
          <dt>{key}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** A command in monospace with a copy button. */
export function CommandLine({ command }: { command: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="hf-command">
      <code>{command}</code>
      <IconButton
        icon={copied ? <CheckIcon /> : <CopyIcon />}
        label={copied ? 'Copied' : 'Copy command'}
        onClick={() => void copy()}
      />
    </div>
  );
}
