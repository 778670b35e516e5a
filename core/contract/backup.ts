// Backups as data: what to take, what came of it, what lies in a folder, and the entries of a backup log.
import { z } from 'zod';
import { backendFileSchema } from './backend.ts';
import { errorReportSchema, progressSchema, timeSchema, vectorSchema, warningSchema } from './common.ts';

export const backupTypeSchema = z.enum(['full', 'incremental']);
export type BackupType = z.infer<typeof backupTypeSchema>;

export const backupOptionsSchema = z.object({
  type: backupTypeSchema,
  /** Target file; its folder must exist. */
  file: z.string(),
  /** The appended backup log. */
  log: z.string(),
  /** Which moment the copy shows: when it began (holds the WAL) or when it ended (holds nothing). */
  at: z.enum(['start', 'end']).default('start'),
  /** With `start`, go over to `end` when the WAL has grown by this many bytes. */
  walLimit: z
    .number()
    .int()
    .default(256 * 1024 * 1024),
  compression: z.enum(['zstd', 'none']).default('zstd'),
  level: z.number().int().min(1).max(19).default(1),
  /** Split the set into files of about this size; 0 for one file. */
  partBytes: z.number().int().default(0),
  overwrite: z.boolean().default(false),
  /** Takes the database exclusively while it is copied; always a full backup. */
  cold: z.boolean().default(false),
  /** What a cold backup leaves behind: open again, closed, or closed and locked for a move to other hardware. */
  followUp: z.enum(['open', 'closed', 'disabled']).default('open'),
  /** Further folders for the parts, used in turn after the folder of `file`. */
  partFolders: z.array(z.string()).default([]),
  /** Encrypts the pages under the preferred definition of the database, or under a password given with the call. */
  encrypt: z.boolean().default(false),
  /** Takes the security files of the database along, encrypted. */
  securityFiles: z.boolean().default(false),
  /** A list of files to take along, as secret as the pages: full paths on one line, separated by `;`. */
  include: z.string().nullable().default(null),
});
export type BackupOptions = z.infer<typeof backupOptionsSchema>;

export const backupResultSchema = z.object({
  idtag: z.string(),
  type: backupTypeSchema,
  file: z.string(),
  /** All parts, in order. */
  files: z.array(z.string()),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  pages: z.number().int(),
  changedPages: z.number().int(),
  durationMs: z.number(),
  at: z.enum(['start', 'end']),
  consistentAt: timeSchema,
  currentLog: z.string(),
  nextIncId: z.string(),
  serial: z.string(),
  vector: vectorSchema,
  warnings: z.array(warningSchema),
  /** What became of each backend of an instance with several; the numbers above are sums then. */
  backends: z
    .array(z.object({ id: z.string(), file: z.string(), pages: z.number().int(), changedPages: z.number().int() }))
    .optional(),
});
export type BackupResult = z.infer<typeof backupResultSchema>;

export const backupEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), progress: progressSchema }),
  z.object({ kind: z.literal('log'), line: z.string() }),
  z.object({ kind: z.literal('result'), result: backupResultSchema }),
]);
export type BackupEvent = z.infer<typeof backupEventSchema>;

/** What a backup file says of itself; read from the header alone. */
export const backupFileInfoSchema = z.object({
  file: z.string(),
  parts: z.array(z.string()),
  bytes: z.number(),
  idtag: z.string(),
  type: backupTypeSchema,
  time: timeSchema,
  srvname: z.string(),
  instance: z.string(),
  dsversion: z.string(),
  compression: z.enum(['none', 'zstd']),
  /** Taken with the database closed. */
  cold: z.boolean().optional(),
  /** Null where the pages are not encrypted; `definition` names the key, null for a password given by hand. */
  encryption: z.object({ cipher: z.string(), definition: z.string().nullable() }).nullable().optional(),
  /** Security files and included files that travel in the header; missing where a console knows nothing of them. */
  files: z.array(z.object({ name: z.string(), type: z.enum(['user', 'nici']), bytes: z.number() })).optional(),
  os: z.string(),
  currentLog: z.string(),
  incrementalId: z.string().nullable(),
  nextIncId: z.string(),
  serial: z.string(),
  /** Identity of the data set; the roll-forward logs that continue this backup carry the same. */
  databaseSerial: z.string().optional(),
  /** Serial of the run of roll-forward logs that continues this backup; null when logging was off, absent in older files. */
  logSerial: z.string().nullable().optional(),
  previousSerial: z.string().nullable(),
  sequence: z.number().int(),
  /** idtag of the full at the start of this chain. */
  baseIdtag: z.string(),
  pageSize: z.number().int(),
  pageCount: z.number().int(),
  vector: vectorSchema,
  consistentAt: timeSchema,
  replicas: z.array(
    z.object({ partitionDn: z.string(), modificationTime: z.string(), type: z.string(), state: z.string() }),
  ),
  /** The files of all backends of a set of several; `parts` and `bytes` are of the whole set then. */
  backends: z.array(backendFileSchema).optional(),
});
export type BackupFileInfo = z.infer<typeof backupFileInfoSchema>;

export const chainSchema = z.object({
  full: backupFileInfoSchema,
  incrementals: z.array(backupFileInfoSchema),
  /** Sequence numbers that are missing; everything after the first is not restorable by increments alone. */
  gaps: z.array(z.object({ afterIdtag: z.string(), expectedIncId: z.string(), reason: z.string() })),
});
export type Chain = z.infer<typeof chainSchema>;

export const logFileInfoSchema = z.object({
  file: z.string(),
  number: z.string(),
  bytes: z.number(),
  serial: z.string(),
  previousSerial: z.string().nullable(),
  databaseSerial: z.string(),
  /** What a database must hold before the first commit of this log, and what it holds after the last one. */
  floor: vectorSchema.optional(),
  have: vectorSchema.optional(),
  firstSeq: z.number().int(),
  lastSeq: z.number().int(),
  from: timeSchema.nullable(),
  to: timeSchema.nullable(),
  closed: z.boolean(),
  problem: errorReportSchema.nullable(),
});
export type LogFileInfo = z.infer<typeof logFileInfoSchema>;

export const catalogViewSchema = z.object({
  chains: z.array(chainSchema),
  logs: z.array(logFileInfoSchema),
  unusable: z.array(z.object({ file: z.string(), error: errorReportSchema })),
});
export type CatalogView = z.infer<typeof catalogViewSchema>;

export const verifyResultSchema = z.object({
  ok: z.boolean(),
  files: z.array(
    z.object({
      file: z.string(),
      status: z.enum(['ok', 'failed']),
      code: z.number().nullable(),
      error: errorReportSchema.nullable(),
    }),
  ),
});
export type VerifyResult = z.infer<typeof verifyResultSchema>;

/** One entry of a backup log; the verdict is its last line. */
export const backupLogEntrySchema = z.object({
  kind: z.enum(['Backup', 'Restore']),
  startedAt: timeSchema.nullable(),
  fields: z.record(z.string(), z.string()),
  lines: z.array(z.string()),
  verdict: z.enum(['success', 'failed', 'unfinished']),
  errorCode: z.number().nullable(),
});
export type BackupLogEntry = z.infer<typeof backupLogEntrySchema>;
