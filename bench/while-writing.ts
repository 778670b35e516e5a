// A program of its own that commits at a pace while something else is done, and what it says of its commits.
import { spawn } from 'node:child_process';
import path from 'node:path';

/** Runs `work` beside `steady-writer.ts`, begun after its first word; `more` are further arguments of it. */
export async function whileWriting<T>(
  database: string,
  perSecond: number,
  work: () => Promise<void>,
  ...more: string[]
): Promise<T> {
  const script = path.join(import.meta.dirname, 'steady-writer.ts');
  const writer = spawn(process.execPath, [script, database, String(perSecond), ...more], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<void>((resolve) => writer.once('close', () => resolve()));
  await new Promise<void>((resolve) => writer.stdout.once('data', () => resolve()));
  try {
    await work();
  } finally {
    writer.stdin.end();
    await ended;
  }
  return JSON.parse(output.slice(output.indexOf('{'))) as T;
}
