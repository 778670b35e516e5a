// Errors of the operating system as the console and the command line show them.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { toErrorReport } from '../../core/contract/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const reportOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return toErrorReport(error);
  }
  throw new Error('nothing failed');
};

it('names what is not there, and what is no folder', () => {
  const folder = temporaryFolder();
  const absent = path.join(folder, 'absent');
  expect(reportOf(() => fs.readFileSync(absent))).toMatchObject({
    name: 'NOT_FOUND',
    message: `${absent} does not exist (ENOENT)`,
  });
  fs.writeFileSync(absent, '');
  const below = path.join(absent, 'x');
  expect(reportOf(() => fs.readFileSync(below))).toMatchObject({
    name: 'NOT_FOUND',
    message: `A part of the path ${below} is not a folder (ENOTDIR)`,
  });
});

it('names the place that a rename did not reach', () => {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, 'a'), '');
  const target = path.join(folder, 'no', 'b');
  expect(reportOf(() => fs.renameSync(path.join(folder, 'a'), target)).message).toBe(
    `${target} does not exist (ENOENT)`,
  );
});

it.each([
  ['ENOSPC', 'NO_SPACE', 'The disk of /b is full (ENOSPC)'],
  ['EACCES', 'NO_PERMISSION', 'There is no permission for /b (EACCES)'],
  ['EROFS', 'NO_PERMISSION', '/b lies on a file system that is read-only (EROFS)'],
  ['EMFILE', 'IO_ERROR', 'Too many files are open in this process to open /b (EMFILE)'],
])('says what %s means', (code, name, message) => {
  const error = Object.assign(new Error(`${code}: write`), { code, path: '/b' });
  expect(toErrorReport(error)).toMatchObject({ name, message });
});

it('keeps the words of an error that it has none for, or that has no path', () => {
  expect(toErrorReport(Object.assign(new Error('ELOOP: too many links'), { code: 'ELOOP', path: '/b' }))).toMatchObject(
    {
      name: 'IO_ERROR',
      message: 'ELOOP: too many links',
    },
  );
  expect(toErrorReport(Object.assign(new Error('ENOSPC: no space left, write'), { code: 'ENOSPC' }))).toMatchObject({
    name: 'NO_SPACE',
    message: 'ENOSPC: no space left, write',
  });
  expect(toErrorReport(new Error('a bug'))).toMatchObject({ name: 'INTERNAL' });
  expect(toErrorReport(Object.assign(new Error('no'), { code: 'ERR_INVALID_ARG_TYPE' }))).toMatchObject({
    name: 'INTERNAL',
  });
});
