// Rate and remaining time from progress samples: pure, and silent until the figures are steady.
import type { Progress } from '../contract/common.ts';

export interface RateSample {
  /** Monotonic ms. */
  at: number;
  done: number;
}

export interface Estimate {
  /** Units a second over the window; null until there are enough samples. */
  rate: number | null;
  /** Time left in the current phase; null until two halves of the window agree. */
  etaMs: number | null;
}

const WINDOW_MS = 10_000;
const MAX_SAMPLES = 64;
const RATE_SPAN_MS = 1_000;
const STEADY_SPAN_MS = 3_000;
const STEADY_RATIO = 0.6;

/** The samples of the last ten seconds with this one added; a figure that went back starts them anew. */
export function addSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const last = samples.at(-1);
  if (last && (sample.done < last.done || sample.at < last.at)) return [sample];
  const recent = samples.filter((s) => sample.at - s.at <= WINDOW_MS);
  recent.push(sample);
  return recent.length > MAX_SAMPLES ? thin(recent) : recent;
}

/** Every second sample, both ends kept: fast reporters must not make the window shorter. */
function thin(samples: RateSample[]): RateSample[] {
  return samples.filter((_, index) => index % 2 === 0 || index === samples.length - 1);
}

export function estimate(samples: readonly RateSample[], total: number | null): Estimate {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || samples.length < 3 || last.at - first.at < RATE_SPAN_MS) return { rate: null, etaMs: null };
  const rate = slope(first, last);
  if (rate <= 0 || total === null || last.done > total || last.at - first.at < STEADY_SPAN_MS || samples.length < 5)
    return { rate, etaMs: null };
  const middle = samples.find((s) => s.at >= (first.at + last.at) / 2) ?? last;
  const halves = [slope(first, middle), slope(middle, last)];
  const steady = Math.min(...halves) >= STEADY_RATIO * Math.max(...halves);
  return { rate, etaMs: steady ? Math.round(((total - last.done) / rate) * 1000) : null };
}

function slope(from: RateSample, to: RateSample): number {
  return to.at > from.at ? ((to.done - from.done) / (to.at - from.at)) * 1000 : 0;
}

/** How fast a job with a plan has been: the phases behind it as they were measured, and the one that is under way. */
export interface Pace {
  current: number;
  /** When the current phase began, and the latest figures of it. */
  since: number;
  now: number;
  done: number;
  total: number | null;
  /** ms and expected work of the phases that have ended. */
  spentMs: number;
  spentWork: number;
  work: readonly number[];
}

/** Less of the whole than this says nothing of its pace. */
const FIRST_SHARE = 0.02;
const FIRST_MS = 500;
/** From this share of a phase on its own pace alone says when it ends. */
const OWN_PACE_SHARE = 0.1;

/** The pace with one more report at `now` (monotonic ms); null for a job without a plan. A report without one changes nothing. */
export function keepPace(before: Pace | null, progress: Progress, now: number): Pace | null {
  const { plan, done, total } = progress;
  if (!plan) return before;
  const { current, work } = plan;
  if (!before || current < before.current)
    return { current, since: now, now, done, total, spentMs: 0, spentWork: 0, work };
  if (current === before.current) return { ...before, now, done, total, work };
  // Phases without work, and those that came and went between two reports, count as done.
  const passed = work.slice(before.current, current).reduce((sum, one) => sum + one, 0);
  // It began when the one before it was done, not when it was first heard of.
  const since = endOf(before, now);
  const spentMs = before.spentMs + since - before.since;
  return { current, since, now, done, total, spentMs, spentWork: before.spentWork + passed, work };
}

/** When a phase ended that nothing more was heard of: as its last report foresaw, or just now when it never told. */
function endOf({ since, now: last, done, total }: Pace, now: number): number {
  return total && done > 0 ? Math.min(now, since + (last - since) * Math.max(1, total / done)) : now;
}

/**
 * Time left of the whole job at `now`, ms: the phase under way at its own pace, those to come at the pace so far against what was
 * expected of the work. Null until something can be said.
 */
export function timeLeft(pace: Pace, now: number): number | null {
  const { current, since, spentMs, spentWork, work, done, total } = pace;
  const expected = work[current] ?? 0;
  const later = work.slice(current + 1).reduce((sum, one) => sum + one, 0);
  const whole = spentWork + expected + later;
  const share = total ? Math.min(1, done / total) : 0;
  const elapsed = now - since;
  // Against the last report: until the next one nothing is known to have been done.
  const measured = pace.now - since;
  const passedWork = spentWork + share * expected;
  if (whole <= 0 || spentMs + elapsed < FIRST_MS || passedWork < FIRST_SHARE * whole) return null;
  const scale = (spentMs + (share > 0 ? measured : 0)) / passedWork;
  const silent = total === null || share === 0;
  const own = silent ? 0 : (measured / share) * (1 - share) - (now - pace.now);
  // Its first figures say little: one hiccup would count for all of it. Until then it goes as the phases before it did.
  const before = spentWork > 0 ? expected * (spentMs / spentWork) - elapsed : own;
  const trust = Math.min(1, share / OWN_PACE_SHARE);
  const inPhase = silent ? expected * scale - elapsed : trust * own + (1 - trust) * Math.max(0, before);
  return Math.round(Math.max(0, inPhase) + later * scale);
}
