// Names of backup files: `Directory-20261120T074200-full.bak`, in UTC so that they sort by time; the second of one second is
// `Directory-20261120T074200.2-full.bak`, which sorts behind the first.
import type { BackupType } from '../contract/backup.ts';

export function backupFileName(instance: string, type: BackupType, at: number, nth = 1): string {
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d+Z$/g, '');
  return `${instance}-${stamp}${nth > 1 ? `.${nth}` : ''}-${type === 'full' ? 'full' : 'inc'}.bak`;
}

export const backupLogName = (instance: string) => `${instance}.log`;
