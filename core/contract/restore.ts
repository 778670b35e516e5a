// A restore as data: its options, the seven steps, the two sets NDS and RST, the block map, the verification table, the three lights.
import { z } from 'zod';
import { backendStepSchema, backendTargetSchema, backendVectorSchema } from './backend.ts';
import { errorReportSchema, progressSchema, stampSchema, timeSchema, vectorSchema } from './common.ts';

/** What a peer holds of this database: from a backup database, or from a file given by hand. */
export const peerSchema = z.object({
  /** `\T=SITE\O=ORG\CN=SERVER`, or a plain server name. */
  server: z.string(),
  replica: z.string(),
  /** Null when the peer could not be reached. */
  vector: vectorSchema.nullable(),
  /** Of a database of several files, the one that the vector is of; missing for the first. */
  backend: z.string().optional(),
});
export type Peer = z.infer<typeof peerSchema>;

export const restoreOptionsSchema = z.object({
  /** The full backup; incrementals are found by id beside it unless given. */
  file: z.string(),
  incrementals: z.array(z.string()).nullable().default(null),
  /** Extra folders where incrementals may lie. */
  searchFolders: z.array(z.string()).default([]),
  log: z.string(),
  /** -d: folder of roll-forward logs; null replays none. */
  logFolder: z.string().nullable().default(null),
  /** Stop after the last commit at or before this time, in ms; null for the last commit. */
  until: timeSchema.nullable().default(null),
  /** Stop after the commit with this stamp, or the last before it; then `until` does not end the logs. */
  untilStamp: stampSchema.nullable().default(null),
  /** The very logs to replay, in order, from one or several folders; null takes those of `logFolder`. */
  logFiles: z.array(z.string()).nullable().default(null),
  /** Stop after the incremental with this idtag; null for all. */
  untilBackup: z.string().nullable().default(null),
  /** -a: activate after a good verification; without it the set stays in RST. */
  activate: z.boolean().default(true),
  /** -o: open (unfence, resume capture) when finished. */
  open: z.boolean().default(true),
  /** -n: no verification against peers. */
  skipVerify: z.boolean().default(false),
  /** -v: activate without a good verification. */
  override: z.boolean().default(false),
  /** -k: clear the lock (login disabled). */
  clearLock: z.boolean().default(true),
  /** -s: keep the roll-forward log settings. */
  keepLogSettings: z.boolean().default(false),
  peers: z.array(peerSchema).default([]),
  /** For a set of several backends: where each goes and where its logs lie. */
  backends: z.array(backendTargetSchema).default([]),
  /** How long step 6 waits for peers without a vector, ms; 0 ends it at once with VERIFICATION_UNREACHABLE. */
  waitMs: z.number().int().min(0).default(0),
});
export type RestoreOptions = z.infer<typeof restoreOptionsSchema>;

export const stepStatusSchema = z.enum(['waiting', 'running', 'done', 'failed', 'skipped']);
export const restoreStepSchema = z.object({
  /** 1 Agent closed · 2 Switched to RST · 3 Restoring · 4 RST disabled · 5 Log settings reset · 6 Verification · 7 Activated. */
  step: z.number().int().min(1).max(7),
  name: z.string(),
  status: stepStatusSchema,
  startedAt: timeSchema.nullable(),
  durationMs: z.number().nullable(),
  detail: z.string(),
});
export type RestoreStep = z.infer<typeof restoreStepSchema>;

export const vectorRowSchema = z.object({
  replica: z.number().int(),
  local: stampSchema.nullable(),
  remote: stampSchema.nullable(),
  status: z.enum(['equal', 'ahead', 'behind']),
  /** How far the restored data is behind; 0 unless behind. */
  behindSec: z.number().int(),
  behindCommits: z.number().int(),
  /** It is that many commits at least: a vector that was read from print has no count of them. */
  atLeast: z.boolean().optional(),
});
export type VectorRow = z.infer<typeof vectorRowSchema>;

export const peerVerificationSchema = z.object({
  server: z.string(),
  replica: z.string(),
  status: z.enum(['waiting', 'ok', 'behind', 'unreachable']),
  rows: z.array(vectorRowSchema),
  /** The file of several that was compared; missing for a database of one file. */
  backend: z.string().optional(),
});
export type PeerVerification = z.infer<typeof peerVerificationSchema>;

export const verificationSchema = z.object({
  status: z.enum(['waiting', 'running', 'ok', 'behind', 'unreachable', 'skipped', 'overridden', 'noPeers']),
  /** 0, or -6034 and the like. */
  code: z.number().int(),
  integrity: z.enum(['waiting', 'running', 'ok', 'failed']),
  servers: z.array(peerVerificationSchema),
  /** Step 6 waits for peers that did not answer; absent and null when it does not. */
  waiting: z
    .object({
      since: timeSchema,
      /** When it gives up and leaves the set in RST. */
      until: timeSchema,
      /** When they were asked last, and how often since the waiting began. */
      askedAt: timeSchema,
      rounds: z.number().int(),
    })
    .nullable()
    .optional(),
});
export type Verification = z.infer<typeof verificationSchema>;

export const lightSchema = z.enum(['off', 'working', 'on', 'failed']);

export const setBoxSchema = z.object({
  path: z.string(),
  bytes: z.number(),
  state: z.enum([
    'absent',
    'active',
    'active, locked',
    'being written',
    'complete, disabled',
    'kept as contingency copy',
    'discarded',
  ]),
});

/** The whole picture of one restore; each event replaces the one before. */
export const restoreViewSchema = z.object({
  steps: z.array(restoreStepSchema).length(7),
  nds: setBoxSchema,
  rst: setBoxSchema,
  /** At most 1,000 cells; each character is one: `.` to do, `r` restored, `v` verified. A cell stands for `pagesPerCell` pages. */
  blockMap: z.string(),
  pagesPerCell: z.number().int(),
  sources: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['full', 'incremental', 'log']),
      status: stepStatusSchema,
      done: z.number(),
      total: z.number(),
    }),
  ),
  progress: progressSchema,
  verification: verificationSchema,
  lights: z.object({ data: lightSchema, verified: lightSchema, active: lightSchema }),
  /** Time and stamp of the last commit that is in the restored set. */
  restoredTo: timeSchema.nullable(),
  lastCommit: stampSchema.nullable(),
  /** Which backend of several this shows; missing for a database of one file. */
  backend: backendStepSchema.optional(),
});
export type RestoreView = z.infer<typeof restoreViewSchema>;

export const restoreResultSchema = z.object({
  steps: z.array(z.object({ step: z.number().int(), status: stepStatusSchema })),
  restoredTo: timeSchema.nullable(),
  lastCommit: stampSchema.nullable(),
  verify: verificationSchema,
  activated: z.boolean(),
  /** Where the replaced set was kept; null when nothing was replaced. */
  contingency: z.string().nullable(),
  target: z.string(),
  vector: vectorSchema,
  /** What each of several files holds, the first included; missing for a database of one file. */
  backends: z.array(backendVectorSchema).optional(),
  durationMs: z.number(),
});
export type RestoreResult = z.infer<typeof restoreResultSchema>;

export const restoreEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('view'), view: restoreViewSchema }),
  z.object({ kind: z.literal('log'), line: z.string() }),
  z.object({ kind: z.literal('result'), result: restoreResultSchema }),
  /** The restore failed; `view` before it shows where, the old set is active. */
  z.object({ kind: z.literal('failed'), error: errorReportSchema }),
]);
export type RestoreEvent = z.infer<typeof restoreEventSchema>;
