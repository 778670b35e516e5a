// Which backups a restore reads, in which order: the full, then the incrementals that continue it, up to the wanted moment.
import path from 'node:path';
import { assertReadable, scanBackups } from '../backup/catalog.ts';
import { checkChain, planChain } from '../backup/chain.ts';
import { type OpenBackupOptions, openBackup } from '../backup/reader.ts';
import type { OpenedBackup } from '../backup/types.ts';
import type { BackupFileInfo } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { momentText } from '../platform/time-text.ts';
import { chainLogs } from '../rollforward/log-chain.ts';
import type { ReplayRange } from '../rollforward/types.ts';
import { compareStamps, formatStamp } from '../vectors/stamp.ts';
import { stampOf } from '../vectors/vector.ts';

export interface RestoreSources {
  full: OpenedBackup;
  incrementals: OpenedBackup[];
  /** The last of them: its vector, log and data set are the restored ones before any log is replayed. */
  last: OpenedBackup;
}

/**
 * Opens what will be restored. Throws NOT_A_FULL_BACKUP, SERIAL_MISMATCH or INVALID_SEQUENCE for incrementals given by
 * hand, NOT_FOUND when `untilBackup` cannot be reached, POINT_NOT_COVERED when the full is later than the wanted point, and what
 * the headers of the logs show to be wrong with them: all of it before a database is closed.
 */
export function planSources(options: RestoreOptions, files: Files): RestoreSources {
  const search: OpenBackupOptions = { searchFolders: options.searchFolders };
  const full = openBackup(options.file, files, search);
  if (full.info.type !== 'full')
    throw new HoldfastError('NOT_A_FULL_BACKUP', `${options.file} is an incremental backup`);
  if (options.until !== null && full.info.consistentAt > options.until)
    throw new HoldfastError(
      'POINT_NOT_COVERED',
      `${options.file} shows ${momentText(full.info.consistentAt)}, which is after ${momentText(options.until)}`,
    );
  if (isBeyond(full.info, options))
    throw new HoldfastError(
      'POINT_NOT_COVERED',
      `${options.file} holds commits after ${options.untilStamp ? formatStamp(options.untilStamp) : ''}`,
    );
  const incrementals = options.incrementals
    ? givenIncrementals(full, options.incrementals, options, files, search)
    : foundIncrementals(full, options, files, search);
  const last = incrementals.at(-1) ?? full;
  const range = logRange(options, last.info);
  if (range) chainLogs(range, files);
  return { full, incrementals, last };
}

/** What is replayed after the last backup; null when no logs are wanted. */
export function logRange(options: RestoreOptions, last: BackupFileInfo): ReplayRange | null {
  const [first] = options.logFiles ?? [];
  const folder = first ? path.dirname(first) : options.logFiles ? null : options.logFolder;
  if (folder === null) return null;
  return {
    folder,
    logs: options.logFiles,
    databaseSerial: last.databaseSerial ?? '',
    firstLog: last.currentLog,
    after: last.vector,
    until: options.until,
    untilStamp: options.untilStamp,
  };
}

/** It holds commits that were made after the wanted one. */
function isBeyond(info: BackupFileInfo, { untilStamp }: RestoreOptions): boolean {
  const held = untilStamp ? stampOf(info.vector, untilStamp.replica) : null;
  return untilStamp !== null && held !== null && compareStamps(held, untilStamp) > 0;
}

function givenIncrementals(
  full: OpenedBackup,
  given: string[],
  options: RestoreOptions,
  files: Files,
  search: OpenBackupOptions,
): OpenedBackup[] {
  const opened = given.map((file) => openBackup(file, files, search));
  checkChain(
    full.info,
    opened.map((backup) => backup.info),
  );
  const within = opened.filter(
    ({ info }) => !isBeyond(info, options) && (options.until === null || info.consistentAt <= options.until),
  );
  if (options.untilBackup === null) return within;
  if (options.untilBackup === full.info.idtag) return [];
  const end = within.findIndex((backup) => backup.info.idtag === options.untilBackup);
  if (end < 0) throw notReached(options.untilBackup);
  return within.slice(0, end + 1);
}

function foundIncrementals(
  full: OpenedBackup,
  options: RestoreOptions,
  files: Files,
  search: OpenBackupOptions,
): OpenedBackup[] {
  const folders = [...new Set([path.dirname(options.file), ...options.searchFolders])];
  const { infos, unusable } = scanBackups(folders, files);
  assertReadable(unusable);
  const candidates = infos.filter((info) => !isBeyond(info, options));
  const plan = planChain(full.info, candidates, options.untilBackup ?? options.until);
  if (options.untilBackup !== null && (plan.incrementals.at(-1) ?? full.info).idtag !== options.untilBackup) {
    const gap = plan.missing[0];
    throw notReached(options.untilBackup, gap?.reason);
  }
  return plan.incrementals.map((info) => openBackup(info.file, files, search));
}

const notReached = (idtag: string, reason = 'it is not among the backups of this chain') =>
  new HoldfastError('NOT_FOUND', `Backup ${idtag} cannot be reached: ${reason}`);
