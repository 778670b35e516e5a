// A timeline to look at and to pick a point from: pointer, keyboard, zoom and an overview of everything.
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useState } from 'react';
import type { Timeline } from '../../../core/contract/console.ts';
import { ChevronLeftIcon, ZoomInIcon, ZoomOutIcon } from '../../ui/icons-backup.ts';
import { Button, ChevronRightIcon, formatBytes, formatMoment, formatUtc, IconButton, useNow } from '../../ui/index.ts';
import { markName, pointText } from './point-text.ts';
import { type Mark, marksOf, nearestPoint, neighbourMark, pointAt } from './restore-points.ts';
import { TimelineChart } from './TimelineChart.tsx';
import { clusterNear, layoutTimeline, type MarkCluster, overviewOf, timeAt, xOf } from './timeline-layout.ts';
import type { Zoom } from './timeline-window.ts';
import { useTimelineView } from './use-timeline-view.ts';
import { useWidth } from './use-width.ts';
import './timeline.css';

const zooms: readonly [Zoom, string][] = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
  ['all', 'All'],
];

function Card({
  at,
  cluster,
  text,
  x,
  width,
}: {
  at: number;
  cluster: MarkCluster | null;
  text: string;
  x: number;
  width: number;
}) {
  const now = useNow();
  return (
    <div className="tl-card" style={x > width / 2 ? { right: width - x + 12 } : { left: x + 12 }}>
      <strong className="hf-num">{formatMoment(at, now)}</strong>{' '}
      <span className="hf-muted hf-num">{formatUtc(at)}</span>
      {cluster ? (
        <ul>
          {cluster.marks.slice(-6).map((mark) => (
            <li key={mark.info.idtag} className={mark.broken ? 'hf-tone-critical' : undefined}>
              {cluster.marks.length > 1 && <span className="hf-num hf-muted">{formatMoment(mark.at, now)} </span>}
              {markName(mark)}, {formatBytes(mark.info.bytes)}
              {mark.broken && `: cannot be restored, ${mark.broken}`}
            </li>
          ))}
          {cluster.marks.length > 6 && <li className="hf-muted">and {cluster.marks.length - 6} earlier</li>}
        </ul>
      ) : (
        <p>{text}</p>
      )}
    </div>
  );
}

