// Repeated timing and what is said of it: minimum, median, maximum, and ratios of medians. A time alone means nothing here.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

export interface Series {
  name: string;
  /** Milliseconds of each run, in order. */
  runs: number[];
  /** Processor time of each run, ms: of the agent, of this process and of the tools it started; empty where it says nothing. */
  cpu: number[];
}

export interface Comparison {
  id: string;
  /** `ours ÷ peer` of the medians, and of each run with its own peer, smallest and largest. */
  text: string;
  ratio: number;
  /** Of the quickest runs: what is left when the machine does other things, too. */
  best: number;
  /** Of the medians of processor time; NaN where it was not taken. */
  processor: number;
  low: number;
  high: number;
  target: number;
  met: boolean;
}

/** Runs every subject once a round, so that all see the same disk; each starts with nothing left to write out. */
export async function measureRounds(
  rounds: number,
  folder: string,
  agentPid: number,
  subjects: { name: string; run(round: number): Promise<void>; after?(): void }[],
): Promise<Series[]> {
  const series = subjects.map(({ name }) => ({ name, runs: [] as number[], cpu: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      execFileSync('sync', ['-f', folder]);
      const [start, used] = [performance.now(), processorMs(['self', agentPid])];
      await subject.run(round);
      series[index]!.runs.push(performance.now() - start);
      series[index]!.cpu.push(processorMs(['self', agentPid]) - used);
      subject.after?.();
    }
  }
  return series;
}

/** User and system time so far, ms: clock ticks are hundredths of a second on Linux. */
export function processorMs(pids: (number | 'self')[]): number {
  const fields = (pid: number | 'self') => {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  };
  // utime, stime, and those of the children that each has waited for: tools, the agent's integrity check.
  const ticks = pids.flatMap((pid) => fields(pid).slice(11, 15));
  return ticks.reduce<number>((sum, value) => sum + (value ?? 0), 0) * 10;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `a` against `b`, run by run; `target` is the largest ratio that is good enough. */
export function compare(id: string, a: Series, b: Series, target: number): Comparison {
  const pairs = a.runs.map((ms, i) => ms / (b.runs[i] ?? median(b.runs)));
  const ratio = median(a.runs) / median(b.runs);
  return {
    id,
    text: `${a.name} ÷ ${b.name}`,
    ratio,
    best: Math.min(...a.runs) / Math.min(...b.runs),
    processor: a.cpu.length > 0 && b.cpu.length > 0 ? median(a.cpu) / median(b.cpu) : Number.NaN,
    low: Math.min(...pairs),
    high: Math.max(...pairs),
    target,
    met: ratio <= target,
  };
}

/** Measured values against a limit in the same unit: the median decides, the rest is its range. */
export function withinLimit(id: string, text: string, values: number[], limit: number): Comparison {
  const of = (value: number) => value / limit;
  const ratio = of(median(values));
  const [low, high] = [of(Math.min(...values)), of(Math.max(...values))];
  return { id, text, ratio, best: low, processor: Number.NaN, low, high, target: 1, met: ratio <= 1 };
}

export function formatSeries({ name, runs, cpu }: Series): string {
  const ms = (value: number) => `${value.toFixed(value < 20 ? 2 : 0).padStart(7)} ms`;
  const times = `min ${ms(Math.min(...runs))}   median ${ms(median(runs))}   max ${ms(Math.max(...runs))}`;
  return `  ${name.padEnd(34)} ${times}${cpu.length > 0 ? `   processor ${ms(median(cpu))}` : ''}`;
}

export function formatComparison({ id, text, ratio, best, processor, low, high, target, met }: Comparison): string {
  const ofProcessor = Number.isNaN(processor) ? '' : `, processor ${processor.toFixed(2)}`;
  const range = `${ratio.toFixed(3)} (${low.toFixed(3)} – ${high.toFixed(3)}; minima ${best.toFixed(3)}${ofProcessor})`;
  return `  ${id} ${text.padEnd(60)} ${range.padEnd(62)} target ≤ ${target}  ${met ? 'met' : 'MISSED'}`;
}
