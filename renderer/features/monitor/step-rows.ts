// The seven steps as rows: a state in words, a time, a detail.
import type { RestoreStep } from '../../../core/contract/restore.ts';
import { formatDuration } from '../../ui/format-time.ts';

export interface StepRow {
  step: number;
  name: string;
  status: RestoreStep['status'];
  statusText: string;
  /** `0.2 s` when done, the running time while running, empty before. */
  time: string;
  detail: string;
}

const statusText = {
  waiting: 'waits',
  running: 'running',
  done: 'done',
  failed: 'failed',
  skipped: 'skipped',
} as const;

/** `now` is engine time in ms and moves only the running step; in a restore that is `over`, nothing waits any more. */
export const stepRows = (steps: readonly RestoreStep[], now: number, over = false): StepRow[] =>
  steps.map((step) => ({
    step: step.step,
    name: step.name,
    status: step.status,
    statusText: over && step.status === 'waiting' ? 'not reached' : statusText[step.status],
    time:
      step.durationMs !== null
        ? formatDuration(step.durationMs)
        : step.status === 'running' && step.startedAt !== null
          ? formatDuration(Math.max(0, now - step.startedAt))
          : '',
    detail: step.detail,
  }));
