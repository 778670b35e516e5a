// The options of holdfast backup and restore beyond a hot full: cold, encrypted, with other files, spread over folders.
import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { chinookFolder, holdfast, holdfastJson, sqlite3 } from '../support/command-line.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});

function place() {
  const one = chinookFolder();
  folders.push(one.folder);
  const log = one.at('backup.log');
  return {
    ...one,
    log,
    backup: (file: string, ...more: string[]) => ['backup', one.db, '-f', one.at(file), '-l', log, ...more],
  };
}

const refused = async (args: string[]) => {
  const { code, json } = await holdfastJson(args);
  return [code, json.name];
};

describe('holdfast backup -c', () => {
  it('leaves the database disabled with -d, until restadv -o -k enables it', async () => {
    const { db, log, backup } = place();
    expect(await refused(backup('x.bak', '-d'))).toEqual([2, 'INVALID_INPUT']);
    expect(await refused(backup('x.bak', '-c', '-i'))).toEqual([2, 'INVALID_INPUT']);
    expect(await holdfastJson(backup('cold.bak', '-c', '-d'))).toMatchObject({ code: 0, json: { type: 'full' } });
    expect(() => sqlite3(db, 'CREATE TABLE t(a)')).toThrow(/readonly/);
    expect(await refused(['restadv', '--to', db, '-l', log, '-o'])).toEqual([3, 'DATABASE_FENCED']);
    expect((await holdfast(['restadv', '--to', db, '-l', log, '-o', '-k'])).code).toBe(0);
    sqlite3(db, 'CREATE TABLE t(a)');
  }, 120_000);
});

describe('encrypted backups', () => {
  it('are verified and restored with their password, and refused without it', async () => {
    const { at, log, backup } = place();
    fs.writeFileSync(at('secret'), 'a key of many words\n');
    fs.writeFileSync(at('other'), 'something else\n');
    const secret = `@${at('secret')}`;
    expect((await holdfast(backup('x.bak', '--encrypt', secret))).code).toBe(0);
    expect(fs.readFileSync(at('x.bak')).includes('AC/DC')).toBe(false);
    expect(await holdfastJson(['header', at('x.bak')])).toMatchObject({
      json: { encryption: { cipher: 'aes-256-gcm' } },
    });
    expect(await refused(['verify', at('x.bak')])).toEqual([3, 'PASSWORD_REQUIRED']);
    expect(await refused(['verify', at('x.bak'), '--decrypt', `@${at('other')}`])).toEqual([1, 'WRONG_PASSWORD']);
    expect((await holdfast(['verify', at('x.bak'), '--decrypt', secret])).code).toBe(0);
    const restore = ['restore', '-f', at('x.bak'), '-l', log, '--to', at('copy.db'), '-r', '-a', '-o', '-n'];
    expect(await refused([...restore, '--decrypt', `@${at('other')}`])).toEqual([1, 'WRONG_PASSWORD']);
    expect(fs.existsSync(at('copy.db'))).toBe(false);
    expect((await holdfast([...restore, '--decrypt', secret])).code).toBe(0);
    expect(sqlite3(at('copy.db'), "SELECT count(*) FROM Artist WHERE Name = 'AC/DC'")).toBe('1');
  }, 120_000);
});

describe('other files', () => {
  it('are restored without the database, into a folder or to their own place', async () => {
    const { db, at, log, backup } = place();
    fs.writeFileSync(at('server.key'), 'KEY');
    fs.writeFileSync(at('app.conf'), 'level=1\n');
    fs.writeFileSync(at('list'), `${at('app.conf')}\n`);
    fs.writeFileSync(at('secret'), 'sesame\n');
    fs.mkdirSync(at('aside'));
    expect((await holdfast(['security', db, '--add', at('server.key')])).stdout).toContain(at('server.key'));
    expect(
      (
        await holdfast(
          backup('x.bak', '-e', `@${at('secret')}`, '-u', at('list'), '-s', '300k', '--spread', at('aside')),
        )
      ).code,
    ).toBe(0);
    expect(fs.existsSync(at('aside/x.bak.00001'))).toBe(true);
    const restore = ['restore', '-f', at('x.bak'), '-l', log];
    expect(await refused(restore)).toEqual([2, 'INVALID_INPUT']);
    const into = await holdfastJson([...restore, '-e', `@${at('secret')}`, '-u', '--files-to', at('aside')]);
    expect(into.json.otherFiles).toHaveLength(2);
    expect(fs.readFileSync(at('aside/server.key'), 'utf8')).toBe('KEY');
    fs.writeFileSync(at('app.conf'), 'level=9\n');
    expect((await holdfast([...restore, '-u'])).stdout).toContain('the old one is kept as');
    expect(fs.readFileSync(at('app.conf'), 'utf8')).toBe('level=1\n');
    const withDatabase = [...restore, '-r', '-a', '-o', '-n', '-u', '--to', at('copy.db')];
    expect((await holdfast(withDatabase)).stdout).toContain(`restored       ${at('app.conf')}`);
    expect(fs.existsSync(at('copy.db'))).toBe(true);
  }, 120_000);
});
