// B6: what roll-forward logging costs a program that writes, and how soon its commits are in the log.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { systemFiles } from '../../core/platform/files.ts';
import { logName } from '../../core/rollforward/log-format.ts';
import { listLogs, readLog } from '../../core/rollforward/log-reader.ts';
import { type Comparison, median, type Series } from '../measure.ts';
import type { Bench, Section } from '../section.ts';

const SECONDS = 3;
const STEADY_PER_SECOND = 200;
/** One transaction after another, as fast as SQLite takes them. */
const UNLIMITED = 1e9;

interface Written {
  perSecond: number;
  /** Of each commit, ms since 1970: when SQLite had returned from it. */
  moments: number[];
}

/** B6: a writer at full speed on the logged database and on a copy that nobody watches; then a steady one, commit by commit. */
export async function logging({ rounds, folder, database, agent }: Bench): Promise<Section> {
  const alone = path.join(folder, 'not-watched.db');
  fs.copyFileSync(database, alone);
  const without: Series = { name: 'µs a commit, not watched', runs: [], cpu: [] };
  const logged: Series = { name: 'µs a commit, logging on', runs: [], cpu: [] };
  const lags: number[] = [];
  for (let round = 0; round < rounds; round++) {
    without.runs.push(1e6 / (await write(alone, UNLIMITED)).perSecond);
    logged.runs.push(1e6 / (await write(database, UNLIMITED)).perSecond);
    await agent.captured();
    const logs = () => listLogs(agent.logFolder, systemFiles);
    const before = countRecords(agent.logFolder, logs());
    const { moments } = await write(database, STEADY_PER_SECOND);
    await agent.captured();
    const captured = recordTimes(agent.logFolder, logs()).slice(before);
    if (captured.length !== moments.length)
      throw new Error(`${moments.length} commits were made and ${captured.length} are in the log.`);
    moments.forEach((moment, i) => {
      lags.push(captured[i]! - moment);
    });
  }
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(alone + suffix, { force: true });
  lags.sort((a, b) => a - b);
  const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? Number.NaN;
  const pairs = logged.runs.map((us, i) => us / without.runs[i]!);
  const ratio = median(logged.runs) / median(without.runs);
  const throughput: Comparison = {
    ...{ id: 'B6', text: `${logged.name} ÷ ${without.name}`, ratio, processor: Number.NaN },
    best: Math.min(...logged.runs) / Math.min(...without.runs),
    ...{ low: Math.min(...pairs), high: Math.max(...pairs), target: 1.11, met: ratio <= 1.11 },
  };
  const seen: Comparison = {
    ...{ id: 'B6', text: 'p99 from commit to log ÷ 250 ms', ratio: at(0.99) / 250, processor: Number.NaN },
    ...{ best: at(0.5) / 250, low: at(0) / 250, high: at(1) / 250, target: 1, met: at(0.99) <= 250 },
  };
  return {
    id: 'B6',
    title: 'Roll-forward logging beside a writer',
    series: [without, logged],
    comparisons: [throughput, seen],
    facts: {
      'commits a second without': Math.round(1e6 / median(without.runs)),
      'commits a second logged': Math.round(1e6 / median(logged.runs)),
      'ms to the log': `p50 ${at(0.5).toFixed(1)}, p99 ${at(0.99).toFixed(1)}, max ${at(1).toFixed(1)} of ${lags.length} commits`,
    },
  };
}

async function write(database: string, perSecond: number): Promise<Written> {
  const script = path.join(import.meta.dirname, '..', 'steady-writer.ts');
  const writer = spawn(process.execPath, [script, database, String(perSecond), 'moments'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => writer.once('close', () => resolve()));
  await new Promise<void>((resolve) => writer.stdout.once('data', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  writer.stdin.end();
  await ended;
  return JSON.parse(output.slice(output.indexOf('{'))) as Written;
}

const countRecords = (folder: string, logs: number[]) => recordTimes(folder, logs).length;

/** When each commit was written to the log, in order. */
function recordTimes(folder: string, logs: number[]): number[] {
  const times: number[] = [];
  for (const number of logs)
    for (const { at } of readLog(path.join(folder, logName(number)), systemFiles, { pages: false })) times.push(at);
  return times;
}
