// Which moments of an instance can be restored: the marks of its backups, the bands of its logs, and what lies between.
import type { BackupFileInfo } from '../../../core/contract/backup.ts';
import type { Timeline } from '../../../core/contract/console.ts';
import type { InstanceStatus } from '../../../core/contract/instance.ts';

export interface Mark {
  info: BackupFileInfo;
  /** The moment that the backup shows, ms. */
  at: number;
  /** Position of its chain, 0 for the oldest. */
  chain: number;
  /** Null when the backup can be restored; else why its chain does not reach it. */
  broken: string | null;
}

export type PointChoice =
  | { kind: 'backup'; at: number; mark: Mark }
  | { kind: 'log'; at: number }
  | { kind: 'none'; at: number; reason: string };

/** All backups of the catalogue, oldest first. An incremental behind a gap of its chain is broken. */
export function marksOf(timeline: Timeline): Mark[] {
  const chains = [...timeline.catalog.chains].sort((a, b) => a.full.consistentAt - b.full.consistentAt);
  return chains
    .flatMap((chain, index) => {
      let broken: string | null = null;
      return [chain.full, ...chain.incrementals].map((info) => {
        const mark: Mark = { info, at: info.consistentAt, chain: index, broken };
        broken ??= chain.gaps.find((gap) => gap.afterIdtag === info.idtag)?.reason ?? null;
        return mark;
      });
    })
    .sort((a, b) => a.at - b.at);
}

/** The newest mark that can be restored at or before a time; null when there is none. */
export const markBefore = (marks: readonly Mark[], at: number): Mark | null =>
  marks.findLast((mark) => mark.at <= at && !mark.broken) ?? null;

/** What a restore to this moment would use, or why it is not possible. */
export function pointAt(timeline: Timeline, marks: readonly Mark[], at: number): PointChoice {
  const exact = marks.find((mark) => mark.at === at);
  if (exact && !exact.broken) return { kind: 'backup', at, mark: exact };
  const band = timeline.bands.find((each) => each.kind !== 'gap' && each.from <= at && at <= each.to);
  if (band && markBefore(marks, at)) return { kind: 'log', at };
  if (exact?.broken) return { kind: 'none', at, reason: exact.broken };
  const gap = timeline.bands.find((each) => each.kind === 'gap' && each.from <= at && at <= each.to);
  if (gap) return { kind: 'none', at, reason: gap.reason ?? 'no log covers this time' };
  const first = marks[0];
  if (!first) return { kind: 'none', at, reason: 'there is no backup yet' };
  if (at < first.at) return { kind: 'none', at, reason: 'this is before the first backup' };
  return { kind: 'none', at, reason: 'no backup or log covers this time' };
}

/** What stands at a moment: brought back before, stored, or not restorable. */
export function standingAt(timeline: Timeline, marks: readonly Mark[], at: number): 'proven' | 'stored' | 'gap' {
  if (pointAt(timeline, marks, at).kind === 'none') return 'gap';
  return timeline.bands.some((band) => band.kind === 'proven' && band.from <= at && at <= band.to)
    ? 'proven'
    : 'stored';
}

/** The nearest restorable moment in the direction of `toward` (−1 earlier, 1 later) from a moment that is not; null past the end. */
export function nearestPoint(timeline: Timeline, marks: readonly Mark[], at: number, toward: -1 | 1): number | null {
  if (pointAt(timeline, marks, at).kind !== 'none') return at;
  const edges = [
    ...marks.filter((mark) => !mark.broken).map((mark) => mark.at),
    ...timeline.bands
      .filter((band) => band.kind !== 'gap')
      .flatMap((band) => [band.from, band.to])
      .filter((edge) => pointAt(timeline, marks, edge).kind !== 'none'),
  ].sort((a, b) => a - b);
  return (toward > 0 ? edges.find((edge) => edge > at) : edges.findLast((edge) => edge < at)) ?? null;
}

/** The next or previous backup that can be restored, seen from a moment. */
export const neighbourMark = (marks: readonly Mark[], at: number, toward: -1 | 1): Mark | null =>
  (toward > 0
    ? marks.find((mark) => mark.at > at && !mark.broken)
    : marks.findLast((mark) => mark.at < at && !mark.broken)) ?? null;

/**
 * The timeline as it stands by now: the band of a log that is being written grows with what the instance reports as safe,
 * so that nobody has to ask for the catalogue again each second. Nothing is added while a full backup is required.
 */
export function grownTimeline(
  timeline: Timeline,
  status: Pick<InstanceStatus, 'logging' | 'restorableTo' | 'fullRequired' | 'outOfSync'>,
): Timeline {
  const { restorableTo: end } = timeline;
  const { restorableTo: safe } = status;
  if (end === null || safe === null || safe <= end) return timeline;
  if (!status.logging.on || status.fullRequired || status.outOfSync) return timeline;
  const bands = timeline.bands.map((band) => (band.kind === 'log' && band.to === end ? { ...band, to: safe } : band));
  const grown = bands.some((band) => band.to === safe);
  const full: Timeline['bands'][number] = { from: end, to: safe, kind: 'log', reason: null };
  return { ...timeline, bands: grown ? bands : [...bands, full], restorableTo: safe };
}
