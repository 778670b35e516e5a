// Each rule of roll-forward logging by its name, on a real agent and a real database.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import type { InstanceStatus, LoggingConfig } from '../../core/contract/instance.ts';
import { systemFiles } from '../../core/platform/files.ts';
import { readLogHeader } from '../../core/rollforward/log-reader.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, createDatabase, createLab, failure, type Lab, restore, sql } from '../support/agent-lab.ts';

interface Bench {
  lab: Lab;
  agent: Agent;
  api: AgentApi;
  db: string;
  status(): Promise<InstanceStatus>;
  config(): Promise<LoggingConfig>;
  set(change: Omit<Parameters<AgentApi['setConfig']>[0], 'instance'>): Promise<LoggingConfig>;
  full(name: string): Promise<string>;
  incremental(name: string): Promise<string>;
  write(): void;
  serialOf(log: string): Promise<string>;
}

const instance = 'Directory';
let lab: Lab;
beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
});
afterEach(() => lab.close());

async function bench(logging = true): Promise<Bench> {
  const db = lab.path('data', 'Directory.db');
  createDatabase(db);
  const { agent, api } = await lab.agent();
  await api.protect({ instance, path: db, replica: 1, logging });
  const status = async () => (await api.status({})).instances[0]!;
  const take = async (type: 'full' | 'incremental', name: string) => {
    const file = lab.path('bak', name);
    await backup(api, instance, { type, file });
    return file;
  };
  return {
    lab,
    agent,
    api,
    db,
    status,
    config: () => api.getConfig({ instance }),
    set: (change) => api.setConfig({ instance, ...change }),
    full: (name) => take('full', name),
    incremental: (name) => take('incremental', name),
    write: () => sql(db, "INSERT INTO entry (name) VALUES ('x')"),
    serialOf: async (log) =>
      readLogHeader(path.join((await api.getConfig({ instance })).directory, log), systemFiles).serial,
  };
}

