// A file system of a few megabytes for tests of a full disk: a tmpfs, which only root can mount; without it the test is passed over.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished, type TestContext } from 'vitest';

export interface SmallVolume {
  /** Nothing more can be written but `spare` bytes. */
  fill(spare?: number): void;
  /** What `fill` took is free again. */
  makeRoom(): void;
}

/** Mounts at `folder`, made if need be, until the test has ended. */
export function smallVolume(test: Pick<TestContext, 'skip'>, folder: string, size: string): SmallVolume {
  fs.mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    test.skip('a small file system can only be mounted by root');
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  const ballast = path.join(folder, 'ballast');
  return {
    fill(spare = 0) {
      const { bavail, bsize } = fs.statfsSync(folder);
      const bytes = bavail * bsize - spare;
      if (bytes > 0) fs.appendFileSync(ballast, Buffer.alloc(bytes));
      // Files grow by pages: what is still free is given up for a byte each.
      while (spare === 0 && fs.statfsSync(folder).bavail > 0) fs.appendFileSync(ballast, Buffer.alloc(bsize));
    },
    makeRoom: () => fs.rmSync(ballast, { force: true }),
  };
}
