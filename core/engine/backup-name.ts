// Names of backup files: `Directory-20261120T074200-full.bak`, in UTC so that they sort by time.
import type { BackupType } from '../contract/backup.ts';

export function backupFileName(instance: string, type: BackupType, at: number): string {
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d+Z$/g, '');
  return `${instance}-${stamp}-${type === 'full' ? 'full' : 'inc'}.bak`;
}

export const backupLogName = (instance: string) => `${instance}.log`;
