// A failover group as data: members, settings, schedules, states, history, and the plan of a manual action.
import { z } from 'zod';
import { nameSchema, timeSchema } from './common.ts';
import { groupKeySchema } from './group-keys.ts';
import { groupReviewSchema } from './group-review.ts';

export const groupStateSchema = z.enum([
  'Disabled',
  'Normal',
  'FailedOver',
  'Reconnecting',
  'AwaitingDecision',
  'OutOfSync',
]);
export type GroupState = z.infer<typeof groupStateSchema>;

export const failoverModeSchema = z.enum(['backupAndRestore', 'hotStandby', 'patroni']);

/** Either every N minutes, or a cron expression (croner) in local time; `off` never runs. */
export const scheduleSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('off') }),
  z.object({ kind: z.literal('every'), minutes: z.number().min(0.1) }),
  z.object({ kind: z.literal('daily'), at: z.string().regex(/^\d\d:\d\d$/) }),
  z.object({ kind: z.literal('weekly'), day: z.number().int().min(0).max(6), at: z.string().regex(/^\d\d:\d\d$/) }),
  z.object({ kind: z.literal('cron'), expression: z.string() }),
]);
export type Schedule = z.infer<typeof scheduleSchema>;

/** One row of the database list as the administrator edits it. Row 0 is the master. */
export const memberConfigSchema = z.object({
  /** Stable id of the row. */
  id: z.string(),
  /** The server (agent) that hosts the database. */
  server: nameSchema,
  /** Database server as shown: the name others reach it by; never `(local)`. */
  databaseServer: z.string(),
  instance: nameSchema,
  /** Folder on that server where backup files are copied. */
  folder: z.string(),
});
export type MemberConfig = z.infer<typeof memberConfigSchema>;

export const groupConfigSchema = z.object({
  enabled: z.boolean(),
  mode: failoverModeSchema,
  members: z.array(memberConfigSchema),
  autoReconnect: z.boolean(),
  full: scheduleSchema,
  differential: scheduleSchema,
  /** When an agent loses the console: `keep` serving, or `fence` after the lease. */
  whenConsoleLost: z.enum(['keep', 'fence']),
  probeMs: z.number().int().min(100),
  /** Misses in a row that mean failure. */
  misses: z.number().int().min(1),
  leaseMs: z.number().int().min(1000),
  /** The key that cycles are encrypted under; null or absent: not encrypted. Set by `encrypt` alone. */
  encryption: groupKeySchema.nullable().optional(),
});
export type GroupConfig = z.infer<typeof groupConfigSchema>;

export const memberStateSchema = z.enum([
  'Online',
  'Offline',
  'BackingUp',
  'Restoring',
  'OutOfSync',
  'Fenced',
  'Error',
  'NeverRestored',
  'InSync',
]);

export const memberViewSchema = memberConfigSchema.extend({
  replica: z.number().int(),
  master: z.boolean(),
  active: z.boolean(),
  state: memberStateSchema,
  /** The error text, or what is being done. */
  stateText: z.string(),
  instanceId: z.string().nullable(),
  path: z.string().nullable(),
  lastBackupAt: timeSchema.nullable(),
  lastRestoreAt: timeSchema.nullable(),
  /** Time of the newest commit in this copy; the age of the copy is now − dataTime. Null when never restored. */
  dataTime: timeSchema.nullable(),
  /** Commits that the active database has and this copy does not; null when unknown. */
  behindCommits: z.number().int().nullable(),
});
export type MemberView = z.infer<typeof memberViewSchema>;

export const historyEntrySchema = z.object({
  id: z.string(),
  at: timeSchema,
  kind: z.enum([
    'failover',
    'switch',
    'reconnect',
    'promote',
    'masterLost',
    'masterBack',
    'blocked',
    'outOfSync',
    'fullBackup',
    'contingency',
    'fence',
    'unfence',
    'enabled',
    'disabled',
    'confirmed',
  ]),
  from: z.string().nullable(),
  to: z.string().nullable(),
  why: z.string(),
  /** Detection to first accepted role change. */
  durationMs: z.number().nullable(),
  /** Age of the promoted copy's data at the moment of the switch. */
  dataAgeMs: z.number().nullable(),
  /** What is at risk, in words and numbers. */
  atRisk: z.string().nullable(),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

export const groupContingencySchema = z.object({
  id: z.string(),
  server: z.string(),
  instance: z.string(),
  takenAt: timeSchema,
  dataTime: timeSchema.nullable(),
  reason: z.string(),
  kind: z.enum(['set', 'backup']),
  path: z.string(),
  bytes: z.number(),
});

export const groupViewSchema = z.object({
  id: z.string(),
  name: z.string(),
  config: groupConfigSchema,
  state: groupStateSchema,
  /** One sentence that explains the state, and what the administrator can do. */
  stateText: z.string(),
  term: z.number().int(),
  members: z.array(memberViewSchema),
  nextFull: timeSchema.nullable(),
  nextDifferential: timeSchema.nullable(),
  lastFull: timeSchema.nullable(),
  lastDifferential: timeSchema.nullable(),
  /** About how long a restore of full and increments takes now, from measured times; null when unknown. */
  restoreHintMs: z.number().nullable(),
  history: z.array(historyEntrySchema),
  contingencies: z.array(groupContingencySchema),
  /** It came back from the files of its members and does nothing until it is confirmed; absent for every other group. */
  review: groupReviewSchema.optional(),
  /** A failover that was wanted but could not be proved safe. */
  blocked: z.object({ since: timeSchema, reason: z.string() }).nullable(),
  clients: z.object({
    activeFile: z.string().nullable(),
    endpoints: z.array(z.object({ server: z.string(), url: z.string() })),
  }),
});
export type GroupView = z.infer<typeof groupViewSchema>;

export const groupActionSchema = z.discriminatedUnion('kind', [
  /** Make this member active now (G16). */
  z.object({ kind: z.literal('switch'), memberId: z.string() }),
  /** Back to the master (G16). */
  z.object({ kind: z.literal('reconnect') }),
  /** Move to the top: becomes the master (G07). */
  z.object({ kind: z.literal('promote'), memberId: z.string() }),
  z.object({ kind: z.literal('fence'), memberId: z.string() }),
  z.object({ kind: z.literal('unfence'), memberId: z.string() }),
  /** Takes a group over that was found again: `activeId` is the active row, `settingsOf` the server whose settings count (null: the newest). */
  z.object({ kind: z.literal('confirm'), activeId: z.string(), settingsOf: z.string().nullable().default(null) }),
  z.object({ kind: z.literal('restoreContingency'), contingencyId: z.string() }),
]);
export type GroupAction = z.infer<typeof groupActionSchema>;

/** What an action will do, before it is done. `token` is short-lived; executing checks everything again. */
export const planSchema = z.object({
  token: z.string(),
  title: z.string(),
  class: z.enum(['plain', 'confirm', 'typed']),
  /** What to type when the class is `typed`. */
  typedName: z.string().nullable(),
  effects: z.array(z.string()),
  warnings: z.array(z.string()),
  /** Pre-flight checks with their result. */
  checks: z.array(z.object({ text: z.string(), status: z.enum(['ok', 'warning', 'failed']) })),
  /** The CLI line that does the same. */
  command: z.string(),
  refusal: z.string().nullable(),
  expiresAt: timeSchema,
});
export type Plan = z.infer<typeof planSchema>;
