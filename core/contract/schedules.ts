// Unattended backups as data: named schedules of an instance, how long its backups are kept, and what would go.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { contingencySchema } from './agent.ts';
import { backupOptionsSchema, backupTypeSchema } from './backup.ts';
import { timeSchema, warningSchema } from './common.ts';
import { scheduleSchema } from './failover.ts';
import { jobStatusSchema } from './jobs.ts';

const instanceId = z.object({ instanceId: z.string() });

/** A chain stays when the count or the age says so; both null keep everything. */
export const retentionPolicySchema = z.object({
  /** The newest so many full backups, each with its incrementals. */
  keepFulls: z.number().int().min(1).max(10_000).nullable(),
  /** Whatever is needed to restore to any covered moment of the last so many days. */
  keepDays: z.number().positive().max(36_500).nullable(),
  /** Backups that no schedule made go as well. */
  manual: z.boolean(),
});
export type RetentionPolicy = z.infer<typeof retentionPolicySchema>;

export const backupScheduleInputSchema = z.object({
  /** Null for a new one. */
  id: z.string().nullable(),
  instanceId: z.string(),
  name: z.string().trim().min(1, 'a name is needed').max(60),
  enabled: z.boolean(),
  type: backupTypeSchema,
  when: scheduleSchema,
  /** Null for the backup folder of the instance. */
  folder: z.string().nullable(),
  /** File name with {server} {instance} {schedule} {type} {date} {time}; null for the usual one. */
  namePattern: z.string().max(200).nullable(),
  options: backupOptionsSchema
    .omit({ type: true, file: true, log: true, overwrite: true })
    .partial()
    // Absent: as the settings of the database say, when the schedule is due.
    .extend({ encrypt: z.boolean().optional(), securityFiles: z.boolean().optional() }),
  /** An incremental without a base becomes a full, with a warning; otherwise it fails. */
  fullWhenNoBase: z.boolean(),
  /** Tells the channels of a good run as well. */
  notifySuccess: z.boolean(),
  /** For the chains whose full this schedule made; null: as the instance says. */
  keep: retentionPolicySchema.nullable(),
});
export type BackupScheduleInput = z.infer<typeof backupScheduleInputSchema>;

/** A schedule as it is kept. */
export const backupScheduleSchema = backupScheduleInputSchema.extend({ id: z.string(), createdAt: timeSchema });
export type BackupSchedule = z.infer<typeof backupScheduleSchema>;

export const scheduleRunSchema = z.object({
  at: timeSchema,
  endedAt: timeSchema.nullable(),
  jobId: z.string().nullable(),
  /** `covered`: a full of another schedule at the same time did its work. */
  status: z.union([jobStatusSchema, z.literal('covered')]),
  type: backupTypeSchema,
  idtag: z.string().nullable(),
  verdict: z.string().nullable(),
});
export type ScheduleRun = z.infer<typeof scheduleRunSchema>;

export const scheduleViewSchema = backupScheduleSchema.extend({
  /** Null while it is off or paused. At or before now: due, and waits for what `stateText` says. */
  nextAt: timeSchema.nullable(),
  state: z.enum(['off', 'waiting', 'paused', 'due', 'running']),
  stateText: z.string(),
  last: scheduleRunSchema.nullable(),
});
export type ScheduleView = z.infer<typeof scheduleViewSchema>;

/** What would become of one chain, and why. */
export const retentionChainSchema = z.object({
  idtag: z.string(),
  full: z.string(),
  files: z.array(z.string()),
  bytes: z.number(),
  backups: z.number().int(),
  from: timeSchema,
  to: timeSchema,
  /** Name of the schedule that made it; null: made by hand. */
  schedule: z.string().nullable(),
  reasons: z.array(z.string()),
});
export type RetentionChain = z.infer<typeof retentionChainSchema>;

export const retentionPreviewSchema = z.object({
  policy: retentionPolicySchema.nullable(),
  remove: z.array(retentionChainSchema),
  keep: z.array(retentionChainSchema),
  bytes: z.number(),
  warnings: z.array(warningSchema),
});
export type RetentionPreview = z.infer<typeof retentionPreviewSchema>;

export const schedulesContract = {
  /** Of one instance, or of all. */
  list: oc.input(z.object({ instanceId: z.string().nullable().default(null) })).output(z.array(scheduleViewSchema)),
  /** Throws INVALID_INPUT, DUPLICATE. */
  save: oc.input(backupScheduleInputSchema).output(z.object({ id: z.string() })),
  remove: oc.input(z.object({ id: z.string() })).output(z.object({})),
  /** Starts it out of turn; the next run stays when it was. */
  runNow: oc.input(z.object({ id: z.string() })).output(z.object({ jobId: z.string() })),
  runs: oc
    .input(z.object({ id: z.string(), limit: z.number().int().min(1).max(500).default(50) }))
    .output(z.array(scheduleRunSchema)),
};

export const retentionContract = {
  getPolicy: oc.input(instanceId).output(z.object({ policy: retentionPolicySchema.nullable() })),
  setPolicy: oc.input(instanceId.extend({ policy: retentionPolicySchema.nullable() })).output(z.object({})),
  /** What would go by this policy, or by the one in force; removes nothing. */
  preview: oc
    .input(instanceId.extend({ policy: retentionPolicySchema.nullable().optional() }))
    .output(retentionPreviewSchema),
  run: oc.input(instanceId).output(z.object({ jobId: z.string() })),
  contingencies: oc.input(instanceId).output(z.array(contingencySchema)),
  /** Deletes a kept copy for good; `typed` is the name of the instance. */
  removeContingency: oc
    .input(instanceId.extend({ id: z.string(), typed: z.string().nullable() }))
    .output(z.object({ bytes: z.number() })),
};
