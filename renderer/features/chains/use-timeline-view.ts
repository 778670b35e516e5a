// The state of a timeline's view: zoom level or free window, following the present until it is moved.
import { useMemo, useState } from 'react';
import type { Timeline } from '../../../core/contract/console.ts';
import {
  extentOf,
  panWindow,
  revealIn,
  scaleWindow,
  type TimeWindow,
  windowFor,
  type Zoom,
} from './timeline-window.ts';

export interface TimelineView {
  extent: TimeWindow;
  window: TimeWindow;
  /** Null while the window is free. */
  zoom: Zoom | null;
  setZoom: (zoom: Zoom, centre: number | null) => void;
  /** By a share of the window: 0.5 is half of it to the right. */
  pan: (share: number) => void;
  scale: (factor: number, around: number) => void;
  reveal: (at: number) => void;
  centreOn: (at: number) => void;
}

type Chosen = { zoom: Zoom; centre: number | null } | { free: TimeWindow };

export function useTimelineView(timeline: Timeline, now: number, initial: Zoom = 'all'): TimelineView {
  const [chosen, setChosen] = useState<Chosen>({ zoom: initial, centre: null });
  const extent = useMemo(() => extentOf(timeline, now), [timeline, now]);
  const window = 'free' in chosen ? chosen.free : windowFor(chosen.zoom, extent, chosen.centre ?? now);
  const move = (next: TimeWindow) => setChosen({ free: next });
  return {
    extent,
    window,
    zoom: 'free' in chosen ? null : chosen.zoom,
    setZoom: (zoom, centre) => setChosen({ zoom, centre }),
    pan: (share) => move(panWindow(window, (window.to - window.from) * share, extent)),
    scale: (factor, around) => move(scaleWindow(window, factor, around, extent)),
    reveal: (at) => {
      const next = revealIn(window, at, extent);
      if (next !== window) move(next);
    },
    centreOn: (at) => move(panWindow(window, at - (window.from + window.to) / 2, extent)),
  };
}
