// The sign of a step or source: a different shape for each state, drawn so that it reads without colour.
import type { RestoreStep } from '../../../core/contract/restore.ts';

const shapes: Record<RestoreStep['status'], React.ReactNode> = {
  waiting: <circle cx="8" cy="8" r="2" className="mon-mark-waiting" />,
  running: (
    <>
      <circle cx="8" cy="8" r="6" className="mon-mark-track" />
      <path d="M8 2a6 6 0 0 1 6 6" className="mon-mark-arc" />
    </>
  ),
  done: (
    <>
      <circle cx="8" cy="8" r="7" className="mon-mark-done" />
      <path d="M4.8 8.2 7 10.4l4.2-4.6" className="mon-mark-stroke" />
    </>
  ),
  failed: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" className="mon-mark-failed" />
      <path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" className="mon-mark-stroke" />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6.4" className="mon-mark-skipped" />
      <path d="M5 8h6" className="mon-mark-skipped" />
    </>
  ),
};

/** `label` is announced and shown on hover. */
export function StepMark({ status, label }: { status: RestoreStep['status']; label: string }) {
  return (
    <svg
      className={`mon-mark mon-mark-is-${status}`}
      width="16"
      height="16"
      viewBox="0 0 16 16"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {shapes[status]}
    </svg>
  );
}
