// kill -9 of the agent in the middle of a cold backup: the database is as it was before, and no half of a backup counts.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createChildLauncher } from '../../core/agent/launch-child.ts';
import type { AgentProcess } from '../../core/agent/types.ts';
import { backup, count, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';

const entry = path.resolve(import.meta.dirname, '../support/crashing-agent-child.ts');
const launcher = createChildLauncher({ entry });

let lab: Lab;
let db: string;
let running: AgentProcess | null = null;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  db = lab.path('data', 'Directory.db');
  createDatabase(db);
});
afterEach(async () => {
  running?.kill();
  await running?.exited;
  running = null;
  delete process.env.HOLDFAST_CRASH_AT;
  await lab.close();
});

const points = ['cold.closed', 'backup.written', 'backup.committed', 'cold.copied'];

it.each(points)(
  'killed at %s',
  async (point) => {
    const first = lab.path('bak', 'first.bak');
    const before = await lab.agent();
    await before.api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
    await backup(before.api, 'Directory', { file: first });
    await before.agent.stop();
    process.env.HOLDFAST_CRASH_AT = point;
    running = await launcher.launch(lab.spec('SRV-1'));
    const { api, exited } = running;
    const file = lab.path('bak', 'cold.bak');
    const options = {
      type: 'full' as const,
      file,
      log: lab.path('bak', 'log'),
      cold: true,
      followUp: 'disabled' as const,
    };
    const events = (async () => {
      for await (const _ of await api.backup({ instance: 'Directory', options }));
    })().catch(() => {});
    await Promise.race([events, exited]);
    await exited;
    // The header of the file locks it until somebody looks after it.
    expect(() => sql(db, 'DELETE FROM entry')).toThrow();

    const next = await lab.agent();
    await expect.poll(async () => (await next.api.status({})).instances[0]?.state, { timeout: 15_000 }).toBe('Online');
    const { instances } = await next.api.status({});
    expect(instances[0]).toMatchObject({ writable: true, closed: null, error: null, outOfSync: false });
    sql(db, "INSERT INTO entry (name) VALUES ('afterwards')");
    expect(count(db)).toBe(201);
    // A backup that had reached the chain stays; one that had not is gone.
    const inChain = point === 'backup.committed' || point === 'cold.copied';
    expect(fs.existsSync(file)).toBe(inChain);
    expect(instances[0]!.lastFull?.file).toBe(inChain ? file : first);
  },
  120_000,
);
