// What the command line refuses, how it says so, and its exit codes.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chinookFolder, digest, entry, holdfast, holdfastJson, sqlite3 } from '../support/command-line.ts';

const wrong = (args: string[]) => holdfastJson(args);

describe('wrong usage', () => {
  it.each([
    [['vector'], "missing required argument 'DB'", 'vector'],
    [['backup', 'x.db', '-f'], "option '-f, --file <FILE>' argument missing", 'backup'],
    [['backup', 'x.db', 'y.db', '-f', 'f', '-l', 'l'], 'too many arguments', 'backup'],
    [['restore', '-l', 'log', '--to', 'x.db'], "required option '-f, --file <FILE>' not specified", 'restore'],
    [['statsu'], "unknown command 'statsu'", null],
    [['verify', '--colour', 'f'], "unknown option '--colour'", 'verify'],
    [['log'], "missing required argument 'LOG'", 'log'],
    [[], 'a command is needed', null],
  ])('%j ends with 2 and one JSON object', async (args, message, command) => {
    const { code, json, stderr } = await wrong(args);
    expect(code).toBe(2);
    expect(stderr).toBe('');
    expect(json).toEqual({
      ok: false,
      code: -7058,
      name: 'INVALID_INPUT',
      message: expect.stringContaining(message),
      hint: command ? `See: holdfast help ${command}` : 'See: holdfast --help',
    });
  });

  it('is told on stderr without --json, and the help stands in for no command at all', async () => {
    const told = await holdfast(['vector']);
    expect(told).toEqual({
      code: 2,
      stdout: '',
      stderr: "holdfast: missing required argument 'DB'\n  INVALID_INPUT (-7058)\n  See: holdfast help vector\n",
    });
    const bare = await holdfast([]);
    expect(bare).toMatchObject({ code: 2, stdout: '' });
    expect(bare.stderr).toContain('Usage: holdfast COMMAND');
  });

  it('of an option names what is needed', async () => {
    const { db, at } = chinookFolder();
    const backup = ['backup', db, '-f', at('f.bak'), '-l', at('l.log')];
    const restore = ['restore', '-f', at('f.bak'), '-l', at('l.log'), '--to', db, '-r'];
    fs.writeFileSync(at('peers.json'), '[{"server": 5}]');
    fs.writeFileSync(at('stamp.json'), '[{"server": "S", "vector": ["yesterday"]}]');
    for (const [args, words] of [
      [[...backup, '-b', '-i'], '-b and -i'],
      [[...backup, '--at', 'noon'], 'start or end'],
      [[...backup, '--level', '20'], '1 to 19'],
      [[...backup, '-s', 'much'], 'a number of bytes'],
      [['backup', db, '-f', at('f.bak')], 'needs -f FILE and -l LOG'],
      [['backup', '-f', at('f.bak'), '-l', at('l.log')], 'needs a database'],
      [[...restore, '--until', 'noon'], 'an ISO time or a stamp'],
      [[...restore, '--peers', at('peers.json')], 'peers.json'],
      [[...restore, '--peers', at('stamp.json')], 'yesterday'],
      [restore.slice(0, -1), 'Nothing to restore'],
      [['setconfig', db], 'Nothing to change'],
      [['setconfig', db, '-L', '-l'], '-L and -l'],
      [['jobs', '--limit', 'all'], '1 to 1000'],
      [['serve', '--port', 'http'], '0 to 65535'],
    ] as const) {
      expect(await wrong([...args]), args.join(' ')).toMatchObject({
        code: 2,
        json: { ok: false, name: 'INVALID_INPUT', message: expect.stringContaining(words) },
      });
    }
    expect(fs.existsSync(at('f.bak'))).toBe(false);
    expect(fs.existsSync(at('.holdfast'))).toBe(false);
  }, 120_000);
});

describe('secrets', () => {
  it('are refused as plain arguments, never repeated, and read from a file or the environment', async () => {
    const { db, at } = chinookFolder();
    const backup = ['backup', db, '-f', at('f.bak'), '-l', at('l.log')];
    fs.writeFileSync(at('password'), 'swordfish\n');
    const run = async (more: string[], env: NodeJS.ProcessEnv = {}) => {
      const { code, json, stderr } = await holdfastJson([...backup, ...more], { env });
      expect(JSON.stringify(json) + stderr).not.toContain('swordfish');
      return [code, json.name];
    };
    expect(await run(['-e', 'swordfish'])).toEqual([2, 'INVALID_INPUT']);
    expect(await run(['-e', `@${at('none')}`])).toEqual([2, 'NOT_FOUND']);
    expect(await run(['-e'])).toEqual([2, 'INVALID_INPUT']);
    fs.writeFileSync(at('server.key'), 'the key');
    await holdfastJson(['security', db, '--add', at('server.key')]);
    expect(await run(['-e'], { HOLDFAST_PASSWORD: 'swordfish' })).toEqual([0, undefined]);
    expect(await run(['-w', '-e', `@${at('password')}`])).toEqual([0, undefined]);
    expect(fs.readFileSync(at('f.bak')).includes('swordfish')).toBe(false);
    const restore = ['restore', '-f', at('f.bak'), '-l', at('l.log'), '--to', db, '-r', '-e', 'swordfish'];
    expect(await holdfastJson(restore)).toMatchObject({ code: 2, json: { name: 'INVALID_INPUT' } });
  });
});

