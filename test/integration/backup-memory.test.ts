// A backup and its reading need the same memory whatever the size: measured in a process of their own.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../unit/backup-support.ts';

const MiB = 1024 * 1024;

/** Makes the C library return freed memory, so that the resident size shows what is in use and not what malloc keeps. */
const givesBack = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };

/** Peak growth of the resident memory while `megabytes` pass through the writer and then the reader. */
function measure(folder: string, megabytes: number, how = 'plain'): { written: number; read: number; growth: number } {
  const output = execFileSync(
    process.execPath,
    [path.join(import.meta.dirname, 'backup-memory-child.ts'), folder, String(megabytes), how],
    { encoding: 'utf8', env: { ...process.env, ...givesBack } },
  );
  return JSON.parse(output);
}

it('streams 300 MB within 64 MiB, and no more than a stream of a third', () => {
  const folder = temporaryFolder();
  try {
    const encrypted = measure(folder, 100, 'encrypted');
    expect(encrypted.growth).toBeLessThan(64 * MiB);
    const small = measure(folder, 100);
    const large = measure(folder, 300);
    expect(large).toMatchObject({ written: 300 * MiB, read: 300 * MiB });
    expect(large.growth).toBeLessThan(64 * MiB);
    expect(large.growth - small.growth).toBeLessThan(24 * MiB);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
