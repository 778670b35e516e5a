// Two files that an application writes one after the other, and what must hold in every consistent set of them.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createDatabase, type Lab, sql } from './agent-lab.ts';

export interface Pair {
  first: string;
  second: string;
}

/** `userRoot.db` and `schema.db` with rows of their own; the second has another page size. */
export function createPair(lab: Lab, rows = 200): Pair {
  const pair = { first: lab.path('data', 'userRoot.db'), second: lab.path('data', 'schema.db') };
  createDatabase(pair.first, rows);
  sql(
    pair.second,
    `PRAGMA page_size=1024; PRAGMA journal_mode=WAL; CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT NOT NULL, body BLOB);`,
  );
  sql(
    pair.second,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO entry SELECT i, 'entry ' || i, randomblob(300) FROM n;`,
  );
  return pair;
}

export interface PairWriter {
  /** Ends the writer; returns the last value that it committed to both. */
  stop(): Promise<number>;
}

/** A program that counts in both files, the first always before the second. */
export async function startPairWriter(
  pair: Pair,
  lane: number,
  pauseMs: number,
  how: 'oneAfterTheOther' | 'nested' = 'oneAfterTheOther',
): Promise<PairWriter> {
  const script = path.resolve(import.meta.dirname, 'pair-writer.py');
  const child = spawn('python3', ['-u', script, pair.first, pair.second, String(lane), String(pauseMs), how]);
  let output = '';
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const ended = new Promise<void>((resolve) => {
    // 'exit' can come before the last of the output.
    child.once('close', () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('ready')) resolve();
    });
    void ended.then(() => reject(new Error(`the writer ended: ${errors}`)));
  });
  return {
    async stop() {
      child.stdin.end();
      await ended;
      const last = Number(output.trim().split('\n').at(-1));
      if (Number.isNaN(last)) throw new Error(`the writer failed: ${errors}`);
      return last;
    },
  };
}

/** How far the first file is ahead of the second, by lane. In a consistent set each is 0 or 1. */
export function leads(pair: Pair): number[] {
  const read = (file: string) =>
    new Map(
      sql(file, 'SELECT lane, value FROM counter ORDER BY lane')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('|').map(Number) as [number, number]),
    );
  const [first, second] = [read(pair.first), read(pair.second)];
  return [...new Set([...first.keys(), ...second.keys()])].map(
    (lane) => (first.get(lane) ?? 0) - (second.get(lane) ?? 0),
  );
}

export const consistent = (found: number[]): boolean => found.every((lead) => lead === 0 || lead === 1);

/** A fresh folder for a restored pair. */
export function restoredPair(lab: Lab, name: string): Pair {
  const folder = lab.path(name);
  fs.mkdirSync(folder, { recursive: true });
  return { first: path.join(folder, 'userRoot.db'), second: path.join(folder, 'schema.db') };
}
