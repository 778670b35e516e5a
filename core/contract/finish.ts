// What becomes of a restored set that waits in RST, planned before it is done.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { planSchema } from './failover.ts';

/** The switches of `restadv`: -m deletes, everything else activates. */
export const finishRequestSchema = z.object({
  instanceId: z.string(),
  action: z.enum(['activate', 'delete']),
  /** -v or -n: activate although it was not verified. */
  override: z.boolean().default(false),
  /** -o: open it when it is active. */
  open: z.boolean().default(true),
  /** -k: clear the lock, so that clients may write. */
  clearLock: z.boolean().default(true),
});
export type FinishRequest = z.infer<typeof finishRequestSchema>;

/** Procedures of the console; spread into `restore`. */
export const finishConsole = {
  /** What activating or deleting the set will do, and which confirmation it needs. The token goes to `finishPlanned`. */
  finishPlan: oc.input(finishRequestSchema).output(planSchema),
  /** Throws PLAN_EXPIRED, CONFIRMATION_REQUIRED, NO_RST, or what the plan was refused with. */
  finishPlanned: oc
    .input(z.object({ token: z.string(), typed: z.string().nullable().default(null) }))
    .output(z.object({ contingency: z.string().nullable() })),
};
