// npm run bench: Holdfast beside its peers, on the same file, in the same run.
//   node bench/run.ts [--json] [--size 600] [--runs 5] [--short] [--only B1,B2,B3,B4,B5,B6,B7,B8,B9,B10,B11,B12]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AgentUnderTest } from './agent-under-test.ts';
import { dataFile } from './data-file.ts';
import { formatComparison, formatSeries } from './measure.ts';
import { buildPrograms } from './programs.ts';
import { type Benches, chosen, runSections } from './run-sections.ts';
import type { Bench, BenchPlace, Section } from './section.ts';
import { consoleSpeed } from './sections/console.ts';
import { dueWork } from './sections/due-work.ts';
import { failover } from './sections/failover.ts';
import { fullBackup } from './sections/full-backup.ts';
import { byComparing, byLogs } from './sections/incremental.ts';
import { logging } from './sections/logging.ts';
import { memory } from './sections/memory.ts';
import { replay, restore } from './sections/restore.ts';
import { tenants } from './sections/tenants.ts';
import { underLoad } from './sections/writer-latency.ts';

const shared = (run: (bench: Bench) => Promise<Section>) => ({ shared: true, run }) as const;
const alone = (run: (place: BenchPlace) => Promise<Section>) => ({ shared: false, run }) as const;
const known: Benches = {
  ...{ B1: shared(fullBackup), B2: shared(underLoad), B3: shared(byLogs), B4: shared(byComparing) },
  ...{ B5: shared(restore), B6: shared(logging), B7: shared(replay), B8: alone(failover), B9: alone(memory) },
  ...{ B10: alone(consoleSpeed), B11: alone(dueWork), B12: alone(tenants) },
};

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '600' },
    runs: { type: 'string', default: '5' },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const rounds = Math.max(1, Number(values.runs));
const megabytes = Number(values.size);
const wanted = chosen(values.only ?? null, known);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-bench-run-'));
const database = path.join(folder, 'database', 'bench.db');
let programs: string | null = null;
let agent: AgentUnderTest | null = null;
let backupBytes = 0;
try {
  fs.mkdirSync(path.dirname(database));
  fs.copyFileSync(dataFile(megabytes), database);
  programs = await buildPrograms();
  const place = { megabytes, rounds, programs, folder, database, short: values.short };
  const open = async (): Promise<Bench> => {
    agent = await AgentUnderTest.start(place.programs, path.join(folder, 'agent'), database);
    // Also the warm-up: every reader after this finds the database in the page cache.
    const full = path.join(agent.root, 'base.bak');
    backupBytes = (await agent.backup('full', full)).bytesWritten;
    return { ...place, agent, full };
  };
  const sections = await runSections(wanted, known, place, open, (line) => process.stderr.write(`${line}\n`));
  const machine: Record<string, number | string> = {
    ...{
      cpus: os.cpus().length,
      cpu: os.cpus()[0]?.model ?? '',
      node: process.version,
      load: os.loadavg()[0]!.toFixed(2),
    },
    ...{ databaseBytes: fs.statSync(database).size, backupBytes, runs: rounds },
    ...residentOf(agent),
  };
  process.stdout.write(values.json ? `${JSON.stringify({ machine, sections }, null, 2)}\n` : format(machine, sections));
  if (sections.some((section) => section.failed !== undefined)) process.exitCode = 1;
} finally {
  await (agent as AgentUnderTest | null)?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
  if (programs) fs.rmSync(path.dirname(programs), { recursive: true, force: true });
}

function residentOf(running: AgentUnderTest | null): { agentPeakBytes?: number } {
  try {
    return running ? { agentPeakBytes: running.residentBytes() } : {};
  } catch {
    // It ended before its time; the section that ended it says so.
    return {};
  }
}

function format(machine: Record<string, number | string>, sections: Section[]): string {
  const lines = [
    Object.entries(machine)
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
  ];
  for (const { id, title, series, comparisons, facts, failed } of sections) {
    lines.push('', `${id}  ${title}`, ...series.map(formatSeries), ...comparisons.map(formatComparison));
    if (failed !== undefined) lines.push(`  FAILED: ${failed}`);
    const noted = Object.entries(facts).map(([key, value]) => `${key} ${value}`);
    if (noted.length > 0) lines.push(`  ${noted.join(' · ')}`);
  }
  return `${lines.join('\n')}\n`;
}
