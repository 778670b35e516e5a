// Long-running work as data: what the jobs dock and the Activity page show.
import { z } from 'zod';
import { errorReportSchema, progressSchema, timeSchema, warningSchema } from './common.ts';

export const jobStatusSchema = z.enum([
  'queued',
  'running',
  'canceling',
  'succeeded',
  'succeededWithWarnings',
  'failed',
  'canceled',
  'interrupted',
  'unknown',
]);
export type JobStatus = z.infer<typeof jobStatusSchema>;

export const jobKindSchema = z.enum([
  'backup',
  'restore',
  'cycle',
  'failover',
  'reconnect',
  'contingency',
  'verify',
  'drill',
  'retention',
  'demo',
  'protect',
]);
export type JobKind = z.infer<typeof jobKindSchema>;

export const jobSchema = z.object({
  id: z.string(),
  kind: jobKindSchema,
  title: z.string(),
  /** `SERVER/INSTANCE` or a group name. */
  target: z.string(),
  instanceId: z.string().nullable(),
  groupId: z.string().nullable(),
  status: jobStatusSchema,
  progress: progressSchema.nullable(),
  /** Bytes (or items) a second over the last seconds; null until steady. */
  rate: z.number().nullable(),
  /** Null until the estimate is steady. */
  etaMs: z.number().nullable(),
  cancelability: z.enum(['now', 'afterStep', 'no']),
  startedAt: timeSchema,
  endedAt: timeSchema.nullable(),
  /** One sentence: what came of it. */
  verdict: z.string().nullable(),
  error: errorReportSchema.nullable(),
  warnings: z.array(warningSchema),
  /** The job can be run again with the same input. */
  repeatable: z.boolean(),
  /** Its choices were kept, and running it again opens them for a review first: it replaces data. */
  review: z.boolean().optional(),
});
export type Job = z.infer<typeof jobSchema>;

export const jobLogLineSchema = z.object({
  at: timeSchema,
  level: z.enum(['info', 'warning', 'error']),
  text: z.string(),
});
export type JobLogLine = z.infer<typeof jobLogLineSchema>;
