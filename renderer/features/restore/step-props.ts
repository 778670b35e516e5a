// What every step of the restore wizard is given.
import type { RestorePlan, Timeline } from '../../../core/contract/console.ts';
import type { InstanceView } from '../../../core/contract/site.ts';
import type { Mark } from '../chains/restore-points.ts';
import type { RestoreDraft } from './restore-draft.ts';

export interface StepProps {
  /** Null for backups that were found in folders and are of no database of this site. */
  instance: InstanceView | null;
  draft: RestoreDraft;
  set: (change: Partial<RestoreDraft>) => void;
  timeline: Timeline;
  marks: readonly Mark[];
}

export interface PlanProps extends StepProps {
  plan: RestorePlan;
}
