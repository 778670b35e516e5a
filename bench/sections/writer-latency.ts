// B2: what a backup does to a program that commits all the while, and what it does to the backup.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type Comparison, median, type Series } from '../measure.ts';
import type { Bench, Section } from '../section.ts';
import { whileWriting } from '../while-writing.ts';

const PER_SECOND = 500;
/** A copy that starts again with each commit of another process never ends. */
const GIVE_UP_MS = 20_000;

export async function underLoad({ rounds, folder, database, agent }: Bench): Promise<Section> {
  const [file, peerFile] = [path.join(agent.root, 'b2.bak'), path.join(folder, 'b2.db')];
  const alone: Series = { name: 'p99 commit, no backup', runs: [], cpu: [] };
  const during: Series = { name: 'p99 commit, Holdfast full', runs: [], cpu: [] };
  const backup: Series = { name: 'Holdfast full under load', runs: [], cpu: [] };
  const peer: Series = { name: 'sqlite3 .backup under load', runs: [], cpu: [] };
  let unfinished = 0;
  for (let round = 0; round < rounds; round++) {
    alone.runs.push((await beside(database, () => pause(3000))).p99);
    during.runs.push(
      (
        await beside(database, async () => {
          // Long enough for a tail: several fulls, one after the other.
          const until = performance.now() + 3000;
          do {
            const start = performance.now();
            await agent.backup('full', file);
            backup.runs.push(performance.now() - start);
            fs.rmSync(file);
          } while (performance.now() < until);
        })
      ).p99,
    );
    await beside(database, async () => {
      const start = performance.now();
      if (!(await sqliteBackupWithin(database, peerFile, GIVE_UP_MS))) unfinished++;
      peer.runs.push(performance.now() - start);
    });
    fs.rmSync(peerFile, { force: true });
  }
  const ratio = median(during.runs) / median(alone.runs);
  const pairs = during.runs.map((ms, i) => ms / alone.runs[i]!);
  const comparison: Comparison = {
    ...{ id: 'B2', text: `${during.name} ÷ ${alone.name}`, ratio, processor: Number.NaN },
    best: Math.min(...during.runs) / Math.min(...alone.runs),
    ...{ low: Math.min(...pairs), high: Math.max(...pairs), target: 1.5, met: ratio <= 1.5 },
  };
  return {
    id: 'B2',
    title: `Full while another process commits ${PER_SECOND} transactions a second`,
    series: [alone, during, backup, peer],
    comparisons: [comparison],
    facts: { [`.backup given up after ${GIVE_UP_MS / 1000} s`]: `${unfinished} of ${rounds}` },
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const beside = (database: string, work: () => Promise<void>) =>
  whileWriting<{ p99: number }>(database, PER_SECOND, work);

function sqliteBackupWithin(database: string, target: string, ms: number): Promise<boolean> {
  const child = spawn('sqlite3', [database, `.backup '${target}'`], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}
