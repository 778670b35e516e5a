// What a restore expects of its phases, in ms: by the rates of the bench at first, by its own as they are measured. Pure.

/** In step 3 the pages, the logs, the reading back; in step 6 SQLite's check. */
export const PACED = ['pages', 'logs', 'back', 'integrity'] as const;
export type PacedPhase = (typeof PACED)[number];

/** ms for each MiB as measured by the bench on a quiet machine; only their proportions matter. */
const MS_PER_MIB: Record<PacedPhase, number> = { pages: 1.3, logs: 1.5, back: 0.4, integrity: 1.2 };
/** Processor time of all threads for the same MiB of pages, ms, without the system's. */
const PAGES_CPU_MS_PER_MIB = 2.1;
const MIB = 1024 * 1024;
/** Less of a phase says nothing of its pace. */
const FIRST_SHARE = 0.02;
const [SLOWEST, QUICKEST] = [20, 0.3];

export interface RestorePace {
  /** At the rates of the bench. */
  readonly base: readonly number[];
  /** Best known now. */
  readonly work: readonly number[];
}

/** Before the first page: `bytes` of each phase. */
export function expectedPace(bytes: Record<PacedPhase, number>): RestorePace {
  const base = PACED.map((phase) => (bytes[phase] / MIB) * MS_PER_MIB[phase]);
  return { base, work: base };
}

/**
 * The pace once `share` of a phase took `elapsedMs` and `cpuMs` of processor time without the system's. A slow disk makes the writing of pages
 * slower, a slow processor everything: so what mostly computes is scaled by the processor time alone.
 */
export function measuredPace(
  pace: RestorePace,
  phase: PacedPhase,
  share: number,
  elapsedMs: number,
  cpuMs: number,
): RestorePace {
  const current = PACED.indexOf(phase);
  const expected = pace.base[current] ?? 0;
  if (share < FIRST_SHARE || expected === 0) return pace;
  const whole = elapsedMs / share;
  // What is read back is in memory or not, which says little of the machine; the pages say more.
  const judge = phase === 'pages';
  const within = (scale: number) => Math.min(SLOWEST, Math.max(QUICKEST, scale));
  const busy = within(cpuMs / share / ((expected / MS_PER_MIB.pages) * PAGES_CPU_MS_PER_MIB));
  const work = pace.work.map((ms, index) => {
    if (index === current) return whole;
    if (index < current || !judge) return ms;
    return (pace.base[index] ?? 0) * busy;
  });
  return { base: pace.base, work };
}
