// What a restore expects of its phases follows what it measures: a slow disk is not taken for a slow machine.
import { describe, expect, it } from 'vitest';
import { expectedPace, measuredPace, PACED } from '../../core/restore/restore-pace.ts';

const GIB = 1024 ** 3;
const start = expectedPace({ pages: 3 * GIB, logs: 0.1 * GIB, back: 3 * GIB, integrity: 3 * GIB });
const of = (work: readonly number[]) => Object.fromEntries(PACED.map((phase, i) => [phase, Math.round(work[i]!)]));

/** Processor time of a fifth of the pages, so many times as much as on the machine of the bench. */
const cpuOf = (times: number) => 0.2 * 3 * 1024 * 2.1 * times;

describe('the pace of a restore', () => {
  it('is that of the bench until something was measured', () => {
    expect(measuredPace(start, 'pages', 0.01, 900, 0)).toBe(start);
    expect(start.work.every((ms) => ms > 0)).toBe(true);
    const nothing = expectedPace({ pages: 0, logs: 0, back: 0, integrity: 0 });
    expect(measuredPace(nothing, 'pages', 1, 900, 0)).toBe(nothing);
  });

  it('is slower in every phase on a processor that needs three times as long', () => {
    const elapsed = 0.2 * start.base[0]! * 3;
    const { work } = measuredPace(start, 'pages', 0.2, elapsed, cpuOf(3));
    expect(of(work)).toEqual(of(start.base.map((ms) => ms * 3)));
  });

  it('does not take a slow disk for a slow processor', () => {
    const busy = 0.2 * start.base[0]!;
    const { work } = measuredPace(start, 'pages', 0.2, busy * 4, cpuOf(1));
    const [pages, logs, back, integrity] = start.base as [number, number, number, number];
    expect(of(work)).toEqual(of([pages * 4, logs, back, integrity]));
  });

  it('keeps what a phase took, and does not judge the rest by the logs or by what was in memory', () => {
    const measured = measuredPace(start, 'pages', 1, 8000, 0);
    const later = measuredPace(measuredPace(measured, 'logs', 1, 70, 0), 'back', 0.5, 4000, 0);
    expect(later.work).toEqual([8000, 70, 8000, measured.work[3]]);
  });
});
