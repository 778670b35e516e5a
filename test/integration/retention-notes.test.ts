// Retention and restores that know nothing of one another but what lies beside the backups: other processes, killed ones, other machines.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import { bindingNotes, leaveNotes } from '../../core/backup/use-notes.ts';
import { createEngine } from '../../core/engine.ts';
import { type Files, systemFiles } from '../../core/platform/files.ts';
import { inProcessConsole } from '../../core/rpc/serve.ts';
import { backup, collect, count, createDatabase, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';
import { until } from '../support/running-engine.ts';

const entry = fileURLToPath(new URL('../../headless/agent.ts', import.meta.url));
let lab: Lab;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
});
afterEach(() => lab.close());

const bak = (name: string) => lab.path('bak', name);
const notes = () => fs.readdirSync(lab.path('bak')).filter((name) => name.startsWith('.holdfast-'));

/** A command line in a process of its own, with the lines that it writes. */
function other(...words: string[]): { child: ChildProcess; line(): Promise<string> } {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'reading-child.ts'), ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** An agent with a database and two chains of it. */
async function twoChains(deps: Parameters<Lab['agent']>[1] = {}) {
  const db = lab.path('data', 'Directory.db');
  createDatabase(db, 50);
  const { api } = await lab.agent('SRV-1', deps);
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
  const old = await backup(api, 'Directory', { file: bak('old.bak') });
  await backup(api, 'Directory', { file: bak('new.bak') });
  return { api, old };
}

const intoFile = (file: string) => ({
  path: lab.path('copy.db'),
  options: { file, log: lab.path('log'), skipVerify: true },
});

describe('a restore in another process', () => {
  it('keeps its backup from the retention of an engine, which says why; once it is killed the next run goes on', async () => {
    const file = lab.path('data', 'directory.db');
    createDatabase(file, 50);
    const launcher = createChildLauncher({ entry });
    const engine = createEngine({ dataFolder: lab.path('engine'), host: 'headless', launcher });
    await engine.start();
    onTestFinished(() => engine.stop());
    const api = inProcessConsole(engine.router);
    const { instanceId } = await api.instances.protect({
      ...{
        server: null,
        name: 'Directory',
        path: file,
        backupFolder: lab.path('bak'),
        logging: true,
        switchToWal: false,
      },
    });
    const ended = (jobId: string) =>
      until(
        'the job ends',
        async () => (await api.jobs.log({ jobId })).job,
        (job) => job.endedAt !== null,
      );
    for (let n = 0; n < 3; n++) {
      sql(file, "INSERT INTO entry (name) VALUES ('more')");
      await ended((await api.backup.start({ instanceId, type: 'full' })).jobId);
    }
    await api.retention.setPolicy({ instanceId, policy: { keepFulls: 1, keepDays: null, manual: true } });
    const before = await api.retention.preview({ instanceId });
    expect(before.remove).toHaveLength(2);
    const held = before.remove[0]!;

    const { child, line } = other('hold', held.full, lab.path('copy.db'), 'none');
    expect(await line()).toBe('reading');
    const during = await api.retention.preview({ instanceId });
    expect(during.remove.map(({ idtag }) => idtag)).not.toContain(held.idtag);
    const reasons = during.keep.find(({ idtag }) => idtag === held.idtag)?.reasons;
    expect(reasons?.join()).toContain(`(process ${child.pid} on ${os.hostname()})`);
    expect(reasons?.join()).toContain(lab.path('copy.db'));
    await ended((await api.retention.run({ instanceId })).jobId);
    expect(held.files.every((one) => fs.existsSync(one))).toBe(true);

    await killed(child);
    const after = await api.retention.preview({ instanceId });
    expect(after.remove.map(({ idtag }) => idtag)).toEqual([held.idtag]);
    const { verdict } = await ended((await api.retention.run({ instanceId })).jobId);
    expect(verdict).toContain('removed');
    expect(held.files.some((one) => fs.existsSync(one))).toBe(false);
    expect(notes()).toEqual([]);
  }, 120_000);

  it('keeps it from an agent that is asked to remove it, and is done with it when it ends', async () => {
    const { api, old } = await twoChains();
    const { line } = other('hold', old.file, lab.path('copy.db'));
    expect(await line()).toBe('reading');
    await expect(api.removeBackups({ files: old.files })).rejects.toMatchObject({
      name: 'RESTORE_ACTIVE',
      message: expect.stringContaining('a restore into'),
    });
    expect((await api.readings({ files: [old.file, bak('new.bak')] })).readings.map(({ file }) => file)).toContain(
      old.file,
    );
    fs.writeFileSync(lab.path('copy.db.go'), '');
    expect(await line()).toBe('restored');
    expect(count(lab.path('copy.db'))).toBe(50);
    await until(
      'the note is gone',
      async () => notes().length,
      (left) => left === 0,
    );
    expect((await api.removeBackups({ files: old.files })).removed).toEqual(old.files);
  }, 120_000);

  it('either has the whole backup or is refused before it reads, however the two meet', async () => {
    const { api, old } = await twoChains();
    const rounds = 8;
    const folder = lab.path('race');
    fs.mkdirSync(folder);
    // Each has the one that is raced for, and the whole folder is searched for increments: rounds must not share one.
    for (let n = 0; n < rounds; n++) fs.copyFileSync(old.file, path.join(folder, `r${n}.bak`));
    const { line } = other('each', folder, String(rounds));
    const seen: string[] = [];
    for (let n = 0; n < rounds; n++) {
      expect(await line()).toBe(`begin ${n}`);
      let gone = false;
      const removing = (async () => {
        while (!gone)
          gone = (await failure(api.removeBackups({ files: [path.join(folder, `r${n}.bak`)] }))) === 'no failure';
      })();
      const [outcome = '', ...rest] = (await line()).split(' ');
      seen.push(outcome);
      if (outcome === 'restored') expect(count(path.join(folder, `r${n}.db`))).toBe(50);
      else {
        expect(['BACKUP_ACTIVE', 'NOT_FOUND']).toContain(outcome);
        expect(rest.join(' ')).toBe(`unread ${n}`);
        expect(fs.existsSync(path.join(folder, `r${n}.db`))).toBe(false);
      }
      await removing;
    }
    expect(seen).toHaveLength(rounds);
  }, 120_000);
});

