// The bench: which sections run, and that one that fails says so and costs none of the others.
import { describe, expect, it } from 'vitest';
import { withinLimit } from '../../bench/measure.ts';
import { type Benches, chosen, runSections } from '../../bench/run-sections.ts';
import type { Bench, BenchPlace, Section } from '../../bench/section.ts';
import { manySchedules } from '../../bench/sections/due-work.ts';
import { decideRuns } from '../../core/schedule/decide-runs.ts';
import { createDueTimes } from '../../core/schedule/due-times.ts';

const place: BenchPlace = { megabytes: 1, programs: '', rounds: 1, folder: '', database: '', short: true };
const good = (id: string): Section => ({ id, title: id, series: [], comparisons: [], facts: {} });
const bad = () => Promise.reject(new Error('no room'));
const benches: Benches = {
  B1: { shared: true, run: async ({ full }) => good(full) },
  B8: { shared: false, run: bad },
  B10: { shared: false, run: async () => good('B10') },
};

describe('the sections that were asked for', () => {
  it('are all of them, or those that are named, each once, in any case of letters', () => {
    expect(chosen(null, benches)).toEqual(['B1', 'B8', 'B10']);
    expect(chosen('b10, B1,B10', benches)).toEqual(['B10', 'B1']);
    expect(() => chosen('B1,B99', benches)).toThrow('There is no bench B99; there are B1,B8,B10.');
    expect(() => chosen('toString', benches)).toThrow('There is no bench TOSTRING');
  });

  it('fail one by one: the rest is measured, in order', async () => {
    const open = async () => ({ ...place, full: 'of the shared agent' }) as Bench;
    const said: string[] = [];
    const sections = await runSections(['B8', 'B1', 'B10'], benches, place, open, (line) => said.push(line));
    expect(sections.map(({ id, failed }) => [id, failed])).toEqual([
      ['B8', 'no room'],
      ['of the shared agent', undefined],
      ['B10', undefined],
    ]);
    expect(said[1]).toMatch(/^B8 failed: Error: no room\n/);
  });

  it('ask for the shared agent once, when one of them needs it, and say when it cannot be had', async () => {
    let opened = 0;
    const open = async (): Promise<Bench> => {
      opened++;
      throw new Error('no agent');
    };
    await runSections(['B10'], benches, place, open);
    expect(opened).toBe(0);
    const sections = await runSections(['B1', 'B1', 'B10'], benches, place, open);
    expect(opened).toBe(1);
    expect(sections.map(({ failed }) => failed)).toEqual(['no agent', 'no agent', undefined]);
  });
});

it('a limit is judged by the median, and shows the range', () => {
  expect(withinLimit('B8', 'text', [900, 300, 600], 600)).toMatchObject({ ratio: 1, low: 0.5, high: 1.5, met: true });
  expect(withinLimit('B8', 'text', [900, 300, 601], 600).met).toBe(false);
});

it('the made-up schedules of many instances are due when they should be', () => {
  const now = Date.UTC(2026, 5, 1, 12);
  const records = manySchedules(50, now);
  const facts = { reachable: true, standby: false, group: null, noBase: () => null, busy: () => null };
  const decide = (at: number) =>
    decideRuns({ records, facts: () => facts, running: () => false, now: at, dueTimes: createDueTimes('UTC') });
  expect(decide(now)).toEqual([]);
  const day = decide(now + 86_400_000);
  expect(new Set(day.map(({ type }) => type))).toEqual(new Set(['full']));
  expect(day).toHaveLength(50);
});
