// kill -9 of a capturing process at random moments while others write; afterwards base and logs must give the file, byte for byte.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase, Image, sqlite3, startWriter, temporaryFolder } from '../support/writers.ts';
import { rebuild } from '../support/writers-agent.ts';

let folder: string;
let file: string;
let home: string;

beforeEach(() => {
  folder = temporaryFolder('kill');
  file = path.join(folder, 'app.db');
  home = path.join(folder, 'home');
  fs.mkdirSync(home);
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Mulberry32: a small generator, so that a seed that fails can be run again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Agent {
  ready: Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<string[]>;
}

function startAgent(): Agent {
  const child = spawn(process.execPath, [path.join('test', 'support', 'writers-agent.ts'), file, home], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  let isReady: () => void = () => {};
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  child.stdout.on('data', (data) => {
    out += data;
    if (out.includes('ready\n')) isReady();
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const early = ended.then((code) => {
    if (code !== null && code !== 0) throw new Error(`the agent ended with ${code}: ${err}`);
  });
  early.catch(() => {});
  return {
    ready: Promise.race([ready, early]),
    kill: async () => {
      child.kill('SIGKILL');
      await early;
    },
    stop: async () => {
      child.stdin.end();
      await early;
      return JSON.parse(out.split('\n')[1] ?? '[]');
    },
  };
}

test.each([{ seed: 501 }, { seed: 502 }])('killed again and again, seed $seed', async ({ seed }) => {
  const rnd = random(seed);
  createDatabase(file, { rows: 200 });
  const writers = [startWriter('mixed', file, seed, 9), startWriter('bulk', file, seed + 1, 9)];
  let writing = true;
  const written = Promise.all(writers.map((writer) => writer.ended)).finally(() => {
    writing = false;
  });
  const first = startAgent();
  await first.ready;
  await first.kill();
  let kills = 1;
  while (writing || kills < 5) {
    const agent = startAgent();
    if (rnd() < 0.7) await agent.ready;
    await new Promise((resolve) => setTimeout(resolve, rnd() * 500));
    await agent.kill();
    kills += 1;
  }
  const summaries = await written;
  const last = startAgent();
  await last.ready;
  sqlite3(file, "INSERT INTO entry(name) VALUES ('the end')");
  const events = await last.stop();
  expect(events).not.toContain('replaced');
  expect(kills).toBeGreaterThan(3);
  expect(summaries.every((summary) => (summary.commits ?? 0) > 0)).toBe(true);
  const image = rebuild(home);
  expect(image.differences(Image.ofFile(file, 4096))).toEqual([]);
  const rebuilt = path.join(folder, 'rebuilt.db');
  image.write(rebuilt);
  expect(sqlite3(rebuilt, 'PRAGMA integrity_check')).toBe('ok');
  expect(
    sqlite3(rebuilt, "SELECT sum(balance), (SELECT count(*) FROM entry WHERE name = 'the end') FROM account"),
  ).toBe('100000|1');
});
