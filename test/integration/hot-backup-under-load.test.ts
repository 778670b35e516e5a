// Backups of a database while three foreign programs commit, roll back, VACUUM and checkpoint: every one restores to one moment.
// HOLDFAST_RUNS sets how many; the long form is `npm run prove:hot-backup` (200).
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLedgerDatabase, type Ledger, problemsOf, startWriters } from '../support/ledger/ledger.ts';

const runs = Number(process.env.HOLDFAST_RUNS ?? 10);
const cli = path.resolve(import.meta.dirname, '../../headless/cli.ts');
const run = promisify(execFile);

async function holdfast(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [cli, ...args, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`holdfast ${args.join(' ')}: ${error.stdout || error.stderr}`);
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

let folder: string;
let ledger: Ledger;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-load-'));
  const database = path.join(folder, 'ledger.db');
  createLedgerDatabase(database);
  ledger = startWriters(database);
});

afterAll(async () => {
  await ledger.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

it(
  `takes ${runs} backups that each show exactly the moment they claim`,
  async () => {
    const log = path.join(folder, 'backup.log');
    await expect.poll(() => new Set(ledger.acknowledged.map((one) => one.writer)).size, { timeout: 20_000 }).toBe(3);
    let full = '';
    for (let index = 0; index < runs; index++) {
      const incremental = index % 4 === 3;
      const at = index % 2 === 0 ? 'start' : 'end';
      const file = path.join(folder, `${index}.bak`);
      const backup = await holdfast(
        'backup',
        ledger.database,
        '-f',
        file,
        '-l',
        log,
        incremental ? '-i' : '-b',
        '--at',
        at,
      );
      if (!incremental) full = file;
      const consistentAt = Date.parse(backup.consistentAt as string);
      const image = path.join(folder, `image-${index}.db`);
      const restored = await holdfast(
        'restore',
        '-r',
        '-f',
        full,
        '-l',
        log,
        '--to',
        image,
        '-a',
        '-o',
        ...(incremental ? ['-i', file] : []),
      );
      expect(restored.activated).toBe(true);
      expect(problemsOf(image, ledger, consistentAt), `backup ${index} (${backup.type}, at ${backup.at})`).toEqual([]);
      fs.rmSync(image);
      if (incremental) fs.rmSync(full);
      if (incremental || index % 4 !== 2) fs.rmSync(file, { force: true });
    }
    const unexpected = ledger.errors.filter((line) => !/database is locked/.test(line));
    expect(unexpected).toEqual([]);
  },
  20_000 + runs * 15_000,
);
