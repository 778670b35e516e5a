// Backups of an instance of two files: one moment for both, proved by programs that write one after the other.
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemFiles } from '../../core/platform/files.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, createLab, failure, type Lab, sql } from '../support/agent-lab.ts';
import {
  consistent,
  createPair,
  leads,
  type Pair,
  type PairWriter,
  restoredPair,
  startPairWriter,
} from '../support/pair-lab.ts';

let lab: Lab;
let pair: Pair;
const writers: PairWriter[] = [];

beforeEach(() => {
  lab = createLab();
  fs.mkdirSync(lab.path('bak'));
  pair = createPair(lab);
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map((one) => one.stop()));
  await lab.close();
});

const protect = (api: AgentApi, logging: boolean) =>
  api.protect({
    instance: 'Directory',
    path: pair.first,
    replica: 1,
    logging,
    backendId: 'userRoot',
    backends: [{ id: 'schema', path: pair.second }],
  });

async function startWriters(): Promise<void> {
  for (const [lane, pause] of [1, 3, 7].entries()) writers.push(await startPairWriter(pair, lane, pause));
}

/** Takes each file of a set out alone. */
async function extract(api: AgentApi, name: string, file: string, incrementals: string[] = []): Promise<Pair> {
  const into = restoredPair(lab, name);
  const log = lab.path('bak', 'extract.log');
  for (const [path, backend] of [
    [into.first, null],
    [into.second, 'schema'],
  ] as const) {
    const of = (one: string) => (backend ? one.replace(/\.bak$/, `.${backend}.bak`) : one);
    const options = { file: of(file), incrementals: incrementals.map(of), log };
    const run = await collect(await api.restoreToFile({ path, options }));
    expect(run.error).toBeNull();
  }
  return into;
}

describe('a backup of two files while programs write to both', () => {
  it.each(['start', 'end'] as const)('shows one moment: %s', async (at) => {
    const { api } = await lab.agent();
    await protect(api, at === 'start');
    await startWriters();
    for (let n = 0; n < 2; n++) {
      const file = lab.path('bak', `f${n}.bak`);
      const result = await backup(api, 'Directory', { file, at });
      expect(result.backends?.map((one) => one.id)).toEqual(['userRoot', 'schema']);
      const found = leads(await extract(api, `r${n}`, file));
      expect(found.length).toBe(3);
      expect(
        found.every((lead) => lead === 0 || lead === 1),
        `leads ${found}`,
      ).toBe(true);
    }
  });

  it('is in no deadlock with a program that locks in the other order, and sees all of its commits or none', async () => {
    const { api } = await lab.agent();
    await protect(api, true);
    writers.push(await startPairWriter(pair, 0, 4, 'nested'));
    for (let n = 0; n < 3; n++) {
      const file = lab.path('bak', `n${n}.bak`);
      await backup(api, 'Directory', { file });
      expect(leads(await extract(api, `nested${n}`, file))).toEqual([0]);
    }
    // It fails with `database is locked` if it ever had to wait for long.
    expect(await writers.splice(0)[0]!.stop()).toBeGreaterThan(3);
  });

  it('goes over to its end in all files when one log grows past its limit', async () => {
    for (const file of [pair.first, pair.second])
      sql(file, 'INSERT INTO entry (name, body) SELECT name, randomblob(40000) FROM entry');
    const { api } = await lab.agent();
    await protect(api, false);
    await startWriters();
    let file = '';
    for (let n = 0; file === ''; n++) {
      const result = await backup(api, 'Directory', { file: lab.path('bak', `l${n}.bak`), walLimit: 1 });
      if (result.at === 'end') file = result.file;
      // Only a copy that takes as long as a commit of the writers can meet the limit.
      expect(n).toBeLessThan(150);
    }
    const info = (await api.catalog({ folders: [lab.path('bak')] })).chains.find((one) => one.full.file === file)!.full;
    expect(info.backends).toHaveLength(2);
    const found = leads(await extract(api, 'limited', file));
    expect(
      found.every((lead) => lead === 0 || lead === 1),
      `leads ${found}`,
    ).toBe(true);
  });

  it('holds a file with a rollback journal until the end of the others', async () => {
    sql(pair.second, 'PRAGMA journal_mode=DELETE');
    const { api } = await lab.agent();
    await protect(api, false);
    await startWriters();
    for (const at of ['end'] as const) {
      const file = lab.path('bak', `${at}.bak`);
      await backup(api, 'Directory', { file, at });
      const found = leads(await extract(api, at, file));
      expect(
        found.every((lead) => lead === 0 || lead === 1),
        `leads ${found}`,
      ).toBe(true);
    }
  });

  it('closes all files for a cold backup, and opens all again', async () => {
    const { api } = await lab.agent();
    await protect(api, true);
    const file = lab.path('bak', 'cold.bak');
    const result = await backup(api, 'Directory', { file, cold: true });
    expect(result.files).toEqual([file, lab.path('bak', 'cold.schema.bak')]);
    for (const one of [pair.first, pair.second])
      expect(sql(one, "INSERT INTO entry (name) VALUES ('x'); SELECT 'ok'")).toBe('ok');
    await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'i.bak') });
    await expect.poll(async () => (await api.status({})).instances[0]?.writable).toBe(true);
  });

  it('the same writers, backed up without a barrier, give sets that never were', async () => {
    const { api } = await lab.agent();
    await api.protect({ instance: 'A', path: pair.first, replica: 1, logging: false });
    await api.protect({ instance: 'B', path: pair.second, replica: 1, logging: false });
    await startWriters();
    let torn = 0;
    for (let n = 0; n < 6 && torn === 0; n++) {
      const file = lab.path('bak', `f${n}.bak`);
      await backup(api, 'A', { file });
      await backup(api, 'B', { file: lab.path('bak', `f${n}.schema.bak`) });
      if (!consistent(leads(await extract(api, `r${n}`, file)))) torn++;
    }
    expect(torn).toBe(1);
  });
});