/** `chosen` is a time in ms or null; only restorable points are reported. */
export function TimelinePicker(props: {
  timeline: Timeline;
  chosen: number | null;
  onChoose: (at: number) => void;
  /** Enter on the timeline. */
  onEnter?: () => void;
  label?: string;
}) {
  const { timeline, chosen, onChoose } = props;
  const now = useNow();
  const marks: readonly Mark[] = useMemo(() => marksOf(timeline), [timeline]);
  const view = useTimelineView(timeline, now);
  const { ref, width } = useWidth<HTMLDivElement>();
  const [hover, setHover] = useState<{ x: number; cluster: MarkCluster | null } | null>(null);
  const { window } = view;
  const point = chosen === null ? null : pointAt(timeline, marks, chosen);

  const at = (event: { clientX: number; currentTarget: Element }) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return { x, cluster: clusterNear(layoutTimeline(timeline, marks, window, width).clusters, x) };
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const hit = at(event);
    const usable = hit.cluster?.marks.findLast((mark) => !mark.broken);
    const time = usable ? usable.at : timeAt(hit.x, window, width);
    if (pointAt(timeline, marks, time).kind !== 'none') onChoose(time);
  };

  const choose = (time: number | null) => {
    if (time === null) return;
    onChoose(time);
    view.reveal(time);
  };
  const step = (toward: -1 | 1, size: number) => {
    const from = chosen ?? timeline.restorableTo ?? now;
    choose(nearestPoint(timeline, marks, from + toward * size, toward));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const pixel = (window.to - window.from) / Math.max(1, width);
    const toward = event.key === 'ArrowLeft' ? -1 : 1;
    const middle = chosen ?? (window.from + window.to) / 2;
    const arrow = () =>
      event.ctrlKey || event.metaKey
        ? choose(neighbourMark(marks, chosen ?? now, toward)?.at ?? null)
        : step(toward, Math.max(1, Math.round(pixel * (event.shiftKey ? 1 : 8))));
    const keys = new Map<string, () => void>([
      ['ArrowLeft', arrow],
      ['ArrowRight', arrow],
      ['Home', () => choose(timeline.restorableFrom)],
      ['End', () => choose(timeline.restorableTo)],
      ['PageUp', () => view.pan(-0.5)],
      ['PageDown', () => view.pan(0.5)],
      ['+', () => view.scale(0.5, middle)],
      ['-', () => view.scale(2, middle)],
      ['Enter', () => props.onEnter?.()],
    ]);
    const run = keys.get(event.key);
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  };

  // React listens for wheel passively; zooming has to keep the page from scrolling.
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (!event.ctrlKey && !event.metaKey && !sideways) return;
      event.preventDefault();
      const x = event.clientX - element.getBoundingClientRect().left;
      if (sideways) view.pan((event.deltaX || event.deltaY) / Math.max(1, width));
      else view.scale(event.deltaY > 0 ? 1.25 : 0.8, timeAt(x, window, width));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });

  const hoverTime = hover
    ? hover.cluster?.marks.length === 1
      ? hover.cluster.marks[0]!.at
      : timeAt(hover.x, window, width)
    : null;
  const whole = useMemo(() => overviewOf(timeline, marks, view.extent), [timeline, marks, view.extent]);
  const overview = (time: number) => `${Math.max(0, Math.min(100, xOf(time, view.extent, 100)))}%`;
  return (
    <div className="tl">
      <div className="tl-tools">
        <fieldset className="tl-zoom">
          <legend className="hf-sr">Zoom</legend>
          {zooms.map(([zoom, text]) => (
            <Button key={zoom} kind="subtle" pressed={view.zoom === zoom} onClick={() => view.setZoom(zoom, chosen)}>
              {text}
            </Button>
          ))}
        </fieldset>
        <IconButton
          icon={<ZoomInIcon />}
          label="Zoom in"
          detail="+"
          onClick={() => view.scale(0.5, chosen ?? (window.from + window.to) / 2)}
        />
        <IconButton
          icon={<ZoomOutIcon />}
          label="Zoom out"
          detail="-"
          onClick={() => view.scale(2, chosen ?? (window.from + window.to) / 2)}
        />
        <IconButton icon={<ChevronLeftIcon />} label="Earlier" detail="Page up" onClick={() => view.pan(-0.5)} />
        <IconButton icon={<ChevronRightIcon />} label="Later" detail="Page down" onClick={() => view.pan(0.5)} />
        <span className="tl-legend" aria-hidden="true">
          <svg width="12" height="12" viewBox="-8 -8 16 16" aria-hidden="true" className="tl-mark is-full">
            <path d="M0-8 8 0 0 8-8 0Z" />
          </svg>
          full
          <svg width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true" className="tl-mark is-incremental">
            <circle r="5.5" />
          </svg>
          incremental
          <span className="tl-swatch is-proven" /> proven
          <span className="tl-swatch is-log" /> stored
          <span className="tl-swatch is-gap" /> gap
        </span>
      </div>
      <div className="tl-frame">
        <div className="tl-lanes" aria-hidden="true">
          <span style={{ top: 37 }}>Full</span>
          <span style={{ top: 73 }}>Incremental</span>
          <span style={{ top: 110 }}>Logs</span>
        </div>
        <div
          ref={ref}
          className="tl-field"
          role="slider"
          tabIndex={0}
          aria-label={props.label ?? 'Point in time'}
          aria-valuemin={Math.round(view.extent.from / 1000)}
          aria-valuemax={Math.round(view.extent.to / 1000)}
          aria-valuenow={Math.round((chosen ?? view.extent.to) / 1000)}
          aria-valuetext={
            point === null || chosen === null
              ? 'nothing chosen'
              : `${formatMoment(chosen, now)}. ${pointText(point, marks)}`
          }
          onPointerDown={onPointerDown}
          onPointerMove={(event) => setHover(at(event))}
          onPointerLeave={() => setHover(null)}
          onKeyDown={onKeyDown}
        >
          {width > 0 && (
            <TimelineChart
              timeline={timeline}
              marks={marks}
              window={window}
              width={width}
              now={now}
              chosen={chosen}
              hovered={hoverTime}
            />
          )}
          {hover && hoverTime !== null && (
            <Card
              at={hoverTime}
              cluster={hover.cluster}
              text={pointText(pointAt(timeline, marks, hoverTime), marks)}
              x={hover.x}
              width={width}
            />
          )}
        </div>
        {/* The overview repeats for the pointer what the keys and buttons do. */}
        <div
          className="tl-overview"
          aria-hidden="true"
          onPointerDown={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            view.centreOn(timeAt(event.clientX - box.left, view.extent, box.width));
          }}
        >
          {whole.bands.map((each) => (
            <span
              key={`${each.kind}${each.from}`}
              className={`is-${each.kind}`}
              style={{ left: overview(each.from), right: `calc(100% - ${overview(each.to)})` }}
            />
          ))}
          {whole.marks.map((mark) => (
            <i key={mark.info.idtag} className={`is-${mark.info.type}`} style={{ left: overview(mark.at) }} />
          ))}
          <b style={{ left: overview(window.from), right: `calc(100% - ${overview(window.to)})` }} />
        </div>
      </div>
    </div>
  );
}
