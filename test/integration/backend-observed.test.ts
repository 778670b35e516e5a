// What is seen around the second of two files: who holds its WAL, its logs, its hazards, and logging that cannot go on in it alone.
import { spawn } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { HoldfastError } from '../../core/contract/errors.ts';
import { createLab, sql } from '../support/agent-lab.ts';
import { createPair } from '../support/pair-lab.ts';

const within = { timeout: 20_000 };

/** A program with a read transaction on `file`, until the test ends or it is stopped. */
async function reader(file: string): Promise<{ pid: number; stop(): void }> {
  const script = `import sqlite3,sys\nc=sqlite3.connect(${JSON.stringify(file)}, isolation_level=None)\nc.execute('BEGIN')\nc.execute('SELECT count(*) FROM entry').fetchall()\nprint('ready')\nsys.stdin.read()`;
  const child = spawn('python3', ['-uc', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the reader ended')));
  });
  child.removeAllListeners('exit');
  return { pid: child.pid as number, stop: () => child.stdin.end() };
}

it('shows holds, logs and hazards of each file, and names the file', async () => {
  const lab = createLab();
  onTestFinished(() => lab.close());
  const pair = createPair(lab);
  const { agent, api } = await lab.agent();
  await api.protect({
    ...{ instance: 'Directory', path: pair.first, replica: 1, logging: true, backendId: 'userRoot' },
    backends: [{ id: 'schema', path: pair.second }],
  });
  const status = async () => (await api.status({})).instances[0]!;
  const second = async () => (await status()).backends![1]!;
  const held = await reader(pair.second);
  sql(pair.second, 'UPDATE entry SET body = randomblob(300)');
  await expect.poll(async () => (await second()).walPins?.map(({ pid }) => pid), within).toEqual([held.pid]);
  const seen = await status();
  expect(seen.walPins).toMatchObject([{ pid: held.pid, kind: 'reader', backend: 'schema' }]);
  expect(seen.backends?.[0]).toMatchObject({ id: 'userRoot', walPins: [] });
  expect(seen.backends?.[1]?.wal?.frames).toBeGreaterThan(0);
  held.stop();
  await expect.poll(async () => (await status()).walPins, within).toEqual([]);

  await api.setConfig({ instance: 'Directory', roll: true });
  expect((await second()).logging).toMatchObject({
    ...{ on: true, currentLog: '00000002.log', lastNotUsed: '00000001.log', logCount: 2 },
    ...{ directory: expect.stringContaining('schema'), firstNeeded: { log: '00000001.log' } },
  });

  const report = await api.hazards({ instance: 'Directory' });
  expect(report.hazards.find(({ code }) => code === 'PAGE_SIZE')).toMatchObject({ backends: ['schema'] });
  expect(report.facts).toContainEqual({ label: 'Page size of schema', value: '1024 bytes' });
  expect((await status()).hazards?.find(({ code }) => code === 'PAGE_SIZE')).toMatchObject({ backends: ['schema'] });

  // Its logs cannot be written: that is an error of the instance, which says of which file.
  const further = agent.instance('Directory').further[0]!;
  further.observed.lagging = new HoldfastError('IO_ERROR', 'its state is behind').report();
  expect((await status()).error?.message).toBe('Backend schema: its state is behind');
  further.observed.lagging = null;
  expect((await status()).error).toBeNull();
});
