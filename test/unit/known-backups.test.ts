// Folders of many backups: headers that were read before are not read again, and what changed always is.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeManyBackups } from '../../bench/backup-files.ts';
import { scanBackups, scanBackupsInTurns, scanFolders } from '../../core/backup/catalog.ts';
import { KnownBackups } from '../../core/backup/known-backups.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

function folderOf(count: number): string {
  const folder = temporaryFolder();
  writeManyBackups({ folder, server: 'SRV-1', instance: 'Many', count, chain: 10, until: Date.UTC(2026, 10, 1) });
  return folder;
}

function counting(): { files: Files; opened: () => string[] } {
  const opened: string[] = [];
  const files: Files = {
    ...systemFiles,
    openSync: ((file: string, ...rest: [never]) => {
      opened.push(path.basename(file));
      return systemFiles.openSync(file, ...rest);
    }) as Files['openSync'],
  };
  return { files, opened: () => opened.splice(0) };
}

const hour = 3_600_000;
const later = () => Date.now() + hour;

describe('many backups in one folder', () => {
  it('are made up as whole chains that every reader accepts', () => {
    const folder = folderOf(25);
    const { chains, unusable } = scanFolders([folder], systemFiles);
    expect(unusable).toEqual([]);
    expect(chains.map(({ incrementals, gaps }) => [incrementals.length, gaps.length])).toEqual([
      [9, 0],
      [9, 0],
      [4, 0],
    ]);
  });

  it('are read once, and listed alike from memory and in turns', async () => {
    const folder = folderOf(12);
    const { files, opened } = counting();
    const known = new KnownBackups(later);
    const first = scanBackups([folder], files, known);
    expect(opened()).toHaveLength(12);
    expect(scanBackups([folder], files, known)).toEqual(first);
    expect(opened()).toEqual([]);
    expect(first).toEqual(scanBackups([folder], systemFiles));
    let turns = 0;
    const clock = { monotonic: () => systemClock.monotonic() + 1000 * turns++ };
    expect(await scanBackupsInTurns([folder], files, known, clock)).toEqual(first);
    expect(turns).toBeGreaterThan(12);
  });

  it('are read again when the file changed, and forgotten when it is gone', () => {
    const folder = folderOf(3);
    const { files, opened } = counting();
    const known = new KnownBackups(later);
    const [full, second, third] = scanBackups([folder], files, known)
      .infos.map((info) => info.file)
      .sort((a, b) => a.localeCompare(b)) as [string, string, string];
    opened();
    fs.appendFileSync(second, 'x');
    expect(scanBackups([folder], files, known).unusable).toMatchObject([
      { file: second, error: { name: 'BACKUP_DAMAGED' } },
    ]);
    expect(opened()).toEqual([path.basename(second)]);
    // Another file under the same name, of the same length and times.
    const { atime, mtime } = fs.statSync(third);
    const bytes = fs.readFileSync(third);
    bytes.write('X', 100);
    fs.rmSync(third);
    fs.writeFileSync(third, bytes);
    fs.utimesSync(third, atime, mtime);
    fs.rmSync(full);
    const changed = scanBackups([folder], files, known);
    expect(changed.infos).toEqual([]);
    expect(opened()).toContain(path.basename(third));
  });

  it('are not remembered while their time stamp may still hide a change', () => {
    const folder = folderOf(2);
    const { files, opened } = counting();
    // A second after the last change, whenever this runs.
    const stamps = fs.readdirSync(folder).map((name) => fs.statSync(path.join(folder, name)).ctimeMs);
    const known = new KnownBackups(() => Math.max(...stamps) + 1000);
    scanBackups([folder], files, known);
    opened();
    scanBackups([folder], files, known);
    expect(opened()).toHaveLength(2);
  });
});
