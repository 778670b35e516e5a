// holdfast backup: a full (hot) or incremental backup of a database file, or of an instance through the running engine.
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { openBackup } from '../../../core/backup/reader.ts';
import type { BackupResult } from '../../../core/contract/backup.ts';
import type { BackupRequest } from '../../../core/contract/console.ts';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { Job } from '../../../core/contract/jobs.ts';
import type { Secrets } from '../../../core/contract/other-files.ts';
import { systemFiles } from '../../../core/platform/files.ts';
import { parseBackends, parseByteCount, parseCount } from '../arguments.ts';
import { withDirectAgent } from '../direct.ts';
import { findInstance, followJob, isInstanceName, withEngine } from '../engine-client.ts';
import { formatBytes, formatDuration, formatTime } from '../format.ts';
import { backupForm, isoTime, stampTexts } from '../json-forms.ts';
import type { CommandResult } from '../output.ts';
import type { ProgressSink } from '../progress.ts';
import { readSecret } from '../secrets.ts';

export interface BackupFlags {
  backend?: string[];
  file?: string;
  log?: string;
  full?: boolean;
  incremental?: boolean;
  cold?: boolean;
  leaveClosed?: boolean;
  disable?: boolean;
  at: string;
  password?: string | true;
  security: boolean;
  include?: string;
  encrypt?: string | boolean;
  size?: string;
  spread?: string[];
  overwrite?: boolean;
  compress: boolean;
  level: string;
  data?: string;
}

export async function backupCommand(
  given: string | undefined,
  flags: BackupFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  checkSwitches(flags);
  const database = given ?? parseBackends(flags.backend)[0]?.path;
  if (database === undefined)
    throw new HoldfastError(
      'INVALID_INPUT',
      'backup needs a database: its path, or --backend ID=PATH for each of its files',
    );
  if (flags.at !== 'start' && flags.at !== 'end')
    throw new HoldfastError('INVALID_INPUT', `--at ${flags.at}: start or end is needed`);
  const options = {
    type: flags.incremental ? ('incremental' as const) : ('full' as const),
    at: flags.at as 'start' | 'end',
    compression: flags.compress ? ('zstd' as const) : ('none' as const),
    level: parseCount(flags.level, '--level', 19),
    partBytes: flags.size ? parseByteCount(flags.size, '-s') : 0,
    overwrite: flags.overwrite ?? false,
    cold: flags.cold ?? false,
    followUp: flags.disable ? ('disabled' as const) : flags.leaveClosed ? ('closed' as const) : ('open' as const),
    partFolders: (flags.spread ?? []).map((folder) => path.resolve(folder)),
    include: flags.include === undefined ? null : path.resolve(flags.include),
  };
  if (isInstanceName(database) && flags.backend)
    throw new HoldfastError('INVALID_INPUT', `--backend: ${database} knows its files`);
  if (isInstanceName(database))
    return await backupThroughEngine(database, { ...options, ...pathsOf(flags) }, flags, progress);
  if (!flags.file || !flags.log) throw new HoldfastError('INVALID_INPUT', 'backup needs -f FILE and -l LOG');
  const target = { file: path.resolve(flags.file), log: path.resolve(flags.log) };
  if (!options.overwrite && (await mayOverwrite(target.file))) options.overwrite = true;
  const result = await withDirectAgent(
    database,
    async ({ api, instance }, signal) => {
      let found: BackupResult | null = null;
      const settings = await api.backupSettings({ instance });
      const kept = settings.definitions.some(({ name, kept }) => kept && name === settings.preferred);
      const chosen = chooseSecrets(flags, { kept, named: settings.securityFiles.length > 0 });
      const secrets = await readSecrets(flags, kept);
      try {
        for await (const event of await api.backup(
          { instance, options: { ...options, ...chosen, ...target }, secrets },
          { signal },
        )) {
          if (event.kind === 'progress') progress.show(event.progress);
          if (event.kind === 'result') found = event.result;
        }
      } finally {
        progress.end();
      }
      if (!found) throw new HoldfastError('INTERNAL', 'The backup ended without a result');
      return found as BackupResult;
    },
    parseBackends(flags.backend),
  );
  return summarize(result);
}

function pathsOf(flags: BackupFlags) {
  return {
    ...(flags.file ? { file: path.resolve(flags.file) } : {}),
    ...(flags.log ? { log: path.resolve(flags.log) } : {}),
  };
}

