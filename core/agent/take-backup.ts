// A backup as it was asked for, before the first page: paths, keys and files to take along are proved, and the database closed for a
// cold one.
import { streamedBytes } from '../backup/file-section.ts';
import { openBackup } from '../backup/reader.ts';
import { checkRoom } from '../backup/space.ts';
import type { BackupEvent, BackupOptions, BackupResult } from '../contract/backup.ts';
import type { Warning } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { Secrets } from '../contract/other-files.ts';
import { runBackupOfAll } from './backend-backup.ts';
import { type BackupExtras, runBackup } from './backup-operation.ts';
import { runCold } from './cold-backup.ts';
import { pagesKey, securityKey } from './encryption-settings.ts';
import { packFiles, selectFiles } from './other-files.ts';
import type { Emitter, ProtectedInstance } from './protected-instance.ts';

/** Takes the backup. Throws what it is refused with before anything is written or closed. */
export async function takeBackup(
  instance: ProtectedInstance,
  given: BackupOptions,
  secrets: Secrets,
  out: Emitter<BackupEvent>,
  signal: AbortSignal,
): Promise<BackupResult> {
  const { agent, owner } = instance;
  if (!owner)
    throw new HoldfastError('DATABASE_FENCED', `${instance.name} is not open here; back up the active database`);
  const options = {
    ...given,
    file: agent.allowed(given.file),
    log: agent.allowed(given.log),
    partFolders: given.partFolders.map((folder) => agent.allowed(folder)),
  };
  checkOptions(instance, options);
  const extras = await prepare(instance, options, secrets);
  const copy = () =>
    instance.further.length > 0
      ? runBackupOfAll(instance, { ...options, ...extras }, out, signal)
      : runBackup(instance, owner, { ...options, ...extras }, out, signal);
  const result = options.cold ? await runCold(instance, options, out, signal, copy) : await copy();
  return { ...result, warnings: [...result.warnings, ...leftOut(instance, options)] };
}

async function prepare(instance: ProtectedInstance, options: BackupOptions, secrets: Secrets): Promise<BackupExtras> {
  const chosen = selectFiles(instance, options);
  const encryption = await pagesKey(instance, options, secrets);
  const key = await securityKey(instance, options, secrets);
  const packed = packFiles(instance, chosen, { security: key, included: encryption });
  // A cold backup is refused for want of room while its database is still open.
  if (packed.streams) checkRoom(streamedBytes(packed.streams), options, instance.agent.deps.files);
  return { encryption, ...packed };
}

function checkOptions(instance: ProtectedInstance, options: BackupOptions): void {
  const problem = (message: string, hint?: string) =>
    new HoldfastError('INVALID_INPUT', message, hint === undefined ? {} : { hint });
  if (options.cold && options.type !== 'full') throw problem('A cold backup is a full backup, not an incremental.');
  if (!options.cold && options.followUp !== 'open')
    throw problem('Only a cold backup can leave the database closed.', 'Ask for a cold backup as well.');
  if (options.partFolders.length > 0 && options.partBytes === 0)
    throw problem('Several folders need a size for the parts.', 'Give the size at which a part ends.');
  if (options.overwrite) refuseOwnBase(instance, options);
}

/** An incremental must not be written over a backup that it is built on. */
function refuseOwnBase(instance: ProtectedInstance, { type, file }: BackupOptions): void {
  const { chain } = instance.facts;
  const { files } = instance.agent.deps;
  if (type === 'full' || !chain || !files.existsSync(file)) return;
  try {
    const { info, close } = openBackup(file, files);
    close();
    if (info.baseIdtag !== chain.baseIdtag) return;
    throw new HoldfastError('FILE_EXISTS', `${file} is backup ${info.idtag}, which this incremental is built on.`, {
      hint: 'Give the incremental a name of its own.',
    });
  } catch (error) {
    // Whatever is no sound backup holds nothing that the chain could need.
    if (!(error instanceof HoldfastError) || error.name === 'FILE_EXISTS') throw error;
  }
}

/** Security files that the database names but this backup has not. */
function leftOut(instance: ProtectedInstance, { securityFiles }: Pick<BackupOptions, 'securityFiles'>): Warning[] {
  if (securityFiles || instance.facts.securityFiles.length === 0) return [];
  const message = `The ${instance.facts.securityFiles.length} security files and folders of ${instance.name} are not in this backup.`;
  return [{ name: 'noSecurityFiles', message }];
}
