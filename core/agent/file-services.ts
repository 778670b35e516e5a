// What the agent does with files that are no instance: looking at databases, folders, backup files and backup logs.
import path from 'node:path';
import { readBackupLog as parseLog } from '../backup/backup-log.ts';
import { scanFolders } from '../backup/catalog.ts';
import { openBackup } from '../backup/reader.ts';
import { receiveSet } from '../backup/receive.ts';
import { verifyBackups } from '../backup/verify.ts';
import type { BackupFileInfo, BackupLogEntry, CatalogView, LogFileInfo, VerifyResult } from '../contract/backup.ts';
import type { Progress } from '../contract/common.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Probe } from '../contract/instance.ts';
import type { Secrets } from '../contract/other-files.ts';
import { ensureFolder, fsyncFolder } from '../platform/files.ts';
import { inspectLogFolder } from '../rollforward/log-reader.ts';
import { probeDatabase } from '../sqlite/probe.ts';
import type { Agent } from './agent.ts';
import { keysOf } from './encryption-settings.ts';

/** Looks at a database without changing it; a refusal is part of the answer. */
export function inspect(agent: Agent, file: string): Probe {
  return probeDatabase(file, agent.roots, agent.deps);
}

/** Writes, fsyncs and removes a file in the folder; what stands in the way is the answer, not an error. */
export function checkFolder(
  agent: Agent,
  input: { folder: string; create: boolean },
): { writable: boolean; freeBytes: number | null; problem: string | null } {
  const { files } = agent.deps;
  try {
    const folder = agent.allowed(input.folder);
    if (input.create) ensureFolder(files, folder);
    if (!files.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      return { writable: false, freeBytes: null, problem: `${input.folder} is not a folder` };
    const probe = path.join(folder, `.holdfast-probe-${process.pid}`);
    const fd = files.openSync(probe, 'w', 0o600);
    try {
      files.writeSync(fd, Buffer.from('probe'));
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
      files.unlinkSync(probe);
    }
    fsyncFolder(files, folder);
    const { bavail, bsize } = files.statfsSync(folder);
    return { writable: true, freeBytes: bavail * bsize, problem: null };
  } catch (error) {
    return { writable: false, freeBytes: null, problem: toErrorReport(error).message };
  }
}

/** The XML header of a backup file and its fields. */
export function header(agent: Agent, file: string): { xml: string; info: BackupFileInfo } {
  const backup = openBackup(agent.allowed(file), agent.deps.files);
  try {
    return { xml: backup.xml, info: backup.info };
  } finally {
    backup.close();
  }
}

export function verify(
  agent: Agent,
  input: { files: string[]; searchFolders: string[]; secrets?: Secrets | undefined },
  signal: AbortSignal | undefined,
): Promise<VerifyResult> {
  const inside = input.files.map((file) => agent.allowed(file));
  const homes = [...agent.instances.values()].map(({ home }) => home);
  return verifyBackups(inside, agent.deps.files, signal ?? new AbortController().signal, {
    searchFolders: input.searchFolders.map((folder) => agent.allowed(folder)),
    keys: keysOf(agent, input.secrets?.pages ?? null, homes),
  });
}

/** The backup files of some folders as chains, and the logs of others; a folder that is not there is empty. */
export function catalog(agent: Agent, input: { folders: string[]; logFolders: string[] }): CatalogView {
  const { files } = agent.deps;
  const scanned = scanFolders(
    input.folders.map((folder) => agent.allowed(folder)),
    files,
  );
  const logs: LogFileInfo[] = input.logFolders.flatMap((folder) => inspectLogFolder(agent.allowed(folder), files));
  return { ...scanned, logs };
}

export function readBackupLog(agent: Agent, file: string): BackupLogEntry[] {
  return parseLog(agent.allowed(file), agent.deps.files);
}

/** Copies a backup set into a folder of this server and checks the copy. */
export async function receive(
  agent: Agent,
  input: { files: string[]; folder: string },
  out: {
    emit(event: { kind: 'progress'; progress: Progress } | { kind: 'result'; files: string[] }): void;
    replace(event: { kind: 'progress'; progress: Progress }): void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { files } = agent.deps;
  const folder = agent.allowed(input.folder);
  if (!files.existsSync(folder)) throw new HoldfastError('NOT_FOUND', `${input.folder} does not exist`);
  const written = await receiveSet(input.files, folder, files, signal, (progress) =>
    out.replace({ kind: 'progress', progress }),
  );
  out.emit({ kind: 'result', files: written });
}