describe('a note beside backups', () => {
  it('that nobody stands behind any more binds nobody; one that cannot be judged from here binds for a while', async () => {
    const { api, old } = await twoChains();
    const { child, line } = other('hold', old.file, lab.path('copy.db'));
    expect(await line()).toBe('reading');
    const [name] = notes();
    const text = JSON.parse(fs.readFileSync(bak(name!), 'utf8')) as Record<string, unknown>;
    await killed(child);
    const remove = () => failure(api.removeBackups({ files: old.files }));
    const leave = (changes: Record<string, unknown>, age = 0) => {
      for (const one of notes()) fs.rmSync(bak(one));
      fs.writeFileSync(bak(name!), JSON.stringify({ ...text, ...changes }));
      const at = (Date.now() - age) / 1000;
      fs.utimesSync(bak(name!), at, at);
    };
    const day = 86_400_000;
    leave({ host: 'another-machine', boot: 'its own' });
    expect(await remove()).toBe('RESTORE_ACTIVE');
    leave({ boot: 'before the last start' });
    expect(await remove()).toBe('RESTORE_ACTIVE');
    // Here the process itself is asked, and no time counts.
    leave({ pid: process.ppid, started: null }, day);
    expect(await remove()).toBe('RESTORE_ACTIVE');
    fs.writeFileSync(bak(name!), '{"pid":');
    expect(await remove()).toBe('RESTORE_ACTIVE');
    leave({ names: ['another.bak'], boot: 'its own' });
    expect((await api.readings({ files: old.files })).readings).toEqual([]);
    // The same number, another process.
    leave({ pid: process.pid });
    expect((await api.readings({ files: old.files })).readings).toEqual([]);
    expect(notes()).toEqual([]);
    leave({ host: 'another-machine', boot: 'its own' }, day);
    expect(await remove()).toBe('no failure');
    expect(notes()).toEqual([]);
  }, 120_000);

  it('of a removal refuses a restore before it reads', async () => {
    const { api, old } = await twoChains();
    const removal = leaveNotes('removing', 'the test', new Map([[lab.path('bak'), ['old.bak']]]), systemFiles);
    await expect(collect(await api.restoreToFile(intoFile(old.file)))).rejects.toMatchObject({ name: 'BACKUP_ACTIVE' });
    expect(fs.existsSync(lab.path('copy.db'))).toBe(false);
    removal.release();
    expect((await collect(await api.restoreToFile(intoFile(old.file)))).error).toBeNull();
    expect(notes()).toEqual([]);
  }, 120_000);

  it('that cannot be left does not keep a restore from a medium that is read-only, which says so', async () => {
    const readOnly = (file: string) => {
      if (path.basename(String(file)).startsWith('.holdfast-'))
        throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    };
    const openSync = ((file: string, ...rest: [string]) => {
      readOnly(file);
      return systemFiles.openSync(file, ...rest);
    }) as Files['openSync'];
    const { api, old } = await twoChains({ files: { ...systemFiles, openSync } });
    const lines: string[] = [];
    for await (const event of await api.restoreToFile(intoFile(old.file)))
      if (event.kind === 'log') lines.push(event.line);
    expect(lines.join('\n')).toContain(`No note could be left in ${lab.path('bak')}`);
    expect(count(lab.path('copy.db'))).toBe(50);
    expect(bindingNotes('reading', lab.path('bak'), Date.now(), systemFiles)).toEqual([]);
  }, 120_000);
});
