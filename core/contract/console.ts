// What the engine does for a console or a command line: one set of procedures behind every door.
import { z } from 'zod';
import { eventIterator, oc } from '../rpc/define.ts';
import { backendIdSchema, backendPlaceSchema } from './backend.ts';
import {
  backupFileInfoSchema,
  backupLogEntrySchema,
  backupOptionsSchema,
  backupTypeSchema,
  verifyResultSchema,
} from './backup.ts';
import { nameSchema, stampSchema, timeSchema, warningSchema } from './common.ts';
import { drillsContract } from './drills.ts';
import { dsmasterContract } from './dsmaster.ts';
import { groupActionSchema, groupConfigSchema, planSchema } from './failover.ts';
import { finishConsole } from './finish.ts';
import { consoleGroupKeys } from './group-keys.ts';
import { loggingConfigSchema, probeSchema } from './instance.ts';
import { jobLogLineSchema, jobSchema } from './jobs.ts';
import { folderSourceSchema, libraryConsole } from './library.ts';
import { consoleLoggingProcedures, loggingChangeSchema } from './logging.ts';
import { notifyContract } from './notify.ts';
import { otherFilesConsole, placeFilesSchema, secretsSchema } from './other-files.ts';
import { recoveryConsole } from './recovery.ts';
import { peerSchema, restoreResultSchema, restoreViewSchema } from './restore.ts';
import { retentionContract, schedulesContract } from './schedules.ts';
import { siteSnapshotSchema } from './site.ts';
import { timelineSchema } from './timeline.ts';
import { verificationConsole } from './verification.ts';

const instanceId = z.object({ instanceId: z.string() });
const groupId = z.object({ groupId: z.string() });
const jobStarted = z.object({ jobId: z.string() });

export const backupRequestSchema = backupOptionsSchema.partial().extend({
  instanceId: z.string(),
  type: backupTypeSchema,
  /** Absent: as the settings of the database say, as far as nobody has to give a password. */
  encrypt: z.boolean().optional(),
  securityFiles: z.boolean().optional(),
  /** Kept nowhere: a job that is run again needs them again. */
  secrets: secretsSchema.optional(),
});
export type BackupRequest = z.infer<typeof backupRequestSchema>;

export const restoreRequestSchema = z.object({
  /** The instance whose backups are restored. */
  instanceId: z.string(),
  /** Where the data goes: the same instance, or a new file beside it. */
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('instance'), instanceId: z.string() }),
    z.object({ kind: z.literal('file'), server: z.string(), path: z.string() }),
  ]),
  /** idtag of the newest backup to use; null for the newest. */
  idtag: z.string().nullable().default(null),
  /** Replay roll-forward logs. */
  useLogs: z.boolean().default(true),
  until: timeSchema.nullable().default(null),
  /** The last commit wanted, exactly; stronger than `until`. */
  untilStamp: stampSchema.nullable().optional(),
  /** Backups found in folders instead of those of `instanceId`, which is then not looked at. */
  from: folderSourceSchema.nullable().optional(),
  /** Further folders of the source's server that are looked through, with everything below them. */
  searchFolders: z.array(z.string()).optional(),
  /** -k: whether the lock is cleared when the set becomes active. Absent: yes. */
  clearLock: z.boolean().optional(),
  activate: z.boolean().default(true),
  open: z.boolean().default(true),
  skipVerify: z.boolean().default(false),
  override: z.boolean().default(false),
  keepLogSettings: z.boolean().default(false),
  /** Extra peers given by hand. */
  peers: z.array(peerSchema).default([]),
  /** How long the verification waits for servers that are silent, ms; the database stays locked meanwhile. Absent: ten minutes. */
  waitMs: z.number().int().min(0).optional(),
});
export type RestoreRequest = z.infer<typeof restoreRequestSchema>;

/** What is kept with a restore of what was chosen. */
export const restoreChoicesSchema = z.object({
  request: restoreRequestSchema,
  /** The command line that does the same; empty where there is none. */
  command: z.string(),
  /** Whether other files were to be put back with the database. */
  otherFiles: z.object({ security: z.boolean(), included: z.boolean() }),
});
export type RestoreChoices = z.infer<typeof restoreChoicesSchema>;

