// B6: what roll-forward logging costs a program that writes, and how soon its commits are in the log.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { systemFiles } from '../../core/platform/files.ts';
import { logName } from '../../core/rollforward/log-format.ts';
import { listLogs, readLog } from '../../core/rollforward/log-reader.ts';
import type { AgentUnderTest } from '../agent-under-test.ts';
import { type Comparison, compare, median, type Series } from '../measure.ts';
import type { Bench, Section } from '../section.ts';
import { whileWriting } from '../while-writing.ts';

const SECONDS = 3;
const STEADY_PER_SECOND = 200;
/** More than most programs commit; the writer is not the bound. */
const BUSY_PER_SECOND = 2000;
/** One transaction after another, as fast as SQLite takes them. */
const UNLIMITED = 1e9;

interface Written {
  perSecond: number;
  /** The writer's own, a commit. */
  processorUs: number;
  /** How long a commit took, ms. */
  p50: number;
  p99: number;
  /** Of each commit, ms since 1970: when SQLite had returned from it. */
  moments: number[];
}

/**
 * B6: a writer at full speed, then a busy one, on the logged database and on a copy that nobody watches; and a steady one,
 * commit by commit.
 */
export async function logging({ rounds, folder, database, agent }: Bench): Promise<Section> {
  const alone = path.join(folder, 'not-watched.db');
  fs.copyFileSync(database, alone);
  const full: [Written, Written][] = [];
  const busy: [Written, Written][] = [];
  const [fullLags, lags]: [number[], number[]] = [[], []];
  const logged = async (perSecond: number, seen: number[]) => {
    const before = countRecords(agent);
    const written = await write(database, perSecond);
    await agent.captured();
    for (const lag of lagsOf(written.moments, recordTimes(agent).slice(before))) seen.push(lag);
    return written;
  };
  for (let round = 0; round < rounds; round++) {
    full.push([await write(alone, UNLIMITED), await logged(UNLIMITED, fullLags)]);
    busy.push([await write(alone, BUSY_PER_SECOND), await logged(BUSY_PER_SECOND, [])]);
    await logged(STEADY_PER_SECOND, lags);
  }
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(alone + suffix, { force: true });
  const series = (name: string, of: number, pairs: [Written, Written][], value: (one: Written) => number): Series => ({
    ...{ name, runs: pairs.map((pair) => value(pair[of]!)), cpu: [] },
  });
  const each = ({ perSecond }: Written) => 1e6 / perSecond;
  const [without, watched] = [0, 1].map((of) => series(`µs a commit, ${NAMES[of]}`, of, full, each)) as [
    Series,
    Series,
  ];
  const [p99Without, p99] = [0, 1].map((of) =>
    series(`µs p99 at ${BUSY_PER_SECOND}/s, ${NAMES[of]}`, of, busy, (one) => one.p99 * 1000),
  ) as [Series, Series];
  const [at, fullAt] = [percentiles(lags), percentiles(fullLags)];
  const seen: Comparison = {
    ...{ id: 'B6', text: 'p99 from commit to log ÷ 250 ms', ratio: at(0.99) / 250, processor: Number.NaN },
    ...{ best: at(0.5) / 250, low: at(0) / 250, high: at(1) / 250, target: 1, met: at(0.99) <= 250 },
  };
  const both = (pairs: [Written, Written][], value: (one: Written) => number) =>
    [0, 1].map((of) => median(pairs.map((pair) => value(pair[of]!))).toFixed(1)).join(' and ');
  const span = (share: (part: number) => number) =>
    `p50 ${share(0.5).toFixed(1)}, p99 ${share(0.99).toFixed(1)}, max ${share(1).toFixed(1)}`;
  return {
    id: 'B6',
    title: 'Roll-forward logging beside a writer',
    series: [without, watched, p99Without, p99],
    comparisons: [compare('B6', watched, without, 1.11), compare('B6', p99, p99Without, 1.5), seen],
    facts: {
      'commits a second without': Math.round(1e6 / median(without.runs)),
      'commits a second logged': Math.round(1e6 / median(watched.runs)),
      'µs of processor time a commit, without and logged': both(full, (one) => one.processorUs),
      [`µs p50 at ${BUSY_PER_SECOND}/s, without and logged`]: both(busy, (one) => one.p50 * 1000),
      'ms to the log': `${span(at)} of ${lags.length} commits`,
      'ms to the log at full speed': span(fullAt),
    },
  };
}

const NAMES = ['not watched', 'logging on'];

/** Of each commit, ms from its end to its record. */
function lagsOf(moments: number[], captured: number[]): number[] {
  if (captured.length !== moments.length)
    throw new Error(`${moments.length} commits were made and ${captured.length} are in the log.`);
  return moments.map((moment, i) => captured[i]! - moment);
}

function percentiles(values: number[]): (share: number) => number {
  const sorted = Float64Array.from(values).sort();
  return (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const write = (database: string, perSecond: number) =>
  whileWriting<Written>(database, perSecond, () => setTimeout(SECONDS * 1000), 'moments');

const countRecords = (agent: AgentUnderTest) => recordTimes(agent).length;

/** When each commit was written to the log, in order; without those of page 1 alone, which end a seal. */
function recordTimes({ logFolder }: AgentUnderTest): number[] {
  const times: number[] = [];
  for (const number of listLogs(logFolder, systemFiles))
    for (const { at, numbers } of readLog(path.join(logFolder, logName(number)), systemFiles, { pages: false }))
      if (numbers.length > 1 || numbers[0] !== 1) times.push(at);
  return times;
}
