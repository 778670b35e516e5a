// The reader that needs no Holdfast: what it writes is what a restore writes, and it refuses every kind of damage in a sentence.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackupOptions } from '../../core/contract/backup.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { collect, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';
import { digest } from '../support/command-line.ts';

const script = path.resolve(import.meta.dirname, '../../build/standalone/holdfast-extract.mjs');
const SEED = 4711;

function extract(words: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [script, ...words],
      { env: { ...process.env, ...env } },
      (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    );
    child.stdin?.end();
  });
}

const PASSWORD = 'grüße, 7 Zwerge';

let lab: Lab;
let api: AgentApi;
let db: string;
const at = (name: string) => lab.path('bak', name);

async function backUp(file: string, options: Partial<BackupOptions>): Promise<void> {
  const secrets = options.encrypt ? { pages: PASSWORD } : {};
  const full = { type: 'full' as const, file: at(file), log: at('log'), ...options };
  for await (const _ of await api.backup({ instance: 'Directory', options: full, secrets }));
}

beforeAll(async () => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  ({ api } = await lab.agent());
  db = lab.path('data', 'Directory.db');
  createDatabase(db, 2000);
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  await backUp('plain.bak', { compression: 'none' });
  await backUp('secret.bak', { encrypt: true });
  await backUp('parts.bak', { partBytes: 200_000 });
  fs.writeFileSync(lab.path('large'), randomBytes(3_000_000));
  fs.writeFileSync(lab.path('include'), lab.path('large'));
  await backUp('files.bak', { include: lab.path('include'), partBytes: 900_000 });
  await backUp('chain.bak', {});
  sql(
    db,
    "UPDATE entry SET name = 'changed' WHERE id % 3 = 0; CREATE TABLE more (x); INSERT INTO more SELECT body FROM entry",
  );
  await backUp('one.bak', { type: 'incremental' });
  sql(db, 'DROP TABLE more; VACUUM');
  await backUp('two.bak', { type: 'incremental' });
});
afterAll(() => lab.close());

describe('the standalone reader', () => {
  const cases = {
    'a full without compression': ['plain.bak'],
    'a full in parts': ['parts.bak'],
    'a full with its incrementals': ['chain.bak', 'one.bak', 'two.bak'],
    'an encrypted full': ['secret.bak'],
    'a full with files behind its pages': ['files.bak'],
  };
  it.each(Object.entries(cases))('writes %s as a restore does, byte by byte', async (_name, files) => {
    const [file, ...incrementals] = files.map(at) as [string, ...string[]];
    const full = file;
    const password = files.includes('secret.bak');
    const target = lab.path(`${files.join('-')}.restored`);
    const secrets = password ? { pages: PASSWORD } : {};
    const options = { file, incrementals, log: at('log') };
    const run = await collect(await api.restoreToFile({ path: target, options, secrets }));
    expect(run.error).toBeNull();
    const out = lab.path(`${files.join('-')}.extracted`);
    const env = password ? { HOLDFAST_PASSWORD: PASSWORD } : {};
    const ran = await extract([out, full, ...incrementals], env);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(digest(out)).toBe(digest(target));
    expect(sql(out, 'PRAGMA integrity_check')).toBe('ok');
    expect(fs.existsSync(`${out}.unfinished`)).toBe(false);
    expect((await extract(['--check', full, ...incrementals], env)).out).toContain('Every checksum is right');
    expect((await extract([out, full], env)).err).toContain('exists');
  });
});

