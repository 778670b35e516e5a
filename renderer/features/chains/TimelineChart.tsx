// The drawing of a timeline: lanes for fulls and incrementals, the band of logs with its gaps, the present and the chosen point.
import type { Timeline } from '../../../core/contract/console.ts';
import type { Mark } from './restore-points.ts';
import { layoutTimeline, type MarkCluster, xOf } from './timeline-layout.ts';
import { type TimeWindow, ticksFor } from './timeline-window.ts';

export const chartHeight = 148;
const axisY = 20;
const laneY = { full: 46, incremental: 82 } as const;
const band = { y: 108, height: 22 } as const;

function ClusterMark({ cluster, chosen }: { cluster: MarkCluster; chosen: boolean }) {
  const y = laneY[cluster.lane];
  const state = `tl-mark is-${cluster.lane}${cluster.broken ? ' is-broken' : ''}${chosen ? ' is-chosen' : ''}`;
  if (cluster.marks.length > 1) {
    const text = String(cluster.marks.length);
    const width = 12 + text.length * 7;
    return (
      <g className={`${state} is-cluster`} transform={`translate(${cluster.x} ${y})`}>
        <rect x={-width / 2} y={-8} width={width} height={16} rx={cluster.lane === 'full' ? 2 : 8} />
        <text y={4} textAnchor="middle">
          {text}
        </text>
      </g>
    );
  }
  return (
    <g className={state} transform={`translate(${cluster.x} ${y})`}>
      {cluster.lane === 'full' ? <path d="M0-8 8 0 0 8-8 0Z" /> : <circle r="5.5" />}
      {cluster.broken && <path className="tl-cross" d="m-2.6-2.6 5.2 5.2m0-5.2-5.2 5.2" />}
    </g>
  );
}

export function TimelineChart(props: {
  timeline: Timeline;
  marks: readonly Mark[];
  window: TimeWindow;
  width: number;
  now: number;
  chosen: number | null;
  hovered: number | null;
}) {
  const { timeline, marks, window, width, chosen } = props;
  const shapes = layoutTimeline(timeline, marks, window, width);
  // A chain of one backup has nothing to be linked with.
  const size = new Map<number, number>();
  for (const mark of marks) size.set(mark.chain, (size.get(mark.chain) ?? 0) + 1);
  const linked = shapes.clusters.filter((cluster) => cluster.marks.some((mark) => (size.get(mark.chain) ?? 0) > 1));
  const nowX = xOf(props.now, window, width);
  const line = (at: number) => xOf(at, window, width);
  const inside = (at: number) => at >= window.from && at <= window.to;
  return (
    <svg className="tl-chart" width={width} height={chartHeight} aria-hidden="true">
      <defs>
        <pattern id="tl-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="6" height="6" className="tl-hatch-ground" />
          <rect width="2.2" height="6" className="tl-hatch-line" />
        </pattern>
      </defs>
      {ticksFor(window, width).map((tick) => (
        <g key={tick.at} className={`tl-tick${tick.major ? ' is-major' : ''}`} transform={`translate(${tick.x} 0)`}>
          <line y1={axisY} y2={chartHeight} />
          <text y={13} textAnchor={tick.x < 20 ? 'start' : tick.x > width - 20 ? 'end' : 'middle'}>
            {tick.label}
          </text>
        </g>
      ))}
      <line className="tl-axis" x1={0} x2={width} y1={axisY} y2={axisY} />
      {shapes.links.map((link) => (
        <line
          key={link.key}
          className={`tl-link${link.broken ? ' is-broken' : ''}`}
          x1={link.x1}
          x2={link.x2}
          y1={64}
          y2={64}
        />
      ))}
      {linked.map((cluster) => (
        <line
          key={cluster.key}
          className={`tl-stem${cluster.broken ? ' is-broken' : ''}`}
          x1={cluster.x}
          x2={cluster.x}
          y1={laneY[cluster.lane]}
          y2={64}
        />
      ))}
      {shapes.bands.map((shape) => (
        <rect
          key={shape.key}
          className={`tl-band is-${shape.kind}`}
          x={shape.x}
          width={shape.width}
          y={band.y + (shape.kind === 'gap' ? 0.5 : 0)}
          height={band.height - (shape.kind === 'gap' ? 1 : 0)}
          {...(shape.kind === 'gap' ? { fill: 'url(#tl-hatch)' } : {})}
        />
      ))}
      {shapes.bands
        .filter((shape) => shape.kind === 'gap' && shape.width > 110)
        .map((shape) => (
          <text
            key={`t${shape.key}`}
            className="tl-gap-text"
            x={shape.x + shape.width / 2}
            y={band.y + 34}
            textAnchor="middle"
          >
            {shape.reason ?? 'gap'}
          </text>
        ))}
      {inside(props.now) && <line className="tl-now" x1={nowX} x2={nowX} y1={axisY} y2={chartHeight - 12} />}
      {shapes.clusters.map((cluster) => (
        <ClusterMark
          key={cluster.key}
          cluster={cluster}
          chosen={chosen !== null && cluster.marks.some((mark) => mark.at === chosen)}
        />
      ))}
      {props.hovered !== null && inside(props.hovered) && (
        <line
          className="tl-hover"
          x1={line(props.hovered)}
          x2={line(props.hovered)}
          y1={axisY}
          y2={band.y + band.height}
        />
      )}
      {chosen !== null && inside(chosen) && (
        <g className="tl-chosen" transform={`translate(${line(chosen)} 0)`}>
          <line y1={axisY} y2={band.y + band.height + 4} />
          <path d="M-6 20H6L0 28Z" />
          <circle cy={band.y + band.height / 2} r="4.5" />
        </g>
      )}
    </svg>
  );
}
