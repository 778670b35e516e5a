// The file picker's listing, the names of servers, and the quoting of commands.
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { backupFileName } from '../../core/engine/backup-name.ts';
import { browseFolder } from '../../core/engine/browse.ts';
import { quoted } from '../../core/engine/command-line.ts';
import { isInside, realPath, serverNameFrom } from '../../core/engine/server-name.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('browse', () => {
  it('lists folders first, names databases by their names, skips what leads nowhere', () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, 'zoo'));
    fs.writeFileSync(path.join(folder, 'a10.txt'), 'text');
    fs.writeFileSync(path.join(folder, 'a2.db'), '');
    fs.symlinkSync(path.join(folder, 'nowhere'), path.join(folder, 'dangling'));
    const { entries, parent } = browseFolder(folder);
    expect(parent).toBe(path.dirname(folder));
    expect(entries.map(({ name, folder: isFolder, bytes, database }) => [name, isFolder, bytes, database])).toEqual([
      ['zoo', true, null, false],
      ['a2.db', false, 0, true],
      ['a10.txt', false, 4, false],
    ]);
  });

  it('stops at 2,000 entries', () => {
    const folder = temporaryFolder();
    for (let n = 0; n < 2_010; n++) fs.writeFileSync(path.join(folder, `f${n}`), '');
    expect(browseFolder(folder).entries).toHaveLength(2_000);
  });

  it('refuses what is not there, is not a folder, or is not absolute', () => {
    const name = (given: string) => {
      try {
        browseFolder(given);
        return null;
      } catch (error) {
        return (error as Error).name;
      }
    };
    expect(name('/nowhere/at/all')).toBe('NOT_FOUND');
    expect(name('/etc/hostname')).toBe('NOT_FOUND');
    expect(name('relative')).toBe('INVALID_INPUT');
    expect(browseFolder('/').parent).toBeNull();
  });
});

describe('names', () => {
  it('makes a server name of any host name', () => {
    expect(serverNameFrom('db-01.example.com')).toBe('DB-01');
    expect(serverNameFrom('my_host name')).toBe('MY-HOST-NAME');
    expect(serverNameFrom('a-very-long-host-name')).toBe('A-VERY-LONG-HOS');
    expect(serverNameFrom('abcdefghijklmn-x')).toBe('ABCDEFGHIJKLMN');
    expect(serverNameFrom('---')).toBe('LOCAL');
    expect(serverNameFrom('')).toBe('LOCAL');
  });

  it('names backups so that they sort by time', () => {
    const at = Date.UTC(2026, 10, 20, 7, 42, 0, 123);
    expect(backupFileName('Directory', 'full', at)).toBe('Directory-20261120T074200-full.bak');
    expect(backupFileName('Directory', 'incremental', at)).toBe('Directory-20261120T074200-inc.bak');
  });

  it('knows inside from beside, and follows links of paths that do not exist yet', () => {
    expect(isInside('/a/b', '/a/b')).toBe(true);
    expect(isInside('/a/b/c', '/a/b')).toBe(true);
    expect(isInside('/a/bc', '/a/b')).toBe(false);
    expect(isInside('/a/..x/c', '/a')).toBe(true);
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, 'real'));
    fs.symlinkSync(path.join(folder, 'real'), path.join(folder, 'link'));
    expect(realPath(path.join(folder, 'link', 'new', 'x.db'))).toBe(path.join(folder, 'real', 'new', 'x.db'));
  });

  it('quotes what a shell would take apart', () => {
    expect(quoted('/plain/path.bak')).toBe('/plain/path.bak');
    expect(quoted("it's; rm -rf $HOME")).toBe(`'it'\\''s; rm -rf $HOME'`);
    expect(quoted('')).toBe("''");
  });
});
