// What a restored database's answers mean, which moment is tried, and the words of a report.
import { describe, expect, it } from 'vitest';
import type { DrillProbe } from '../../core/contract/drills.ts';
import { compareTables, judgeProbe, pickMoment, probeProblem } from '../../core/drills/judge.ts';

const probe = (expected: DrillProbe['expect']): DrillProbe => ({ name: 'p', sql: 'SELECT 1', expect: expected });

describe('a probe', () => {
  it.each([
    [{ kind: 'equals', value: '275' }, '275', true],
    [{ kind: 'equals', value: '275' }, '275.0', true],
    [{ kind: 'equals', value: 'ok' }, 'ok', true],
    [{ kind: 'equals', value: 'ok' }, 'OK', false],
    [{ kind: 'equals', value: '' }, null, false],
    [{ kind: 'equals', value: '0' }, '', false],
    [{ kind: 'atLeast', value: 10 }, '10', true],
    [{ kind: 'atLeast', value: 10 }, '9.9', false],
    [{ kind: 'atLeast', value: -1 }, null, false],
    [{ kind: 'atLeast', value: 0 }, '', false],
    [{ kind: 'atLeast', value: 0 }, 'many', false],
    [{ kind: 'any' }, null, true],
  ] as const)('that expects %o is met by %o: %o', (expected, result, met) => {
    expect(probeProblem(probe(expected), result) === null).toBe(met);
  });

  it('fails with what the database said, and is not run when the drill ended before it', () => {
    const wrong = { result: null, durationMs: 1, problem: 'no such table: x' };
    expect(judgeProbe(probe({ kind: 'any' }), wrong)).toMatchObject({ status: 'failed', problem: 'no such table: x' });
    expect(judgeProbe(probe({ kind: 'any' }), null)).toMatchObject({ status: 'notRun', result: null });
  });
});

describe('tables', () => {
  it('stand beside those of the last drill', () => {
    const before = [
      { name: 'a', rows: 3, before: null },
      { name: 'gone', rows: 1, before: null },
    ];
    expect(
      compareTables(
        [
          { name: 'a', rows: 5 },
          { name: 'new', rows: 0 },
        ],
        before,
      ),
    ).toEqual({
      tables: [
        { name: 'a', rows: 5, before: 3 },
        { name: 'new', rows: 0, before: null },
      ],
      gone: ['gone'],
    });
  });
});

describe('a random moment', () => {
  const spans = [
    { from: 100, to: 200 },
    { from: 1000, to: 1300 },
  ];
  it('lies in what is covered, each span as often as it is long', () => {
    const picked = Array.from({ length: 400 }, (_, n) => pickMoment(spans, () => n / 400)!);
    expect(picked.every((at) => spans.some(({ from, to }) => at >= from && at <= to))).toBe(true);
    expect(picked.filter((at) => at <= 200).length).toBeGreaterThanOrEqual(100);
    expect(picked.filter((at) => at <= 200).length).toBeLessThanOrEqual(102);
  });
  it('is one of the points where nothing lies between them, and none without any', () => {
    const points = [5, 9].map((at) => ({ from: at, to: at }));
    expect([0, 0.5, 0.99].map((at) => pickMoment(points, () => at))).toEqual([5, 9, 9]);
    expect(pickMoment([], Math.random)).toBeNull();
  });
});
