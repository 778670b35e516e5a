// The error catalogue: one closed table that code, documentation, command line and console read.
// After a change: node scripts/error-docs.mjs writes docs/technical/errors.md. Negative numbers from -601x to -785 are the field's own codes; -7000 and below are Holdfast's.

import { systemError } from './system-errors.ts';

interface CatalogueEntry {
  /** What the CLI exits with: 1 failed, 2 wrong usage, 3 refused by a rule, 130 canceled. */
  exit: 1 | 2 | 3 | 130;
  code: number;
  cause: string;
  hint: string;
}

export const errorCatalogue = {
  SERIAL_MISMATCH: {
    code: -6018,
    exit: 1,
    cause: 'The incremental belongs to another chain.',
    hint: 'Use the incrementals that were taken after this very full backup.',
  },
  LOG_DATABASE_MISMATCH: {
    code: -6019,
    exit: 1,
    cause: 'The roll-forward log was written for another database.',
    hint: 'Point to the log folder of the database that is being restored.',
  },
  LOG_SERIAL_MISMATCH: {
    code: -6020,
    exit: 1,
    cause: 'The serial of the roll-forward log does not follow the one before it.',
    hint: 'Logging was turned off, moved or restored in between; restore a later full backup, or stop before this log.',
  },
  INVALID_SEQUENCE: {
    code: -6021,
    exit: 1,
    cause: 'This is not the next incremental of the chain.',
    hint: 'Give the incrementals in order; the header of each names the next one.',
  },
  LOG_GAP: {
    code: -6022,
    exit: 1,
    cause: 'Transactions inside the roll-forward logs are damaged or missing.',
    hint: 'Restore up to the gap, or take the damaged log from another copy.',
  },
  LOG_NUMBER_MISMATCH: {
    code: -6023,
    exit: 1,
    cause: 'The number in the header of the roll-forward log differs from its name.',
    hint: 'Give the file its original name back.',
  },
  LOG_NOT_FOUND: {
    code: -6024,
    exit: 1,
    cause: 'A roll-forward log that is needed is not there.',
    hint: 'Copy all logs, with their original names, into one folder.',
  },
  BACKUP_ACTIVE: {
    code: -6025,
    exit: 3,
    cause: 'A backup of this database is running.',
    hint: 'Wait for it or cancel it, then try again.',
  },
  LOG_NEEDED: {
    code: -7036,
    exit: 3,
    cause: 'A backup that is kept needs this roll-forward log, or it is still being written.',
    hint: 'Take a full backup, and remove older backups that are not needed any more, first.',
  },
  LOG_DEVICE_FULL: {
    code: -6026,
    exit: 1,
    cause: 'The volume of the roll-forward logs is full.',
    hint: 'Free space there; capture goes on by itself.',
  },
  VERIFICATION_BEHIND: {
    code: -6034,
    exit: 1,
    cause: 'Another server holds changes that the restored data does not have.',
    hint: 'See who has what is missing (the restore monitor, or restadv --recover), then run the restore again with it.',
  },
  VERIFICATION_UNREACHABLE: {
    code: -7034,
    exit: 1,
    cause: 'A server to verify against could not be reached.',
    hint: 'Start it and retry, or decide with an override.',
  },

  NOT_SQLITE: {
    code: -7001,
    exit: 3,
    cause: 'The file is not a SQLite database.',
    hint: 'Choose the database file itself.',
  },
  ENCRYPTED_DATABASE: {
    code: -7002,
    exit: 3,
    cause: 'The file looks like an encrypted database.',
    hint: 'Page-level protection needs a plain SQLite file.',
  },
  TRUNCATED_DATABASE: {
    code: -7003,
    exit: 3,
    cause: 'The file is shorter than its own header says.',
    hint: 'Restore it from a backup first.',
  },
  EXCLUSIVE_LOCKING: {
    code: -7004,
    exit: 3,
    cause: 'Another program holds the database in exclusive locking mode.',
    hint: 'Set PRAGMA locking_mode=NORMAL in that program.',
  },
  NETWORK_FILE_SYSTEM: {
    code: -7005,
    exit: 3,
    cause: 'The database lies on a network file system.',
    hint: 'Run the agent on the machine that holds the disk.',
  },
  NO_PERMISSION: {
    code: -7006,
    exit: 3,
    cause: 'The file or its folder cannot be read and written by this user.',
    hint: 'Run as the owner of the database, or change the permissions.',
  },
  NO_SPACE: {
    code: -7007,
    exit: 1,
    cause: 'There is not enough free space.',
    hint: 'Free space or choose another folder.',
  },
  OUTSIDE_ROOT: {
    code: -7008,
    exit: 3,
    cause: 'The path leads out of the folders that this server may use.',
    hint: 'Use a path without a symbolic link that leaves the folder, or allow that folder.',
  },
  NOT_FOUND: { code: -7009, exit: 2, cause: 'There is nothing with this name or path.', hint: 'Check the spelling.' },
  DATABASE_IN_USE: {
    code: -7010,
    exit: 3,
    cause: 'Other programs have the database open.',
    hint: 'Stop the programs that are listed, then try again.',
  },
  DATABASE_BUSY: {
    code: -7011,
    exit: 1,
    cause: 'The database stayed locked by another program.',
    hint: 'Try again when its transaction has ended.',
  },
  JOURNAL_MODE: {
    code: -7012,
    exit: 3,
    cause: 'Continuous logging needs the WAL journal mode.',
    hint: 'Switch the database to WAL when asked, or protect it without logging.',
  },
  DATABASE_FENCED: {
    code: -7013,
    exit: 3,
    cause: 'The database is fenced: it accepts no writes.',
    hint: 'Unfence it, or work on the active database.',
  },
  DATABASE_REPLACED: {
    code: -7014,
    exit: 1,
    cause: 'The database file was replaced behind the agent.',
    hint: 'Take a full backup from here.',
  },
  CAPTURE_GAP: {
    code: -7015,
    exit: 1,
    cause: 'Commits were made that could not be captured.',
    hint: 'The next backup repairs it by comparing pages; take one now.',
  },
  INTEGRITY_FAILED: {
    code: -7016,
    exit: 1,
    cause: 'The integrity check of the database failed.',
    hint: 'Restore an earlier backup.',
  },

  NO_FULL_BACKUP: {
    code: -7020,
    exit: 3,
    cause: 'An incremental needs a finished full backup before it.',
    hint: 'Take a full backup first.',
  },
  FULL_BACKUP_REQUIRED: {
    code: -7021,
    exit: 3,
    cause: 'A full backup is required before the next incremental.',
    hint: 'Take a full backup now.',
  },
  FILE_EXISTS: {
    code: -7022,
    exit: 3,
    cause: 'A file with this name exists.',
    hint: 'Choose another name, or allow overwriting.',
  },
  NOT_A_BACKUP: { code: -7023, exit: 1, cause: 'The file is not a Holdfast backup.', hint: 'Choose a backup file.' },
  BACKUP_TRUNCATED: {
    code: -7024,
    exit: 1,
    cause: 'The backup file ends too early.',
    hint: 'Copy it again from its source.',
  },
  BACKUP_DAMAGED: {
    code: -7025,
    exit: 1,
    cause: 'A checksum inside the backup file is wrong.',
    hint: 'Use another copy of this backup.',
  },
  BACKUP_PART_MISSING: {
    code: -7026,
    exit: 1,
    cause: 'A part of the backup set is missing.',
    hint: 'Put all parts of the set into one folder.',
  },
  BACKUP_PART_ORDER: {
    code: -7027,
    exit: 1,
    cause: 'The parts of the backup set are in the wrong order or of different sets.',
    hint: 'Give every part its original name back.',
  },
  BACKEND_MISSING: {
    code: -7120,
    exit: 1,
    cause: 'A backend of the set is missing.',
    hint: 'Put the files of all backends of the set into one folder.',
  },
  BACKEND_MISMATCH: {
    code: -7121,
    exit: 1,
    cause: 'A file under the name of a backend is not of this set: it is foreign, exchanged, or of another backup.',
    hint: 'Give every file of the set its original name back.',
  },
  BACKENDS_DIFFER: {
    code: -7122,
    exit: 3,
    cause: 'The backends of the backup are not those of the database.',
    hint: 'Add or remove backends until they are the same, or restore into new files.',
  },
  SEVERAL_BACKENDS: {
    code: -7123,
    exit: 3,
    cause: 'This cannot be done with a database that has several backends.',
    hint: 'Remove the further backends, or use a database of one file.',
  },
  BACKUP_NEWER_FORMAT: {
    code: -7028,
    exit: 1,
    cause: 'The backup file was written by a newer version.',
    hint: 'Update Holdfast.',
  },
  WRONG_PASSWORD: {
    code: -7029,
    exit: 1,
    cause: 'The password is wrong.',
    hint: 'Use the password that was given at backup.',
  },
  OTHER_FILES_TOO_LARGE: {
    code: -7039,
    exit: 3,
    cause: 'The security and included files are too many or too large to go along with a backup.',
    hint: 'Leave some out; large collections of files belong into the backup of the file system.',
  },
  PASSWORD_REQUIRED: {
    code: -7035,
    exit: 3,
    cause: 'The backup is encrypted and no key for it is known here.',
    hint: 'Give the password or the key file that the backup was encrypted with.',
  },
  NOT_A_LOG: {
    code: -7030,
    exit: 1,
    cause: 'The file is not a roll-forward log.',
    hint: 'Remove foreign files from the log folder.',
  },
  LOG_INCOMPLETE: {
    code: -7031,
    exit: 1,
    cause: 'The roll-forward log was never closed and others follow it.',
    hint: 'Copy the log again.',
  },
  NOT_A_FULL_BACKUP: {
    code: -7032,
    exit: 3,
    cause: 'A restore starts from a full backup.',
    hint: 'Choose a full backup; its incrementals are found by id.',
  },
  POINT_NOT_COVERED: {
    code: -7033,
    exit: 3,
    cause: 'No backup or log covers this point in time.',
    hint: 'Choose a point inside a solid band of the timeline.',
  },

  RESTORE_ACTIVE: {
    code: -7040,
    exit: 3,
    cause: 'A restore of this database is running.',
    hint: 'Wait for it or cancel it.',
  },
  RESTORE_FAILED: {
    code: -7041,
    exit: 1,
    cause: 'The restore failed; the old database is active again.',
    hint: 'See the step that failed.',
  },
  TARGET_EXISTS: {
    code: -7042,
    exit: 3,
    cause: 'The target of the restore exists.',
    hint: 'Choose another path, or activate over it.',
  },
  NO_RST: { code: -7043, exit: 3, cause: 'There is no restored set to act on.', hint: 'Run a restore first.' },
  PLAN_EXPIRED: {
    code: -7044,
    exit: 3,
    cause: 'The plan has expired or the situation has changed since.',
    hint: 'Look at the new plan and confirm again.',
  },
  CONFIRMATION_REQUIRED: {
    code: -7045,
    exit: 3,
    cause: 'This action needs a typed confirmation.',
    hint: 'Type the name exactly as it is shown.',
  },

  SERVER_UNREACHABLE: {
    code: -7050,
    exit: 1,
    cause: 'The agent of this server does not answer.',
    hint: 'Start the server or its agent.',
  },
  WRITER_NOT_STOPPED: {
    code: -7051,
    exit: 3,
    cause: 'It cannot be proved that the old active database accepts no more writes.',
    hint: 'Stop the programs that use it, or fail over by hand with a typed confirmation.',
  },
  COPY_NEVER_RESTORED: {
    code: -7052,
    exit: 3,
    cause: 'This copy was never restored and cannot become active.',
    hint: 'Run a full backup so that it receives one.',
  },
  COPY_OUT_OF_SYNC: {
    code: -7053,
    exit: 3,
    cause: 'This copy is out of sync with the master.',
    hint: 'Run a full backup first, or confirm by typing its name.',
  },
  NO_ELIGIBLE_COPY: {
    code: -7054,
    exit: 3,
    cause: 'No backup database can take over.',
    hint: 'Add a backup database and run a full backup.',
  },
  MASTER_PROTECTED: {
    code: -7055,
    exit: 3,
    cause: 'The master cannot be removed.',
    hint: 'Promote another database first.',
  },
  DUPLICATE: { code: -7056, exit: 2, cause: 'This name or place is taken.', hint: 'Choose another.' },
  INVALID_NAME: {
    code: -7057,
    exit: 2,
    cause: 'The name is not allowed.',
    hint: 'Use 1 to 15 letters, digits and hyphens; a relative name such as (local) cannot be reached by other servers.',
  },
  INVALID_INPUT: { code: -7058, exit: 2, cause: 'The input is not valid.', hint: 'Correct the field that is named.' },
  ALREADY_ACTIVE: {
    code: -7059,
    exit: 3,
    cause: 'This database is active already.',
    hint: 'Nothing needs to be done.',
  },
  STALE_TERM: {
    code: -7060,
    exit: 3,
    cause: 'The request carries an older term than the one in force.',
    hint: 'Reload; another console has acted.',
  },
  GROUP_UNCONFIRMED: {
    code: -7065,
    exit: 3,
    cause: 'The failover group came back from the files of its members and is not confirmed yet.',
    hint: 'Look at what was found on its Database failover page and confirm the group, or run: holdfast failover GROUP confirm',
  },
  DRILL_FAILED: {
    code: -7130,
    exit: 1,
    cause: 'A restored copy did not answer as expected.',
    hint: 'Read the report of the drill; then try an older backup, or correct the probe.',
  },
  AGENT_RUNNING: {
    code: -7061,
    exit: 3,
    cause: 'Another agent works on this folder.',
    hint: 'Use the running engine, or end the other agent first.',
  },

  CANCELLED: { code: -7090, exit: 130, cause: 'Canceled.', hint: 'Nothing was changed.' },
  INTERRUPTED: { code: -7091, exit: 1, cause: 'The program ended while this was running.', hint: 'Run it again.' },
  NOT_SUPPORTED: { code: -7092, exit: 3, cause: 'This is not supported here.', hint: 'See the documentation.' },
  ENGINE_RUNNING: {
    code: -7062,
    exit: 3,
    cause: 'Another engine works on this data folder.',
    hint: 'Use that one, stop it, or give another folder with --data.',
  },
  ENGINE_NOT_RUNNING: {
    code: -7093,
    exit: 1,
    cause: 'No engine is running here.',
    hint: 'Start it with: holdfast serve',
  },
  UNAUTHORIZED: {
    code: -7094,
    exit: 1,
    cause: 'The session is not known.',
    hint: 'Open the address that the start printed, with its token.',
  },
  IO_ERROR: {
    code: -7095,
    exit: 1,
    cause: 'The operating system reported an error.',
    hint: 'Look at the disk and the message.',
  },
  INTERNAL: {
    code: -7099,
    exit: 1,
    cause: 'Something went wrong inside Holdfast.',
    hint: 'Look at the log; please report it.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorName = keyof typeof errorCatalogue;

/** The shape in which an error crosses a process boundary, is stored with a job, and is printed by `--json`. */
export interface ErrorReport {
  code: number;
  name: ErrorName;
  /** What was attempted and what stood in the way, for a person. */
  message: string;
  /** The next step. */
  hint: string;
  /** Facts for the reader, never secrets: paths, process ids, numbers. */
  details?: Record<string, unknown> | undefined;
}

/** An expected failure. Bugs are other exceptions and go to the crash path. */
export class HoldfastError extends Error {
  override readonly name: ErrorName;
  readonly code: number;
  readonly hint: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    name: ErrorName,
    message?: string,
    options: { hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    const entry = errorCatalogue[name];
    super(message ?? entry.cause, { cause: options.cause });
    this.name = name;
    this.code = entry.code;
    this.hint = options.hint ?? entry.hint;
    this.details = options.details;
  }

  report(): ErrorReport {
    return { code: this.code, name: this.name, message: this.message, hint: this.hint, details: this.details };
  }

  static fromReport(report: ErrorReport): HoldfastError {
    const options: { hint: string; details?: Record<string, unknown> } = { hint: report.hint };
    if (report.details) options.details = report.details;
    return new HoldfastError(report.name, report.message, options);
  }
}

/** Any thrown value as a report; an unexpected one becomes INTERNAL, a system error IO_ERROR or NO_SPACE. */
export function toErrorReport(thrown: unknown): ErrorReport {
  if (thrown instanceof HoldfastError) return thrown.report();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if ((thrown as Error | null)?.name === 'AbortError') return new HoldfastError('CANCELLED').report();
  const system = systemError(thrown);
  if (system) return new HoldfastError(system.name, system.message).report();
  return new HoldfastError('INTERNAL', message).report();
}
