// Restore drills as data: what to try, when, what to ask the restored database, and the report of each.
import { z } from 'zod';
import { eventIterator, oc } from '../rpc/define.ts';
import { errorReportSchema, timeSchema, warningSchema } from './common.ts';
import { scheduleSchema } from './failover.ts';

const instanceId = z.object({ instanceId: z.string() });

/** One question to the restored database: the first column of the first row is the answer. */
export const drillProbeSchema = z.object({
  name: z.string().trim().min(1, 'a name is needed').max(80),
  /** One statement that reads. */
  sql: z.string().trim().min(1, 'a statement is needed').max(10_000),
  expect: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('equals'), value: z.string() }),
    z.object({ kind: z.literal('atLeast'), value: z.number() }),
    /** Only recorded. */
    z.object({ kind: z.literal('any') }),
  ]),
});
export type DrillProbe = z.infer<typeof drillProbeSchema>;

export const drillConfigSchema = z.object({
  instanceId: z.string(),
  enabled: z.boolean(),
  when: scheduleSchema,
  /** The last commit, or a moment picked at random from what the backups and logs cover. */
  point: z.enum(['last', 'random']),
  /** Where the throw-away folder is made; null for a folder below the server's root. */
  folder: z.string().nullable(),
  probes: z.array(drillProbeSchema).max(50),
  /** For each probe and each table. */
  timeLimitMs: z.number().int().min(100).max(3_600_000),
  /** Warns when the last proof is older; null never warns. */
  warnAfterDays: z.number().positive().max(3650).nullable(),
});
export type DrillConfig = z.infer<typeof drillConfigSchema>;

export const drillStepSchema = z.object({
  name: z.string(),
  status: z.enum(['waiting', 'running', 'done', 'failed', 'skipped']),
  durationMs: z.number().nullable(),
  detail: z.string(),
});
export type DrillStep = z.infer<typeof drillStepSchema>;

export const drillTableSchema = z.object({
  name: z.string(),
  /** Null when it could not be counted. */
  rows: z.number().int().nullable(),
  /** In the last drill that passed; null for a new table. */
  before: z.number().int().nullable(),
});
export type DrillTable = z.infer<typeof drillTableSchema>;

export const drillProbeResultSchema = drillProbeSchema.extend({
  status: z.enum(['passed', 'failed', 'notRun']),
  /** As text; null when there was no row, or NULL in it. */
  result: z.string().nullable(),
  durationMs: z.number().nullable(),
  problem: z.string().nullable(),
});
export type DrillProbeResult = z.infer<typeof drillProbeResultSchema>;

export const drillReportSchema = z.object({
  id: z.string(),
  instanceId: z.string(),
  jobId: z.string(),
  trigger: z.enum(['schedule', 'manual']),
  startedAt: timeSchema,
  endedAt: timeSchema,
  status: z.enum(['passed', 'failed', 'cancelled']),
  error: errorReportSchema.nullable(),
  /** The newest backup that was used; null when none could be chosen. */
  idtag: z.string().nullable(),
  /** Files of the chain, in order. */
  files: z.array(z.string()),
  logs: z.number().int(),
  /** The moment that was asked for; null for the last commit. */
  until: timeSchema.nullable(),
  reachedAt: timeSchema.nullable(),
  lastCommit: z.string().nullable(),
  /** From the start of the restore to a database that was checked: the measured recovery time. */
  restoreMs: z.number().nullable(),
  /** Bytes of the backup files that were read. */
  bytes: z.number(),
  databaseBytes: z.number().nullable(),
  steps: z.array(drillStepSchema),
  tables: z.array(drillTableSchema),
  /** Tables of the last drill that are not there any more. */
  gone: z.array(z.string()),
  probes: z.array(drillProbeResultSchema),
  warnings: z.array(warningSchema),
});
export type DrillReport = z.infer<typeof drillReportSchema>;

/** Every protected database, with or without a schedule of drills. */
export const drillViewSchema = z.object({
  instanceId: z.string(),
  /** Null: none was set up; a drill by hand takes the defaults. */
  config: drillConfigSchema.nullable(),
  nextAt: timeSchema.nullable(),
  running: z.boolean(),
  last: drillReportSchema
    .pick({ id: true, status: true, startedAt: true, endedAt: true, reachedAt: true, restoreMs: true })
    .extend({ verdict: z.string() })
    .nullable(),
  lastProven: z.object({ at: timeSchema, reachedAt: timeSchema, idtag: z.string() }).nullable(),
  overdue: z.boolean(),
});
export type DrillView = z.infer<typeof drillViewSchema>;

/** One answer of a restored database, in the order of asking. */
export const measureEventSchema = z.discriminatedUnion('kind', [
  /** What is asked next; the next event answers it. */
  z.object({ kind: z.literal('asking'), what: z.string() }),
  z.object({ kind: z.literal('table'), name: z.string(), rows: z.number().int().nullable() }),
  z.object({
    kind: z.literal('probe'),
    index: z.number().int(),
    result: z.string().nullable(),
    durationMs: z.number(),
    problem: z.string().nullable(),
  }),
  z.object({ kind: z.literal('end'), bytes: z.number() }),
]);
export type MeasureEvent = z.infer<typeof measureEventSchema>;

/** The agent's part: asks private, closed copies; reads only. Backends after the first are reached by their id, as `schema.entry`. */
export const agentDrillContract = {
  measure: oc
    .input(
      z.object({
        databases: z.array(z.object({ id: z.string(), path: z.string() })).min(1),
        probes: z.array(z.string()),
      }),
    )
    .output(eventIterator(measureEventSchema)),
};

export const drillsContract = {
  /** Of one database, or of all. */
  list: oc.input(z.object({ instanceId: z.string().nullable().default(null) })).output(z.array(drillViewSchema)),
  /** Throws INVALID_INPUT. */
  save: oc.input(drillConfigSchema).output(z.object({})),
  /** Reports stay. */
  remove: oc.input(instanceId).output(z.object({})),
  /** `point` and `until` only for this one. */
  run: oc
    .input(instanceId.extend({ point: z.enum(['last', 'random']).optional(), until: timeSchema.optional() }))
    .output(z.object({ jobId: z.string() })),
  /** Newest first. */
  reports: oc
    .input(instanceId.extend({ limit: z.number().int().min(1).max(500).default(50) }))
    .output(z.array(drillReportSchema)),
  report: oc.input(z.object({ id: z.string() })).output(z.object({ report: drillReportSchema, text: z.string() })),
};
