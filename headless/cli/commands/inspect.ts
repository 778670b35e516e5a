// holdfast header, verify, log, catalog, vector: commands that only read.
import path from 'node:path';
import { readBackupLog } from '../../../core/backup/backup-log.ts';
import { scanFolders } from '../../../core/backup/catalog.ts';
import { findFolders } from '../../../core/backup/find-folders.ts';
import { openBackup } from '../../../core/backup/reader.ts';
import { verifyBackups } from '../../../core/backup/verify.ts';
import type { Vector } from '../../../core/contract/common.ts';
import { noKeys, passwordKeys } from '../../../core/encryption/master-key.ts';
import { systemFiles } from '../../../core/platform/files.ts';
import { inspectLogFolder } from '../../../core/rollforward/log-reader.ts';
import { formatVector } from '../../../core/vectors/vector.ts';
import { cancellable, withDirectAgent } from '../direct.ts';
import { findInstance, isInstanceName, withEngine } from '../engine-client.ts';
import { formatBytes, formatTable, formatTime } from '../format.ts';
import { headerForm, isoTime, logFileForm, stampTexts } from '../json-forms.ts';
import type { CommandResult } from '../output.ts';
import { readSecret } from '../secrets.ts';

export async function headerCommand(file: string): Promise<CommandResult> {
  const backup = openBackup(path.resolve(file), systemFiles);
  try {
    return { json: headerForm(backup.info), text: [backup.xml.trimEnd()] };
  } finally {
    backup.close();
  }
}

export interface VerifyFlags {
  folder?: string[];
  decrypt?: string | true;
}

export async function verifyCommand(files: string[], flags: VerifyFlags): Promise<CommandResult> {
  const password = await readSecret(flags.decrypt, 'the backups');
  const result = await cancellable((signal) =>
    verifyBackups(
      files.map((file) => path.resolve(file)),
      systemFiles,
      signal,
      {
        searchFolders: (flags.folder ?? []).map((folder) => path.resolve(folder)),
        keys: password === null ? noKeys : passwordKeys(password),
      },
    ),
  );
  const failure = result.files.find((entry) => entry.error)?.error;
  return {
    json: {
      files: result.files.map(({ error, ...row }) => (error ? { ...row, message: error.message } : row)),
    },
    text: result.files.map((entry) =>
      entry.status === 'ok' ? `${entry.file}: ok` : `${entry.file}: failed, error ${entry.code}`,
    ),
    ...(failure ? { error: failure } : {}),
  };
}

export async function logCommand(file: string): Promise<CommandResult> {
  const entries = readBackupLog(path.resolve(file), systemFiles);
  return {
    json: { entries: entries.map((entry) => ({ ...entry, startedAt: isoTime(entry.startedAt) })) },
    text: entries.map((entry) => {
      const what = entry.fields['Backup ID'] ?? entry.fields['Restore file name'] ?? '';
      const verdict = entry.verdict === 'failed' ? `failed, error ${entry.errorCode}` : entry.verdict;
      return `${formatTime(entry.startedAt)}  ${entry.kind.padEnd(7)}  ${what}  ${verdict}`;
    }),
  };
}

export async function catalogCommand(folders: string[], logFolders: string[], deep: boolean): Promise<CommandResult> {
  const found = findFolders(
    folders.map((folder) => path.resolve(folder)),
    deep,
    systemFiles,
  );
  const view = scanFolders(found.folders, systemFiles);
  const logs = [...logFolders, ...(deep ? found.folders : [])].flatMap((folder) =>
    inspectLogFolder(path.resolve(folder), systemFiles),
  );
  const text: string[] = [];
  for (const chain of view.chains) {
    const all = [chain.full, ...chain.incrementals];
    text.push(`Chain ${chain.full.idtag} of ${chain.full.srvname} ${chain.full.instance}`);
    text.push(
      ...formatTable(
        ['  type', 'id', 'time', 'next', 'log', 'size', 'file'],
        all.map((info) => [
          `  ${info.type}`,
          info.idtag,
          formatTime(info.time),
          info.nextIncId,
          info.currentLog,
          formatBytes(info.bytes),
          info.file,
        ]),
      ),
    );
    for (const gap of chain.gaps) text.push(`  GAP after ${gap.afterIdtag}: ${gap.reason}`);
  }
  for (const entry of view.unusable) text.push(`Unusable ${entry.file}: ${entry.error.message} (${entry.error.code})`);
  for (const log of logs)
    text.push(
      `Log ${log.number}  ${log.closed ? 'closed' : 'open'}  ${formatTime(log.from)} – ${formatTime(log.to)}  ${formatBytes(log.bytes)}${log.problem ? `  ${log.problem.message}` : ''}`,
    );
  if (found.cutShort) text.push(`Not everything was looked through: ${found.cutShort}`);
  if (text.length === 0) text.push('No backups here.');
  const chains = view.chains.map((chain) => ({
    ...chain,
    full: headerForm(chain.full),
    incrementals: chain.incrementals.map(headerForm),
  }));
  const { cutShort } = found;
  return { json: { chains, logs: logs.map(logFileForm), unusable: view.unusable, cutShort }, text };
}

export async function vectorCommand(database: string, data: string | undefined): Promise<CommandResult> {
  const status = isInstanceName(database)
    ? await withEngine(data, async (engine) => findInstance(await engine.site.get({}), database).status)
    : await withDirectAgent(database, async ({ api, instance }) =>
        (await api.status({})).instances.find((one) => one.name === instance),
      );
  const vector = status?.vector ?? [];
  const text = (one: Vector) => formatVector(one) || 'No changes are known yet.';
  const backends = status?.backends?.map((one) => ({ id: one.id, vector: stampTexts(one.vector) }));
  return {
    json: { vector: stampTexts(vector), ...(backends ? { backends } : {}) },
    text: status?.backends?.map((one) => `${one.id}  ${text(one.vector)}`) ?? [text(vector)],
  };
}
