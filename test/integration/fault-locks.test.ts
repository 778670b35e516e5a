// The locks that keep other programs from pulling the ground away: nothing that an agent does drops them, and no collector takes them.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { HoldfastError } from '../../core/contract/errors.ts';
import { systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { holdsReadMark } from '../../core/sqlite/lock-table.ts';
import {
  backup,
  collect,
  count,
  createDatabase,
  createLab,
  failure,
  holdOpen,
  type Lab,
  restore,
  sql,
} from '../support/agent-lab.ts';

let lab: Lab;
let agent: Agent;
let api: AgentApi;
let db: string;
let openings: string[] = [];

beforeEach(async () => {
  lab = createLab();
  db = lab.path('data', 'Directory.db');
  fs.mkdirSync(lab.path('bak'));
  createDatabase(db, 400);
  openings = [];
  let owned = new Set<number>();
  // Every descriptor of the protected file or its shared memory that is closed while the owner lives would drop its locks.
  const files = {
    ...systemFiles,
    openSync: ((...args: Parameters<typeof fs.openSync>) => {
      const fd = fs.openSync(...args);
      if ([db, `${db}-shm`].includes(String(args[0]))) owned.add(fd);
      return fd;
    }) as typeof fs.openSync,
    closeSync: ((fd: number) => {
      if (owned.delete(fd) && agent?.instances.get('Directory')?.owner) openings.push(new Error('closed').stack ?? '');
      fs.closeSync(fd);
    }) as typeof fs.closeSync,
  };
  owned = new Set();
  ({ agent, api } = await lab.agent('SRV-1', { files }));
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
});
afterEach(() => lab.close());

const held = () => holdsReadMark(systemFiles, fs.statSync(`${db}-shm`).ino, process.pid);

it.skipIf(process.platform !== 'linux')(
  'nothing that an agent is asked drops a lock of the protected file',
  async () => {
    const full = lab.path('bak', 'full.bak');
    const log = lab.path('l');
    const checked = async (what: string, work: () => Promise<unknown>) => {
      await work();
      expect(held(), `after ${what}`).toBe(true);
      expect(openings, what).toEqual([]);
      sql(db, `INSERT INTO entry (name) VALUES ('${what}')`);
    };
    await checked('a full', () => backup(api, 'Directory', { file: full }));
    await checked('an incremental', () =>
      backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') }),
    );
    await checked('a restore to a file', async () =>
      collect(await api.restoreToFile({ path: lab.path('r.db'), options: { file: full, log } })),
    );
    await checked('a scan for hazards', () => api.hazards({ instance: 'Directory' }));
    await checked('an inspection', () => api.inspect({ path: db }));
    await checked('a status', () => api.status({}));
    await checked('the logs', () => api.listLogs({ instance: 'Directory' }));
    await checked('a roll', () => api.setConfig({ instance: 'Directory', roll: true }));
    // Whatever names the protected file itself where a backup belongs is refused unopened.
    await checked('its header', () => failure(api.header({ file: db })));
    await checked('its verification', () => failure((async () => api.verify({ files: [db] }))()));
    await checked('a backup over it', async () => {
      const error = await backup(api, 'Directory', { file: db, overwrite: true }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(HoldfastError);
    });
    await checked('a backup log into it', () =>
      failure(backup(api, 'Directory', { file: lab.path('bak', 'x.bak'), log: db })),
    );
    const before = count(db);
    const run = await restore(api, 'Directory', { file: full });
    expect(run.error).toBeNull();
    expect(count(db)).toBeLessThan(before);
    expect(openings, 'a restore').toEqual([]);
  },
);

it.skipIf(process.platform !== 'linux').each(['capture', 'fence'])(
  'the collector takes no lock of an owner that nobody looks at any more: %s',
  async (mode) => {
    const file = lab.path('other.db');
    createDatabase(file, 20);
    // Somebody has it open, so that a fence has to be a lock that is held.
    const holder = await holdOpen(file);
    try {
      const child = path.resolve(import.meta.dirname, '../support/fault-gc-child.ts');
      const text = execFileSync(process.execPath, ['--expose-gc', child, file, mode], { encoding: 'utf8' });
      const { before, after } = JSON.parse(text) as { before: string[]; after: string[] };
      const marks = (locks: string[]) => locks.filter((lock) => lock.startsWith('-shm READ')).length;
      expect(marks(before), text).toBeGreaterThan(0);
      expect(marks(after), text).toBeGreaterThan(0);
      if (mode === 'fence') expect(after, text).toEqual(before);
    } finally {
      await holder.stop();
    }
  },
);
