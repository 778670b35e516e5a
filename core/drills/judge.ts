// What the answers of a restored database mean: whether a probe is met, how tables changed, which moment is tried. Pure.
import type { DrillProbe, DrillProbeResult, DrillTable } from '../contract/drills.ts';

/** Null when the answer is as expected, else why not. */
export function probeProblem(probe: DrillProbe, result: string | null): string | null {
  const { expect } = probe;
  const said = result === null ? 'nothing' : result;
  if (expect.kind === 'any') return null;
  if (expect.kind === 'equals') {
    if (result === expect.value) return null;
    const [a, b] = [Number(result), Number(expect.value)];
    const sameNumber = result !== null && result.trim() !== '' && expect.value.trim() !== '' && a === b;
    return sameNumber ? null : `${expect.value} was expected, ${said} came`;
  }
  const number = result === null || result.trim() === '' ? Number.NaN : Number(result);
  return number >= expect.value ? null : `at least ${expect.value} was expected, ${said} came`;
}

/** The result of one probe from what the database said. */
export function judgeProbe(
  probe: DrillProbe,
  answer: { result: string | null; durationMs: number; problem: string | null } | null,
): DrillProbeResult {
  if (!answer)
    return { ...probe, status: 'notRun', result: null, durationMs: null, problem: 'the drill ended before it' };
  const problem = answer.problem ?? probeProblem(probe, answer.result);
  return { ...probe, ...answer, problem, status: problem === null ? 'passed' : 'failed' };
}

/** The tables beside those of the last drill that passed, and which of those are gone. */
export function compareTables(
  counted: readonly { name: string; rows: number | null }[],
  before: readonly DrillTable[] | null,
): { tables: DrillTable[]; gone: string[] } {
  const old = new Map((before ?? []).map((table) => [table.name, table.rows]));
  const names = new Set(counted.map(({ name }) => name));
  return {
    tables: counted.map(({ name, rows }) => ({ name, rows, before: old.get(name) ?? null })),
    gone: [...old.keys()].filter((name) => !names.has(name)),
  };
}

/** A moment of the spans, each as likely as it is long; of points alone, one of them. Null when there is none. */
export function pickMoment(spans: readonly { from: number; to: number }[], random: () => number): number | null {
  const total = spans.reduce((sum, { from, to }) => sum + (to - from), 0);
  if (total <= 0) return spans[Math.floor(random() * spans.length)]?.to ?? null;
  let at = Math.floor(random() * total);
  for (const { from, to } of spans) {
    if (at <= to - from) return from + at;
    at -= to - from;
  }
  return spans.at(-1)?.to ?? null;
}
