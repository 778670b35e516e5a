// Backup settings of a database, and the files beside it that its backups hold: asked of its agent, with the folders allowed first.
import fs from 'node:fs';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { BackupSettings, OtherFile, PlacedFile, PlaceFiles } from '../contract/other-files.ts';
import { logFileOf } from './backups.ts';
import type { Instance, Instances } from './instances.ts';
import type { Servers } from './servers.ts';

type SettingsChange = { securityFiles?: string[] | undefined; preferred?: string | null | undefined };

export interface OtherFiles {
  settings(instanceId: string): Promise<BackupSettings>;
  setSettings(instanceId: string, change: SettingsChange): Promise<BackupSettings>;
  define(instanceId: string, given: { name: string; password: string; kept: boolean }): Promise<BackupSettings>;
  forget(instanceId: string, name: string, eraseKey: boolean): Promise<BackupSettings>;
  select(
    instanceId: string,
    choice: { securityFiles: boolean; include: string | null },
  ): Promise<{ files: OtherFile[]; bytes: number }>;
  /** To a folder, or to where they came from: that is allowed only where this database's own settings name them. */
  place(instanceId: string, request: PlaceFiles): Promise<{ files: PlacedFile[] }>;
  /** Throws CONFIRMATION_REQUIRED for a disabled one unless its name was typed. */
  openClosed(instanceId: string, typed: string | null): Promise<void>;
}

export function createOtherFiles({ servers, instances }: { servers: Servers; instances: Instances }): OtherFiles {
  /** Calls the agent, then looks again: what is kept in the status must be seen at once. */
  async function change<T>(instance: Instance, work: Parameters<typeof servers.use<T>>[1]): Promise<T> {
    const { server } = instance.record;
    const answer = await servers.use(server, work);
    await servers.refresh(server);
    return answer;
  }

  return {
    async settings(instanceId) {
      const { record } = instances.get(instanceId);
      return await servers.use(record.server, (api) => api.backupSettings({ instance: record.name }));
    },

    async setSettings(instanceId, { securityFiles, preferred }) {
      const instance = instances.get(instanceId);
      const { name, server } = instance.record;
      // What an administrator names here is allowed to this server: the file's own folder, and a folder itself.
      if (securityFiles) await servers.allow(server, [...new Set(securityFiles.map((file) => folderFor(file)))]);
      return await change(instance, (api) => api.setBackupSettings({ instance: name, securityFiles, preferred }));
    },

    async define(instanceId, given) {
      const instance = instances.get(instanceId);
      return await change(instance, (api) => api.defineEncryption({ instance: instance.record.name, ...given }));
    },

    async forget(instanceId, name, eraseKey) {
      const instance = instances.get(instanceId);
      const { name: own } = instance.record;
      return await change(instance, (api) => api.forgetEncryption({ instance: own, name, eraseKey }));
    },

    async select(instanceId, choice) {
      const { record } = instances.get(instanceId);
      if (choice.include !== null) await servers.allow(record.server, [folderFor(choice.include)]);
      return await servers.use(record.server, (api) => api.selectFiles({ instance: record.name, ...choice }));
    },

    async place(instanceId, request) {
      const instance = instances.get(instanceId);
      const { server } = instance.record;
      const folders = [path.dirname(request.file), ...(request.folder === null ? [] : [request.folder])];
      await servers.allow(server, folders);
      const log = logFileOf(instance);
      return await servers.use(server, (api) => api.placeFiles({ ...request, log }));
    },

    async openClosed(instanceId, typed) {
      const instance = instances.get(instanceId);
      const { name } = instance.record;
      const disabled = instance.status.closed === 'disabled';
      if (disabled && typed !== name)
        throw new HoldfastError('CONFIRMATION_REQUIRED', `${instance.id} is disabled; type ${name} to enable it here`, {
          hint: 'Only when it is certain that the database is not in use on other hardware.',
        });
      await change(instance, (api) => api.openClosed({ instance: name, clearLock: disabled }));
    },
  };
}

/** Throws INVALID_INPUT for a path that would not say where it is. */
function folderFor(file: string): string {
  if (!path.isAbsolute(file)) throw new HoldfastError('INVALID_INPUT', `${file} is not an absolute path`);
  const whole = fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return whole ? path.resolve(file) : path.dirname(path.resolve(file));
}
