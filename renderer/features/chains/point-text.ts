// A point of the timeline in words: what a restore to it would use, or why it is not possible.
import { type Mark, markBefore, type PointChoice } from './restore-points.ts';

const kinds = { full: 'full backup', incremental: 'incremental backup' } as const;

/** `full backup 3D35E100`. */
export const markName = (mark: Mark): string => `${kinds[mark.info.type]} ${mark.info.idtag}`;

/** One sentence, without the time itself. */
export function pointText(point: PointChoice, marks: readonly Mark[]): string {
  if (point.kind === 'none') return `Cannot be restored: ${point.reason}.`;
  if (point.kind === 'backup') return `The end of ${markName(point.mark)}; no logs are needed.`;
  const before = markBefore(marks, point.at);
  return before ? `Inside the logs: ${markName(before)}, then the logs up to here.` : 'Inside the logs.';
}
