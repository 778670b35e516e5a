// Room for a backup is asked for by disk: folders on one disk share it, each other disk must have room for its own parts.
import { expect, it } from 'vitest';
import { checkSpace } from '../../core/backup/space.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { options, sourceOf } from './backup-support.ts';

const MB = 1_000_000;

/** Folders by name: which disk each is on, and what is free there. */
function disks(folders: Record<string, { device: number; free: number }>): Files {
  const of = (folder: string) => {
    const found = folders[folder];
    if (!found) throw Object.assign(new Error(folder), { code: 'ENOENT' });
    return found;
  };
  return {
    ...systemFiles,
    statfsSync: ((folder: string) => ({ bavail: of(folder).free, bsize: 1 })) as never,
    statSync: ((folder: string) => ({ dev: of(folder).device })) as never,
  };
}

const source = sourceOf([], 1000, 90_000);
const check = (files: Files, partFolders: string[]) =>
  checkSpace(source, options('/a/x.bak', { compression: 'none', partBytes: MB, partFolders }), files);

it('wants the whole on one disk, and each share where there are several', () => {
  const roomy = { device: 1, free: 90 * MB };
  expect(() => check(disks({ '/a': roomy }), [])).not.toThrow();
  expect(() => check(disks({ '/a': { device: 1, free: 89 * MB } }), [])).toThrow(/\/a has 89000000 bytes free/);
  const third = { free: 30 * MB };
  const three = { '/a': { device: 1, ...third }, '/b': { device: 2, ...third }, '/c': { device: 3, ...third } };
  expect(() => check(disks(three), ['/b', '/c'])).not.toThrow();
  expect(() => check(disks({ ...three, '/c': { device: 3, free: 29 * MB } }), ['/b', '/c'])).toThrow(/\/c has/);
  // Two folders of one disk take two thirds of the whole from it.
  const shared = {
    '/a': { device: 1, free: 59 * MB },
    '/b': { device: 1, free: 59 * MB },
    '/c': { device: 3, ...third },
  };
  expect(() => check(disks(shared), ['/b', '/c'])).toThrow(/the backup needs about 60000000 there/);
});

it('names a folder that is not there', () => {
  expect(() => check(disks({ '/a': { device: 1, free: 90 * MB } }), ['/gone'])).toThrow(
    /The folder \/gone does not exist/,
  );
});