describe('the standalone reader refuses', () => {
  /** Runs on a copy of the set in a folder of its own that `harm` has changed; the target must not be there afterwards. */
  async function refused(name: string, files: string[], harm: (folder: string) => void, password?: string) {
    const folder = lab.path(`harm-${name}`);
    fs.mkdirSync(folder);
    const parts = fs.readdirSync(lab.path('bak')).filter((one) => files.some((file) => one.startsWith(file)));
    for (const part of parts) fs.copyFileSync(at(part), path.join(folder, part));
    harm(folder);
    const out = path.join(folder, 'out.db');
    const env = password === undefined ? {} : { HOLDFAST_PASSWORD: password };
    const { code, err } = await extract([out, ...files.map((file) => path.join(folder, file))], env);
    expect(code, err).toBe(1);
    expect(err.trim().split('\n'), err).toHaveLength(1);
    expect(fs.readdirSync(folder).filter((one) => one.startsWith('out.db'))).toEqual([]);
    return err;
  }
  const patch = (file: string, change: (bytes: Buffer) => Buffer | null) => {
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(file, change(bytes) ?? bytes);
  };

  it('a file that is cut off, at any place', async () => {
    const { size } = fs.statSync(at('plain.bak'));
    for (const [i, length] of [0, 100, 5_000, 60_000, size - 1].entries())
      expect(
        await refused(`cut-${i}`, ['plain.bak'], (folder) => fs.truncateSync(path.join(folder, 'plain.bak'), length)),
      ).toMatch(/cut off|not a Holdfast backup/);
  });

  it(`a flipped bit of any kind of byte (seed ${SEED})`, async () => {
    const { size } = fs.statSync(at('plain.bak'));
    const start = fs.readFileSync(at('plain.bak')).indexOf('</backup>');
    const places = {
      xml: 200,
      padding: start - 1,
      version: start + 17,
      record: start + 80,
      zeros: start + 12_000,
      size: size - 70,
    };
    const random = [0.3, 0.55, 0.8, 0.97].map((share) => Math.floor(share * size) + (SEED % 97));
    for (const [name, place] of [...Object.entries(places), ...random.entries()])
      expect(
        await refused(`flip-${name}`, ['plain.bak'], (folder) =>
          patch(path.join(folder, 'plain.bak'), (bytes) => {
            bytes[place]! ^= 1 << (SEED % 8);
            return null;
          }),
        ),
        String(name),
      ).toContain('is damaged');
  });

  it('bytes after the end, another file, a newer format', async () => {
    const harm = (change: (bytes: Buffer) => Buffer | null) => (folder: string) =>
      patch(path.join(folder, 'plain.bak'), change);
    expect(
      await refused(
        'longer',
        ['plain.bak'],
        harm((bytes) => Buffer.concat([bytes, Buffer.from('x')])),
      ),
    ).toContain('after its end');
    expect(
      await refused(
        'foreign',
        ['plain.bak'],
        harm(() => fs.readFileSync(db)),
      ),
    ).toContain('not a Holdfast backup');
    expect(
      await refused(
        'text',
        ['plain.bak'],
        harm(() => Buffer.from('<?xml version="1.0"?><backup></backup>')),
      ),
    ).toMatch(/cut off|not a Holdfast/);
    const newer = (bytes: Buffer) => {
      const from = bytes.indexOf('</backup>') + 9;
      const preamble = bytes.subarray(from, from + bytes.readUInt32LE(from + 12));
      preamble.writeUInt32LE(9, 8);
      preamble.fill(0, 20, 24);
      preamble.writeUInt32LE(crc32(preamble), 20);
      return null;
    };
    expect(await refused('newer', ['plain.bak'], harm(newer))).toContain('newer Holdfast: format 9');
  });

  it('parts that are missing, exchanged or not the first', async () => {
    const second = 'parts.bak.00001';
    const third = 'parts.bak.00002';
    expect(await refused('gone', ['parts.bak'], (folder) => fs.rmSync(path.join(folder, second)))).toContain(
      `${second} is in no folder`,
    );
    const swap = (folder: string) => {
      fs.renameSync(path.join(folder, second), path.join(folder, 'x'));
      fs.renameSync(path.join(folder, third), path.join(folder, second));
      fs.renameSync(path.join(folder, 'x'), path.join(folder, third));
    };
    expect(await refused('swapped', ['parts.bak'], swap)).toContain('is not part 2 of this backup');
    expect(await refused('later', [second], () => {})).toContain('give the first');
    const elsewhere = lab.path('elsewhere');
    fs.mkdirSync(elsewhere);
    const moved = lab.path('moved');
    fs.mkdirSync(moved);
    for (const part of fs.readdirSync(lab.path('bak')).filter((one) => one.startsWith('parts.bak')))
      fs.copyFileSync(at(part), path.join(part === second ? elsewhere : moved, part));
    const { code } = await extract(['--check', path.join(moved, 'parts.bak'), '--search', elsewhere]);
    expect(code).toBe(0);
  });

  it('a flipped bit in a file that went along', async () => {
    const last = fs
      .readdirSync(lab.path('bak'))
      .filter((one) => one.startsWith('files.bak'))
      .sort()
      .at(-1)!;
    const harm = (folder: string) =>
      patch(path.join(folder, last), (bytes) => {
        bytes[bytes.length - 1000]! ^= 4;
        return null;
      });
    expect(await refused('along', ['files.bak'], harm)).toContain('file block');
  });

  it('an incremental alone, of another chain, or with one left out', async () => {
    const nothing = () => {};
    expect(await refused('alone', ['one.bak'], nothing)).toContain('is an incremental');
    expect(await refused('other', ['plain.bak', 'one.bak'], nothing)).toContain('does not continue');
    expect(await refused('left-out', ['chain.bak', 'two.bak'], nothing)).toContain('does not continue');
  });

  it('a wrong password, none, and an encrypted block that was changed', async () => {
    const nothing = () => {};
    expect(await refused('wrong', ['secret.bak'], nothing, 'grusse')).toContain('The password does not open');
    expect(await refused('none', ['secret.bak'], nothing)).toContain('is encrypted');
    const changed = (folder: string) =>
      patch(path.join(folder, 'secret.bak'), (bytes) => {
        const block = bytes.indexOf('HFB1');
        const stored = bytes.subarray(block + 64, block + 64 + bytes.readUInt32LE(block + 24));
        stored[10]! ^= 1;
        bytes.writeUInt32LE(crc32(stored), block + 56);
        bytes.writeUInt32LE(crc32(bytes.subarray(block, block + 60)), block + 60);
        return null;
      });
    expect(await refused('changed', ['secret.bak'], changed, PASSWORD)).toContain('changed after it was encrypted');
  });
});
