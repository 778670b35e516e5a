// The verification after its first answer: waiting for peers that are silent, deciding over them, and looking at a set in RST again.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { backendVectorSchema } from './backend.ts';
import { nameSchema, timeSchema, vectorSchema } from './common.ts';
import { peerSchema, verificationSchema } from './restore.ts';

/** `leave`: end now, the set stays in RST, the old one is active again. `goOn`: activate without the peers that are silent. */
export const peerDecisionSchema = z.enum(['leave', 'goOn']);
export type PeerDecision = z.infer<typeof peerDecisionSchema>;

/** The set that waits in RST, as its agent keeps it over a restart. */
export const waitingRstSchema = z.object({
  idtag: z.string(),
  /** The last backup that was restored into it. */
  file: z.string(),
  baseIdtag: z.string(),
  databaseSerial: z.string(),
  restoredTo: timeSchema,
  vector: vectorSchema,
  /** What each of several files holds, the first included; missing for a database of one file. */
  backends: z.array(backendVectorSchema).optional(),
  verified: z.boolean(),
  /** Why it is not active. */
  reason: z.string(),
  /** What the peers had answered when the restore ended; null when none was asked. */
  verification: verificationSchema.nullable(),
});
export type WaitingRst = z.infer<typeof waitingRstSchema>;

const byName = z.object({ instance: nameSchema });
/** The restore that runs: name of its instance, or path of the new file. */
const byTarget = z.object({ target: z.string() });

/** Procedures of the agent; spread into its contract. */
export const verificationAgent = {
  /** What peers say now, for the restore that runs: it compares at once. Ignored when none is in or before step 6. */
  answerPeers: oc.input(byTarget.extend({ peers: z.array(peerSchema) })).output(z.object({ taken: z.boolean() })),
  /** Ends the waiting of step 6. Throws NOT_SUPPORTED when nothing waits. */
  decidePeers: oc.input(byTarget.extend({ decision: peerDecisionSchema })).output(z.object({})),
  /** The set in RST; null when none is there. */
  waitingRst: oc.input(byName).output(waitingRstSchema.nullable()),
  /** Checks the set in RST again, integrity and peers. A good answer is kept: activating it needs no override then. Throws NO_RST. */
  verifyRst: oc.input(byName.extend({ peers: z.array(peerSchema), log: z.string() })).output(verificationSchema),
};

/** Procedures of the console; spread into `restore`. */
export const verificationConsole = {
  /** Asks every silent peer again now: while step 6 waits at once, after it as a check of the set in RST. */
  retry: oc.input(z.object({ jobId: z.string() })).output(z.object({ jobId: z.string() })),
  /** Decides over silent peers while step 6 waits; `goOn` needs the instance's name typed. */
  decide: oc
    .input(z.object({ jobId: z.string(), decision: peerDecisionSchema, typed: z.string().nullable().default(null) }))
    .output(z.object({})),
  /** The answer of a peer given by hand, in the field's own form, one stamp a line. Throws INVALID_INPUT. */
  answer: oc
    .input(
      z.object({
        jobId: z.string(),
        server: z.string().min(1),
        replica: z.string().min(1),
        vector: z.string(),
        /** Of a database of several files, the one that the vector is of; missing for the first. */
        backend: z.string().optional(),
      }),
    )
    .output(z.object({ jobId: z.string() })),
};
