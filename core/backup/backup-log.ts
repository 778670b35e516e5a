// The backup log: an append-only history, one entry for each backup and restore, whose last line is the verdict.
import type { Verification } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { formatStamp } from '../vectors/stamp.ts';
import { fileError, readAt } from './file-access.ts';
import { refuseDatabase } from './guarded-open.ts';

export { readBackupLog } from './backup-log-reader.ts';

export interface BackupEntryStart {
  type: 'full' | 'incremental';
  /** ms since 1970. */
  startedAt: number;
  backupFile: string;
  /** `\T=SITE\O=ORG\CN=SERVER` */
  serverName: string;
  currentLog: string;
  dsversion: string;
  idtag: string;
  /** Security files and included files that are taken along. */
  otherFiles?: readonly { name: string; type: 'user' | 'nici' }[];
}

export interface RestoreEntryStart {
  /** ms since 1970. */
  startedAt: number;
  restoreFile: string;
}

/** One entry while its work runs. Every call appends at once, so that a crash leaves an entry without a verdict. */
export interface LogEntryWriter {
  line(text: string): void;
  /** The block of a restore verification, two columns a replica. */
  verification(servers: Verification['servers']): void;
  /** Ends the entry with success. `durationMs` is the time the work took. */
  succeeded(durationMs: number): void;
  /** Ends the entry with the code of the failure. */
  failed(code: number, durationMs: number): void;
}

/** Begins the entry of a backup in `file`, which is created when it is not there. */
export function startBackupEntry(file: string, start: BackupEntryStart, files: Files): LogEntryWriter {
  return startEntry('Backup', file, files, [
    `Backup type: ${start.type === 'full' ? 'Full' : 'Incremental'}`,
    `Log file name: ${file}`,
    `Backup started: ${formatTime(start.startedAt)}`,
    `Backup file name: ${start.backupFile}`,
    `Server name: ${start.serverName}`,
    `Current Roll Forward Log: ${start.currentLog}`,
    `DS Version: ${start.dsversion}`,
    `Backup ID: ${start.idtag}`,
    ...(start.otherFiles ?? []).map(
      ({ name, type }) => `Backing up ${type === 'nici' ? 'security' : 'user included'} file: ${name}`,
    ),
    'Starting database backup...',
  ]);
}

/** Begins the entry of a restore. */
export function startRestoreEntry(file: string, start: RestoreEntryStart, files: Files): LogEntryWriter {
  return startEntry('Restore', file, files, [
    `Log file name: ${file}`,
    `Restore started: ${formatTime(start.startedAt)}`,
    `Restore file name: ${start.restoreFile}`,
    'Starting database restore...',
  ]);
}

/** An entry of work that does not depend on its history: what cannot be written is told to `onTrouble` and left out. */
export function tolerantEntry(entry: LogEntryWriter, onTrouble: (error: unknown) => void): LogEntryWriter {
  const trying = (work: () => void) => {
    try {
      work();
    } catch (error) {
      onTrouble(error);
    }
  };
  return {
    line: (text) => trying(() => entry.line(text)),
    verification: (servers) => trying(() => entry.verification(servers)),
    succeeded: (ms) => trying(() => entry.succeeded(ms)),
    failed: (code, ms) => trying(() => entry.failed(code, ms)),
  };
}

/** The lines of a verification block, as the field prints them. */
export function formatVerification(servers: Verification['servers']): string[] {
  return servers.flatMap((server) => {
    const code = server.status === 'behind' ? -6034 : server.status === 'unreachable' ? -7034 : 0;
    const head = [
      `Server: ${server.server}`,
      `   Replica: ${server.replica}`,
      ...(server.backend === undefined ? [] : [`   File: ${server.backend}`]),
      `      Status: ${code === 0 ? 'OK' : `ERROR = ${code}`}`,
    ];
    if (server.rows.length === 0) return head;
    const rows = server.rows.map((row) => {
      const local = row.local ? formatStamp(row.local) : '-';
      return `         ${local.padEnd(21)}${row.remote ? formatStamp(row.remote) : '-'}`;
    });
    return [...head, `         ${'Local TV'.padEnd(21)}Remote TV`, ...rows];
  });
}

function startEntry(kind: 'Backup' | 'Restore', file: string, files: Files, lines: string[]): LogEntryWriter {
  refuseDatabase(file, files);
  // A torn last entry must not swallow the banner of this one.
  const torn = endsWithinLine(file, files) ? [''] : [];
  append(file, files, [...torn, `|==================DSBackup Log: ${kind}================|`, ...lines], true);
  const end = (durationMs: number, verdict: string, finished: string[]) => {
    append(file, files, [...finished, `Completion time ${formatDuration(durationMs)}`, verdict, ''], true);
  };
  return {
    line: (text) => append(file, files, [text], false),
    verification: (servers) => append(file, files, formatVerification(servers), false),
    succeeded: (ms) => end(ms, `${kind} completed successfully`, [`Database ${kind.toLowerCase()} finished`]),
    failed: (code, ms) => end(ms, `${kind} failed, error ${code}`, []),
  };
}

/** One write with O_APPEND: entries of two programs may mix by line, never within one. */
function append(file: string, files: Files, lines: string[], durable: boolean): void {
  try {
    const fd = files.openSync(file, 'a', 0o644);
    try {
      const bytes = Buffer.from(`${lines.map(oneLine).join('\n')}\n`);
      for (let done = 0; done < bytes.length; ) done += files.writeSync(fd, bytes, done, bytes.length - done);
      if (durable) files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, `Writing the backup log ${file}`);
  }
}

function endsWithinLine(file: string, files: Files): boolean {
  const size = files.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return false;
  const fd = files.openSync(file, 'r');
  try {
    return readAt(files, fd, size - 1, 1).toString() !== '\n';
  } finally {
    files.closeSync(fd);
  }
}

/** A name must not be able to forge a verdict. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}|\u2028|\u2029/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
