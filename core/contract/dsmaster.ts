// The DSMASTER planner as data: servers, partitions and replicas in; coverage, overlap, order and warnings out.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { timeSchema } from './common.ts';

export const replicaTypeSchema = z.enum([
  'MASTER',
  'SECONDARY',
  'READONLY',
  'SUBREF',
  'SPARSE_WRITE',
  'SPARSE_READ',
  'Unknown',
]);
export type ReplicaType = z.infer<typeof replicaTypeSchema>;

export const dsmasterServerSchema = z.object({
  name: z.string().trim().min(1),
  /** Marked as a DSMASTER server: backed up for the loss of all. */
  dsmaster: z.boolean().default(false),
  /** Its newest full backup; null when there is none, absent when it is not known. */
  lastFull: timeSchema.nullable().optional(),
  replicas: z.array(z.object({ partition: z.string().trim().min(1), type: replicaTypeSchema })),
});
export type DsmasterServer = z.infer<typeof dsmasterServerSchema>;

export const dsmasterInputSchema = z.object({
  /** All partitions of the tree; those that a replica names are added. */
  partitions: z.array(z.string().trim().min(1)).default([]),
  servers: z.array(dsmasterServerSchema).max(2_000),
  /** For the age of backups; absent: ages are not judged. */
  now: timeSchema.optional(),
});
export type DsmasterInput = z.infer<typeof dsmasterInputSchema>;

export const dsmasterPlanSchema = z.object({
  /** True: the DSMASTER servers together hold every partition, writable, each once. */
  ready: z.boolean(),
  verdict: z.string(),
  partitions: z.array(
    z.object({
      name: z.string(),
      master: z.string().nullable(),
      holders: z.array(z.object({ server: z.string(), type: replicaTypeSchema, dsmaster: z.boolean() })),
      /** DSMASTER servers with a usable replica of it. */
      coveredBy: z.array(z.string()),
      status: z.enum(['covered', 'overlap', 'readOnly', 'missing']),
    }),
  ),
  servers: z.array(
    z.object({
      name: z.string(),
      dsmaster: z.boolean(),
      partitions: z.number().int(),
      usable: z.number().int(),
      /** The only usable copy of these is here. */
      only: z.array(z.string()),
    }),
  ),
  /** The fewest servers that together hold the tree, without overlap where that can be; what the administrator could mark. */
  proposal: z.object({
    servers: z.array(z.object({ name: z.string(), takes: z.array(z.string()) })),
    overlap: z.array(z.string()),
    missing: z.array(z.string()),
    /** What would have to be changed before: replicas to add, to make writable, or to take away. */
    changes: z.array(z.string()),
  }),
  /** After the loss of everything: who comes back first, and how. */
  restoreOrder: z.array(
    z.object({
      position: z.number().int(),
      server: z.string(),
      how: z.enum(['dsmaster', 'recovery', 'fresh']),
      steps: z.array(z.string()),
    }),
  ),
  backupOrder: z.array(z.object({ position: z.number().int(), server: z.string(), why: z.string() })),
  warnings: z.array(z.object({ level: z.enum(['critical', 'warning']), text: z.string() })),
});
export type DsmasterPlan = z.infer<typeof dsmasterPlanSchema>;

export const dsmasterContract = {
  plan: oc.input(dsmasterInputSchema).output(dsmasterPlanSchema),
  /** The site as input: each instance name is a partition, each instance a replica of it. */
  fromSite: oc.input(z.object({})).output(dsmasterInputSchema),
};
