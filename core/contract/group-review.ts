// A failover group that came back from the files of its members, as it is shown until the administrator has confirmed it.
import { z } from 'zod';
import { timeSchema } from './common.ts';
import { instanceRoleSchema } from './instance.ts';

export const reviewConflictSchema = z.object({
  kind: z.enum(['settings', 'silent', 'twoActive', 'activeDiffers', 'damaged']),
  text: z.string(),
});
export type ReviewConflict = z.infer<typeof reviewConflictSchema>;

export const reviewRowSchema = z.object({
  memberId: z.string(),
  server: z.string(),
  instance: z.string(),
  answers: z.boolean(),
  /** What its agent has kept; null when it has nothing of this group, or has not told yet. */
  record: z
    .object({
      version: z.number().int(),
      writtenAt: timeSchema,
      /** The server that was active, as far as this one knew. */
      active: z.string().nullable(),
      /** No other record that was found knows more. */
      newest: z.boolean(),
    })
    .nullable(),
  /** What its database is now; null while its agent does not answer or has no such database. */
  live: z
    .object({
      role: instanceRoleSchema,
      writable: z.boolean(),
      term: z.number().int(),
      dataTime: timeSchema.nullable(),
    })
    .nullable(),
});
export type ReviewRow = z.infer<typeof reviewRowSchema>;

export const groupReviewSchema = z.object({
  since: timeSchema,
  why: z.string(),
  rows: z.array(reviewRowSchema),
  conflicts: z.array(reviewConflictSchema),
  /** The row that should be active; null when the administrator has to say which. */
  proposedId: z.string().nullable(),
  /** Servers whose settings of the group differ and may each be the right ones; empty when there is one newest. */
  settingsOf: z.array(z.string()),
});
export type GroupReview = z.infer<typeof groupReviewSchema>;
