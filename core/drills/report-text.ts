// A drill's report as text, for a person, a mail, or a folder of evidence.
import type { DrillReport } from '../contract/drills.ts';
import { momentText } from '../platform/time-text.ts';

const STATUS = { passed: 'PASSED', failed: 'FAILED', cancelled: 'CANCELED' } as const;

/** One sentence: what the drill has shown. */
export function drillVerdict(report: DrillReport): string {
  if (report.status !== 'passed') {
    const step = report.steps.find((one) => one.status === 'failed');
    return `${step ? `${step.name}: ` : ''}${report.error?.message ?? 'canceled'}`;
  }
  const rows = report.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const probes = report.probes.length > 0 ? `, ${count(report.probes.length, 'probe')} passed` : '';
  const reached = report.reachedAt === null ? '' : ` to ${momentText(report.reachedAt)}`;
  return `Restored${reached} in ${seconds(report.restoreMs)}; ${count(report.tables.length, 'table')}, ${count(rows, 'row')}${probes}`;
}

/** The whole report, lines of text; the verdict is the last one. */
export function drillText(report: DrillReport): string {
  const lines = [
    `Restore drill of ${report.instanceId}`,
    '',
    `Result          ${STATUS[report.status]}`,
    `Started         ${momentText(report.startedAt)}${report.trigger === 'schedule' ? ', by its schedule' : ', by hand'}`,
    `Ended           ${momentText(report.endedAt)}`,
    `Asked for       ${report.until === null ? 'the last commit' : momentText(report.until)}`,
    `Reached         ${report.reachedAt === null ? '–' : momentText(report.reachedAt)}${report.lastCommit ? `  ${report.lastCommit}` : ''}`,
    `Recovery time   ${seconds(report.restoreMs)}`,
    `Newest backup   ${report.idtag ?? '–'}`,
    ...report.files.map((file, index) => `${index === 0 ? 'Files           ' : '                '}${file}`),
    `Logs            ${report.logs}`,
    '',
    'Steps',
    ...report.steps.map(
      ({ name, status, durationMs, detail }) =>
        `  ${status.padEnd(8)} ${name}${durationMs === null ? '' : `, ${seconds(durationMs)}`}${detail ? `: ${detail}` : ''}`,
    ),
    '',
    'Tables',
    ...report.tables.map(
      ({ name, rows, before }) => `  ${String(rows ?? '–').padStart(12)} ${name}${change(rows, before)}`,
    ),
    ...report.gone.map((name) => `             – ${name} (was there in the last drill)`),
    '',
    'Probes',
    ...(report.probes.length === 0 ? ['  none'] : []),
    ...report.probes.flatMap((probe) => [
      `  ${probe.status.padEnd(8)} ${probe.name}: ${probe.result ?? 'nothing'}${probe.problem ? ` (${probe.problem})` : ''}`,
      `           ${probe.sql.replaceAll(/\s+/g, ' ')}`,
    ]),
    ...report.warnings.map((warning) => `Warning: ${warning.message}`),
    '',
    report.error ? `Drill failed, error ${report.error.code}: ${drillVerdict(report)}` : drillVerdict(report),
  ];
  return `${lines.join('\n')}\n`;
}

const count = (number: number, noun: string) => `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
const seconds = (ms: number | null) => (ms === null ? '–' : `${(ms / 1000).toFixed(1)} s`);

function change(rows: number | null, before: number | null): string {
  if (rows === null || before === null) return before === null ? ' (new)' : ' (not counted)';
  const by = rows - before;
  return by === 0 ? '' : ` (${by > 0 ? '+' : ''}${by})`;
}
