// Roll-forward logging beyond its settings: room for the logs, who keeps the WAL from being released, hazards, logs that may go.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { timeSchema } from './common.ts';

/** The volume of the logs, and when it will be full at the rate measured so far. */
export const logSpaceSchema = z.object({
  freeBytes: z.number(),
  totalBytes: z.number(),
  /** Bytes of logs an hour; null before enough was measured. */
  growthPerHour: z.number().nullable(),
  /** Until the volume is full; null when nothing grows, or not within what the measurement can say. */
  fullInMs: z.number().nullable(),
  level: z.enum(['ok', 'warning', 'critical']),
  /** The logs share their volume with the database: one failed disk takes both. */
  sharedWithDatabase: z.boolean(),
});
export type LogSpace = z.infer<typeof logSpaceSchema>;

/** One hold on the WAL: a read transaction, a write transaction, or a copy of our own. */
export const walPinSchema = z.object({
  pid: z.number().int(),
  /** Name of the program. */
  program: z.string(),
  kind: z.enum(['reader', 'writer', 'copy']),
  since: timeSchema,
  /** Bytes of the WAL that cannot be copied back for it; null where that is not known. */
  bytes: z.number().nullable(),
  /** `warning` once it has held too much, or a good deal for too long. */
  level: z.enum(['info', 'warning']),
  /** The file of several whose WAL it is; missing for a database of one file. */
  backend: z.string().optional(),
});
export type WalPin = z.infer<typeof walPinSchema>;

/** Roll-forward logging of one file: its settings, and what it has written. */
export const loggingConfigSchema = z.object({
  on: z.boolean(),
  /** Folder of the numbered logs (`…/nds.rfl`). */
  directory: z.string(),
  minBytes: z.number().int(),
  maxBytes: z.number().int(),
  currentLog: z.string(),
  lastNotUsed: z.string().nullable(),
  usedBytes: z.number(),
  logCount: z.number().int(),
  safeToDelete: z.array(z.string()),
  /** Logging is turned off by itself when the volume of the logs is full; off unless chosen. */
  stopWhenFull: z.boolean().optional(),
  /** Missing until it was looked at. */
  space: logSpaceSchema.optional(),
  /** Why the first log that must stay has to; null when only the current one does. */
  firstNeeded: z.object({ log: z.string(), reason: z.string() }).nullable().optional(),
});
export type LoggingConfig = z.infer<typeof loggingConfigSchema>;

/** What may be changed of it; what is left out stays. `roll`: begin the next log now. */
export const loggingChangeSchema = z.object({
  on: z.boolean().optional(),
  directory: z.string().optional(),
  minBytes: z.number().int().positive().optional(),
  maxBytes: z.number().int().positive().optional(),
  stopWhenFull: z.boolean().optional(),
  roll: z.boolean().optional(),
});

export const walGaugeSchema = z.object({
  /** Frames in the log and how many of them are copied back into the database. */
  frames: z.number().int(),
  copiedBack: z.number().int(),
  bytes: z.number(),
  sealed: z.boolean(),
});

export const hazardCodeSchema = z.enum([
  'WAL_RESET_RACE',
  'SQLITE_VERSION_UNKNOWN',
  'EXCLUSIVE_LOCKING',
  'FOREIGN_CHECKPOINT',
  'NETWORK_FILE_SYSTEM',
  'ROLLBACK_JOURNAL',
  'DOUBLE_LIBRARY',
  'AUTO_VACUUM',
  'PAGE_SIZE',
  'SYNCHRONOUS',
  'LOW_DISK',
  'LOGS_BESIDE_DATABASE',
  'WAL_PINNED',
]);
export type HazardCode = z.infer<typeof hazardCodeSchema>;

/** Something about a database or about who uses it that endangers data, or makes protecting it harder. */
export const hazardSchema = z.object({
  code: hazardCodeSchema,
  level: z.enum(['critical', 'warning', 'info']),
  /** What was found. */
  message: z.string(),
  /** What to do about it. */
  action: z.string(),
  /** The files of several that it is about; missing where it is about all. */
  backends: z.array(z.string()).optional(),
});
export type Hazard = z.infer<typeof hazardSchema>;

/** A program that has the database open. */
export const openerSchema = z.object({
  pid: z.number().int(),
  program: z.string(),
  /** Versions of SQLite found in the files that it has mapped; empty where none could be read. */
  sqliteVersions: z.array(z.string()),
});
export type Opener = z.infer<typeof openerSchema>;

export const hazardReportSchema = z.object({
  at: timeSchema,
  hazards: z.array(hazardSchema),
  openers: z.array(openerSchema),
  /** What was looked at and found in order, or simply is so: label and value. */
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
});
export type HazardReport = z.infer<typeof hazardReportSchema>;

/** A log in the folder of an instance, and whether it may go. */
export const logStandingSchema = z.object({
  log: z.string(),
  bytes: z.number(),
  createdAt: timeSchema.nullable(),
  standing: z.enum(['current', 'needed', 'safe']),
  /** Why it stays, for a person; null for one that may go. */
  reason: z.string().nullable(),
});
export type LogStanding = z.infer<typeof logStandingSchema>;

export const deletedLogsSchema = z.object({ deleted: z.array(z.string()), bytes: z.number() });

/** A backup as far as the logs are concerned: it needs those of its own run from `currentLog` on. */
export const keptBackupSchema = z.object({
  idtag: z.string(),
  type: z.enum(['full', 'incremental']),
  currentLog: z.string(),
  /** Null: logging was off, no log continues it. Missing: its header does not say, so it may need any. */
  logSerial: z.string().nullable().optional(),
});
export type KeptBackup = z.infer<typeof keptBackupSchema>;

/** What other servers keep of an instance: copies need the same logs as the backups that they are copies of. */
const elsewhere = z
  .object({
    kept: z.array(keptBackupSchema),
    /** A server or folder of which it is not known what it keeps: then no log may go. */
    unreadable: z.string().nullable(),
  })
  .default({ kept: [], unreadable: null });
export type KeptElsewhere = z.infer<typeof elsewhere>;

/** Which file of an instance of several; null for the first. */
const backend = z.string().nullable().default(null);

/** What an agent does beyond `getConfig` and `setConfig`; `folders`: where else backups of the instance may lie. */
export const agentLoggingProcedures = {
  hazards: oc.input(z.object({ instance: z.string() })).output(hazardReportSchema),
  listLogs: oc
    .input(z.object({ instance: z.string(), backend, elsewhere, folders: z.array(z.string()).default([]) }))
    .output(z.array(logStandingSchema)),
  /** Looks at everything anew, then deletes all of them or none: LOG_NEEDED when a kept backup needs one. */
  deleteLogs: oc
    .input(
      z.object({
        instance: z.string(),
        backend,
        elsewhere,
        logs: z.array(z.string()).min(1),
        folders: z.array(z.string()).default([]),
      }),
    )
    .output(deletedLogsSchema),
};

const instanceId = z.object({ instanceId: z.string() });

/** Mounted as `logging` in the console's contract. */
export const consoleLoggingProcedures = {
  hazards: oc.input(instanceId).output(hazardReportSchema),
  logs: oc.input(instanceId.extend({ backend })).output(z.array(logStandingSchema)),
  deleteLogs: oc.input(instanceId.extend({ backend, logs: z.array(z.string()).min(1) })).output(deletedLogsSchema),
};
