// Reads backups from the first byte to the last, as a restore would, and says of each whether it is sound.
import type { VerifyResult } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { KeySource } from '../encryption/types.ts';
import type { Files } from '../platform/files.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import { findBackends, manifestOf } from './backend-set.ts';
import { type OpenBackupOptions, openBackup } from './reader.ts';

/** Verifies each set by its first file. Throws only CANCELLED; every other failure is a row of the result. */
export async function verifyBackups(
  files: string[],
  access: Files,
  signal: AbortSignal,
  options: OpenBackupOptions & { keys?: KeySource } = {},
): Promise<VerifyResult> {
  const rows: VerifyResult['files'] = [];
  for (const file of files) rows.push(await verifyBackup(file, access, signal, options));
  return { ok: rows.every((row) => row.status === 'ok'), files: rows };
}

async function verifyBackup(
  file: string,
  access: Files,
  signal: AbortSignal,
  options: OpenBackupOptions & { keys?: KeySource },
): Promise<VerifyResult['files'][number]> {
  try {
    for (const one of filesOfSet(file, access, options)) {
      const backup = openBackup(one, access, options);
      try {
        await backup.unlock(options.keys);
        // The reader checks as it goes; there is nothing to do with the pages.
        for await (const { data } of backup.batches(signal)) releaseBuffer(data);
        await backup.checkFiles(options.keys, signal);
      } finally {
        backup.close();
      }
    }
    return { file, status: 'ok', code: 0, error: null };
  } catch (error) {
    if (error instanceof HoldfastError && error.name === 'CANCELLED') throw error;
    const report = toErrorReport(error);
    return { file, status: 'failed', code: report.code, error: report };
  }
}

/** The first file, and those of the other backends where it is the first of several; a backend's own file stands for itself. */
function filesOfSet(file: string, access: Files, { searchFolders }: OpenBackupOptions): string[] {
  const manifest = manifestOf(file, access);
  if (!manifest || manifest.backend !== manifest.backends[0]?.id) return [file];
  return [file, ...findBackends(file, manifest, access, searchFolders).values()];
}
