// What a backup holds beside the pages, and under which keys: security files, included files, encryption settings, secrets.
import { z } from 'zod';
import { oc } from '../rpc/define.ts';
import { nameSchema, timeSchema } from './common.ts';
import { instanceStatusSchema } from './instance.ts';

/** Passwords travel with the call that needs them and are kept nowhere: not with a job, not in a log, not in a plan. */
export const secretsSchema = z.object({
  /** For the security files. */
  security: z.string().nullable().default(null),
  /** For the pages: a password, or the content of a key file. */
  pages: z.string().nullable().default(null),
});
export type Secrets = z.infer<typeof secretsSchema>;

/** A named key of one database. The password itself is never kept; with `kept` the agent keeps the key that it gives. */
export const encryptionDefinitionSchema = z.object({
  name: nameSchema,
  createdAt: timeSchema,
  /** True: a file of the agent holds the key, so that schedules need nobody. False: the password is given each time. */
  kept: z.boolean(),
});
export type EncryptionDefinition = z.infer<typeof encryptionDefinitionSchema>;

export const backupSettingsSchema = z.object({
  /** Files and folders that the database's programs need: certificates, keyrings, configuration. */
  securityFiles: z.array(z.string()),
  /** Name of the definition that new backups are encrypted under; null for none. */
  preferred: z.string().nullable(),
  definitions: z.array(encryptionDefinitionSchema),
});
export type BackupSettings = z.infer<typeof backupSettingsSchema>;

export const otherFileSchema = z.object({ name: z.string(), type: z.enum(['user', 'nici']), bytes: z.number() });
export type OtherFile = z.infer<typeof otherFileSchema>;

export const placedFileSchema = z.object({
  name: z.string(),
  type: z.enum(['user', 'nici']),
  /** Where it is now. */
  path: z.string(),
  /** Copy of what stood there before; null when nothing did, or when it was the same. */
  kept: z.string().nullable(),
  /** True when somebody wrote to it while it was backed up: it may be of two moments. */
  changed: z.boolean().optional(),
});
export type PlacedFile = z.infer<typeof placedFileSchema>;

/** Which other files of a backup are restored, and where to. */
export const placeFilesSchema = z.object({
  file: z.string(),
  security: z.boolean(),
  included: z.boolean(),
  /** A folder that receives them all; null for the places that they came from. */
  folder: z.string().nullable().default(null),
  secrets: secretsSchema.default({ security: null, pages: null }),
});
export type PlaceFiles = z.infer<typeof placeFilesSchema>;

const byInstance = z.object({ instance: nameSchema });
const byId = z.object({ instanceId: z.string() });
const settingsChange = z.object({
  securityFiles: z.array(z.string()).optional(),
  preferred: z.string().nullable().optional(),
});
const newDefinition = z.object({ name: nameSchema, password: z.string().min(8), kept: z.boolean() });
const fileSelection = z.object({ securityFiles: z.boolean(), include: z.string().nullable() });
const selected = z.object({ files: z.array(otherFileSchema), bytes: z.number() });
const placed = z.object({ files: z.array(placedFileSchema) });
const opening = z.object({ clearLock: z.boolean() });

export const otherFilesAgent = {
  backupSettings: oc.input(byInstance).output(backupSettingsSchema),
  setBackupSettings: oc.input(byInstance.extend(settingsChange.shape)).output(backupSettingsSchema),
  /** A new definition; the first becomes the preferred one. Throws DUPLICATE. */
  defineEncryption: oc.input(byInstance.extend(newDefinition.shape)).output(backupSettingsSchema),
  /** Forgets a definition. The key of one that is kept stays for the backups that need it, unless `eraseKey`. */
  forgetEncryption: oc
    .input(byInstance.extend({ name: nameSchema, eraseKey: z.boolean().default(false) }))
    .output(backupSettingsSchema),
  /** Finds and checks the files that a backup would take along; throws what one of them is refused with. */
  selectFiles: oc.input(byInstance.extend(fileSelection.shape)).output(selected),
  /** Checks that other files can be restored: password, places. Writes nothing. */
  checkFiles: oc.input(placeFilesSchema).output(z.object({ files: z.array(otherFileSchema) })),
  /** Restores other files, with the database or without it; each file that is replaced is kept as a copy beside it. */
  placeFiles: oc.input(placeFilesSchema.extend({ log: z.string() })).output(placed),
  /** Opens a database that a cold backup or a restore left closed; with `clearLock` also one that is disabled. */
  openClosed: oc.input(byInstance.extend(opening.shape)).output(instanceStatusSchema),
};

export const otherFilesConsole = {
  settings: oc.input(byId).output(backupSettingsSchema),
  setSettings: oc.input(byId.extend(settingsChange.shape)).output(backupSettingsSchema),
  defineEncryption: oc.input(byId.extend(newDefinition.shape)).output(backupSettingsSchema),
  forgetEncryption: oc
    .input(byId.extend({ name: nameSchema, eraseKey: z.boolean().default(false) }))
    .output(backupSettingsSchema),
  select: oc.input(byId.extend(fileSelection.shape)).output(selected),
  place: oc.input(byId.extend(placeFilesSchema.shape)).output(placed),
  /** Throws CONFIRMATION_REQUIRED unless the name of a disabled database was typed: it may be in use on other hardware. */
  openClosed: oc.input(byId.extend({ typed: z.string().nullable().default(null) })).output(z.object({})),
};
