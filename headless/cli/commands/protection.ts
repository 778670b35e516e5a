// holdfast security and encryption: which files a database's backups take along, and under which keys they are written.
import path from 'node:path';
import { HoldfastError } from '../../../core/contract/errors.ts';
import type { BackupSettings } from '../../../core/contract/other-files.ts';
import { withDirectAgent } from '../direct.ts';
import { isInstanceName, withEngine } from '../engine-client.ts';
import { formatTime } from '../format.ts';
import { isoTime } from '../json-forms.ts';
import type { CommandResult } from '../output.ts';
import { readNewSecret } from '../secrets.ts';

export interface SecurityFlags {
  add?: string[];
  remove?: string[];
  data?: string;
}

export interface EncryptionFlags {
  define?: string;
  password?: string | true;
  keep?: boolean;
  prefer?: string;
  forget?: string;
  eraseKey?: boolean;
  data?: string;
}

/** The same calls, to the running engine or to an agent in this process. */
interface Desk {
  settings(): Promise<BackupSettings>;
  set(change: { securityFiles?: string[]; preferred?: string | null }): Promise<BackupSettings>;
  define(given: { name: string; password: string; kept: boolean }): Promise<BackupSettings>;
  forget(name: string, eraseKey: boolean): Promise<BackupSettings>;
}

async function atDesk<T>(database: string, data: string | undefined, work: (desk: Desk) => Promise<T>): Promise<T> {
  if (isInstanceName(database))
    return await withEngine(data, async ({ otherFiles }) => {
      const one = { instanceId: database };
      return await work({
        settings: () => otherFiles.settings(one),
        set: (change) => otherFiles.setSettings({ ...one, ...change }),
        define: (given) => otherFiles.defineEncryption({ ...one, ...given }),
        forget: (name, eraseKey) => otherFiles.forgetEncryption({ ...one, name, eraseKey }),
      });
    });
  return await withDirectAgent(database, async ({ api, instance }) =>
    work({
      settings: () => api.backupSettings({ instance }),
      set: (change) => api.setBackupSettings({ instance, ...change }),
      define: (given) => api.defineEncryption({ instance, ...given }),
      forget: (name, eraseKey) => api.forgetEncryption({ instance, name, eraseKey }),
    }),
  );
}

export async function securityCommand(database: string, flags: SecurityFlags): Promise<CommandResult> {
  const { add = [], remove = [] } = flags;
  const settings = await atDesk(database, flags.data, async (desk) => {
    const before = await desk.settings();
    if (add.length === 0 && remove.length === 0) return before;
    const removed = new Set(remove.map((file) => path.resolve(file)));
    const kept = before.securityFiles.filter((file) => !removed.delete(file));
    const [unknown] = removed;
    if (unknown) throw new HoldfastError('NOT_FOUND', `${unknown} is not among the security files of ${database}`);
    return await desk.set({ securityFiles: [...kept, ...add.map((file) => path.resolve(file))] });
  });
  const { securityFiles } = settings;
  return { json: { securityFiles }, text: securityFiles.length > 0 ? securityFiles : ['No security files are named.'] };
}

export async function encryptionCommand(database: string, flags: EncryptionFlags): Promise<CommandResult> {
  if ([flags.define, flags.prefer, flags.forget].filter((one) => one !== undefined).length > 1)
    throw new HoldfastError('INVALID_INPUT', '--define, --prefer and --forget exclude each other');
  const { define, prefer, forget } = flags;
  const password = define === undefined ? '' : await readNewSecret(flags.password, `the new definition ${define}`);
  const settings = await atDesk(database, flags.data, async (desk) => {
    if (define !== undefined) return await desk.define({ name: define, password, kept: flags.keep ?? false });
    if (prefer !== undefined) return await desk.set({ preferred: prefer === 'none' ? null : prefer });
    if (forget !== undefined) return await desk.forget(forget, flags.eraseKey ?? false);
    return await desk.settings();
  });
  return {
    json: {
      preferred: settings.preferred,
      definitions: settings.definitions.map((one) => ({ ...one, createdAt: isoTime(one.createdAt) })),
    },
    text:
      settings.definitions.length === 0
        ? ['No encryption is defined.']
        : settings.definitions.map(
            ({ name, kept, createdAt }) =>
              `${name === settings.preferred ? '*' : ' '} ${name}  ${kept ? 'key kept by the server' : 'password each time'}  since ${formatTime(createdAt)}`,
          ),
  };
}
