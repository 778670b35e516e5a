// What the options of a backup mean together: what is chosen where nothing was said, what cannot be, and what to know before. Pure.
import path from 'node:path';
import type { BackupOptions } from '../contract/backup.ts';
import type { Warning } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';

/** Where nothing is said: encrypted, and with the security files, as far as nobody has to give a password. */
export function settledBy({ status }: { status: InstanceStatus }): Pick<BackupOptions, 'encrypt' | 'securityFiles'> {
  const kept = status.encryption?.kept ?? false;
  return { encrypt: kept, securityFiles: kept && (status.securityFiles ?? 0) > 0 };
}

/** Folders that a backup reads or writes, each once, that of the file first. */
export function foldersOf({ file, log, partFolders, include }: BackupOptions): Set<string> {
  return new Set([
    ...[file, log, ...(include === null ? [] : [include])].map((one) => path.dirname(one)),
    ...partFolders,
  ]);
}

export function titleOf({ type, cold }: BackupOptions): string {
  if (cold) return 'Cold backup';
  return type === 'full' ? 'Full backup' : 'Incremental backup';
}

/** What contradicts itself, and what the group of a database does not allow. */
export function unfitOptions(options: BackupOptions, inGroup: boolean, id: string): HoldfastError | null {
  const { cold, type, followUp, partFolders, partBytes, include } = options;
  const problem = (message: string, hint?: string) =>
    new HoldfastError('INVALID_INPUT', message, hint === undefined ? {} : { hint });
  if (cold && type !== 'full') return problem('A cold backup is a full backup, not an incremental.');
  if (!cold && followUp !== 'open') return problem('Only a cold backup can leave the database closed.');
  if (cold && inGroup)
    return new HoldfastError('NOT_SUPPORTED', `${id} belongs to a failover group, which keeps its database open`, {
      hint: 'Take a hot full backup, or take the database out of its group first.',
    });
  if (partFolders.length > 0 && partBytes === 0)
    return problem('Several folders need a size for the parts.', 'Give the size at which a part ends.');
  for (const folder of [...partFolders, ...(include === null ? [] : [include])])
    if (!path.isAbsolute(folder)) return problem(`${folder} is not an absolute path`);
  return null;
}

export function optionWarnings(options: BackupOptions, status: InstanceStatus, id: string): Warning[] {
  const warnings: Warning[] = [];
  const named = status.securityFiles ?? 0;
  if (!options.securityFiles && named > 0)
    warnings.push({
      name: 'noSecurityFiles',
      message: `The security files of ${id} are left out: without them its programs may not be able to read the data elsewhere`,
    });
  if (status.encryption && !options.encrypt)
    warnings.push({
      name: 'notEncrypted',
      message: `The pages are not encrypted, although “${status.encryption.name}” is preferred`,
    });
  if (options.cold)
    warnings.push({
      name: 'cold',
      message: `${id} is closed to everybody while it is copied; programs that stay make it refuse`,
    });
  if (options.followUp === 'closed')
    warnings.push({ name: 'leftClosed', message: `${id} stays closed afterwards, until it is opened here` });
  if (options.followUp === 'disabled')
    warnings.push({
      name: 'disabled',
      message: `${id} stays closed and locked afterwards: for a move to other hardware, not for routine`,
    });
  return warnings;
}
