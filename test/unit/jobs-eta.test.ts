// Rate and remaining time: nothing before it is steady, right figures after, no nonsense when the source changes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSample, estimate, keepPace, type Pace, type RateSample, timeLeft } from '../../core/jobs/eta.ts';

function run(points: readonly (readonly [number, number])[]): RateSample[] {
  return points.reduce<RateSample[]>((samples, [at, done]) => addSample(samples, { at, done }), []);
}
const steady = (seconds: number, rate: number) =>
  run(Array.from({ length: seconds * 2 + 1 }, (_, i) => [i * 500, i * 0.5 * rate] as const));

describe('rate and ETA', () => {
  it('says nothing before there are enough samples over enough time', () => {
    expect(estimate([], 100)).toEqual({ rate: null, etaMs: null });
    expect(
      estimate(
        run([
          [0, 0],
          [10, 50],
          [20, 90],
        ]),
        100,
      ),
    ).toEqual({ rate: null, etaMs: null });
  });

  it('gives a rate first and the time left once two halves agree', () => {
    expect(estimate(steady(2, 100), 1000)).toEqual({ rate: 100, etaMs: null });
    expect(estimate(steady(4, 100), 1000)).toEqual({ rate: 100, etaMs: 6000 });
  });

  it('withholds the time left while the speed swings', () => {
    const slowing = run([
      [0, 0],
      [500, 900],
      [1000, 1800],
      [1500, 2600],
      [3000, 2700],
      [4000, 2720],
    ]);
    expect(estimate(slowing, 10_000).rate).toBeGreaterThan(0);
    expect(estimate(slowing, 10_000).etaMs).toBeNull();
  });

  it('forgets what is older than the window', () => {
    const samples = run([
      ...steady(10, 1000).map((s) => [s.at, s.done] as const),
      ...Array.from({ length: 21 }, (_, i) => [10_500 + i * 500, 10_000 + i * 50] as const),
    ]);
    expect(samples.at(-1)!.at - samples[0]!.at).toBeLessThanOrEqual(10_000);
    expect(estimate(samples, 20_000).rate).toBeLessThan(200);
  });

  it('starts anew when the figure goes back, and knows no end past the total', () => {
    expect(
      run([
        [0, 0],
        [1000, 500],
        [2000, 100],
      ]),
    ).toEqual([{ at: 2000, done: 100 }]);
    expect(estimate(steady(4, 100), 300).etaMs).toBeNull();
    expect(estimate(steady(4, 100), null).etaMs).toBeNull();
  });

  it('keeps the window when reports come fast', () => {
    const samples = run(Array.from({ length: 5000 }, (_, i) => [i * 2, i * 10] as const));
    expect(samples.length).toBeLessThanOrEqual(64);
    expect(samples.at(-1)!.at - samples[0]!.at).toBeGreaterThan(5_000);
    expect(estimate(samples, 100_000).rate).toBeCloseTo(5000, 0);
  });
});

/** A job of phases: expected work, what each really takes, and whether it tells how far it is. */
interface Phase {
  work: number;
  ms: number;
  tells: boolean;
}

/** What would have been said at each report, every `everyMs`, with the true time that was left then. */
function simulate(phases: Phase[], everyMs: number, wobble: (share: number) => number = (share) => share) {
  const said: { at: number; eta: number | null; left: number }[] = [];
  const whole = phases.reduce((sum, phase) => sum + phase.ms, 0);
  const work = phases.map((phase) => phase.work);
  let pace: Pace | null = null;
  let begins = 0;
  phases.forEach(({ ms, tells }, current) => {
    for (let at = begins; at < begins + ms; at += everyMs) {
      const done = Math.round(wobble((at - begins) / ms) * 1e9);
      const figures = tells ? { done, total: 1e9 } : { done: 0, total: null };
      const progress = {
        phase: 'x',
        phaseIndex: 1,
        phaseCount: 1,
        unit: 'bytes' as const,
        ...figures,
        plan: { current, work },
      };
      pace = keepPace(pace, progress, at);
      said.push({ at, eta: timeLeft(pace!, at), left: whole - at });
    }
    begins += ms;
  });
  return { said, whole };
}

