// Backups of one instance: what would be done, doing it as a job, and reading what was done.
import fs from 'node:fs';
import path from 'node:path';
import { type BackupLogEntry, type BackupOptions, type BackupResult, backupOptionsSchema } from '../contract/backup.ts';
import type { Warning } from '../contract/common.ts';
import type { BackupRequest } from '../contract/console.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { JobContext, JobOutcome, JobRunner } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';
import { bytesText } from '../platform/size-text.ts';
import { backupFileName, backupLogName } from './backup-name.ts';
import { foldersOf, optionWarnings, settledBy, titleOf, unfitOptions } from './backup-rules.ts';
import { backupCommand } from './command-line.ts';
import type { Instance, Instances } from './instances.ts';
import type { Servers } from './servers.ts';

export interface BackupPlan {
  options: BackupOptions;
  command: string;
  warnings: Warning[];
  refusal: string | null;
  estimatedBytes: number | null;
}

export interface Backups {
  plan(request: BackupRequest): BackupPlan;
  /** Starts the job; throws what the plan would refuse with. `as`: the name that the job goes by, and what it warns of at once. */
  start(request: BackupRequest, as?: { title?: string; warnings?: Warning[] }): Promise<string>;
  log(instanceId: string): Promise<{ file: string; entries: BackupLogEntry[] }>;
}

export interface BackupPorts {
  servers: Servers;
  instances: Instances;
  jobs: JobRunner;
  clock: Clock;
  groupOf(instanceId: string): string | null;
}

/** The log that a group's cycles append to, in the member's folder. */
const GROUP_LOG = 'backup.log';

/** The two things that must not work on one instance at the same time share this key. */
export const instanceKey = (instanceId: string) => `instance:${instanceId.toLowerCase()}`;
export const logFileOf = ({ record }: Instance) => path.join(record.backupFolder, backupLogName(record.name));

export function createBackups(ports: BackupPorts): Backups {
  const { servers, instances } = ports;

  function optionsOf(request: BackupRequest, instance: Instance): BackupOptions {
    const { instanceId: _, secrets: _secrets, ...given } = request;
    const { backupFolder, name } = instance.record;
    const at = ports.clock.now();
    const file = freeName((nth) => path.join(backupFolder, backupFileName(name, request.type, at, nth)));
    const defaults = { file, log: logFileOf(instance), ...settledBy(instance) };
    const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
    return backupOptionsSchema.parse({ ...defaults, ...Object.fromEntries(chosen) });
  }

  return {
    plan(request) {
      const instance = instances.get(request.instanceId);
      const options = optionsOf(request, instance);
      return {
        options,
        command: commandFor(instance, options),
        warnings: warningsFor(instance, options, freeBytesOf(servers, instance)),
        refusal: refusalFor(ports, instance, options)?.message ?? null,
        estimatedBytes: estimate(instance, options),
      };
    },

    async start(request, as = {}) {
      const instance = instances.get(request.instanceId);
      const options = optionsOf(request, instance);
      const refusal = refusalFor(ports, instance, options);
      if (refusal) throw refusal;
      const { server, backupFolder } = instance.record;
      const folders = foldersOf(options);
      await servers.allow(server, [...folders]);
      if (folders.has(backupFolder))
        await servers.use(server, (api) => api.checkFolder({ folder: backupFolder, create: true }));
      return ports.jobs.run(
        {
          kind: 'backup',
          title: as.title ?? titleOf(options),
          target: instance.id,
          instanceId: instance.id,
          groupId: ports.groupOf(instance.id),
          request: {
            kind: 'backup',
            request: { ...request, secrets: undefined },
            command: commandFor(instance, options),
          },
          cancelability: 'now',
          exclusive: { key: instanceKey(instance.id), busyError: 'BACKUP_ACTIVE' },
        },
        (job) => {
          for (const warning of as.warnings ?? []) job.warn(warning);
          return runBackup(servers, instance, options, request.secrets, job);
        },
      );
    },

    async log(instanceId) {
      const instance = instances.get(instanceId);
      const own = logFileOf(instance);
      const group = instances.membership(instance);
      const ofGroup = group ? await readLog(servers, instance, path.join(group.folder, GROUP_LOG)) : [];
      const entries = [...(await readLog(servers, instance, own)), ...ofGroup];
      entries.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
      const file = group && entries.length === ofGroup.length ? path.join(group.folder, GROUP_LOG) : own;
      return { file, entries };
    },
  };
}

