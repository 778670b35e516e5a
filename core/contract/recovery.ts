// Guided recovery after a verification that found data missing (-6034): what exactly is missing, who has it, and the ways on.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { backendVectorSchema } from './backend.ts';
import { stampSchema, timeSchema, vectorSchema } from './common.ts';
import { planSchema } from './failover.ts';
import { secretsSchema } from './other-files.ts';

/** One origin whose changes are missing: everything after `from` up to `to`. */
export const missingRangeSchema = z.object({
  replica: z.number().int(),
  /** Last change that is there; null when nothing of this origin is. */
  from: stampSchema.nullable(),
  /** The newest change that a server is known to hold. */
  to: stampSchema,
  heldBy: z.array(z.string()),
  /** From the last change that is there to the newest that is missing; null when nothing is there. */
  seconds: z.number().int().nullable(),
  commits: z.number().int(),
  /** False: at least that many. A vector that was read from print has no count of commits. */
  exact: z.boolean(),
  /** The file of several that lacks it; missing for a database of one file. */
  backend: z.string().optional(),
});
export type MissingRange = z.infer<typeof missingRangeSchema>;

export const lossSchema = z.object({
  commits: z.number().int(),
  exact: z.boolean(),
  /** The longest stretch of any origin; null when of one origin nothing is there at all. */
  seconds: z.number().int().nullable(),
  /** Servers that were not asked: what only they hold is not counted. */
  silent: z.array(z.string()),
  /** The same for each of several files; missing for a database of one file. */
  backends: z
    .array(
      z.object({ id: z.string(), commits: z.number().int(), exact: z.boolean(), seconds: z.number().int().nullable() }),
    )
    .optional(),
});
export type Loss = z.infer<typeof lossSchema>;

export const recoveryFileSchema = z.object({
  file: z.string(),
  kind: z.enum(['full', 'incremental', 'log']),
  /** The server whose agent found it. */
  server: z.string(),
  idtag: z.string().nullable(),
  /** The restore that failed did not use it. */
  added: z.boolean(),
  /** Of a log, the file of several that it belongs to. */
  backend: z.string().optional(),
});
export type RecoveryFile = z.infer<typeof recoveryFileSchema>;

/**
 * `complete`: the restore again, with the backups and logs that were missing. `backup`: a restore from a backup of another server's
 * copy. `copy`: a full backup of another server's live copy first, then a restore from it. `accept`: the loss is accepted.
 */
export const recoveryWaySchema = z.object({
  id: z.string(),
  kind: z.enum(['complete', 'backup', 'copy', 'accept']),
  title: z.string(),
  text: z.string(),
  /** What the database holds afterwards; never behind a server that answered, except when the loss is accepted. */
  reaches: vectorSchema,
  /** What each of several files holds then, the first included; missing for a database of one file. */
  backends: z.array(backendVectorSchema).optional(),
  /** Time of the last commit then; null when it is not known before. */
  reachesTo: timeSchema.nullable(),
  files: z.array(recoveryFileSchema),
  /** Pages of its backups are encrypted: without a kept key the password is needed. */
  encrypted: z.boolean(),
  /** The instance whose copy is backed up first. */
  source: z.string().nullable(),
  /** The same on the command line. */
  command: z.string(),
});
export type RecoveryWay = z.infer<typeof recoveryWaySchema>;

export const recoverySchema = z.object({
  /** `behind`: the ways lead on. `unreachable`: nobody who answered is ahead. `none`: nothing is missing. */
  status: z.enum(['behind', 'unreachable', 'none']),
  restoredTo: timeSchema.nullable(),
  missing: z.array(missingRangeSchema),
  loss: lossSchema,
  /** Where was looked, and what kept it from being read. */
  searched: z.array(z.object({ server: z.string(), folder: z.string(), problem: z.string().nullable() })),
  /** Best first. */
  ways: z.array(recoveryWaySchema),
});
export type Recovery = z.infer<typeof recoverySchema>;

/** Procedures of the console; spread into `restore`. */
export const recoveryConsole = {
  /** `folders`: more places on the server of the restored instance where logs and backups may lie. Throws NOT_FOUND. */
  recovery: oc.input(z.object({ jobId: z.string(), folders: z.array(z.string()).default([]) })).output(recoverySchema),
  /** What a way would do, with the token that starts it. Throws PLAN_EXPIRED when it is not offered any more. */
  recoveryPlan: oc
    .input(z.object({ jobId: z.string(), wayId: z.string(), folders: z.array(z.string()).default([]) }))
    .output(planSchema),
  /** Carries the planned way out; the job is the one to follow. Null: it is done. */
  recover: oc
    .input(
      z.object({
        token: z.string(),
        typed: z.string().nullable().default(null),
        /** For backups whose pages are encrypted under a key that the server does not keep. */
        secrets: secretsSchema.optional(),
      }),
    )
    .output(z.object({ jobId: z.string().nullable() })),
};