describe('the time left of a whole job', () => {
  const restore = (slower: number): Phase[] => [
    { work: 6000, ms: 6000 * slower, tells: true },
    { work: 0, ms: 0, tells: true },
    { work: 1500, ms: 1500 * slower, tells: true },
    { work: 6500, ms: 6500 * slower, tells: false },
  ];

  it('is right from the beginning when the proportions are, however slow the machine', () => {
    for (const slower of [0.5, 1, 7]) {
      const { said, whole } = simulate(restore(slower), 100);
      const late = said.filter(({ at }) => at >= whole / 10);
      expect(late.length).toBeGreaterThan(50);
      for (const { at, eta, left } of late) expect(Math.abs(eta! - left), `${slower} ${at}`).toBeLessThan(0.02 * whole);
    }
  });

  it('stays within a fifth of the whole when each phase takes up to a tenth more or less than expected, unevenly', () => {
    const factor = fc.double({ min: 0.9, max: 1.1, noNaN: true });
    fc.assert(
      fc.property(factor, factor, factor, fc.double({ min: 0.96, max: 1.04, noNaN: true }), (a, b, c, bend) => {
        const [pages, , back, check] = restore(2);
        const phases = [
          { ...pages!, ms: pages!.ms * a },
          { ...back!, ms: back!.ms * b },
          { ...check!, ms: check!.ms * c },
        ];
        const { said, whole } = simulate(phases, 250, (share) => share ** bend);
        for (const { at, eta, left } of said) {
          if (at >= whole / 10) expect(Math.abs(eta! - left), `${at} of ${whole}`).toBeLessThan(0.2 * whole);
        }
      }),
      { numRuns: 100, seed: 20261120 },
    );
  });

  it('is not said before there is something to go by, and never for a job without a plan', () => {
    const { said } = simulate(restore(1), 50);
    expect(said[0]!.eta).toBeNull();
    expect(said.find(({ at }) => at === 450)!.eta).toBeNull();
    const plain = { phase: 'x', phaseIndex: 1, phaseCount: 1, done: 5, total: 10, unit: 'bytes' as const };
    expect(keepPace(null, plain, 0)).toBeNull();
  });

  it('is not thrown by a pause before the first figure of a phase', () => {
    let pace: Pace | null = null;
    const report = (current: number, done: number, at: number) => {
      const plan = { current, work: [1000, 1000] };
      pace = keepPace(pace, { phase: 'x', phaseIndex: 1, phaseCount: 1, unit: 'bytes', done, total: 10_000, plan }, at);
      return timeLeft(pace!, at)!;
    };
    report(0, 0, 0);
    report(0, 10_000, 10_000);
    for (const [done, at] of [
      [1, 12_000],
      [10, 12_020],
      [100, 12_200],
    ] as const)
      expect(report(1, done, at), `${done}`).toBeLessThan(30_000);
    expect(report(1, 5_000, 17_000)).toBeLessThan(8_000);
  });

  it('falls while a phase is silent, and never below what comes after it', () => {
    let pace: Pace | null = null;
    const report = (current: number, done: number, total: number | null, at: number) => {
      const plan = { current, work: [1000, 1000, 500] };
      pace = keepPace(pace, { phase: 'x', phaseIndex: 1, phaseCount: 1, unit: 'bytes', done, total, plan }, at);
      return timeLeft(pace!, at);
    };
    report(0, 0, 100, 0);
    report(0, 100, 100, 2000);
    expect(report(1, 0, null, 2000)).toBe(3000);
    expect(timeLeft(pace!, 3500)).toBe(1500);
    expect(timeLeft(pace!, 9000)).toBe(1000);
    expect(report(2, 0, 10, 9000)).toBeGreaterThan(1000);
  });
});