/** A plan for a restore: the checklist of the wizard, the command, and the token that starts it. */
export const restorePlanSchema = planSchema.extend({
  full: backupFileInfoSchema.nullable(),
  incrementals: z.array(backupFileInfoSchema),
  logs: z.array(z.string()),
  missing: z.array(z.string()),
  /** What the restore will reach. */
  reaches: timeSchema.nullable(),
  estimatedMs: z.number().nullable(),
  /** Every file that is read, in order, with the server whose agent has found it. */
  sources: z
    .array(
      z.object({
        kind: z.enum(['full', 'incremental', 'log']),
        id: z.string(),
        at: timeSchema.nullable(),
        bytes: z.number().nullable(),
        file: z.string(),
        server: z.string(),
      }),
    )
    .optional(),
  /** Why nothing after `reaches` is reached although more is known to exist. */
  ends: z.string().nullable().optional(),
  /** Commits that the target holds now and will not hold afterwards; null when it cannot be said. */
  lossCommits: z.number().int().nullable().optional(),
});
export type RestorePlan = z.infer<typeof restorePlanSchema>;

export { type Timeline, timelineSchema } from './timeline.ts';

export const consoleContract = {
  site: {
    get: oc.input(z.object({})).output(siteSnapshotSchema),
    /** The snapshot now and after every change, at most four a second. */
    watch: oc.input(z.object({})).output(eventIterator(siteSnapshotSchema)),
    rename: oc.input(z.object({ name: nameSchema })).output(z.object({})),
    acknowledge: oc.input(z.object({ messageId: z.string() })).output(z.object({})),
  },
  files: {
    /** Folders and files for the picker, on a server. */
    browse: oc.input(z.object({ server: z.string().nullable(), path: z.string().nullable() })).output(
      z.object({
        path: z.string(),
        parent: z.string().nullable(),
        entries: z.array(
          z.object({
            name: z.string(),
            path: z.string(),
            folder: z.boolean(),
            bytes: z.number().nullable(),
            database: z.boolean(),
          }),
        ),
      }),
    ),
  },
  servers: {
    /** Adds a server on this machine: an agent process of its own with its own root folder. */
    add: oc.input(z.object({ name: nameSchema, root: z.string().nullable() })).output(z.object({ name: z.string() })),
    remove: oc.input(z.object({ name: nameSchema })).output(z.object({})),
    start: oc.input(z.object({ name: nameSchema })).output(z.object({})),
    stop: oc.input(z.object({ name: nameSchema })).output(z.object({})),
  },
  instances: {
    inspect: oc.input(z.object({ server: z.string().nullable(), path: z.string() })).output(probeSchema),
    protect: oc
      .input(
        z.object({
          server: z.string().nullable(),
          name: nameSchema,
          path: z.string(),
          backupFolder: z.string().nullable(),
          logging: z.boolean(),
          switchToWal: z.boolean(),
          /** Further files that are backed up and restored together with it. */
          backends: z.array(backendPlaceSchema).default([]),
          /** Name of the file at `path` among them. */
          backendId: backendIdSchema.nullable().default(null),
        }),
      )
      .output(z.object({ instanceId: z.string() })),
    addBackend: oc
      .input(instanceId.extend({ id: backendIdSchema, path: z.string(), switchToWal: z.boolean().default(false) }))
      .output(z.object({})),
    removeBackend: oc.input(instanceId.extend({ id: backendIdSchema })).output(z.object({})),
    release: oc.input(instanceId).output(z.object({})),
    getConfig: oc.input(instanceId).output(loggingConfigSchema),
    setConfig: oc.input(instanceId.extend(loggingChangeSchema.shape)).output(loggingConfigSchema),
    /** `searchFolders` lie on its server and are looked through with everything below them. */
    timeline: oc.input(instanceId.extend({ searchFolders: z.array(z.string()).default([]) })).output(timelineSchema),
  },
  backup: {
    /** The options that would be used, the command line, and what to know before. */
    plan: oc.input(backupRequestSchema).output(
      z.object({
        options: backupOptionsSchema,
        command: z.string(),
        warnings: z.array(warningSchema),
        refusal: z.string().nullable(),
        estimatedBytes: z.number().nullable(),
      }),
    ),
    start: oc.input(backupRequestSchema).output(jobStarted),
    header: oc
      .input(instanceId.extend({ idtag: z.string() }))
      .output(z.object({ xml: z.string(), info: backupFileInfoSchema })),
    verify: oc
      .input(instanceId.extend({ idtag: z.string(), secrets: secretsSchema.optional() }))
      .output(verifyResultSchema),
    log: oc.input(instanceId).output(z.object({ file: z.string(), entries: z.array(backupLogEntrySchema) })),
  },
  restore: {
    plan: oc.input(restoreRequestSchema).output(restorePlanSchema),
    /** What a former restore was asked for, to be reviewed and confirmed anew; no passwords. Throws NOT_FOUND. */
    choices: oc.input(z.object({ jobId: z.string() })).output(restoreChoicesSchema),
    start: oc
      .input(
        z.object({
          token: z.string(),
          typed: z.string().nullable().default(null),
          secrets: secretsSchema.optional(),
          /** Restored after the database; proved before it is touched. */
          otherFiles: placeFilesSchema.nullable().optional(),
        }),
      )
      .output(jobStarted),
    /** The live picture; ends after the job. Also works for a finished job. */
    watch: oc
      .input(z.object({ jobId: z.string() }))
      .output(
        eventIterator(z.object({ view: restoreViewSchema, result: restoreResultSchema.nullable(), job: jobSchema })),
      ),
    /** The decision after a failed or unreachable verification. */
    finish: oc
      .input(instanceId.extend({ action: z.enum(['activate', 'delete']), typed: z.string().nullable() }))
      .output(z.object({})),
    ...verificationConsole,
    ...finishConsole,
    ...recoveryConsole,
  },
  library: libraryConsole,
  logging: consoleLoggingProcedures,
  failover: {
    /** A new Disabled group with this instance as its master. */
    create: oc.input(instanceId.extend({ name: nameSchema })).output(z.object({ groupId: z.string() })),
    /** Checks one row before it is added (G05): name, duplicates, folder writable. */
    checkMember: oc
      .input(
        groupId.extend({
          server: z.string(),
          databaseServer: z.string(),
          instance: z.string(),
          folder: z.string(),
          exceptId: z.string().nullable(),
        }),
      )
      .output(z.object({ problems: z.array(z.object({ field: z.string(), message: z.string() })) })),
    /** Validates and applies the whole page at once (G13). */
    apply: oc.input(groupId.extend({ config: groupConfigSchema })).output(z.object({})),
    backupNow: oc.input(groupId.extend({ type: backupTypeSchema })).output(jobStarted),
    plan: oc.input(groupId.extend({ action: groupActionSchema })).output(planSchema),
    execute: oc.input(z.object({ token: z.string(), typed: z.string().nullable().default(null) })).output(jobStarted),
    remove: oc.input(groupId).output(z.object({})),
    ...consoleGroupKeys,
  },
  otherFiles: otherFilesConsole,
  jobs: {
    list: oc
      .input(z.object({ limit: z.number().int().max(1000).default(200), before: timeSchema.nullable().default(null) }))
      .output(z.array(jobSchema)),
    log: oc
      .input(z.object({ jobId: z.string() }))
      /** `command` does the same from a command line; null where there is none. */
      .output(
        z.object({ job: jobSchema, lines: z.array(jobLogLineSchema), command: z.string().nullable().optional() }),
      ),
    cancel: oc.input(z.object({ jobId: z.string() })).output(z.object({})),
    again: oc.input(z.object({ jobId: z.string() })).output(jobStarted),
  },
  schedules: schedulesContract,
  retention: retentionContract,
  drills: drillsContract,
  notify: notifyContract,
  dsmaster: dsmasterContract,
  demo: {
    /** Sets up three servers on this machine, a directory database, a group and a writing client. */
    open: oc.input(z.object({})).output(jobStarted),
    /** The outage switch. */
    power: oc.input(z.object({ server: nameSchema, on: z.boolean() })).output(z.object({})),
    close: oc.input(z.object({})).output(z.object({})),
  },
};
