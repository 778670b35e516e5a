// The picture of a restore that is over, without anything that still moves: its last event can be older than its end.
import type { RestoreView } from '../../../core/contract/restore.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import { intoFile, type RestorePicture } from './restore-phase.ts';

/** What the target reports now, when this restore is its newest; null when nothing can be said from it. */
export type TargetNow = Pick<InstanceView, 'reachable' | 'status'> | null;

/**
 * After the end nothing is running, working or being written. What is left of both sets is told by the target itself, never guessed:
 * without its word the boxes stay as they were reported.
 */
export function settledView(picture: RestorePicture, target: TargetNow): RestoreView {
  const { view, job } = picture;
  if (job.endedAt === null) return view;
  const failed = job.status === 'failed';
  const steps = view.steps.map((step) =>
    step.status === 'running'
      ? { ...step, status: failed ? ('failed' as const) : ('skipped' as const), detail: step.detail || 'stopped here' }
      : step,
  );
  const still = (light: RestoreView['lights']['data']) => (light === 'working' ? 'off' : light);
  const lights = {
    data: still(view.lights.data),
    verified: still(view.lights.verified),
    active: still(view.lights.active),
  };
  const sources = view.sources.map((source) =>
    source.status === 'running' ? { ...source, status: 'skipped' as const } : source,
  );
  return { ...view, steps, lights, sources, ...settledSets(picture, target) };
}

function settledSets(picture: RestorePicture, target: TargetNow): Pick<RestoreView, 'nds' | 'rst'> {
  const { nds, rst } = picture.view;
  if (intoFile(picture) || !target?.reachable || target.status.state === 'Restoring') return { nds, rst };
  const { writable, hasRst } = target.status;
  return {
    nds: nds.state === 'active, locked' && writable ? { ...nds, state: 'active' } : nds,
    rst: rst.state === 'being written' && !hasRst ? { ...rst, state: 'discarded' } : rst,
  };
}
