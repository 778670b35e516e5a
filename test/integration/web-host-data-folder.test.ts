// One engine a data folder: the lock, what a dead engine leaves, and the note for the command line.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HoldfastError } from '../../core/contract/errors.ts';
import { isAlive, takeProcessLock } from '../../core/platform/process-lock.ts';
import { claimDataFolder } from '../../headless/engine-file.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-claim-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

const lockModule = pathToFileURL(path.resolve('core/platform/process-lock.ts')).href;

/** Another process that tries to take the lock and stays; resolves with what it printed. */
function contender(file: string, wait = ''): Promise<{ child: ChildProcess; said: string }> {
  const code = `
    import { existsSync } from 'node:fs';
    import { takeProcessLock } from ${JSON.stringify(lockModule)};
    const wait = ${JSON.stringify(wait)};
    while (wait && !existsSync(wait)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    console.log('release' in takeProcessLock(${JSON.stringify(file)}) ? 'taken' : 'refused');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve({ child, said: text.trim() }));
  });
}

describe('the lock', () => {
  it('belongs to one process while that lives, and is free once it was killed', async () => {
    const file = path.join(folder, 'engine.lock');
    const { child, said } = await contender(file);
    expect(said).toBe('taken');
    const refused = takeProcessLock(file);
    expect(refused).toMatchObject({ owner: { pid: child.pid } });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const taken = takeProcessLock(file);
    expect(taken).toHaveProperty('release');
    (taken as { release(): void }).release();
    expect(existsSync(file)).toBe(false);
  });

  it('goes to exactly one of several that find it stale at the same moment', async () => {
    for (let round = 0; round < 3; round++) {
      const file = path.join(folder, `race-${round}.lock`);
      const start = path.join(folder, `start-${round}`);
      writeFileSync(file, JSON.stringify({ pid: 2 ** 22 - 1, started: '1' }));
      const contenders = Array.from({ length: 6 }, () => contender(file, start));
      writeFileSync(start, '');
      const said = (await Promise.all(contenders)).map((one) => one.said);
      expect(said.filter((one) => one === 'taken')).toHaveLength(1);
    }
  });

  it('does not take a reused pid for the owner, nor damage for an owner', () => {
    expect(isAlive({ pid: process.pid, started: '1' })).toBe(process.platform !== 'linux');
    const file = path.join(folder, 'engine.lock');
    writeFileSync(file, '{"pid":');
    expect(takeProcessLock(file)).toHaveProperty('release');
  });
});

describe('a claim', () => {
  it('refuses a second engine by name and process', () => {
    const claim = claimDataFolder(folder);
    try {
      claimDataFolder(folder);
      expect.unreachable();
    } catch (error) {
      expect((error as HoldfastError).name).toBe('ENGINE_RUNNING');
      expect((error as HoldfastError).details).toMatchObject({ pid: process.pid, dataFolder: folder });
    }
    claim.release();
    claimDataFolder(folder).release();
  });

  it('keeps the note to its owner and removes it, also one that a killed engine left', () => {
    const note = path.join(folder, 'engine.json');
    writeFileSync(note, '{"pid":1,"port":1,"token":"old"}');
    const claim = claimDataFolder(folder);
    expect(existsSync(note)).toBe(false);
    claim.publish({ pid: process.pid, port: 4870, token: 'secret' });
    expect(statSync(note).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(note, 'utf8'))).toEqual({ pid: process.pid, port: 4870, token: 'secret' });
    claim.release();
    expect(existsSync(note)).toBe(false);
    expect(existsSync(path.join(folder, 'engine.lock'))).toBe(false);
  });
});