describe('a backup that fails in one file', () => {
  it.each(['exists', 'noSpace'] as const)('leaves no file and moves no chain: %s', async (how) => {
    let full = false;
    const files = {
      ...systemFiles,
      writeSync: ((fd: number, ...rest: unknown[]) => {
        if (full && fs.readlinkSync(`/proc/self/fd/${fd}`).includes('x.schema.bak'))
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        return (systemFiles.writeSync as (...all: unknown[]) => number)(fd, ...rest);
      }) as typeof systemFiles.writeSync,
    };
    const { api } = await lab.agent('SRV-1', { files });
    await protect(api, true);
    await backup(api, 'Directory', { file: lab.path('bak', 'f.bak') });
    for (const one of [pair.first, pair.second]) sql(one, "INSERT INTO entry (name) VALUES ('changed')");
    const before = fs.readdirSync(lab.path('bak')).sort();
    const file = lab.path('bak', 'x.bak');
    const foreign = lab.path('bak', 'x.schema.bak');
    if (how === 'exists') fs.writeFileSync(foreign, 'something else');
    full = how === 'noSpace';
    expect(await failure(backup(api, 'Directory', { type: 'incremental', file }))).toBe(
      how === 'exists' ? 'FILE_EXISTS' : 'NO_SPACE',
    );
    full = false;
    if (how === 'exists') fs.rmSync(foreign);
    expect(fs.readdirSync(lab.path('bak')).sort()).toEqual(before);
    const next = await backup(api, 'Directory', { type: 'incremental', file: lab.path('bak', 'next.bak') });
    expect(next.nextIncId).toBe('2');
    const { chains } = await api.catalog({ folders: [lab.path('bak')] });
    expect(chains.flatMap((one) => one.gaps)).toEqual([]);
  });
});
