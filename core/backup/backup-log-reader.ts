// Reads a backup log back into entries; also one in the field's original form, and one whose last entry was torn off.
import type { BackupLogEntry } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { fileError, readAt } from './file-access.ts';
import { openGuarded } from './guarded-open.ts';
import { parseHeaderTime } from './header-time.ts';

const BANNER = /^\|=+DSBackup Log: (Backup|Restore)=+\|$/;
/** Of a log that has grown beyond this, the newest part is read. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The entries, oldest first; an entry without a verdict is `unfinished`. Throws NOT_FOUND. */
export function readBackupLog(file: string, files: Files): BackupLogEntry[] {
  return parseBackupLog(readTail(file, files));
}

/** The entries in the text of a log. */
export function parseBackupLog(text: string): BackupLogEntry[] {
  const entries: BackupLogEntry[] = [];
  for (const line of text.split(/\r?\n/)) {
    const banner = BANNER.exec(line);
    const entry = entries.at(-1);
    if (banner) entries.push(newEntry(banner[1] as BackupLogEntry['kind'], line));
    else if (entry && line !== '') addLine(entry, line);
  }
  return entries;
}

function newEntry(kind: BackupLogEntry['kind'], banner: string): BackupLogEntry {
  return { kind, startedAt: null, fields: {}, lines: [banner], verdict: 'unfinished', errorCode: null };
}

function addLine(entry: BackupLogEntry, line: string): void {
  entry.lines.push(line);
  const verdict = new RegExp(`^${entry.kind} (?:(completed successfully)|failed, error (-?\\d+))$`).exec(line);
  if (verdict) {
    entry.verdict = verdict[1] === undefined ? 'failed' : 'success';
    entry.errorCode = verdict[2] === undefined ? null : Number(verdict[2]);
    return;
  }
  const field = /^([A-Z][A-Za-z ]*): (.*)$/.exec(line);
  if (!field || Object.hasOwn(entry.fields, field[1]!)) return;
  entry.fields[field[1]!] = field[2]!;
  if (field[1] === `${entry.kind} started`) entry.startedAt = parseHeaderTime(field[2]!);
}

function readTail(file: string, files: Files): string {
  try {
    const fd = openGuarded(file, files);
    try {
      const { size } = files.fstatSync(fd);
      const from = Math.max(0, size - MAX_BYTES);
      return readAt(files, fd, from, size - from).toString();
    } finally {
      files.closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new HoldfastError('NOT_FOUND', `There is no backup log ${file}.`, { cause: error });
    }
    throw fileError(error, `Reading the backup log ${file}`);
  }
}
