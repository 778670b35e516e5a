// holdfast logs, hazards: the logs of a database with what becomes of them, and what endangers the database.
import path from 'node:path';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { HazardReport, LogStanding } from '../../../core/contract/logging.ts';
import { requireConfirmation } from '../confirmation.ts';
import { withDirectAgent } from '../direct.ts';
import { isInstanceName, withEngine } from '../engine-client.ts';
import { formatBytes, formatTable, formatTime } from '../format.ts';
import { isoTime } from '../json-forms.ts';
import { hazardTexts } from '../logging-text.ts';
import type { CommandResult } from '../output.ts';

export interface LogsFlags {
  delete?: string[];
  deleteSafe?: boolean;
  backups?: string[];
  backend?: string;
  confirm?: string;
  data?: string;
}

/** What `logs` asks, of the engine or of an agent in this process. */
interface LogDesk {
  list(): Promise<LogStanding[]>;
  remove(logs: string[]): Promise<{ deleted: string[]; bytes: number }>;
}

export async function logsCommand(database: string, flags: LogsFlags): Promise<CommandResult> {
  if (flags.delete && flags.deleteSafe)
    throw new HoldfastError('INVALID_INPUT', '--delete and --delete-safe exclude each other');
  const backend = flags.backend ?? null;
  if (isInstanceName(database)) {
    const instanceId = database;
    return await withEngine(flags.data, (engine) =>
      work(database, flags, {
        list: () => engine.logging.logs({ instanceId, backend }),
        remove: (logs) => engine.logging.deleteLogs({ instanceId, backend, logs }),
      }),
    );
  }
  const folders = (flags.backups ?? []).map((folder) => path.resolve(folder));
  return await withDirectAgent(database, async ({ api, instance }) => {
    await api.allowFolders({ folders });
    return await work(database, flags, {
      list: () => api.listLogs({ instance, backend, folders }),
      remove: (logs) => api.deleteLogs({ instance, backend, logs, folders }),
    });
  });
}

async function work(database: string, flags: LogsFlags, desk: LogDesk): Promise<CommandResult> {
  const rows = await desk.list();
  const asked = flags.delete ?? (flags.deleteSafe ? rows.filter(isSafe).map(({ log }) => log) : null);
  if (asked === null) return listed(rows);
  if (asked.length === 0) return { json: { deleted: [], bytes: 0 }, text: ['No log may go.'] };
  for (const row of rows)
    if (asked.includes(row.log) && row.standing !== 'safe')
      throw new HoldfastError('LOG_NEEDED', `${row.log} stays, and nothing was deleted. ${row.reason}`);
  const bytes = rows.filter(({ log }) => asked.includes(log)).reduce((sum, row) => sum + row.bytes, 0);
  requireConfirmation(
    {
      title: `Delete ${asked.length} roll-forward ${asked.length === 1 ? 'log' : 'logs'} of ${database}`,
      class: 'confirm',
      typedName: null,
      effects: [
        `${asked.join(', ')} ${asked.length === 1 ? 'is' : 'are'} deleted for good; ${formatBytes(bytes)} become free.`,
      ],
      warnings: ['Copy them to your archive first if you keep one.'],
      checks: [],
      command: '',
      refusal: null,
    },
    flags.confirm,
  );
  const result = await desk.remove(asked);
  return {
    json: { ...result },
    text: [`Deleted ${result.deleted.join(', ')}, ${formatBytes(result.bytes)}.`],
  };
}

const isSafe = ({ standing }: LogStanding) => standing === 'safe';

function listed(rows: LogStanding[]): CommandResult {
  return {
    json: { logs: rows.map((row) => ({ ...row, createdAt: isoTime(row.createdAt) })) },
    text:
      rows.length === 0
        ? ['There are no logs.']
        : formatTable(
            ['LOG', 'BEGUN', 'SIZE', 'STANDING', 'REASON'],
            rows.map(({ log, createdAt, bytes, standing, reason }) => [
              log,
              formatTime(createdAt),
              formatBytes(bytes),
              standing === 'safe' ? 'safe to delete' : standing,
              reason ?? '',
            ]),
          ),
  };
}

export async function hazardsCommand(database: string, data: string | undefined): Promise<CommandResult> {
  const report: HazardReport = isInstanceName(database)
    ? await withEngine(data, (engine) => engine.logging.hazards({ instanceId: database }))
    : await withDirectAgent(database, ({ api, instance }) => api.hazards({ instance }));
  return {
    json: { ...report, at: isoTime(report.at) },
    text: [
      ...(report.hazards.length === 0 ? ['No hazards were found.'] : report.hazards.flatMap(hazardTexts)),
      '',
      ...(report.openers.length === 0
        ? ['No other program has it open.']
        : formatTable(
            ['PROCESS', 'PROGRAM', 'SQLITE'],
            report.openers.map(({ pid, program, sqliteVersions }) => [
              String(pid),
              program,
              sqliteVersions.join(', ') || 'not known',
            ]),
          )),
      '',
      ...report.facts.map(({ label, value }) => `${label}: ${value}`),
    ],
  };
}
