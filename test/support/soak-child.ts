// Runs a soak on its own and writes its report; ends with 1 when something was not flat.
import fs from 'node:fs';
import path from 'node:path';
import { runSoak } from './soak.ts';

const seconds = Number(process.env.HOLDFAST_SOAK_SECONDS ?? 1800);
const rate = Number(process.env.HOLDFAST_SOAK_RATE ?? 300);
const folder = path.resolve(import.meta.dirname, '../../out/soak');
fs.mkdirSync(folder, { recursive: true });
const report = await runSoak({ seconds, rate, say: (line) => process.stderr.write(`${line}\n`) });
const name = path.join(folder, new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
fs.writeFileSync(`${name}.json`, `${JSON.stringify({ seconds, rate, ...report }, null, 2)}\n`);
const rows = Object.keys(report.first) as (keyof typeof report.first)[];
const digits = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
const table = rows.map(
  (row) => `| ${row} | ${[report.first, report.middle, report.last].map((one) => digits(one[row])).join(' | ')} |`,
);
const text = [
  `# Soak of ${seconds} s at ${rate} commits a second`,
  '',
  `Without Holdfast: ${report.baseline.commitsPerSecond} commits a second, p50 ${report.baseline.p50Ms} ms, p99 ${report.baseline.p99Ms} ms, longest ${report.baseline.maxMs} ms.`,
  `${report.counts.fulls} fulls, ${report.counts.incrementals} incrementals, ${report.counts.drills} drills, ${report.counts.clearings} clearings, ${report.counts.deletedLogs} logs deleted.`,
  '',
  '| | first third | middle | last third |',
  '| --- | --- | --- | --- |',
  ...table,
  '',
  report.problems.length === 0 ? 'Flat.' : report.problems.map((problem) => `- ${problem}`).join('\n'),
  '',
].join('\n');
fs.writeFileSync(`${name}.md`, text);
process.stdout.write(`${text}\n${name}.md\n`);
process.exit(report.problems.length === 0 ? 0 : 1);
