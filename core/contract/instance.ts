// What a protected database looks like from outside: the agent's report about an instance, and the probe before protecting one.
import { z } from 'zod';
import { backendStatusSchema } from './backend.ts';
import { errorReportSchema, timeSchema, vectorSchema, warningSchema } from './common.ts';
import { hazardSchema, loggingConfigSchema, walGaugeSchema, walPinSchema } from './logging.ts';

export { type LoggingConfig, loggingConfigSchema } from './logging.ts';

export const journalModeSchema = z.enum(['wal', 'rollback']);
export type JournalMode = z.infer<typeof journalModeSchema>;

export const instanceStateSchema = z.enum([
  'Online',
  'Offline',
  'BackingUp',
  'Restoring',
  'OutOfSync',
  'Fenced',
  'Error',
]);
export type InstanceState = z.infer<typeof instanceStateSchema>;

/** `standby`: a copy that only receives restores; `primary`: it may accept writes. */
export const instanceRoleSchema = z.enum(['primary', 'standby']);
export type InstanceRole = z.infer<typeof instanceRoleSchema>;

/** Result of looking at a file before it is protected; `refusal` says why it cannot be. */
export const probeSchema = z.object({
  path: z.string(),
  realPath: z.string().nullable(),
  size: z.number(),
  pageSize: z.number().nullable(),
  pageCount: z.number().nullable(),
  journal: journalModeSchema.nullable(),
  /** File system type such as `ext4`, where it can be known. */
  fileSystem: z.string().nullable(),
  freeBytes: z.number().nullable(),
  refusal: errorReportSchema.nullable(),
  warnings: z.array(warningSchema),
});
export type Probe = z.infer<typeof probeSchema>;

export const instanceStatusSchema = z.object({
  name: z.string(),
  path: z.string(),
  home: z.string(),
  role: instanceRoleSchema,
  /** True when clients may write here: role primary and not fenced. */
  writable: z.boolean(),
  state: instanceStateSchema,
  error: errorReportSchema.nullable(),
  replica: z.number().int(),
  term: z.number().int(),
  journal: journalModeSchema.nullable(),
  pageSize: z.number().nullable(),
  pageCount: z.number().nullable(),
  size: z.number(),
  logging: loggingConfigSchema,
  wal: walGaugeSchema.nullable(),
  /** Who keeps the WAL from being released, longest first; missing where it cannot be known. */
  walPins: z.array(walPinSchema).optional(),
  /** Found at the last scan, worst first; missing before the first. */
  hazards: z.array(hazardSchema).optional(),
  vector: vectorSchema,
  /** Time of the last commit that the agent knows of. */
  lastCommitAt: timeSchema.nullable(),
  /** Time of the last commit that is safe in a roll-forward log or backup. */
  restorableTo: timeSchema.nullable(),
  fullRequired: z.boolean(),
  fullRequiredReason: z.string().nullable(),
  outOfSync: z.boolean(),
  outOfSyncReason: z.string().nullable(),
  lastFull: z.object({ idtag: z.string(), at: timeSchema, file: z.string() }).nullable(),
  lastIncremental: z.object({ idtag: z.string(), at: timeSchema, file: z.string() }).nullable(),
  /** For a standby: the backup that was last restored into it, and the data's own time. */
  lastRestore: z.object({ idtag: z.string(), at: timeSchema, dataTime: timeSchema }).nullable(),
  /** The preferred encryption definition of its backups; null or missing: none. `kept`: nobody has to give its password. */
  encryption: z.object({ name: z.string(), kept: z.boolean() }).nullable().optional(),
  /** How many security files and folders are named for its backups. */
  securityFiles: z.number().int().optional(),
  /** Left closed by a cold backup or a restore; `disabled`: locked as well. Null or missing: open. */
  closed: z.enum(['closed', 'disabled']).nullable().optional(),
  /** A restored set waits in RST. */
  hasRst: z.boolean(),
  /** All files of an instance that has several, the first included; missing otherwise. */
  backends: z.array(backendStatusSchema).optional(),
});
export type InstanceStatus = z.infer<typeof instanceStatusSchema>;
