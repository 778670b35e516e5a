// The command line about unattended work: the planner over a file, a drill with its report, what retention would remove.
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runCommandLine } from '../../headless/cli/program.ts';
import { createDatabase } from '../support/agent-lab.ts';
import { startEngine, until } from '../support/running-engine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function holdfast(...args: string[]): Promise<{ code: number; json: Record<string, never>; text: string }> {
  const write = process.stdout.write;
  let text = '';
  process.stdout.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    const code = await runCommandLine(args);
    return { code, text, json: args.includes('--json') ? JSON.parse(text) : {} };
  } finally {
    process.stdout.write = write;
  }
}

it('plans DSMASTER servers from a file, with no engine', async () => {
  const file = path.join(temporaryFolder(), 'tree.json');
  const servers = [
    { name: 'CHIP', dsmaster: true, replicas: [{ partition: 'TREE', type: 'MASTER' }] },
    { name: 'DALE', replicas: [{ partition: 'TREE', type: 'READONLY' }] },
  ];
  fs.writeFileSync(file, JSON.stringify({ servers }));
  const { code, json } = await holdfast('dsmaster', file, '--json');
  expect(code).toBe(0);
  expect(json).toMatchObject({ ok: true, plan: { ready: true } });
  expect((await holdfast('dsmaster', file)).text).toContain('Prepared: CHIP holds the whole tree');
  fs.writeFileSync(file, '{"servers":[{"name":"","replicas":[]}]}');
  expect(await holdfast('dsmaster', file, '--json')).toMatchObject({ code: 2, json: { name: 'INVALID_INPUT' } });
  fs.writeFileSync(file, 'no json');
  expect((await holdfast('dsmaster', file, '--json')).json.message).toContain('is not JSON');
});

it('runs a drill and judges the backups by name', async () => {
  const folder = temporaryFolder();
  const database = path.join(folder, 'files', 'directory.db');
  createDatabase(database, 50);
  const data = path.join(folder, 'data');
  const engine = await startEngine(data);
  onTestFinished(() => engine.kill());
  const instanceId = await engine.call(async (api) => {
    const { instanceId: id } = await api.instances.protect({
      ...{ server: null, name: 'Directory', path: database, backupFolder: null, logging: true, switchToWal: false },
    });
    for (let n = 0; n < 2; n++) {
      const { jobId } = await api.backup.start({ instanceId: id, type: 'full' });
      await until(
        'the backup ends',
        async () => (await api.jobs.log({ jobId })).job,
        (job) => job.endedAt !== null,
      );
    }
    return id;
  });
  const drill = await holdfast('drill', instanceId, '--data', data, '--json');
  expect(drill).toMatchObject({ code: 0, json: { ok: true, report: { status: 'passed', tables: [{ rows: 50 }] } } });
  const last = await holdfast('drill', instanceId, '--last', '--data', data);
  expect(last.text).toMatch(/PASSED[\s\S]*50 entry/);
  const judged = await holdfast('retention', instanceId, '--keep', '1', '--data', data, '--json');
  expect(judged.json.preview).toMatchObject({ remove: [{ reasons: [] }], keep: [{}] });
  expect((await holdfast('schedules', '--data', data, '--json')).json).toEqual({ ok: true, schedules: [] });
  expect((await holdfast('schedules', '--run', 'none', '--data', data, '--json')).code).toBe(2);
}, 120_000);
