// What an agent does for the engine: the procedures of one server's agent. The engine sees only this, whether the agent
// is a process on this machine or elsewhere.
import { z } from 'zod';
import { eventIterator, oc } from '../rpc/define.ts';
import { backendIdSchema, backendPlaceSchema } from './backend.ts';
import {
  backupEventSchema,
  backupFileInfoSchema,
  backupLogEntrySchema,
  backupOptionsSchema,
  catalogViewSchema,
  verifyResultSchema,
} from './backup.ts';
import { nameSchema, progressSchema, timeSchema, vectorSchema } from './common.ts';
import { agentContingencyContract } from './contingencies.ts';
import { agentDrillContract } from './drills.ts';
import { agentGroupRecords } from './group-records.ts';
import { instanceRoleSchema, instanceStatusSchema, loggingConfigSchema, probeSchema } from './instance.ts';
import { libraryAgent } from './library.ts';
import { agentLoggingProcedures, loggingChangeSchema } from './logging.ts';
import { otherFilesAgent, secretsSchema } from './other-files.ts';
import { restoreEventSchema, restoreOptionsSchema } from './restore.ts';
import { verificationAgent } from './verification.ts';

const byName = z.object({ instance: nameSchema });

export const agentStatusSchema = z.object({
  server: z.string(),
  root: z.string(),
  version: z.string(),
  sqliteVersion: z.string(),
  pid: z.number().int(),
  at: timeSchema,
  freeBytes: z.number(),
  /** Address of the agent's HTTP endpoint (`/primary`, `/replica`, `/health`, `/metrics`). */
  endpoint: z.string().nullable(),
  instances: z.array(instanceStatusSchema),
});
export type AgentStatus = z.infer<typeof agentStatusSchema>;

export const fenceResultSchema = z.object({
  /** True when no further write can be accepted, even after the agent ends. */
  durable: z.boolean(),
  /** Processes that still have the database open and keep the durable fence from being set. */
  holders: z.array(z.object({ pid: z.number().int(), name: z.string() })),
  vector: vectorSchema,
});
export type FenceResult = z.infer<typeof fenceResultSchema>;

export const agentEventSchema = z.object({
  at: timeSchema,
  instance: z.string().nullable(),
  kind: z.enum([
    'outOfSync',
    'gap',
    'fullRequired',
    'lockLost',
    'logDeviceFull',
    'walPinned',
    'fenced',
    'unfenced',
    'role',
    'restoreRecovered',
    'error',
  ]),
  severity: z.enum(['critical', 'warning', 'info']),
  message: z.string(),
});
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** Kept copies of replaced or left-behind sets. */
export const contingencySchema = z.object({
  id: z.string(),
  instance: z.string(),
  takenAt: timeSchema,
  /** Time of the last commit inside. */
  dataTime: timeSchema.nullable(),
  reason: z.string(),
  /** A raw set of files (`set`) or a full backup file (`backup`). */
  kind: z.enum(['set', 'backup']),
  path: z.string(),
  bytes: z.number(),
  /** The files of an instance of several; `path` is the first of them and `bytes` the sum. */
  backends: z.array(backendPlaceSchema).optional(),
});
export type Contingency = z.infer<typeof contingencySchema>;