it('refuses what is not in this version with 3, and leaves the database untouched', async () => {
  const { folder, db } = chinookFolder();
  const before = { digest: digest(db), names: fs.readdirSync(folder) };
  for (const args of [
    ['vector', '--backend', `0=${db}`],
    ['agent', 'pair', 'SRV-9'],
  ]) {
    const { code, json } = await holdfastJson(args);
    expect([code, json.name], args.join(' ')).toEqual([3, 'NOT_SUPPORTED']);
    expect(json.hint).toEqual(expect.any(String));
  }
  expect({ digest: digest(db), names: fs.readdirSync(folder) }).toEqual(before);
}, 120_000);

it('tells the failures of the catalogue by their exit codes', async () => {
  const { db, at } = chinookFolder();
  const log = ['-l', at('l.log')];
  fs.writeFileSync(at('text.db'), 'no database at all, only some words that fill a line\n'.repeat(40));
  fs.writeFileSync(at('notes.txt'), 'HOLDFAST is mentioned here');
  const outcome = async (args: string[]) => {
    const { code, json } = await holdfastJson(args);
    expect(json).toMatchObject({
      ok: false,
      code: expect.any(Number),
      message: expect.any(String),
      hint: expect.any(String),
    });
    return [code, json.name];
  };
  expect(await outcome(['backup', at('none.db'), '-f', at('f.bak'), ...log])).toEqual([2, 'NOT_FOUND']);
  expect(await outcome(['backup', at('text.db'), '-f', at('f.bak'), ...log])).toEqual([3, 'NOT_SQLITE']);
  expect(await outcome(['backup', db, '-f', at('i.bak'), ...log, '-i'])).toEqual([3, 'NO_FULL_BACKUP']);
  expect(await outcome(['setconfig', db, '-L'])).toEqual([3, 'JOURNAL_MODE']);
  expect(await outcome(['restadv', '--to', db, ...log])).toEqual([3, 'NO_RST']);
  expect(await outcome(['header', at('notes.txt')])).toEqual([1, 'NOT_A_BACKUP']);
  expect((await holdfastJson(['backup', db, '-f', at('f.bak'), ...log])).code).toBe(0);
  expect(await outcome(['backup', db, '-f', at('f.bak'), ...log])).toEqual([3, 'FILE_EXISTS']);
  expect((await holdfastJson(['backup', db, '-f', at('f.bak'), ...log, '-w'])).code).toBe(0);
  const bytes = fs.readFileSync(at('f.bak'));
  bytes[bytes.length - 5000]! ^= 1;
  fs.writeFileSync(at('bad.bak'), bytes);
  const verified = await holdfastJson(['verify', at('f.bak'), at('bad.bak')]);
  expect(verified).toMatchObject({
    code: 1,
    json: {
      ok: false,
      code: -7025,
      name: 'BACKUP_DAMAGED',
      files: [
        { status: 'ok', code: 0 },
        { file: at('bad.bak'), status: 'failed', code: -7025 },
      ],
    },
  });
  expect(await outcome(['restore', '-f', at('bad.bak'), ...log, '--to', at('new.db'), '-r', '-a'])).toEqual([
    1,
    'BACKUP_DAMAGED',
  ]);
  expect(fs.existsSync(at('new.db'))).toBe(false);
  const catalog = await holdfast(['catalog', at('.')]);
  expect(catalog.stdout).not.toMatch(/l\.log|notes|Unusable .*f\.bak/);
  expect(sqlite3(db, 'PRAGMA journal_mode')).toBe('delete');
}, 120_000);

it('survives a reader that stops reading, of the result as of the progress', () => {
  const { db, at } = chinookFolder();
  const bash = (line: string) =>
    execFileSync('bash', ['-c', `${line}; echo "status \${PIPESTATUS[0]}"`], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, CLI: entry, DB: db, FILE: at('f.bak'), LOG: at('l.log') },
    });
  const progress = bash('"$NODE" "$CLI" backup "$DB" -f "$FILE" -l "$LOG" 2>&1 >/dev/null | head -c 1');
  expect(progress).toBe('Cstatus 0\n');
  fs.appendFileSync(at('l.log'), fs.readFileSync(at('l.log'), 'utf8').repeat(3000));
  const result = bash('"$NODE" "$CLI" log "$LOG" 2>&1 | head -n 1');
  expect(result).toMatch(/^20\S+ {2}Backup {3}[0-9A-F]{8} {2}success\nstatus 0\n$/);
});

it('prints a short help by groups, and one for each command', async () => {
  const { stdout, code, stderr } = await holdfast(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const group of ['Backup and restore:', 'Roll-forward logs:', 'Backup files:', 'Engine:', 'Help:'])
    expect(stdout).toContain(`\n${group}\n`);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)\b.* {2,}\S/gm)].map((match) => match[1] as string);
  expect(commands).toContain('failover');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  for (const command of commands.filter((name) => name !== 'help')) {
    const help = await holdfast(['help', command]);
    expect(help.stdout, command).toMatch(new RegExp(`^Usage: holdfast ${command} `));
    expect(Math.max(...help.stdout.split('\n').map((line) => line.length)), command).toBeLessThanOrEqual(80);
  }
  const version = JSON.parse(fs.readFileSync('package.json', 'utf8')).version as string;
  expect((await holdfast(['--version'])).stdout).toBe(`${version}\n`);
}, 120_000);
