// The one snapshot that the console draws from. It replaces the one before it; `seq` only grows, so a lost event corrupts nothing.
import { z } from 'zod';
import { timeSchema } from './common.ts';
import { groupViewSchema } from './failover.ts';
import { instanceStatusSchema } from './instance.ts';
import { jobSchema } from './jobs.ts';
import { noticeSchema } from './notify.ts';
import { proofKindSchema } from './proofs.ts';

export const serverViewSchema = z.object({
  name: z.string(),
  root: z.string(),
  /** `stopped`: switched off by the administrator or the lab; `offline`: does not answer. */
  state: z.enum(['online', 'offline', 'starting', 'stopped']),
  version: z.string().nullable(),
  sqliteVersion: z.string().nullable(),
  pid: z.number().int().nullable(),
  endpoint: z.string().nullable(),
  freeBytes: z.number().nullable(),
  lastContact: timeSchema.nullable(),
  /** The demo lab owns it and can switch its power. */
  lab: z.boolean(),
});
export type ServerView = z.infer<typeof serverViewSchema>;

export const instanceViewSchema = z.object({
  /** `SERVER/INSTANCE`. */
  id: z.string(),
  server: z.string(),
  status: instanceStatusSchema,
  /** The agent answers; otherwise `status` is the last one known. */
  reachable: z.boolean(),
  groupId: z.string().nullable(),
  /** A sentence such as `restorable to 12 s ago` or `not protected: no full backup`. */
  verdict: z.string(),
  verdictLevel: z.enum(['ok', 'warning', 'critical']),
  backupFolder: z.string(),
  /** The next backup by any schedule of its own; null when none is to come. */
  nextBackup: timeSchema.nullable().optional(),
  /** The last time that its backups were brought back and checked. */
  lastProven: z
    .object({ at: timeSchema, reachedAt: timeSchema, idtag: z.string(), kind: proofKindSchema })
    .nullable()
    .optional(),
});
export type InstanceView = z.infer<typeof instanceViewSchema>;

export const messageSchema = z.object({
  id: z.string(),
  at: timeSchema,
  /** red · yellow · blue in the tray. */
  level: z.enum(['critical', 'warning', 'info']),
  text: z.string(),
  source: z.string(),
  acknowledged: z.boolean(),
  /** The condition behind it still holds. */
  standing: z.boolean(),
});
export type Message = z.infer<typeof messageSchema>;

/** One thing on Home that needs a person, with the one button that deals with it. */
export const attentionSchema = z.object({
  id: z.string(),
  level: z.enum(['critical', 'warning']),
  text: z.string(),
  action: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('backup'), instanceId: z.string(), label: z.string() }),
      z.object({ kind: z.literal('groupFull'), groupId: z.string(), label: z.string() }),
      z.object({ kind: z.literal('openGroup'), groupId: z.string(), label: z.string() }),
      z.object({ kind: z.literal('openInstance'), instanceId: z.string(), label: z.string() }),
      z.object({ kind: z.literal('setLogging'), instanceId: z.string(), label: z.string() }),
    ])
    .nullable(),
});
export type Attention = z.infer<typeof attentionSchema>;

export const demoViewSchema = z.object({
  open: z.boolean(),
  servers: z.array(z.object({ name: z.string(), power: z.boolean() })),
  client: z
    .object({
      running: z.boolean(),
      /** Server whose database the client writes to now; null while it finds none. */
      writingTo: z.string().nullable(),
      acknowledged: z.number().int(),
      failed: z.number().int(),
      lastWriteAt: timeSchema.nullable(),
    })
    .nullable(),
});
export type DemoView = z.infer<typeof demoViewSchema>;

export const siteSnapshotSchema = z.object({
  seq: z.number().int(),
  now: timeSchema,
  site: z.object({
    name: z.string(),
    organization: z.string(),
    version: z.string(),
    dataFolder: z.string(),
    firstStart: z.boolean(),
    host: z.enum(['desktop', 'headless']),
  }),
  servers: z.array(serverViewSchema),
  instances: z.array(instanceViewSchema),
  groups: z.array(groupViewSchema),
  /** Running ones and the newest finished ones, newest first. */
  jobs: z.array(jobSchema),
  messages: z.array(messageSchema),
  attention: z.array(attentionSchema),
  /** The newest notices for the desktop, oldest first; null while no channel to it is set up. */
  notices: z.array(noticeSchema).nullable().optional(),
  tray: z.object({
    level: z.enum(['ok', 'info', 'warning', 'critical']),
    critical: z.number().int(),
    warning: z.number().int(),
    info: z.number().int(),
  }),
  demo: demoViewSchema,
});
export type SiteSnapshot = z.infer<typeof siteSnapshotSchema>;
