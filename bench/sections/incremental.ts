// B3 and B4: incrementals, by the roll-forward logs and by comparing pages.
import fs from 'node:fs';
import path from 'node:path';
import { AgentUnderTest } from '../agent-under-test.ts';
import { changePagesElsewhere, dataFile } from '../data-file.ts';
import { compare, measureRounds, type Series } from '../measure.ts';
import type { Bench, Section } from '../section.ts';

/** B3: after one page in a hundred has changed, with logging on; and as many pages in a file of a tenth of the size. */
export async function byLogs(bench: Bench): Promise<Section> {
  const what = { id: 'B3', title: 'Incremental, logging on', target: 0.03, share: 0.01 };
  const whole = await incrementals(bench, bench.agent, bench.database, what);
  const database = path.join(bench.folder, 'tenth', 'bench.db');
  fs.mkdirSync(path.dirname(database));
  fs.copyFileSync(dataFile(bench.megabytes / 10), database);
  const agent = await AgentUnderTest.start(bench.programs, path.join(bench.folder, 'tenth-agent'), database);
  try {
    const tenth = await incrementals(bench, agent, database, { ...what, share: 0.1 });
    const [big, small] = [whole.series[1]!, { ...tenth.series[1]!, name: 'the same in a file of a tenth of the size' }];
    const facts = { ...whole.facts, 'changed pages in the tenth': tenth.facts.changedPages ?? 0 };
    const comparisons = [...whole.comparisons, compare('B3', big, small, 1.2)];
    return { ...whole, series: [...whole.series, small], comparisons, facts };
  } finally {
    await agent.stop();
    fs.rmSync(path.dirname(database), { recursive: true });
  }
}

/** B4: the same with logging off, so that every page is read and compared with its hash. An agent and a copy of its own. */
export async function byComparing(bench: Bench): Promise<Section> {
  const database = path.join(bench.folder, 'not-logged', 'bench.db');
  fs.mkdirSync(path.dirname(database));
  fs.copyFileSync(bench.database, database);
  const agent = await AgentUnderTest.start(
    bench.programs,
    path.join(bench.folder, 'not-logged-agent'),
    database,
    false,
  );
  try {
    return await incrementals(bench, agent, database, {
      ...{ id: 'B4', title: 'Incremental, logging off', target: 0.35, share: 0.01 },
    });
  } finally {
    await agent.stop();
    fs.rmSync(path.dirname(database), { recursive: true });
  }
}

async function incrementals(
  { rounds, folder }: Bench,
  agent: AgentUnderTest,
  database: string,
  { id, title, target, share }: { id: string; title: string; target: number; share: number },
): Promise<Section> {
  const fulls: Series = { name: 'Holdfast full, zstd', runs: [], cpu: [] };
  const increments: Series = { name: `Holdfast incremental, ${share * 100} % changed`, runs: [], cpu: [] };
  const facts = { changedPages: 0, pages: 0, bytesWritten: 0 };
  const once = async (into: Series, run: () => Promise<void>) => {
    const [measured] = await measureRounds(1, folder, agent.pid, [{ name: into.name, run }]);
    into.runs.push(measured!.runs[0]!);
    into.cpu.push(measured!.cpu[0]!);
  };
  for (let round = 0; round < rounds; round++) {
    const [full, increment] = [`${id}-${round}.bak`, `${id}-${round}-1.bak`].map((name) => path.join(agent.root, name));
    await once(fulls, async () => void (await agent.backup('full', full!)));
    changePagesElsewhere(database, share);
    // What the capture still has to do is not the backup's work.
    await agent.captured();
    await once(increments, async () => {
      const { changedPages, pages, bytesWritten } = await agent.backup('incremental', increment!);
      Object.assign(facts, { changedPages, pages, bytesWritten });
    });
    for (const file of [full!, increment!]) fs.rmSync(file);
  }
  const series = [fulls, increments];
  return { id, title, series, comparisons: [compare(id, increments, fulls, target)], facts };
}
