// An owner that nobody looks at any more, under a collector that runs all the time: prints what it holds of the database's locks, twice.
// Arguments: database. Run with --expose-gc.
import fs from 'node:fs';
import path from 'node:path';
import { systemClock } from '../../core/platform/clock.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { openDatabase } from '../../core/sqlite/open-database.ts';

const database = process.argv[2] ?? '';
const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error('run with --expose-gc');

function hold(): void {
  const owner = openDatabase(database, [path.dirname(database)], { files: systemFiles, clock: systemClock });
  const sink = { commit: () => {}, flush: () => {} };
  owner.startCapture({ sink, from: null, hashes: null, onEvent: () => {}, pollMs: 5, sealFrames: 20, sealMs: 50 });
  if (process.argv[3] === 'fence') owner.fence(1000);
}

/** Places of this process's locks on the database and its shared memory. */
function locks(): string[] {
  const inodes = new Map(['', '-shm'].map((suffix) => [String(fs.statSync(database + suffix).ino), suffix || 'db']));
  return fs
    .readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((part) => part[4] === String(process.pid) && inodes.has(part[5]?.split(':')[2] ?? ''))
    .map((part) => `${inodes.get(part[5]?.split(':')[2] ?? '')} ${part[3]} ${part[6]}`)
    .sort();
}

hold();
const before = locks();
for (let i = 0; i < 40; i++) {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 5));
}
process.stdout.write(`${JSON.stringify({ before, after: locks() })}\n`);
process.exit(0);