const commandFor = (instance: Instance, options: BackupOptions): string =>
  backupCommand(instance.id, options, { ...settledBy(instance), kept: instance.status.encryption?.kept ?? false });

async function readLog(servers: Servers, { record }: Instance, file: string): Promise<BackupLogEntry[]> {
  try {
    return await servers.use(record.server, (api) => api.readLog({ file }));
  } catch (error) {
    // Before the first backup there is no log.
    if (error instanceof HoldfastError && error.name === 'NOT_FOUND') return [];
    throw error;
  }
}

async function runBackup(
  servers: Servers,
  instance: Instance,
  options: BackupOptions,
  secrets: Secrets | undefined,
  job: JobContext,
): Promise<JobOutcome> {
  const { server, name } = instance.record;
  job.log('info', `${options.type} backup of ${instance.id} to ${options.file}`);
  const result = await servers.use(server, async (api): Promise<BackupResult | null> => {
    let last: BackupResult | null = null;
    for await (const event of await api.backup({ instance: name, options, secrets }, { signal: job.signal })) {
      if (event.kind === 'progress') job.report(event.progress);
      else if (event.kind === 'log') job.log('info', event.line);
      else last = event.result;
    }
    return last;
  });
  job.signal.throwIfAborted();
  if (!result) throw new HoldfastError('INTERNAL', `The backup of ${instance.id} ended without a result`);
  for (const warning of result.warnings) job.warn(warning);
  await servers.refresh(server);
  const seconds = Math.max(0.1, result.durationMs / 1000).toFixed(1);
  const verdict = `Backup ${result.idtag}: ${bytesText(result.bytesRead)} read, ${bytesText(result.bytesWritten)} written in ${seconds} s`;
  return { verdict, result };
}

/** Two backups can start within a second. */
function freeName(nthName: (nth: number) => string): string {
  for (let nth = 1; ; nth++) {
    const file = nthName(nth);
    if (!fs.existsSync(file)) return file;
  }
}

function refusalFor(
  { servers, groupOf }: BackupPorts,
  { record, status, id }: Instance,
  options: BackupOptions,
): HoldfastError | null {
  if (!servers.isReachable(record.server))
    return new HoldfastError('SERVER_UNREACHABLE', `The agent of ${record.server} does not answer`);
  if (status.role === 'standby')
    return new HoldfastError('NOT_SUPPORTED', `${id} is a backup database; the active one is backed up`, {
      hint: 'Back up the active database of its group.',
    });
  if (status.closed)
    return new HoldfastError('DATABASE_FENCED', `${id} was left ${status.closed}`, { hint: 'Open it first.' });
  const unfit = unfitOptions(options, groupOf(id) !== null, id);
  if (unfit) return unfit;
  if (!options.overwrite && fs.existsSync(options.file))
    return new HoldfastError('FILE_EXISTS', `${options.file} exists`);
  if (options.type === 'full') return null;
  if (!status.lastFull) return new HoldfastError('NO_FULL_BACKUP', `${id} has no full backup yet`);
  if (status.fullRequired)
    return new HoldfastError(
      'FULL_BACKUP_REQUIRED',
      `A full backup of ${id} is required: ${status.fullRequiredReason ?? 'the chain has ended'}`,
    );
  return null;
}

function warningsFor({ status, id }: Instance, options: BackupOptions, freeBytes: number | null): Warning[] {
  const warnings: Warning[] = [];
  if (status.journal === 'rollback')
    warnings.push({
      name: 'writersWait',
      message: `${id} uses a rollback journal: writers wait while its pages are read`,
    });
  if (!status.logging.on)
    warnings.push({
      name: 'noLogging',
      message: 'Roll-forward logging is off: changes after this backup are not kept',
    });
  warnings.push(...optionWarnings(options, status, id));
  if (options.overwrite) warnings.push({ name: 'overwrite', message: `${options.file} is replaced if it exists` });
  if (options.type === 'full' && freeBytes !== null && freeBytes < status.size)
    warnings.push({
      name: 'space',
      message: `${bytesText(freeBytes)} are free; the database has ${bytesText(status.size)} before compression`,
    });
  return warnings;
}

function freeBytesOf(servers: Servers, { record }: Instance): number | null {
  return servers.probeOf(record.server).status?.freeBytes ?? null;
}

/** Raw pages of a full backup: what compression leaves is not known before. */
function estimate({ status }: Instance, options: BackupOptions): number | null {
  return options.type === 'full' ? status.size : null;
}
