// Backup files wherever they lie: folders that are searched, databases found in them, the commits of a log, and the ways back.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { backupFileInfoSchema, logFileInfoSchema } from './backup.ts';
import { errorReportSchema, stampSchema, timeSchema, vectorSchema } from './common.ts';
import { proofSchema } from './proofs.ts';
import { timelineSchema } from './timeline.ts';

/** What an agent found below some folders, from headers alone. */
export const foundFilesSchema = z.object({
  backups: z.array(backupFileInfoSchema),
  logs: z.array(logFileInfoSchema),
  unusable: z.array(z.object({ file: z.string(), error: errorReportSchema })),
  /** Folders that were looked into. */
  folders: z.number().int(),
  /** Why not everything was looked at: too deep, too much, no permission; null when everything was. */
  cutShort: z.string().nullable(),
});
export type FoundFiles = z.infer<typeof foundFilesSchema>;

/** One commit as a log holds it. */
export const commitSchema = z.object({
  stamp: stampSchema,
  at: timeSchema,
  pages: z.number().int(),
  /** File name of its log. */
  log: z.string(),
});
export type Commit = z.infer<typeof commitSchema>;

export const commitPageSchema = z.object({
  /** In the order in which they were made. */
  commits: z.array(commitSchema),
  /** Commits of the window before and after those that are listed. */
  before: z.number().int(),
  after: z.number().int(),
  /** Why the logs could not be read to their end; null when they were. */
  problem: errorReportSchema.nullable(),
});
export type CommitPage = z.infer<typeof commitPageSchema>;

/** Procedures of the agent; spread into its contract. */
export const libraryAgent = {
  /** Looks for backup sets and logs in folders, by header, not by name; with `deep` below them too, within bounds. */
  findFiles: oc
    .input(
      z.object({
        folders: z.array(z.string()),
        /** Where only roll-forward logs are looked for. */
        logFolders: z.array(z.string()).default([]),
        deep: z.boolean().default(false),
      }),
    )
    .output(foundFilesSchema),
  /** Up to `limit` commits of the logs around a moment, or the last ones; `from` and `to` bound what is counted. */
  listCommits: oc
    .input(
      z.object({
        logs: z.array(z.string()),
        from: timeSchema.nullable().default(null),
        to: timeSchema.nullable().default(null),
        around: timeSchema.nullable().default(null),
        limit: z.number().int().min(1).max(500).default(50),
      }),
    )
    .output(commitPageSchema),
};

/** Backups in folders that no instance stands for: those of one database on one server. */
export const folderSourceSchema = z.object({
  server: z.string(),
  folders: z.array(z.string()),
  srvname: z.string(),
  instance: z.string(),
});
export type FolderSource = z.infer<typeof folderSourceSchema>;

export const folderDatabaseSchema = z.object({
  source: folderSourceSchema,
  /** The instance of this site that it is, when it is one. */
  instanceId: z.string().nullable(),
  timeline: timelineSchema,
});
export type FolderDatabase = z.infer<typeof folderDatabaseSchema>;

export const openedFoldersSchema = z.object({
  server: z.string(),
  databases: z.array(folderDatabaseSchema),
  /** Backups and logs that belong to none of them, and files that are damaged. */
  unusable: z.array(z.object({ file: z.string(), error: errorReportSchema })),
  folders: z.number().int(),
  cutShort: z.string().nullable(),
});
export type OpenedFolders = z.infer<typeof openedFoldersSchema>;

/** One way to bring a database back. */
export const wayBackSchema = z.object({
  id: z.string(),
  /** `logs`: backups and every log. `backup`: backups alone. `copy`: failover to a copy of the group. */
  kind: z.enum(['logs', 'backup', 'copy']),
  title: z.string(),
  /** What it takes and where it ends, in a sentence. */
  detail: z.string(),
  idtag: z.string().nullable(),
  memberId: z.string().nullable(),
  /** Time of the last commit that it brings back. */
  reaches: timeSchema.nullable(),
  vector: vectorSchema.nullable(),
  /** Commits and milliseconds that it loses against the newest commit that is known anywhere; null when unknown. */
  lossCommits: z.number().int().nullable(),
  lossMs: z.number().nullable(),
  /** Servers whose copies alone hold what it loses; empty when the database itself holds, or held, some of that, too. */
  lossHeldBy: z.array(z.string()),
  /** From rates that were measured here; null when none was. */
  estimatedMs: z.number().nullable(),
  proof: proofSchema.nullable(),
  /** Why it cannot be taken now; null when it can. */
  problem: z.string().nullable(),
});
export type WayBack = z.infer<typeof wayBackSchema>;

export const waysBackSchema = z.object({
  /** Best first. */
  ways: z.array(wayBackSchema),
  /** The newest commit that is known of, and when it was made. */
  newest: vectorSchema,
  newestAt: timeSchema.nullable(),
});
export type WaysBack = z.infer<typeof waysBackSchema>;

const source = z.object({
  instanceId: z.string().nullable().default(null),
  from: folderSourceSchema.nullable().default(null),
  searchFolders: z.array(z.string()).default([]),
});

/** Procedures of the console, under `library`. */
export const libraryConsole = {
  /** Looks through folders of a server (null: this machine) for backups of any database, protected or not. */
  open: oc
    .input(z.object({ server: z.string().nullable(), folders: z.array(z.string()).min(1) }))
    .output(openedFoldersSchema),
  /** Commits around a moment that a restore can end at, exactly. */
  commits: oc
    .input(source.extend({ around: timeSchema.nullable(), limit: z.number().int().min(1).max(500).default(50) }))
    .output(commitPageSchema),
  /** The ways to bring this database back, best first. */
  ways: oc.input(z.object({ instanceId: z.string() })).output(waysBackSchema),
};
