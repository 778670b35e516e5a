// Backup files and a restore plan for the in-memory console.
import type { BackupFileInfo } from '../../core/contract/backup.ts';
import type { RestorePlan } from '../../core/contract/console.ts';
import { backupInfo } from './fixture-timeline.ts';

const hour = 3_600_000;

export const fixtureFull = (now: number): BackupFileInfo => backupInfo(now - 6 * hour, 0);

export function fixtureHeader(now: number): { xml: string; info: BackupFileInfo } {
  const info = fixtureFull(now);
  return {
    info,
    xml: `<?xml version="1.0" encoding="UTF-8"?>\n<backup version="2" backup_type="full" idtag="${info.idtag}" time="${new Date(info.time).toISOString()}" srvname="${info.srvname}" dsversion="${info.dsversion}" compression="${info.compression}" os="${info.os}" current_log="${info.currentLog}" next_inc_file_ID="${info.nextIncId}">\n</backup>\n`,
  };
}

export function fixtureRestorePlan(token: string, now: number): RestorePlan {
  const full = fixtureFull(now);
  return {
    token,
    title: 'Restore SRV-1/Directory',
    class: 'typed',
    typedName: 'Directory',
    effects: [
      'The agent closes the database; clients lose their connection.',
      'The set in use is kept as a contingency copy.',
      'The restored set is verified against SRV-2 before it becomes active.',
    ],
    warnings: [],
    checks: [
      { text: 'Full backup is readable and complete', status: 'ok' },
      { text: 'Roll-forward logs follow without a gap', status: 'ok' },
      { text: 'Free space: 212 GB, needed: 480 MB', status: 'ok' },
    ],
    command: `holdfast restore -f ${full.file} -l restore.log --to directory.db -r -a -o`,
    refusal: null,
    expiresAt: now + 60_000,
    full,
    incrementals: [backupInfo(now - 3 * hour, 1), backupInfo(now - hour, 2)],
    logs: ['00000004.log', '00000005.log'],
    missing: [],
    reaches: now - 2_000,
    estimatedMs: 9_000,
  };
}
