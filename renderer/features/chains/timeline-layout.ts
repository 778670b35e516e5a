// A timeline as shapes for a given width: clustered marks, links of each chain, log bands and gaps.
import type { Timeline } from '../../../core/contract/console.ts';
import type { Mark } from './restore-points.ts';
import type { TimeWindow } from './timeline-window.ts';

export interface MarkCluster {
  key: string;
  x: number;
  lane: 'full' | 'incremental';
  marks: Mark[];
  broken: boolean;
}

export interface BandShape {
  key: string;
  x: number;
  width: number;
  kind: 'proven' | 'log' | 'gap';
  from: number;
  to: number;
  reason: string | null;
}

export interface ChainLink {
  key: string;
  x1: number;
  x2: number;
  broken: boolean;
}

export interface TimelineShapes {
  clusters: MarkCluster[];
  bands: BandShape[];
  links: ChainLink[];
}

export const xOf = (at: number, window: TimeWindow, width: number): number =>
  ((at - window.from) / (window.to - window.from)) * width;

/** The moment under a pixel, whole milliseconds. */
export const timeAt = (x: number, window: TimeWindow, width: number): number =>
  Math.round(window.from + (x / Math.max(1, width)) * (window.to - window.from));

function clusterLane(
  marks: readonly Mark[],
  lane: MarkCluster['lane'],
  window: TimeWindow,
  width: number,
  minGap: number,
): MarkCluster[] {
  const clusters: MarkCluster[] = [];
  for (const mark of marks) {
    const x = xOf(mark.at, window, width);
    if (x < -minGap || x > width + minGap) continue;
    const last = clusters.at(-1);
    if (last && x - xOf(last.marks[0]!.at, window, width) < minGap) {
      last.marks.push(mark);
      last.x = (xOf(last.marks[0]!.at, window, width) + x) / 2;
      last.broken ||= mark.broken !== null;
    } else {
      clusters.push({ key: `${lane}-${mark.info.idtag}`, x, lane, marks: [mark], broken: mark.broken !== null });
    }
  }
  return clusters;
}

/** Bands that share an edge closer than half a pixel are one shape, so that a thousand logs do not draw a thousand seams. */
function bandShapes(timeline: Timeline, window: TimeWindow, width: number): BandShape[] {
  const shapes: BandShape[] = [];
  for (const band of [...timeline.bands].sort((a, b) => a.from - b.from)) {
    const left = Math.max(0, xOf(band.from, window, width));
    const right = Math.min(width, xOf(band.to, window, width));
    if (right < 0 || left > width || right < left) continue;
    const last = shapes.at(-1);
    if (last && last.kind === band.kind && last.reason === band.reason && left - (last.x + last.width) < 0.5) {
      last.width = Math.max(last.x + last.width, right) - last.x;
      last.to = Math.max(last.to, band.to);
      continue;
    }
    // A gap of a second among a month of logs must stay visible.
    const shown = Math.max(right - left, band.kind === 'gap' ? 4 : 1);
    shapes.push({
      key: `${band.kind}-${band.from}`,
      x: left,
      width: shown,
      kind: band.kind,
      from: band.from,
      to: band.to,
      reason: band.reason,
    });
  }
  return shapes;
}

/** A lane whose marks would touch is drawn in clusters that are wide enough for their number. */
function drawLane(
  marks: readonly Mark[],
  lane: MarkCluster['lane'],
  window: TimeWindow,
  width: number,
  minGap: number,
) {
  const ofLane = marks.filter((mark) => mark.info.type === lane);
  const single = clusterLane(ofLane, lane, window, width, minGap);
  return single.every((cluster) => cluster.marks.length === 1)
    ? single
    : clusterLane(ofLane, lane, window, width, minGap * (ofLane.length > 99 ? 3.4 : 2.6));
}

/** Everything to draw inside the window. Marks closer than `minGap` px in a lane become clusters. */
export function layoutTimeline(
  timeline: Timeline,
  marks: readonly Mark[],
  window: TimeWindow,
  width: number,
  minGap = 13,
): TimelineShapes {
  const links: ChainLink[] = [];
  const last = new Map<number, { mark: Mark; link: ChainLink | null }>();
  for (const mark of marks) {
    const before = last.get(mark.chain);
    const x1 = before ? xOf(before.mark.at, window, width) : 0;
    const x2 = xOf(mark.at, window, width);
    const shown = before !== undefined && x2 >= 0 && x1 <= width;
    const broken = mark.broken !== null;
    let link: ChainLink | null = null;
    // One line for as far as a chain looks the same: a line for each of 100,000 backups would hold up every frame.
    if (shown && before.link?.broken === broken) {
      link = before.link;
      link.x2 = Math.min(width, x2);
    } else if (shown) {
      link = { key: mark.info.idtag, x1: Math.max(0, x1), x2: Math.min(width, x2), broken };
      links.push(link);
    }
    last.set(mark.chain, { mark, link });
  }
  return {
    clusters: (['full', 'incremental'] as const).flatMap((lane) => drawLane(marks, lane, window, width, minGap)),
    bands: bandShapes(timeline, window, width),
    links,
  };
}

export interface Overview {
  bands: Pick<BandShape, 'kind' | 'from' | 'to'>[];
  marks: Mark[];
}

/** The whole extent in `steps` places: what falls on the same one is drawn once, however many backups there are. */
export function overviewOf(timeline: Timeline, marks: readonly Mark[], extent: TimeWindow, steps = 1000): Overview {
  const step = (extent.to - extent.from) / steps;
  const bands: Overview['bands'] = [];
  for (const { kind, from, to } of [...timeline.bands].sort((a, b) => a.from - b.from)) {
    const last = bands.at(-1);
    if (last?.kind === kind && from - last.to <= step) last.to = Math.max(last.to, to);
    else bands.push({ kind, from, to });
  }
  const placed = new Map<string, Mark>();
  for (const mark of marks) {
    const place = `${mark.info.type} ${Math.round((mark.at - extent.from) / step)}`;
    if (!placed.has(place)) placed.set(place, mark);
  }
  return { bands, marks: [...placed.values()] };
}

/** The cluster within reach of a pixel: a click near a mark means the mark. */
export function clusterNear(clusters: readonly MarkCluster[], x: number, reach = 7): MarkCluster | null {
  let best: MarkCluster | null = null;
  for (const cluster of clusters) {
    if (Math.abs(cluster.x - x) <= reach && (!best || Math.abs(cluster.x - x) < Math.abs(best.x - x))) best = cluster;
  }
  return best;
}
