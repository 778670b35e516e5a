// The forms in which `--json` writes what the contract holds as numbers: times as ISO text, stamps as the logs write them.
import type { BackupFileInfo, BackupResult, LogFileInfo } from '../../core/contract/backup.ts';
import type { Vector } from '../../core/contract/common.ts';
import type { RestoreResult, RestoreView, Verification } from '../../core/contract/restore.ts';
import { formatStamp } from '../../core/vectors/stamp.ts';

export const isoTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** As `--peers` takes it: one text a replica, ascending. */
export const stampTexts = (vector: Vector) =>
  [...vector].sort((a, b) => a.replica - b.replica).map((stamp) => formatStamp(stamp));

export function backupForm(result: BackupResult): Record<string, unknown> {
  return { ...result, consistentAt: isoTime(result.consistentAt), vector: stampTexts(result.vector) };
}

export function headerForm(info: BackupFileInfo): Record<string, unknown> {
  return {
    ...info,
    time: isoTime(info.time),
    consistentAt: isoTime(info.consistentAt),
    vector: stampTexts(info.vector),
  };
}

export const logFileForm = (log: LogFileInfo) => ({ ...log, from: isoTime(log.from), to: isoTime(log.to) });

export function verificationForm({ status, code, integrity, servers }: Verification): Record<string, unknown> {
  return {
    status,
    code,
    integrity,
    servers: servers.map((server) => ({
      server: server.server,
      replica: server.replica,
      ...(server.backend === undefined ? {} : { backend: server.backend }),
      status: server.status,
      replicas: server.rows.map((row) => ({
        number: row.replica,
        local: row.local && formatStamp(row.local),
        remote: row.remote && formatStamp(row.remote),
        status: row.status,
        behindSec: row.behindSec,
        behindCommits: row.behindCommits,
      })),
    })),
  };
}

export function restoreForm(result: RestoreResult): Record<string, unknown> {
  const { steps, restoredTo, verify, activated, lastCommit, contingency, target, vector, durationMs, backends } =
    result;
  return {
    steps,
    restoredTo: isoTime(restoredTo),
    verify: verificationForm(verify),
    activated,
    lastCommit: lastCommit && formatStamp(lastCommit),
    contingency,
    target,
    vector: stampTexts(vector),
    ...(backends ? { backends: backends.map((one) => ({ ...one, vector: stampTexts(one.vector) })) } : {}),
    durationMs,
  };
}

/** The same keys for a restore that failed: how far it came. */
export function failedRestoreForm(view: RestoreView): Record<string, unknown> {
  return {
    steps: view.steps.map(({ step, status }) => ({ step, status })),
    restoredTo: isoTime(view.restoredTo),
    verify: verificationForm(view.verification),
    activated: false,
    lastCommit: view.lastCommit && formatStamp(view.lastCommit),
  };
}
