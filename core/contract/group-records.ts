// What each member of a failover group keeps of it in its own root, so that the group outlives the engine's catalogue. No secrets.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { nameSchema, timeSchema } from './common.ts';
import { groupConfigSchema } from './failover.ts';
import { agentGroupKeys } from './group-keys.ts';

/** A state of the group in one life of a catalogue: within one lineage the higher version is the newer. */
const stateSchema = z.object({ lineage: z.string(), version: z.number().int().min(1) });
export type GroupStateId = z.infer<typeof stateSchema>;

export const groupRecordSchema = stateSchema.extend({
  format: z.literal(1),
  /** Names the file, too. */
  groupId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  name: z.string(),
  /** The row that this server has in the list, and its database. */
  memberId: z.string(),
  instance: nameSchema,
  /** Whether that row was the active one. */
  active: z.boolean(),
  activeId: z.string(),
  /** The highest term that was given out. */
  term: z.number().int(),
  config: groupConfigSchema,
  /** Replica numbers by row. */
  replicas: z.record(z.string(), z.number().int()),
  /** Rows that the administrator has fenced on purpose. */
  heldFenced: z.array(z.string()),
  /** Rows whose durable fence was still owed. */
  unproved: z.array(z.string()),
  outOfSync: z.string().nullable(),
  /** What this lineage took over when it began, each up to its version. */
  takenOver: z.array(stateSchema),
  writtenAt: timeSchema,
});
export type GroupRecord = z.infer<typeof groupRecordSchema>;

/** True when whoever wrote `later` knew everything that is in `earlier`. */
export function knows(later: GroupStateId & { takenOver: GroupStateId[] }, earlier: GroupStateId): boolean {
  return [later, ...later.takenOver].some(
    (state) => state.lineage === earlier.lineage && state.version >= earlier.version,
  );
}

export const agentGroupRecords = {
  ...agentGroupKeys,
  /** What this server keeps; `damaged` names files that cannot be read. */
  groupRecords: oc
    .input(z.object({}))
    .output(z.object({ records: z.array(groupRecordSchema), damaged: z.array(z.string()) })),
  /** Durable when it returns. Throws STALE_TERM when what is kept is not older than this. */
  keepGroupRecord: oc.input(z.object({ record: groupRecordSchema })).output(z.object({})),
  /** The server is in this group no more; nothing happens when it was not. */
  forgetGroupRecord: oc.input(z.object({ groupId: z.string() })).output(z.object({})),
};
