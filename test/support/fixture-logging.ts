// Logs and hazards as the fixture's engine answers them.
import type { InstanceStatus, LoggingConfig } from '../../core/contract/instance.ts';
import type { HazardReport, LogStanding } from '../../core/contract/logging.ts';

const MB = 1024 * 1024;

/** A row for each log that the settings name, oldest first. */
export function fixtureLogs(config: LoggingConfig | undefined): LogStanding[] {
  if (!config) return [];
  const last = Number.parseInt(config.currentLog, 16);
  const first = last - config.logCount + 1;
  return Array.from({ length: Math.max(0, config.logCount) }, (_, i): LogStanding => {
    const log = `${(first + i).toString(16).padStart(8, '0')}.log`;
    const safe = config.safeToDelete.includes(log);
    const standing = first + i === last ? 'current' : safe ? 'safe' : 'needed';
    const reasons = {
      current: 'It is being written.',
      needed: 'Needed by full backup 6920F0A1 and 2 more.',
      safe: null,
    };
    return {
      log,
      bytes: 46 * MB,
      createdAt: Date.now() - (last - first - i) * 3_600_000,
      standing,
      reason: reasons[standing],
    };
  });
}

export function fixtureHazards(status: InstanceStatus | undefined): HazardReport {
  return {
    at: Date.now() - 42_000,
    hazards: status?.hazards ?? [
      {
        code: 'WAL_RESET_RACE',
        level: 'warning',
        message:
          'report.py (process 2214) uses SQLite 3.40.1; before 3.51.3 a commit that meets a checkpoint of another program can be lost.',
        action: 'Update SQLite in that program to 3.51.3 or newer. Until then, set wal_autocheckpoint=0 in it.',
      },
      {
        code: 'LOGS_BESIDE_DATABASE',
        level: 'info',
        message: 'The roll-forward logs lie on the same volume as the database: one failed disk takes both.',
        action: 'Move the logs to another disk, and take a full backup after it.',
      },
    ],
    openers: [
      { pid: 2214, program: 'report.py', sqliteVersions: ['3.40.1'] },
      { pid: 1190, program: 'directoryd', sqliteVersions: ['3.53.0'] },
    ],
    facts: [
      { label: 'Journal mode', value: 'WAL' },
      { label: 'Page size', value: '4096 bytes' },
      { label: 'File system', value: 'ext4' },
    ],
  };
}
