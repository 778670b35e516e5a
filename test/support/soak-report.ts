// What a soak measured, by thirds of its time, and the bounds within which each of it counts as flat.

export interface SoakSample {
  /** Since the sample before. */
  seconds: number;
  /** Of the commits in that time, ms. */
  latencies: number[];
  engineBytes: number;
  agentBytes: number;
  walBytes: number;
  /** In the folder of the logs now. */
  logBytes: number;
  /** Ever written into logs: what has changed. */
  loggedBytes: number;
  /** Ever written into incrementals. */
  shippedBytes: number;
  backupBytes: number;
  databaseBytes: number;
}

export interface SoakCounts {
  baselineSeconds: number;
  fulls: number;
  incrementals: number;
  drills: number;
  clearings: number;
  deletedLogs: number;
}

const MB = 1024 * 1024;

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function stretch(samples: SoakSample[]) {
  const latencies = samples.flatMap((sample) => sample.latencies);
  const seconds = samples.reduce((sum, sample) => sum + sample.seconds, 0);
  const median = (of: (sample: SoakSample) => number) => quantile(samples.map(of), 0.5);
  const most = (of: (sample: SoakSample) => number) => Math.max(0, ...samples.map(of));
  const grown = (of: (sample: SoakSample) => number) =>
    samples.length < 2 ? 0 : of(samples.at(-1)!) - of(samples[0]!);
  const changed = grown((sample) => sample.loggedBytes);
  return {
    seconds: Math.round(seconds),
    commitsPerSecond: Math.round(latencies.length / seconds),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    engineMB: median((sample) => sample.engineBytes) / MB,
    agentMB: median((sample) => sample.agentBytes) / MB,
    walMB: median((sample) => sample.walBytes) / MB,
    walMaxMB: most((sample) => sample.walBytes) / MB,
    logsMaxMB: most((sample) => sample.logBytes) / MB,
    backupsMaxMB: most((sample) => sample.backupBytes) / MB,
    databaseMB: median((sample) => sample.databaseBytes) / MB,
    changedMB: changed / MB,
    shippedPerChanged: changed > 0 ? grown((sample) => sample.shippedBytes) / changed : 0,
  };
}

/** The first tenth is left out: programs are loaded, and logs and backups come to the amount that is kept. */
export function summarize(samples: SoakSample[], baseline: number[], counts: SoakCounts) {
  const settled = samples.slice(Math.floor(samples.length / 10));
  const third = Math.floor(settled.length / 3);
  return {
    baseline: {
      seconds: counts.baselineSeconds,
      commitsPerSecond: Math.round(baseline.length / counts.baselineSeconds),
      p50Ms: quantile(baseline, 0.5),
      p99Ms: quantile(baseline, 0.99),
      maxMs: quantile(baseline, 1),
    },
    counts,
    first: stretch(settled.slice(0, third)),
    middle: stretch(settled.slice(third, 2 * third)),
    last: stretch(settled.slice(2 * third)),
  };
}

/** Bounds of the last third against the first: what grows without end passes any factor, what only wavers stays below these. */
const BOUNDS = {
  p99Ms: { factor: 2, slack: 10 },
  engineMB: { factor: 1.25, slack: 30 },
  agentMB: { factor: 1.25, slack: 40 },
  walMB: { factor: 1.5, slack: 8 },
  logsMaxMB: { factor: 1.3, slack: 32 },
  backupsMaxMB: { factor: 1.4, slack: 32 },
  shippedPerChanged: { factor: 1.3, slack: 0.1 },
} as const;

/** Where it was not flat, in words; empty when it was. */
export function judge({ baseline, first, last, counts }: ReturnType<typeof summarize>, rate: number): string[] {
  const problems: string[] = [];
  for (const [name, { factor, slack }] of Object.entries(BOUNDS) as [
    keyof typeof BOUNDS,
    { factor: number; slack: number },
  ][]) {
    const bound = first[name] * factor + slack;
    if (last[name] > bound)
      problems.push(
        `${name}: ${last[name].toFixed(2)} in the last third, ${first[name].toFixed(2)} in the first; at most ${bound.toFixed(2)}`,
      );
  }
  // Where the machine itself does not give the rate, the writers' own rate without Holdfast is the measure.
  const expected = Math.min(rate, baseline.commitsPerSecond) * 0.6;
  if (last.commitsPerSecond < expected)
    problems.push(`${last.commitsPerSecond} commits a second, at least ${Math.round(expected)} expected`);
  if (last.shippedPerChanged <= 0 || counts.drills === 0 || counts.clearings === 0) problems.push('it tested nothing');
  return problems;
}