const rules: [string, (b: Bench) => Promise<void>, boolean?][] = [
  [
    'is off by default, with the limits of the field',
    async ({ config }) => {
      expect(await config()).toMatchObject({ on: false, minBytes: 104_857_600, maxBytes: 4_294_705_152 });
    },
    false,
  ],
  [
    'on begins a new log with a new serial, and requires a full backup with the reason',
    async ({ set, full, status, serialOf, write }) => {
      await full('f.bak');
      const on = await set({ on: true });
      expect(on).toMatchObject({ on: true, currentLog: '00000001.log' });
      expect(await status()).toMatchObject({
        fullRequired: true,
        fullRequiredReason: 'Roll-forward logging was turned on',
      });
      const serial = await serialOf(on.currentLog);
      write();
      await set({ on: false });
      const again = await set({ on: true });
      expect(again.currentLog).toBe('00000002.log');
      expect(await serialOf(again.currentLog)).not.toBe(serial);
      await full('g.bak');
      expect((await status()).fullRequired).toBe(false);
    },
    false,
  ],
  [
    'an unchanged setting changes nothing',
    async ({ set, config, full, status }) => {
      await full('f.bak');
      const { directory, minBytes, maxBytes, currentLog } = await config();
      expect(await set({ on: true, directory, minBytes, maxBytes })).toMatchObject({ currentLog });
      expect((await status()).fullRequired).toBe(false);
    },
  ],
  [
    'off keeps the logs that are there; an incremental is refused once it is on again',
    async ({ set, full, incremental, config }) => {
      await full('f.bak');
      await set({ on: false });
      expect((await config()).logCount).toBe(1);
      await set({ on: true });
      expect(await failure(incremental('i.bak'))).toBe('FULL_BACKUP_REQUIRED');
    },
  ],
  [
    'another folder: it must exist, logs stay where they are, a new run begins in nds.rfl, a full is required',
    async ({ set, full, config, status, serialOf }) => {
      await full('f.bak');
      const before = await config();
      const serial = await serialOf(before.currentLog);
      expect(await failure(set({ directory: lab.path('none', 'here') }))).toBe('NOT_FOUND');
      fs.mkdirSync(lab.path('other'));
      const moved = await set({ directory: lab.path('other') });
      expect(moved).toMatchObject({ directory: lab.path('other', 'nds.rfl'), currentLog: '00000001.log' });
      expect(fs.existsSync(path.join(before.directory, before.currentLog))).toBe(true);
      expect(await serialOf(moved.currentLog)).not.toBe(serial);
      expect((await status()).fullRequiredReason).toBe('The roll-forward logs were moved');
    },
  ],
  [
    'a folder with the logs of another database is refused',
    async ({ set, api, db }) => {
      createDatabase(lab.path('data', 'Other.db'));
      await api.protect({ instance: 'Other', path: lab.path('data', 'Other.db'), replica: 1, logging: true });
      const other = await api.getConfig({ instance: 'Other' });
      expect(await failure(set({ directory: other.directory }))).toBe('DUPLICATE');
      await api.release({ instance: 'Other' });
      expect(await failure(set({ directory: other.directory }))).toBe('LOG_DATABASE_MISMATCH');
      expect(fs.readdirSync(other.directory)).toEqual(['00000001.log']);
      expect(db).toBeTruthy();
    },
  ],
  [
    'sizes are clamped, never refused: the maximum wins over the minimum',
    async ({ set }) => {
      expect(await set({ minBytes: 9e9, maxBytes: 9e9 })).toMatchObject({
        minBytes: 4_294_705_152,
        maxBytes: 4_294_705_152,
      });
      expect(await set({ minBytes: 500_000, maxBytes: 100_000 })).toMatchObject({
        minBytes: 100_000,
        maxBytes: 100_000,
      });
      expect(await set({ maxBytes: 1 })).toMatchObject({ minBytes: 65_536, maxBytes: 65_536 });
    },
  ],
  [
    'a size changes nothing of the run: same serial, no full required',
    async ({ set, full, status, config, serialOf, write }) => {
      await full('f.bak');
      const { currentLog } = await config();
      const serial = await serialOf(currentLog);
      await set({ minBytes: 200_000 });
      write();
      const rolled = await set({ roll: true });
      expect(await serialOf(rolled.currentLog)).toBe(serial);
      expect((await status()).fullRequired).toBe(false);
    },
  ],
  [
    'names count in hexadecimal: after 00000009 comes 0000000a',
    async ({ set, config }) => {
      for (let i = 0; i < 9; i++) await set({ roll: true });
      expect(await config()).toMatchObject({ currentLog: '0000000a.log', lastNotUsed: '00000009.log' });
    },
  ],
  [
    'roll now does nothing while logging is off',
    async ({ set }) => {
      expect(await set({ roll: true })).toMatchObject({ on: false, logCount: 0, lastNotUsed: null });
    },
    false,
  ],
  [
    'every change is refused while a backup or a restore runs, with its code',
    async ({ set, agent, api }) => {
      const one = agent.instance(instance);
      for (const [kind, code] of [
        ['backup', 'BACKUP_ACTIVE'],
        ['restore', 'RESTORE_ACTIVE'],
      ] as const) {
        let end = () => {};
        const running = one.exclusively(kind, new AbortController().signal, () => new Promise<void>((r) => (end = r)));
        for (const change of [
          { on: false },
          { directory: lab.path('bak') },
          { minBytes: 9 },
          { maxBytes: 99_999 },
          { roll: true },
          { stopWhenFull: true },
        ])
          expect(await failure(set(change))).toBe(code);
        expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log'] }))).toBe(code);
        end();
        await running;
      }
    },
  ],
  [
    'a rollback-journal database cannot be logged',
    async ({ api }) => {
      const file = lab.path('data', 'Rollback.db');
      sql(file, 'CREATE TABLE entry (id INTEGER PRIMARY KEY)');
      await api.protect({ instance: 'Rollback', path: file, replica: 1, logging: false });
      expect(await failure(api.setConfig({ instance: 'Rollback', on: true }))).toBe('JOURNAL_MODE');
    },
  ],
  [
    'a standby writes no logs of its own',
    async ({ api }) => {
      await api.attachStandby({ instance: 'Copy', path: lab.path('data', 'Copy.db'), replica: 2 });
      expect(await failure(api.setConfig({ instance: 'Copy', on: true }))).toBe('NOT_SUPPORTED');
    },
  ],
  [
    'a restore turns logging off and puts it at the default place; a full is required, with the reason',
    async ({ set, full, status, api }) => {
      fs.mkdirSync(lab.path('other'));
      await set({ directory: lab.path('other') });
      const file = await full('f.bak');
      const { error } = await restore(api, instance, { file, activate: true, skipVerify: true });
      expect(error).toBeNull();
      const after = await status();
      expect(after.logging).toMatchObject({ on: false, directory: path.join(after.home, 'nds.rfl') });
      expect(after).toMatchObject({ fullRequired: true });
      expect(after.fullRequiredReason).toMatch(/^Backup [0-9A-F]{8} was restored$/);
    },
  ],
  [
    'with -s a restore keeps the settings, in a new run; a full is required all the same',
    async ({ set, full, status, api, serialOf, config }) => {
      fs.mkdirSync(lab.path('other'));
      await set({ directory: lab.path('other') });
      const serial = await serialOf((await config()).currentLog);
      const file = await full('f.bak');
      const run = await restore(api, instance, { file, activate: true, skipVerify: true, keepLogSettings: true });
      expect(run.error).toBeNull();
      await expect.poll(async () => (await status()).state, { timeout: 15_000 }).toBe('Online');
      const after = await config();
      expect(after).toMatchObject({ on: true, directory: lab.path('other', 'nds.rfl'), currentLog: '00000002.log' });
      expect(await serialOf(after.currentLog)).not.toBe(serial);
      expect((await status()).fullRequired).toBe(true);
    },
  ],
  [
    'logs go only once a newer full exists and no older one that needs them is kept; the current one never',
    async ({ set, full, incremental, api, config, write }) => {
      const first = await full('f.bak');
      write();
      await set({ roll: true });
      await incremental('i.bak');
      expect((await config()).safeToDelete).toEqual([]);
      write();
      await set({ roll: true });
      await full('g.bak');
      const kept = await config();
      expect(kept).toMatchObject({ currentLog: '00000003.log', safeToDelete: [] });
      expect(kept.firstNeeded?.reason).toMatch(/^Needed by full backup [0-9A-F]{8}\.$/);
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log'] }))).toBe('LOG_NEEDED');
      await api.removeBackups({ files: [first, lab.path('bak', 'i.bak')] });
      const rows = await api.listLogs({ instance });
      expect(rows.map(({ standing }) => standing)).toEqual(['safe', 'safe', 'current']);
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log', '00000003.log'] }))).toBe('LOG_NEEDED');
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log', '../f.bak'] }))).toBe('INVALID_INPUT');
      expect(await failure(api.deleteLogs({ instance, logs: ['00000099.log'] }))).toBe('NOT_FOUND');
      expect((await config()).logCount).toBe(3);
      expect((await api.deleteLogs({ instance, logs: ['00000002.log', '00000001.log'] })).deleted).toEqual([
        '00000001.log',
        '00000002.log',
      ]);
      expect(await config()).toMatchObject({ currentLog: '00000003.log', logCount: 1, safeToDelete: [] });
      await incremental('j.bak');
    },
  ],
  [
    'deleting looks again: a backup that came back meanwhile keeps its logs',
    async ({ set, full, api, write, config }) => {
      const first = await full('f.bak');
      write();
      await set({ roll: true });
      await full('g.bak');
      fs.renameSync(first, lab.path('f.bak'));
      const safe = (await api.listLogs({ instance })).filter(({ standing }) => standing === 'safe');
      expect(safe.map(({ log }) => log)).toEqual(['00000001.log']);
      fs.renameSync(lab.path('f.bak'), first);
      expect((await config()).safeToDelete).toEqual(['00000001.log']);
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log'] }))).toBe('LOG_NEEDED');
      expect((await config()).safeToDelete).toEqual([]);
    },
  ],
  [
    'backups in another folder that the caller knows of are looked at as well',
    async ({ set, full, api, write }) => {
      const first = await full('f.bak');
      write();
      await set({ roll: true });
      await full('g.bak');
      fs.mkdirSync(lab.path('copies'));
      fs.renameSync(first, lab.path('copies', 'f.bak'));
      expect((await api.listLogs({ instance })).map((row) => row.standing)).toEqual(['safe', 'current']);
      const folders = [lab.path('copies')];
      expect((await api.listLogs({ instance, folders })).map((row) => row.standing)).toEqual(['needed', 'current']);
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log'], folders }))).toBe('LOG_NEEDED');
    },
  ],
  [
    'copies on other servers keep the logs as well, and a server that cannot be asked keeps all',
    async ({ set, full, api, write, config }) => {
      const first = await full('f.bak');
      write();
      await set({ roll: true });
      await full('g.bak');
      const { info } = await api.header({ file: first });
      const { idtag, type, currentLog, logSerial } = info;
      fs.rmSync(first);
      const standings = async (elsewhere: NonNullable<Parameters<AgentApi['listLogs']>[0]['elsewhere']>) =>
        (await api.listLogs({ instance, elsewhere })).map((row) => row.standing);
      expect(await standings({ kept: [], unreadable: 'SRV-2' })).toEqual(['needed', 'current']);
      const elsewhere = { kept: [{ idtag, type, currentLog, logSerial }], unreadable: null };
      expect(await standings(elsewhere)).toEqual(['needed', 'current']);
      expect(await failure(api.deleteLogs({ instance, logs: ['00000001.log'], elsewhere }))).toBe('LOG_NEEDED');
      expect((await config()).safeToDelete).toEqual([]);
      expect(await standings({ kept: [], unreadable: null })).toEqual(['safe', 'current']);
    },
  ],
  [
    'nothing may go while the newest full is not where it was written',
    async ({ set, full, api, write }) => {
      await full('f.bak');
      write();
      await set({ roll: true });
      const newest = await full('g.bak');
      fs.rmSync(newest);
      expect((await api.listLogs({ instance })).map((row) => row.standing)).toEqual(['needed', 'current']);
    },
  ],
  [
    'what the settings show: room on the volume, and whether the database shares it',
    async ({ config, set }) => {
      expect(await config()).toMatchObject({ stopWhenFull: false, space: { sharedWithDatabase: true, level: 'ok' } });
      expect((await config()).space?.freeBytes).toBeGreaterThan(0);
      expect(await set({ stopWhenFull: true })).toMatchObject({ stopWhenFull: true, currentLog: '00000001.log' });
    },
  ],
];

describe('roll-forward logging', () => {
  it.each(rules)('%s', async (_, rule, logging = true) => {
    await rule(await bench(logging));
  });
});
