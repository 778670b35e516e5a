// The visible part of a timeline: zoom levels, panning, clamping, and where the axis has its ticks.
import type { Timeline } from '../../../core/contract/console.ts';

/** A span of time, ms since 1970. */
export interface TimeWindow {
  from: number;
  to: number;
}

export type Zoom = 'hour' | 'day' | 'week' | 'all';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const spans = { hour, day, week: 7 * day } as const;

/** Everything there is to see, with a margin on both sides; always at least a minute. */
export function extentOf(timeline: Timeline, now: number): TimeWindow {
  const times = [
    ...timeline.catalog.chains.flatMap((chain) => [chain.full, ...chain.incrementals].map((info) => info.consistentAt)),
    ...timeline.bands.flatMap((band) => [band.from, band.to]),
  ];
  // Not Math.min(...times): a call takes only so many arguments.
  const from = times.reduce((least, at) => Math.min(least, at), times[0] ?? now - hour);
  const to = times.reduce((most, at) => Math.max(most, at), now);
  const margin = Math.max(30 * second, (to - from) * 0.03);
  return { from: from - margin, to: to + margin };
}

/** A zoom level around a moment, kept inside the extent where the extent is wide enough. */
export function windowFor(zoom: Zoom, extent: TimeWindow, centre: number): TimeWindow {
  if (zoom === 'all') return extent;
  return clampWindow({ from: centre - spans[zoom] / 2, to: centre + spans[zoom] / 2 }, extent);
}

/** Moved, never stretched, so that it lies inside the extent; a window wider than the extent ends where the extent ends. */
export function clampWindow(window: TimeWindow, extent: TimeWindow): TimeWindow {
  const span = window.to - window.from;
  if (window.to > extent.to || span >= extent.to - extent.from) return { from: extent.to - span, to: extent.to };
  if (window.from < extent.from) return { from: extent.from, to: extent.from + span };
  return window;
}

export const panWindow = (window: TimeWindow, by: number, extent: TimeWindow): TimeWindow =>
  clampWindow({ from: window.from + by, to: window.to + by }, extent);

/** Scaled around a moment that stays where it is; between 10 seconds and the extent. */
export function scaleWindow(window: TimeWindow, factor: number, around: number, extent: TimeWindow): TimeWindow {
  const span = window.to - window.from;
  const next = Math.min(extent.to - extent.from, Math.max(10 * second, span * factor));
  const share = (around - window.from) / span;
  const from = around - next * share;
  return clampWindow({ from, to: from + next }, extent);
}

/** Moved just as far as needed to show a moment. */
export function revealIn(window: TimeWindow, at: number, extent: TimeWindow): TimeWindow {
  const margin = (window.to - window.from) * 0.05;
  if (at < window.from + margin) return panWindow(window, at - margin - window.from, extent);
  if (at > window.to - margin) return panWindow(window, at + margin - window.to, extent);
  return window;
}

export interface Tick {
  at: number;
  x: number;
  label: string;
  /** A new day (or, on a day axis, a new month): drawn stronger. */
  major: boolean;
}

const steps = [
  second,
  2 * second,
  5 * second,
  10 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  30 * day,
  90 * day,
];

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
const clock = (at: number, withSeconds: boolean): string => {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), ...(withSeconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
};
const dayLabel = (at: number): string => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });

/** Ticks at round local times, at least `minGap` px apart. A day that has 23 or 25 hours keeps its midnight tick. */
export function ticksFor(window: TimeWindow, width: number, minGap = 84): Tick[] {
  const span = window.to - window.from;
  if (width <= 0 || span <= 0) return [];
  const step = steps.find((each) => (each / span) * width >= minGap) ?? 90 * day;
  const ticks: Tick[] = [];
  const add = (at: number, label: string, major: boolean): void => {
    if (at >= window.from && at <= window.to) ticks.push({ at, x: ((at - window.from) / span) * width, label, major });
  };
  if (step >= day) {
    const every = Math.round(step / day);
    const date = new Date(startOfDay(window.from));
    date.setDate(date.getDate() - (((Math.floor(date.getTime() / day) % every) + every) % every));
    for (; date.getTime() <= window.to; date.setDate(date.getDate() + every)) {
      add(date.getTime(), dayLabel(date.getTime()), date.getDate() === 1);
    }
    return ticks;
  }
  for (let midnight = startOfDay(window.from); midnight <= window.to; midnight = startOfDay(midnight + 26 * hour)) {
    const next = startOfDay(midnight + 26 * hour);
    const first = Math.max(0, Math.ceil((window.from - midnight) / step));
    for (let at = midnight + first * step; at < next && at <= window.to; at += step) {
      const major = at === midnight;
      add(at, major ? dayLabel(at) : clock(at, step < minute), major);
    }
  }
  return ticks;
}
