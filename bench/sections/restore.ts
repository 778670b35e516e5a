// B5 and B7: restoring the full, and replaying roll-forward logs.
import fs from 'node:fs';
import path from 'node:path';
import { changePagesElsewhere } from '../data-file.ts';
import { compare, measureRounds, median, type Series } from '../measure.ts';
import { copyWithFsync } from '../peers.ts';
import type { Bench, Section } from '../section.ts';

/** B5: the seven steps into a new file; step 3 ends with every page read back and durable, step 6 is SQLite's own check. */
export async function restore({ rounds, folder, database, agent, full }: Bench): Promise<Section> {
  const target = path.join(agent.root, 'restored.db');
  const copy = path.join(folder, 'cp.db');
  const pages: Series = { name: 'of it step 3, pages read back', runs: [], cpu: [] };
  const check: Series = { name: 'of it step 6, integrity check', runs: [], cpu: [] };
  const series = await measureRounds(rounds, folder, agent.pid, [
    {
      name: 'Holdfast restore',
      run: async () => {
        const stepMs = await agent.restore(full, target, { skipVerify: true });
        pages.runs.push(stepMs(3));
        check.runs.push(stepMs(6));
      },
      after: () => fs.rmSync(target, { force: true }),
    },
    { name: 'cp + fsync', run: async () => copyWithFsync(database, copy) },
  ]);
  fs.rmSync(copy, { force: true });
  const [whole, cp] = series as [Series, Series];
  return {
    id: 'B5',
    title: 'Restore of the full',
    series: [whole, pages, check, cp],
    comparisons: [compare('B5', pages, cp, 1.2), compare('B5', whole, cp, 2)],
    facts: {},
  };
}

/** B7: what the replay of logs adds to a restore, for a fifth of the pages changed in transactions of fifty rows. */
export async function replay({ rounds, folder, database, agent }: Bench): Promise<Section> {
  const target = path.join(agent.root, 'restored.db');
  const full = path.join(agent.root, 'b7.bak');
  await agent.backup('full', full);
  const before = agent.logBytes();
  changePagesElsewhere(database, 0.2);
  await agent.captured();
  const megabytes = (agent.logBytes() - before) / 1e6;
  const plain: Series = { name: 'Step 3 without logs', runs: [], cpu: [] };
  const replayed: Series = { name: 'Step 3 with logs', runs: [], cpu: [] };
  const run = (into: Series, logFolder: string | null) => async () => {
    const stepMs = await agent.restore(full, target, { skipVerify: true, logFolder });
    into.runs.push(stepMs(3));
  };
  const after = () => fs.rmSync(target, { force: true });
  await measureRounds(rounds, folder, agent.pid, [
    { name: plain.name, run: run(plain, null), after },
    { name: replayed.name, run: run(replayed, agent.logFolder), after },
  ]);
  fs.rmSync(full);
  const ms = median(replayed.runs) - median(plain.runs);
  const best = Math.min(...replayed.runs) - Math.min(...plain.runs);
  const perSecond = (time: number) => `${((megabytes / time) * 1000).toFixed(0)} MB/s`;
  return {
    id: 'B7',
    title: 'Replay of roll-forward logs, target at least 150 MB/s',
    series: [plain, replayed],
    comparisons: [],
    facts: { logMegabytes: megabytes.toFixed(0), replay: perSecond(ms), quickest: perSecond(best) },
  };
}
