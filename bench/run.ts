// npm run bench: Holdfast beside its peers, on the same file, in the same run.
//   node bench/run.ts [--json] [--size 600] [--runs 5] [--only B1,B2,B3,B4,B5,B6,B7,B9]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AgentUnderTest } from './agent-under-test.ts';
import { dataFile } from './data-file.ts';
import { formatComparison, formatSeries } from './measure.ts';
import { buildPrograms } from './programs.ts';
import type { Bench, Section } from './section.ts';
import { fullBackup } from './sections/full-backup.ts';
import { byComparing, byLogs } from './sections/incremental.ts';
import { logging } from './sections/logging.ts';
import { memory } from './sections/memory.ts';
import { replay, restore } from './sections/restore.ts';
import { underLoad } from './sections/writer-latency.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '600' },
    runs: { type: 'string', default: '5' },
    only: { type: 'string', default: 'B1,B2,B3,B4,B5,B6,B7,B9' },
  },
});
const rounds = Math.max(1, Number(values.runs));
const megabytes = Number(values.size);
const wanted = values.only.split(',');
const known: Record<string, (bench: Bench) => Promise<Section>> = {
  ...{ B1: fullBackup, B2: underLoad, B3: byLogs, B4: byComparing, B5: restore, B6: logging, B7: replay, B9: memory },
};
for (const id of wanted) if (!known[id]) throw new Error(`There is no bench ${id}; there are ${Object.keys(known)}.`);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-bench-run-'));
const database = path.join(folder, 'database', 'bench.db');
let agent: AgentUnderTest | null = null;
try {
  fs.mkdirSync(path.dirname(database));
  fs.copyFileSync(dataFile(megabytes), database);
  const programs = await buildPrograms();
  agent = await AgentUnderTest.start(programs, path.join(folder, 'agent'), database);
  // Also the warm-up: every reader after this finds the database in the page cache.
  const full = path.join(agent.root, 'base.bak');
  const base = await agent.backup('full', full);
  const sections: Section[] = [];
  for (const id of wanted)
    sections.push(await known[id]!({ megabytes, rounds, programs, folder, database, agent, full }));
  const machine = {
    ...{
      cpus: os.cpus().length,
      cpu: os.cpus()[0]?.model ?? '',
      node: process.version,
      load: os.loadavg()[0]!.toFixed(2),
    },
    ...{ databaseBytes: fs.statSync(database).size, backupBytes: base.bytesWritten, runs: rounds },
    agentPeakBytes: agent.residentBytes(),
  };
  process.stdout.write(values.json ? `${JSON.stringify({ machine, sections }, null, 2)}\n` : format(machine, sections));
} finally {
  await agent?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}

function format(machine: Record<string, number | string>, sections: Section[]): string {
  const lines = [
    Object.entries(machine)
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
  ];
  for (const { id, title, series, comparisons, facts } of sections) {
    lines.push('', `${id}  ${title}`, ...series.map(formatSeries), ...comparisons.map(formatComparison));
    const noted = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
    if (noted.length > 0) lines.push(`  ${noted.join(' · ')}`);
  }
  return `${lines.join('\n')}\n`;
}
