// The table of locks: read once for all databases that are looked at in one beat, anew for whoever must know it as of now.
import { expect, test } from 'vitest';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { locksOn } from '../../core/sqlite/lock-table.ts';

test.runIf(process.platform === 'linux')('is shared by those who may take one of the same beat', () => {
  let reads = 0;
  const files: Files = {
    ...systemFiles,
    openSync: (...given: Parameters<Files['openSync']>) => {
      if (given[0] === '/proc/locks') reads++;
      return systemFiles.openSync(...given);
    },
  };
  const long = 3_600_000;
  for (let inode = 1; inode <= 100; inode++) locksOn(files, inode, long);
  expect(reads).toBe(1);
  locksOn(files, 1, 0);
  locksOn(files, 1, 0);
  expect(reads).toBe(3);
  // Another view of the system, as a test has one, is not answered from the table of the first.
  const other = { ...files };
  locksOn(other, 1, long);
  expect(reads).toBe(4);
});
