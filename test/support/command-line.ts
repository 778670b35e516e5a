// The command line as its users run it: a process of its own, its output and its exit code.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

export const entry = path.resolve(import.meta.dirname, '../../headless/cli.ts');
const chinook = path.resolve(import.meta.dirname, '../data/chinook.sqlite');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<Ended>;
  /** Resolves once stderr holds `text`; rejects when the process ends without it. */
  says(text: string | RegExp): Promise<void>;
}

interface RunOptions {
  env?: NodeJS.ProcessEnv;
}

/** For a test that does something while it runs; what is still there at the end of the test is killed. */
export function start(args: string[], options: RunOptions = {}): Started {
  const started = run(args, options);
  onTestFinished(() => void started.child.kill('SIGKILL'));
  return started;
}

function run(args: string[], options: RunOptions): Started {
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, [entry, ...args], { env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  const says = (text: string | RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (typeof text === 'string' ? stderr.includes(text) : text.test(stderr)) resolve();
      };
      child.stderr.on('data', look);
      child.once('close', () => reject(new Error(`ended without ${text}:\n${stdout}${stderr}`)));
      look();
    });
  return { child, ended, says };
}

export const holdfast = (args: string[], options: RunOptions = {}): Promise<Ended> => run(args, options).ended;

/** Runs with `--json` and takes the one object apart; anything else on stdout is an error. */
export async function holdfastJson(
  args: string[],
  options: RunOptions = {},
): Promise<{ code: number | null; json: Record<string, unknown>; stderr: string }> {
  const { code, stdout, stderr } = await holdfast([...args, '--json'], options);
  if (!/^\{.*\}\n$/.test(stdout)) throw new Error(`not one line of JSON: ${JSON.stringify(stdout)}\n${stderr}`);
  return { code, json: JSON.parse(stdout) as Record<string, unknown>, stderr };
}

/** A folder with a copy of the Chinook database in it. */
export function chinookFolder(name = 'chinook.sqlite'): { folder: string; db: string; at(name: string): string } {
  const folder = temporaryFolder('holdfast-cli');
  const db = path.join(folder, name);
  fs.copyFileSync(chinook, db);
  return { folder, db, at: (file) => path.join(folder, file) };
}

export const sqlite3 = (file: string, text: string): string =>
  execFileSync('sqlite3', ['-bail', '-cmd', '.timeout 5000', file, text], { encoding: 'utf8' }).trim();

/** What another program finds different between two databases: empty when nothing is. */
export const sqldiff = (one: string, other: string): string =>
  execFileSync('sqldiff', [one, other], { encoding: 'utf8' });

export const digest = (file: string): string => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** About 80 MB that do not compress, so that there is a middle to interrupt. */
export function createLarge(file: string): void {
  sqlite3(
    file,
    `CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800)
     INSERT INTO entry SELECT i, randomblob(100000) FROM n;`,
  );
}
