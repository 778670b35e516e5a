// Proofs as data: that a backup was brought back, up to which commit, by what.
import { z } from 'zod';
import { timeSchema } from './common.ts';

/** `drill`: a scheduled test restore with its probes; `restore`: a restore that was verified; `verify`: every block was read and checked. */
export const proofKindSchema = z.enum(['drill', 'restore', 'verify']);

export const proofSchema = z.object({
  /** `SERVER/INSTANCE` whose backups were brought back. */
  instanceId: z.string(),
  /** The newest backup that was used. */
  idtag: z.string(),
  /** Time of the last commit that was reached. */
  reachedAt: timeSchema,
  provenAt: timeSchema,
  kind: proofKindSchema,
  /** Stamp of that commit in the form of logs; null when none is known. */
  stamp: z.string().nullable(),
  /** How long bringing it back took, and the bytes of its sources: what the next estimate is made from. */
  durationMs: z.number().int().nullable(),
  bytes: z.number().int().nullable(),
});
export type Proof = z.infer<typeof proofSchema>;
