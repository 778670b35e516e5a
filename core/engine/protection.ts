// Protecting and releasing databases, and their log settings: the administrator's acts on one instance.
import path from 'node:path';
import type { BackendPlace } from '../contract/backend.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { LoggingConfig, Probe } from '../contract/instance.ts';
import { type Instance, type Instances, refuseProtected, refuseTaken } from './instances.ts';
import { isInside, realPath } from './server-name.ts';
import type { Servers } from './servers.ts';

export interface ProtectRequest {
  server: string | null;
  name: string;
  path: string;
  backupFolder: string | null;
  logging: boolean;
  switchToWal: boolean;
  /** Further files of the same instance; `backendId` names the first. */
  backends?: BackendPlace[];
  backendId?: string | null;
}

export interface Protection {
  /** Looks at a file that is to be protected; a file no server may touch yet is looked at by an agent of its own. */
  inspect(server: string | null, file: string): Promise<Probe>;
  protect(request: ProtectRequest): Promise<Instance>;
  release(instanceId: string): Promise<void>;
  /** One more file for an instance that is in no failover group. */
  addBackend(instanceId: string, backend: BackendPlace & { switchToWal: boolean }): Promise<void>;
  removeBackend(instanceId: string, backend: string): Promise<void>;
  getConfig(instanceId: string): Promise<LoggingConfig>;
  setConfig(
    instanceId: string,
    change: { on?: boolean; directory?: string; minBytes?: number; maxBytes?: number; roll?: boolean },
  ): Promise<LoggingConfig>;
}

export interface ProtectionPorts {
  servers: Servers;
  instances: Instances;
  site(): { name: string; organization: string };
  groupNameOf(instanceId: string): string | null;
  /** Title of a job that works on the instance; null when none does. */
  runningOn(instanceId: string): string | null;
}

export function createProtection(ports: ProtectionPorts): Protection {
  const { servers, instances } = ports;

  return {
    async inspect(server, file) {
      if (!path.isAbsolute(file)) throw new HoldfastError('INVALID_INPUT', `${file} is not an absolute path`);
      // Naming a file allows its folder, never what a link in it points to: that is refused as OUTSIDE_ROOT.
      const folder = realPath(path.dirname(file));
      const record = server === null ? servers.list().find((one) => !one.lab) : servers.get(server);
      const covered = record && [record.root, ...record.allowedFolders].some((allowed) => isInside(folder, allowed));
      if (record && covered && servers.isReachable(record.name))
        return await servers.use(record.name, (api) => api.inspect({ path: file }));
      return await servers.withTemporaryAgent([folder], (api) => api.inspect({ path: file }));
    },

    async protect(request) {
      if (!path.isAbsolute(request.path))
        throw new HoldfastError('INVALID_INPUT', `${request.path} is not an absolute path`);
      const server = request.server === null ? (await servers.local()).name : servers.get(request.server).name;
      const backends = request.backends ?? [];
      refuseTaken(instances, server, request.name, request.path);
      for (const backend of backends) refuseTakenFile(backend.path);
      const backupFolder = request.backupFolder ?? instances.defaultBackupFolder(server, request.name);
      await servers.allow(
        server,
        [...[request, ...backends].map((file) => realPath(path.dirname(file.path))), backupFolder].filter(
          unlessBelowRoot(server),
        ),
      );
      const { name: site, organization } = ports.site();
      const status = await servers.use(server, async (api) => {
        const folder = await api.checkFolder({ folder: backupFolder, create: true });
        if (!folder.writable)
          throw new HoldfastError('NO_PERMISSION', `Backups cannot be written to ${backupFolder}: ${folder.problem}`);
        return await api.protect({
          instance: request.name,
          path: request.path,
          home: null,
          replica: 1,
          logging: request.logging,
          switchToWal: request.switchToWal,
          backendId: request.backendId ?? null,
          backends,
          site,
          organization,
        });
      });
      const instance = instances.enter({ server, name: request.name, path: status.path, backupFolder }, status);
      // Whoever asks next (a group that takes it as its master) must find it in the server's own answer.
      await servers.refresh(server);
      return instance;
    },

    async release(id) {
      const { record } = instances.get(id);
      const group = ports.groupNameOf(id);
      if (group)
        throw new HoldfastError('NOT_SUPPORTED', `${id} is a member of the failover group ${group}`, {
          hint: 'Remove it from the group, or remove the group, first.',
        });
      refuseBusy(id);
      await servers.use(record.server, (api) => api.release({ instance: record.name }));
      instances.forget(id);
      await servers.refresh(record.server);
    },

    async addBackend(id, { id: backend, path: file, switchToWal }) {
      const { record } = instances.get(id);
      refuseMember(id);
      refuseBusy(id);
      refuseTakenFile(file);
      await servers.allow(record.server, [realPath(path.dirname(file))].filter(unlessBelowRoot(record.server)));
      await servers.use(record.server, (api) =>
        api.addBackend({ instance: record.name, id: backend, path: file, switchToWal }),
      );
      await servers.refresh(record.server);
    },

    async removeBackend(id, backend) {
      const { record } = instances.get(id);
      refuseBusy(id);
      await servers.use(record.server, (api) => api.removeBackend({ instance: record.name, id: backend }));
      await servers.refresh(record.server);
    },

    async getConfig(id) {
      const { record } = instances.get(id);
      return await servers.use(record.server, (api) => api.getConfig({ instance: record.name }));
    },

    async setConfig(id, change) {
      const { record } = instances.get(id);
      if (change.directory !== undefined) await servers.allow(record.server, [change.directory]);
      const config = await servers.use(record.server, (api) => api.setConfig({ instance: record.name, ...change }));
      await servers.refresh(record.server);
      return config;
    },
  };

  function unlessBelowRoot(server: string): (folder: string) => boolean {
    const { root } = servers.get(server);
    return (folder) => !isInside(realPath(folder), root);
  }

  function refuseTakenFile(file: string): void {
    if (!path.isAbsolute(file)) throw new HoldfastError('INVALID_INPUT', `${file} is not an absolute path`);
    refuseProtected(instances, file);
  }

  /** A standby is sent the files of one backup and knows of one file. */
  function refuseMember(id: string): void {
    const group = ports.groupNameOf(id);
    if (!group) return;
    throw new HoldfastError('SEVERAL_BACKENDS', `${id} is a member of the failover group ${group}`, {
      hint: 'A failover group keeps databases of one file. Remove it from the group first.',
    });
  }

  function refuseBusy(id: string): void {
    const title = ports.runningOn(id);
    if (title) throw new HoldfastError('BACKUP_ACTIVE', `"${title}" is running on ${id}`);
  }
}