export const agentContract = {
  /** The health probe; never blocks on a running backup or restore. */
  status: oc.input(z.object({})).output(agentStatusSchema),
  inspect: oc.input(z.object({ path: z.string() })).output(probeSchema),
  /** Whether backups can be written into a folder of this server: it is created if asked for, then a file is written, fsynced and removed. */
  checkFolder: oc
    .input(z.object({ folder: z.string(), create: z.boolean().default(false) }))
    .output(z.object({ writable: z.boolean(), freeBytes: z.number().nullable(), problem: z.string().nullable() })),
  /** Folders outside the root that the administrator allows from now on; the spec carries them at the next start. */
  allowFolders: oc.input(z.object({ folders: z.array(z.string()) })).output(z.object({})),
  /** Starts protecting a file; `switchToWal` converts a rollback-journal database first. */
  protect: oc
    .input(
      z.object({
        instance: nameSchema,
        path: z.string(),
        home: z.string().nullable().default(null),
        replica: z.number().int().min(1),
        logging: z.boolean(),
        switchToWal: z.boolean().default(false),
        /** Name of the file at `path` among several; null makes one of the file's name. */
        backendId: backendIdSchema.nullable().default(null),
        /** Further files that are backed up and restored together with it. */
        backends: z.array(backendPlaceSchema).default([]),
        site: z.string().default('HOLDFAST'),
        organization: z.string().default('HOLDFAST'),
      }),
    )
    .output(instanceStatusSchema),
  /** One more file for an instance; a full backup is required afterwards. Refused as `protect` refuses a file. */
  addBackend: oc
    .input(byName.extend({ id: backendIdSchema, path: z.string(), switchToWal: z.boolean().default(false) }))
    .output(instanceStatusSchema),
  /** Takes a file that is not the first out of the instance; file, logs and backups stay. */
  removeBackend: oc.input(byName.extend({ id: backendIdSchema })).output(instanceStatusSchema),
  /** Registers a place that receives restores; the database file need not exist. */
  attachStandby: oc
    .input(
      z.object({
        instance: nameSchema,
        path: z.string(),
        replica: z.number().int().min(1),
        site: z.string().default('HOLDFAST'),
        organization: z.string().default('HOLDFAST'),
      }),
    )
    .output(instanceStatusSchema),
  /** Stops protecting; files, logs and backups stay. */
  release: oc.input(byName).output(z.object({})),
  /** Streams progress, then one `result`; errors end the stream. Abort cancels. */
  backup: oc
    .input(byName.extend({ options: backupOptionsSchema, secrets: secretsSchema.optional() }))
    .output(eventIterator(backupEventSchema)),
  /** Copies a finished backup set of this machine into a folder of this server, verified, never visible half-copied. */
  receive: oc
    .input(z.object({ files: z.array(z.string()), folder: z.string() }))
    .output(
      eventIterator(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('progress'), progress: progressSchema }),
          z.object({ kind: z.literal('result'), files: z.array(z.string()) }),
        ]),
      ),
    ),
  /** Restores into an instance in the seven steps. */
  restore: oc
    .input(byName.extend({ options: restoreOptionsSchema, secrets: secretsSchema.optional() }))
    .output(eventIterator(restoreEventSchema)),
  /** Restores into a new file in the seven steps: no instance, nothing is replaced. Throws TARGET_EXISTS when `path` is there. */
  restoreToFile: oc
    .input(z.object({ path: z.string(), options: restoreOptionsSchema, secrets: secretsSchema.optional() }))
    .output(eventIterator(restoreEventSchema)),
  /** Brings a standby forward by a backup: a full replaces it, an incremental is applied when it fits what is there. */
  applyToStandby: oc
    .input(byName.extend({ file: z.string(), log: z.string() }))
    .output(eventIterator(restoreEventSchema)),
  /** restadv: activates (`override`), opens, unlocks or deletes a set that waits in RST. */
  finishRst: oc
    .input(
      byName.extend({
        action: z.enum(['activate', 'delete']),
        override: z.boolean(),
        open: z.boolean(),
        clearLock: z.boolean(),
        log: z.string(),
      }),
    )
    .output(z.object({ contingency: z.string().nullable() })),
  ...verificationAgent,
  ...otherFilesAgent,
  /** Takes the write lock, drains the capture, and sets the durable fence once nobody has the file open. */
  fence: oc
    .input(byName.extend({ reason: z.string(), term: z.number().int(), timeoutMs: z.number().int().default(5000) }))
    .output(fenceResultSchema),
  unfence: oc.input(byName.extend({ term: z.number().int() })).output(instanceStatusSchema),
  /** Makes the instance primary (opens it, unfences, starts logging under the term) or standby (closes it, fences it). */
  setRole: oc.input(byName.extend({ role: instanceRoleSchema, term: z.number().int() })).output(instanceStatusSchema),
  /**
   * Renews the lease of `fence` mode; ms 0 means: keep serving without a console. The lease ends `ms` after `asOf`, the `at` of
   * the agent's own last status that the console has seen: a renewal that was long on its way must not make the lease longer.
   * Once a lease was given and has run out, `unfence` and `setRole` primary are refused (DATABASE_FENCED) until the next one. That
   * one was given outlasts the agent, and binds every primary of the server.
   */
  lease: oc
    .input(z.object({ ms: z.number().int(), term: z.number().int(), asOf: timeSchema.nullable().default(null) }))
    .output(z.object({})),
  /** Acknowledges that a full backup has brought copies and master together again. */
  clearOutOfSync: oc.input(byName).output(z.object({})),
  /**
   * Captures what was committed up to this call and makes it durable in the roll-forward log, so that a restore planned next reaches
   * it. `restorableTo` is null without logging.
   */
  captureNow: oc.input(byName).output(z.object({ restorableTo: timeSchema.nullable(), vector: vectorSchema })),
  getConfig: oc.input(byName).output(loggingConfigSchema),
  setConfig: oc.input(byName.extend(loggingChangeSchema.shape)).output(loggingConfigSchema),
  ...agentLoggingProcedures,
  contingencies: oc.input(byName).output(z.array(contingencySchema)),
  header: oc.input(z.object({ file: z.string() })).output(z.object({ xml: z.string(), info: backupFileInfoSchema })),
  verify: oc
    .input(
      z.object({
        files: z.array(z.string()),
        /** Where else parts may lie. */
        searchFolders: z.array(z.string()).default([]),
        secrets: secretsSchema.optional(),
      }),
    )
    .output(verifyResultSchema),
  catalog: oc
    .input(z.object({ folders: z.array(z.string()), logFolders: z.array(z.string()).default([]) }))
    .output(catalogViewSchema),
  /** Which of these backup files some process of any server reads now, and who that is. */
  readings: oc
    .input(z.object({ files: z.array(z.string()) }))
    .output(z.object({ readings: z.array(z.object({ file: z.string(), by: z.string() })) })),
  /**
   * Removes old backup files, whole sets only. Refuses, before anything is removed, files that are no backups of Holdfast, that lie
   * outside the folders of this server, or that something which stays is built on.
   */
  removeBackups: oc
    .input(z.object({ files: z.array(z.string()) }))
    .output(z.object({ removed: z.array(z.string()), bytes: z.number() })),
  ...agentContingencyContract,
  ...agentGroupRecords,
  ...agentDrillContract,
  readLog: oc.input(z.object({ file: z.string() })).output(z.array(backupLogEntrySchema)),
  ...libraryAgent,
  /** A live stream of what the agent noticed by itself. */
  events: oc.input(z.object({})).output(eventIterator(agentEventSchema)),
  /** Orderly end: stops capture, closes connections, keeps fences. */
  shutdown: oc.input(z.object({})).output(z.object({})),
};
