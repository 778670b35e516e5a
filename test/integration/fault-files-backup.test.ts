// Every write, fsync, rename, open, truncate and removal of a backup fails, once and for good: it ends with a code of the catalogue or
// works all the same, the chain has not moved by half, no file is left that the chain does not know, and the next backup works.
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Agent } from '../../core/agent/agent.ts';
import { toErrorReport } from '../../core/contract/errors.ts';
import type { AgentApi } from '../../core/rpc/types.ts';
import { backup, collect, count, createDatabase, createLab, type Lab, sql } from '../support/agent-lab.ts';
import { everyFault, type FaultyFiles, faultyFiles } from '../support/faulty-files.ts';

let lab: Lab;
let faulty: FaultyFiles;
let agent: Agent;
let api: AgentApi;
let db: string;
let bak: string;
let number = 0;

beforeEach(async () => {
  lab = createLab();
  faulty = faultyFiles();
  db = lab.path('data', 'Directory.db');
  bak = lab.path('bak');
  fs.mkdirSync(bak);
  createDatabase(db, 30);
  number = 0;
  ({ agent, api } = await lab.agent('SRV-1', { files: faulty.files }));
  await api.protect({ instance: 'Directory', path: db, replica: 1, logging: true });
});
afterEach(() => lab.close());

const facts = () => {
  const { chain, nextIncId, lastFull, lastIncremental } = agent.instance('Directory').facts;
  return { chain, nextIncId, lastFull, lastIncremental };
};
/** A folder of its own for each attempt: how many files lie beside it must not change the number of calls. */
function nextFile(): string {
  const file = path.join(bak, String(number++), 'x.bak');
  fs.mkdirSync(path.dirname(file));
  return file;
}
const write = (text: string) => sql(db, `INSERT INTO entry (name) VALUES ('${text}')`);

/** One attempt of a backup under the fault; true when it said that it had worked. */
async function attempt(type: 'full' | 'incremental', file: string, more: { partBytes?: number } = {}) {
  try {
    await backup(api, 'Directory', { type, file, ...more });
    return true;
  } catch (error) {
    const report = toErrorReport(error);
    expect(report.name, report.message).toMatch(/^(IO_ERROR|NO_SPACE|LOG_DEVICE_FULL|CAPTURE_GAP)$/);
    return false;
  }
}

it.each([
  { type: 'full' as const, partBytes: 0 },
  { type: 'incremental' as const, partBytes: 0 },
  { type: 'full' as const, partBytes: 40_000 },
])(
  '$type backup in parts of $partBytes bytes',
  async ({ type, partBytes }) => {
    let full = nextFile();
    await backup(api, 'Directory', { file: full });
    let chain: string[] = [];
    const shown = await everyFault(faulty, ['once', 'lasting', 'short'], async (fault) => {
      write(fault.label());
      const before = facts();
      const file = nextFile();
      faulty.arm(fault);
      const worked = await attempt(type, file, { partBytes });
      faulty.disarm();
      const left = fs.readdirSync(path.dirname(file));
      if (worked) {
        expect(facts().chain?.idtag).not.toBe(before.chain?.idtag);
        expect(left).toContain('x.bak');
        if (type === 'full') [full, chain] = [file, []];
        else chain.push(file);
      } else {
        expect(facts()).toEqual(before);
        if (fault.mode !== 'lasting') expect(left.filter((name) => name !== 'backup.log')).toEqual([]);
      }
      if (worked && type === 'incremental') return;
      const next = nextFile();
      await backup(api, 'Directory', { file: next, type: 'incremental' });
      chain.push(next);
      expect(fs.readdirSync(path.dirname(file)).includes('x.bak'), 'the file is there when the chain knows it').toBe(
        worked,
      );
    });
    expect(shown).toBeGreaterThan(30);
    const rows = count(db);
    write('the last');
    const last = nextFile();
    await backup(api, 'Directory', { file: last, type: 'incremental' });
    const target = lab.path('check.db');
    const options = { file: full, log: lab.path('l'), incrementals: [...chain, last] };
    const run = await collect(await api.restoreToFile({ path: target, options }));
    expect(run.error).toBeNull();
    expect(sql(target, 'PRAGMA integrity_check')).toBe('ok');
    expect(count(target)).toBe(rows + 1);
    expect((await api.status({})).instances[0]).toMatchObject({
      state: 'Online',
      fullRequired: false,
      outOfSync: false,
    });
  },
  600_000,
);
