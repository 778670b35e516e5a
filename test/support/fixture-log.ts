// Entries of a backup log: two good backups, a restore that failed its verification with the field's own numbers, an unfinished one.
import type { BackupLogEntry } from '../../core/contract/backup.ts';

const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const minute = 60_000;

function backup(at: number, type: 'Full' | 'Incremental', verdict: BackupLogEntry['verdict']): BackupLogEntry {
  const id = Math.floor(at / 1000)
    .toString(16)
    .toUpperCase();
  const fields: Record<string, string> = {
    'Backup type': type,
    'Log file name': '/srv/holdfast/backups/SRV-1/backup.log',
    'Backup started': iso(at),
    'Backup file name': `/srv/holdfast/backups/SRV-1/${id}.bak`,
    'Server name': '\\T=LAB\\O=HOLDFAST\\CN=SRV-1',
    'Current Roll Forward Log': '0000000a.log',
    'DS Version': '10000',
    'Backup ID': id,
  };
  const end =
    verdict === 'success'
      ? ['Database backup finished', 'Completion time 00:00:03', 'Backup completed successfully']
      : [];
  return {
    kind: 'Backup',
    startedAt: at,
    fields,
    lines: [
      '|==================DSBackup Log: Backup================|',
      ...Object.entries(fields).map(([name, value]) => `${name}: ${value}`),
      'Starting database backup...',
      ...end,
    ],
    verdict,
    errorCode: verdict === 'success' ? 0 : null,
  };
}

export function fixtureLog(now: number): { file: string; entries: BackupLogEntry[] } {
  const at = now - 40 * minute;
  const restore: BackupLogEntry = {
    kind: 'Restore',
    startedAt: at,
    fields: { 'Log file name': '/srv/holdfast/backups/SRV-1/backup.log', 'Restore started': iso(at) },
    lines: [
      '|==================DSBackup Log: Restore================|',
      'Log file name: /srv/holdfast/backups/SRV-1/backup.log',
      `Restore started: ${iso(at)}`,
      'Restore file name: /srv/holdfast/backups/SRV-1/3D35E100.bak',
      'Starting database restore...',
      'Restoring file /srv/holdfast/backups/SRV-1/3D35E100.bak',
      'Database restore finished',
      'Server: \\T=LONE_RANGER\\O=novell\\CN=CHIP',
      '   Replica: \\T=LONE_RANGER\\O=novell',
      '      Status: ERROR = -6034',
      '         Local TV             Remote TV',
      '         s3D35F377 r02 e002   s3D35F3C4 r02 e002',
      '         s3D35F370 r01 e001   s3D35F370 r01 e001',
      'Completion time 00:00:11',
      'Restore failed, error -6034',
    ],
    verdict: 'failed',
    errorCode: -6034,
  };
  return {
    file: '/srv/holdfast/backups/SRV-1/backup.log',
    entries: [
      backup(now - 360 * minute, 'Full', 'success'),
      backup(now - 60 * minute, 'Incremental', 'success'),
      restore,
      backup(now - minute, 'Incremental', 'unfinished'),
    ],
  };
}
