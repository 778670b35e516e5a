// Which logs nobody needs any more: a pure judgement over what lies in the folder and which backups are kept. Deletes nothing.
import type { BackupFileInfo } from '../contract/backup.ts';
import type { KeptBackup, LogStanding } from '../contract/logging.ts';
import { logName, logNumber } from './log-format.ts';

/** A log as its name, size and header tell it; `serial` and `createdAt` are null where the header cannot be read. */
export interface LogFile {
  number: number;
  bytes: number;
  serial: string | null;
  createdAt: number | null;
}

/**
 * What a backup needs of the logs of one file. `further`: the backend of an instance of several that is not its first. The header
 * names the run of the first file's logs alone, so a further file's backup may need any.
 */
export function keptBackup(info: BackupFileInfo, further: string | null): KeptBackup {
  const { idtag, type, currentLog, logSerial, backends } = info;
  const own = further === null ? null : backends?.find(({ id }) => id === further);
  if (further === null || (!backends && logSerial !== undefined)) return { idtag, type, currentLog, logSerial };
  return { idtag, type, currentLog: own?.currentLog ?? currentLog, logSerial: logSerial === null ? null : undefined };
}

export interface LogNeeds {
  /** Name of the log that is written now, or would be next. */
  current: string;
  /** All backups in every known folder. */
  kept: KeptBackup[];
  /** A folder, or a file that may be a backup, of which it is not known what it needs; null when there is none. */
  unreadable: string | null;
  /** idtag of the newest full; null before the first. */
  newestFull: string | null;
  /** Why a full backup is required, if one is: until then every log stays. */
  fullRequired: string | null;
}

/**
 * The standing of each log, in the order given. A log may go only when it is closed and no kept backup needs it to reach a later
 * moment; the newest full itself must be among them, so that what replaces the logs is really there.
 */
export function judgeLogs(logs: LogFile[], needs: LogNeeds): LogStanding[] {
  const current = logNumber(needs.current) ?? 0;
  const general = reasonForAll(needs);
  return logs.map((log) => {
    const { bytes, createdAt } = log;
    const row = { log: logName(log.number), bytes, createdAt };
    if (log.number === current) return { ...row, standing: 'current', reason: 'It is being written.' };
    if (log.number > current) return { ...row, standing: 'needed', reason: 'It is newer than the current log.' };
    const reason = general ?? reasonFor(log, needs.kept);
    return { ...row, standing: reason === null ? 'safe' : 'needed', reason };
  });
}

function reasonForAll({ kept, unreadable, newestFull, fullRequired }: LogNeeds): string | null {
  if (unreadable !== null) return `${unreadable} cannot be read, so it is not known which logs it needs.`;
  if (newestFull === null) return 'There is no full backup yet.';
  if (fullRequired !== null) return 'A full backup is required first.';
  if (kept.some(({ type, idtag }) => type === 'full' && idtag === newestFull)) return null;
  return `The newest full backup, ${newestFull}, is not in any known folder.`;
}

function reasonFor(log: LogFile, kept: KeptBackup[]): string | null {
  const needing = kept.filter(({ currentLog, logSerial }) => {
    if (logSerial === null) return false;
    const sameRun = logSerial === undefined || log.serial === null || logSerial === log.serial;
    // A name that cannot be read may mean any log.
    return sameRun && (logNumber(currentLog) ?? 0) <= log.number;
  });
  const first = needing.sort((a, b) => a.idtag.localeCompare(b.idtag))[0];
  if (!first) return null;
  const others = needing.length > 1 ? ` and ${needing.length - 1} more` : '';
  return `Needed by ${first.type} backup ${first.idtag}${others}.`;
}
