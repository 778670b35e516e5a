// Schemas that every area of the contract shares: names, errors, stamps, progress.
import { z } from 'zod';
import type { ErrorName } from './errors.ts';

/** A server or instance name: 1–15 letters, digits, hyphens; never `(local)` or a path. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,14}$/, '1 to 15 letters, digits and hyphens');

export const errorReportSchema = z.object({
  code: z.number().int(),
  name: z.string() as unknown as z.ZodType<ErrorName>,
  message: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** Milliseconds since 1970, UTC. */
export const timeSchema = z.number();

/** One entry of a transitive vector: the last change of a replica that is present. `seq` counts that replica's commits. */
export const stampSchema = z.object({
  replica: z.number().int().min(1),
  /** Seconds since 1970. */
  sec: z.number().int().min(0),
  event: z.number().int().min(0),
  seq: z.number().int().min(0),
});
export type Stamp = z.infer<typeof stampSchema>;

/** At most one stamp for each replica number, ascending by replica. */
export const vectorSchema = z.array(stampSchema);
export type Vector = z.infer<typeof vectorSchema>;

export const progressSchema = z.object({
  phase: z.string(),
  /** 1-based. */
  phaseIndex: z.number().int(),
  phaseCount: z.number().int(),
  /** Bytes, unless `unit` says otherwise; can exceed `total` when the source grew after the estimate. */
  done: z.number(),
  total: z.number().nullable(),
  unit: z.enum(['bytes', 'items']).default('bytes'),
  /** The whole job, for its time left: the work expected of each phase, in ms at the usual pace, and which is under way. */
  plan: z.object({ current: z.number().int(), work: z.array(z.number()) }).optional(),
});
export type Progress = z.infer<typeof progressSchema>;

export const warningSchema = z.object({ name: z.string(), message: z.string() });
export type Warning = z.infer<typeof warningSchema>;
