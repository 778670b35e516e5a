// Backends: the SQLite files of one instance that are backed up at one barrier and restored together.
import { z } from 'zod';
import { errorReportSchema, timeSchema, vectorSchema } from './common.ts';
import { hazardSchema, loggingConfigSchema, walGaugeSchema, walPinSchema } from './logging.ts';

/** Names a file of an instance: `userRoot`, `schema`. A part of file and folder names. */
export const backendIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/, '1 to 31 letters, digits, hyphens and underscores');

export const backendPlaceSchema = z.object({ id: backendIdSchema, path: z.string() });
export type BackendPlace = z.infer<typeof backendPlaceSchema>;

/** More than these would not find room in the preamble of a backup file. */
export const MAX_BACKENDS = 12;

/** One file of an instance as its agent sees it; the first is the file that the instance was protected with. */
export const backendStatusSchema = z.object({
  id: z.string(),
  path: z.string(),
  home: z.string(),
  journal: z.enum(['wal', 'rollback']).nullable(),
  size: z.number(),
  pageSize: z.number().nullable(),
  pageCount: z.number().nullable(),
  logging: loggingConfigSchema.partial().required({ on: true, directory: true, currentLog: true, usedBytes: true }),
  wal: walGaugeSchema.nullable().optional(),
  /** Who keeps its WAL from being released, longest first; missing where it cannot be known. */
  walPins: z.array(walPinSchema).optional(),
  /** Found at the last scan of this file, worst first; missing before the first. */
  hazards: z.array(hazardSchema).optional(),
  /** Time of its last commit that is safe in a roll-forward log or backup. */
  restorableTo: timeSchema.nullable().optional(),
  vector: vectorSchema,
  lastCommitAt: timeSchema.nullable(),
  error: errorReportSchema.nullable(),
});
export type BackendStatus = z.infer<typeof backendStatusSchema>;

/** What each file of a set says of all of them; written into every one, so that none can be exchanged unnoticed. */
export const backendManifestSchema = z.object({
  /** Random for each backup: what holds the files of one set together. */
  setId: z.string().min(1),
  /** The backend that this very file holds. */
  backend: backendIdSchema,
  /** All of them in order; the first is the one whose file the set is known by. */
  backends: z
    .array(
      z.object({
        id: backendIdSchema,
        /** Name of its first file, without a folder. */
        name: z.string(),
        serial: z.string().min(1),
        pageSize: z.number().int(),
        pageCount: z.number().int(),
        vector: vectorSchema,
      }),
    )
    .min(2)
    .max(MAX_BACKENDS),
});
export type BackendManifest = z.infer<typeof backendManifestSchema>;

/** What one file of several holds. */
export const backendVectorSchema = z.object({ id: z.string(), vector: vectorSchema });
export type BackendVector = z.infer<typeof backendVectorSchema>;

/** A backend inside a backup, as the catalogue lists it. */
export const backendFileSchema = z.object({
  id: z.string(),
  file: z.string(),
  parts: z.array(z.string()),
  bytes: z.number(),
  serial: z.string(),
  pageSize: z.number().int(),
  pageCount: z.number().int(),
  currentLog: z.string(),
  /** What it holds, its data set, and the run of its logs (null: logging was off). Missing where a header does not say it. */
  vector: vectorSchema.optional(),
  databaseSerial: z.string().optional(),
  logSerial: z.string().nullable().optional(),
});
export type BackendFile = z.infer<typeof backendFileSchema>;

/** Where a backend goes, and where its logs are, when the files of a set are restored. */
export const backendTargetSchema = z.object({
  id: backendIdSchema,
  /** The new file of a restore that replaces no instance; null into an instance, which knows it. */
  path: z.string().nullable().default(null),
  /** Null takes the logs of the instance's own backend, when logs are replayed at all. */
  logFolder: z.string().nullable().default(null),
  /** The very logs to replay, in order, from one or several folders; null takes those of `logFolder`. */
  logFiles: z.array(z.string()).nullable().default(null),
});
export type BackendTarget = z.infer<typeof backendTargetSchema>;

/** Which backend a picture of a restore shows, and how far the others are. */
export const backendStepSchema = z.object({
  id: z.string(),
  index: z.number().int(),
  all: z.array(
    z.object({ id: z.string(), path: z.string(), status: z.enum(['waiting', 'running', 'ready', 'done', 'failed']) }),
  ),
});
export type BackendStep = z.infer<typeof backendStepSchema>;
