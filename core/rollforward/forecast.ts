// When the volume of the logs will be full: from how much was written into logs, and when. Pure; times in ms since 1970.
import type { LogSpace } from '../contract/logging.ts';

/** Bytes written into logs since some beginning; never less than in the sample before. */
export interface GrowthSample {
  at: number;
  bytes: number;
}

export interface SpaceLimits {
  /** Until the volume is full, ms. */
  warningMs: number;
  criticalMs: number;
  /** Less than this free is critical, however slowly it grows. */
  criticalBytes: number;
  /** Nothing is said about the rate before this much time was measured. */
  minimumSpanMs: number;
  /** A rate measured over a span is believed for this many times the span: a burst of a minute says nothing about tomorrow. */
  reach: number;
}

const HOUR = 3_600_000;

export const SPACE_LIMITS: SpaceLimits = {
  warningMs: 24 * HOUR,
  criticalMs: HOUR,
  criticalBytes: 64 * 1024 * 1024,
  minimumSpanMs: 60_000,
  reach: 150,
};

const WINDOW_MS = 6 * HOUR;
const STEP_MS = 15_000;

/** The samples with one more, as far as they are worth keeping. A clock that went back makes the measurement begin anew. */
export function withSample(samples: readonly GrowthSample[], sample: GrowthSample): GrowthSample[] {
  const last = samples.at(-1);
  if (last && (sample.at < last.at || sample.bytes < last.bytes)) return [sample];
  const before = samples.at(-2);
  const kept = samples.filter(({ at }) => at >= sample.at - WINDOW_MS);
  // The newest one moves until it is a step away from the one before it.
  if (last && before && last.at - before.at < STEP_MS) return [...kept.slice(0, -1), sample];
  return [...kept, sample];
}

/** Rate, time to full and what they amount to. */
export function forecastSpace(
  samples: readonly GrowthSample[],
  freeBytes: number,
  limits: SpaceLimits = SPACE_LIMITS,
): Pick<LogSpace, 'growthPerHour' | 'fullInMs' | 'level'> {
  const first = samples[0];
  const last = samples.at(-1);
  const spanMs = first && last ? last.at - first.at : 0;
  const low = freeBytes < limits.criticalBytes;
  if (!first || !last || spanMs < limits.minimumSpanMs)
    return { growthPerHour: null, fullInMs: null, level: low ? 'critical' : 'ok' };
  const rate = (last.bytes - first.bytes) / spanMs;
  const until = rate > 0 ? Math.max(0, freeBytes) / rate : Number.POSITIVE_INFINITY;
  const fullInMs = until <= spanMs * limits.reach ? Math.round(until) : null;
  return { growthPerHour: Math.round(rate * HOUR), fullInMs, level: levelOf(fullInMs, low, limits) };
}

function levelOf(fullInMs: number | null, low: boolean, limits: SpaceLimits): LogSpace['level'] {
  if (low || (fullInMs !== null && fullInMs < limits.criticalMs)) return 'critical';
  return fullInMs !== null && fullInMs < limits.warningMs ? 'warning' : 'ok';
}
