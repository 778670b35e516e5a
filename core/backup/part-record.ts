// What each part of a backup set says of itself and of the whole, beyond what the XML header can hold.
import { z } from 'zod';
import { backendManifestSchema } from '../contract/backend.ts';
import { backupTypeSchema } from '../contract/backup.ts';
import { vectorSchema } from '../contract/common.ts';
import { encryptionRecordSchema } from '../encryption/record.ts';

export const partRecordSchema = z.object({
  idtag: z.string().regex(/^[0-9A-F]{8}$/),
  serial: z.string().min(1),
  previousSerial: z.string().nullable(),
  type: backupTypeSchema,
  sequence: z.number().int().min(0),
  baseIdtag: z.string(),
  incrementalId: z.string().nullable(),
  nextIncId: z.string(),
  databaseSerial: z.string(),
  /** Serial of the roll-forward logs that continue this backup; null without logging, absent in files of before. */
  logSerial: z.string().nullable().optional(),
  site: z.string(),
  organization: z.string(),
  server: z.string(),
  instance: z.string(),
  databasePath: z.string(),
  replica: z.number().int(),
  /** ms since 1970. */
  startedAt: z.number(),
  at: z.enum(['start', 'end']),
  /** ms since 1970 of the moment that the pages show. */
  consistentAt: z.number(),
  pageSize: z
    .number()
    .int()
    .min(512)
    .max(65_536)
    .refine((size) => (size & (size - 1)) === 0),
  pageCount: z.number().int().min(1).max(0xffff_fffe),
  vector: vectorSchema,
  currentLog: z.string(),
  compression: z.enum(['none', 'zstd']),
  /** True when the database was closed while it was copied. */
  cold: z.boolean().optional(),
  /** Folders beside that of the first part that parts were written to, in their turn. */
  partFolders: z.array(z.string()).optional(),
  /** Missing where the pages are not encrypted. */
  encryption: encryptionRecordSchema.optional(),
  /** For one of several backends; missing in a backup of one file. */
  backends: backendManifestSchema.optional(),
  /** 0 for the first part. */
  part: z.number().int().min(0),
  parts: z.number().int().min(1),
  /** Length of this very file. */
  partBytes: z.number().int(),
  /** Where the map of its blocks begins; missing before format 2. */
  mapOffset: z.number().int().optional(),
  /** Where the blocks of the files that went along begin in this part; missing where it has none of them. */
  filesOffset: z.number().int().optional(),
  /** In the first part of a set that has such blocks. */
  files: z
    .object({
      blocks: z.number().int().min(1),
      /** Of their content. */
      bytes: z.number().int().min(0),
      /** SHA-256 over the headers of all their blocks, hex. */
      digest: z.string().regex(/^[0-9a-f]{64}$/),
      /** What the security files are encrypted under. */
      security: encryptionRecordSchema.optional(),
      /** What the included files are encrypted under; missing where the pages are in clear. */
      included: encryptionRecordSchema.optional(),
    })
    .optional(),
});

export type PartRecord = z.infer<typeof partRecordSchema>;
