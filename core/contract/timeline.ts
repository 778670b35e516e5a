// From when to when a database can be restored, what of it was proven, and where not and why.
import { z } from 'zod';
import { catalogViewSchema } from './backup.ts';
import { timeSchema } from './common.ts';
import { proofSchema } from './proofs.ts';

/** The timeline of one instance: bands that can be restored to, those of them that a restore has reached, and gaps with their reason. */
export const timelineSchema = z.object({
  catalog: catalogViewSchema,
  bands: z.array(
    z.object({
      from: timeSchema,
      to: timeSchema,
      kind: z.enum(['proven', 'log', 'gap']),
      reason: z.string().nullable(),
    }),
  ),
  restorableFrom: timeSchema.nullable(),
  restorableTo: timeSchema.nullable(),
  /** What was brought back so far, newest first. */
  proofs: z.array(proofSchema).default([]),
});
export type Timeline = z.infer<typeof timelineSchema>;