function checkSwitches(flags: BackupFlags): void {
  const problem = (message: string) => new HoldfastError('INVALID_INPUT', message);
  if (flags.full && flags.incremental) throw problem('-b and -i exclude each other');
  if (flags.cold && flags.incremental) throw problem('-c is a full backup: it excludes -i');
  if (flags.leaveClosed && flags.disable) throw problem('-o and -d exclude each other');
  if ((flags.leaveClosed || flags.disable) && !flags.cold)
    throw problem('-o and -d follow a cold backup: give -c as well');
  if (flags.password !== undefined && !flags.security) throw problem('-e and --no-security exclude each other');
}

/** Without -w a file of this name is refused; on a terminal somebody is asked, as the field's tool does. */
async function mayOverwrite(file: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || !fs.existsSync(file)) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${file} exists. Overwrite it? [y/N] `)).trim());
  } finally {
    asking.close();
  }
}

/** What is said, or what the settings of the database say where nobody has to give a password. */
function chooseSecrets(flags: BackupFlags, { kept, named }: { kept: boolean; named: boolean }) {
  return {
    encrypt: flags.encrypt === undefined ? kept : flags.encrypt !== false,
    securityFiles: flags.password !== undefined || (flags.security && kept && named),
  };
}

/** A switch without a file needs no password where the server keeps the key. */
async function readSecrets(flags: BackupFlags, kept: boolean): Promise<Secrets> {
  const { HOLDFAST_PASSWORD: given } = process.env;
  const read = async (option: string | boolean | undefined, what: string) =>
    option === undefined || option === false || (option === true && kept && !given)
      ? null
      : await readSecret(option, what);
  return {
    security: await read(flags.password, 'the security files'),
    pages: await read(flags.encrypt, 'the pages of the backup'),
  };
}

async function backupThroughEngine(
  name: string,
  options: Omit<BackupRequest, 'instanceId'>,
  flags: BackupFlags,
  progress: ProgressSink,
): Promise<CommandResult> {
  return await withEngine(flags.data, async (engine) => {
    const { status } = findInstance(await engine.site.get({}), name);
    const kept = status.encryption?.kept ?? false;
    const chosen = chooseSecrets(flags, { kept, named: (status.securityFiles ?? 0) > 0 });
    const secrets = await readSecrets(flags, kept);
    const request = { ...options, ...chosen, instanceId: name };
    // The plan names the files; what it refuses, the start refuses under its own name.
    const { file, log } = (await engine.backup.plan(request)).options;
    const { jobId } = await engine.backup.start({ ...request, file, log, secrets });
    const job = await followJob(engine, jobId, progress);
    return summarizeJob(job, file);
  });
}

/** The engine tells of its job, the file of itself; how many pages an incremental holds neither says. */
function summarizeJob(job: Job, file: string): CommandResult {
  const { info, close } = openBackup(file, systemFiles);
  close();
  return {
    json: {
      idtag: info.idtag,
      type: info.type,
      file,
      files: info.parts,
      bytesRead: job.progress?.done ?? null,
      bytesWritten: info.bytes,
      pages: info.pageCount,
      changedPages: info.type === 'full' ? info.pageCount : null,
      durationMs: (job.endedAt ?? job.startedAt) - job.startedAt,
      consistentAt: isoTime(info.consistentAt),
      currentLog: info.currentLog,
      nextIncId: info.nextIncId,
      serial: info.serial,
      vector: stampTexts(info.vector),
      warnings: job.warnings,
    },
    text: [
      job.verdict ?? job.status,
      `  file           ${info.parts.join(', ')}`,
      `  consistent at  ${formatTime(info.consistentAt)}`,
      ...job.warnings.map((warning) => `  warning        ${warning.message}`),
    ],
  };
}

function summarize(result: BackupResult): CommandResult {
  const kind = result.type === 'full' ? 'Full backup' : 'Incremental backup';
  return {
    json: backupForm(result),
    text: [
      `${kind} ${result.idtag} completed successfully in ${formatDuration(result.durationMs)}.`,
      `  file           ${result.files.join(', ')}`,
      `  consistent at  ${formatTime(result.consistentAt)} (the ${result.at === 'start' ? 'start' : 'end'} of the backup)`,
      `  pages          ${result.changedPages} of ${result.pages}, ${formatBytes(result.bytesRead)} read, ${formatBytes(result.bytesWritten)} written`,
      `  next           incremental ${result.nextIncId}, roll-forward log ${result.currentLog || 'none'}`,
      ...result.warnings.map((warning) => `  warning        ${warning.message}`),
    ],
  };
}
