// The protected databases of the site: what the administrator asked for, and what the agents say of them.
import path from 'node:path';
import type { InstanceRecord, InstanceStore } from '../catalog/instances.ts';
import type { AgentStatus } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { InstanceView } from '../contract/site.ts';
import { lostStatus, unknownStatus } from '../contract/unknown-status.ts';
import { verdictOf } from '../messages/verdict.ts';
import type { Clock } from '../platform/clock.ts';
import { realPath } from './server-name.ts';
import type { Servers } from './servers.ts';

export interface Instance {
  /** `SERVER/INSTANCE`. */
  id: string;
  record: InstanceRecord;
  status: InstanceStatus;
}

/** What a group adds to an instance. */
export interface Membership {
  groupId: string;
  /** Where the group's cycles put and copy its backups. */
  folder: string;
}

export interface Instances {
  list(): Instance[];
  /** Throws NOT_FOUND. */
  get(instanceId: string): Instance;
  find(server: string, name: string): Instance | null;
  views(): InstanceView[];
  membership(instance: Instance): Membership | null;
  /** Everywhere that backups of it may lie. */
  backupFolders(instance: Instance): string[];
  /** Takes over what an agent says; instances that it knows and the engine does not are adopted, and returned. */
  learn(server: string, status: AgentStatus): Instance[];
  /** Puts an instance into the list, or changes what is kept of it. */
  enter(record: Omit<InstanceRecord, 'lastStatus' | 'addedAt'>, status: InstanceStatus | null): Instance;
  /** Forgets it. Files, logs and backups stay. */
  forget(instanceId: string): void;
  /** Writes the last known status of all down, for the time when their agents don't answer. */
  keep(): void;
  defaultBackupFolder(server: string, name: string): string;
}

export const instanceId = (server: string, name: string) => `${server}/${name}`;

/** A status that was asked for before a release may arrive after it. */
const FORGOTTEN_MS = 10_000;

export function createInstances(
  store: InstanceStore,
  servers: Servers,
  clock: Clock,
  membershipOf: (server: string, name: string) => Membership | null,
  changed: () => void,
  onStoreError: (error: unknown) => void,
  /** Folders that schedules of an instance write to. */
  scheduleFolders: (instanceId: string) => string[] = () => [],
): Instances {
  const known = new Map<string, Instance>();
  const lost = new Set<string>();
  const forgotten = new Map<string, number>();
  const keyOf = (server: string, name: string) => instanceId(server, name).toLowerCase();
  for (const record of store.list())
    known.set(keyOf(record.server, record.name), {
      id: instanceId(record.server, record.name),
      record,
      status: record.lastStatus ?? unknownStatus(record.name, record.path, path.dirname(record.path)),
    });

  function save(instance: Instance): void {
    instance.record = { ...instance.record, path: instance.status.path, lastStatus: instance.status };
    store.save(instance.record);
  }

  function update(instance: Instance, status: InstanceStatus): void {
    const worthKeeping = essence(instance.status) !== essence(status);
    const visible = worthKeeping || JSON.stringify(instance.status) !== JSON.stringify(status);
    instance.status = status;
    if (worthKeeping) persist(() => save(instance));
    if (visible) changed();
  }

  /** What an agent says holds whether it can be written down or not: a full disk must not look like a silent agent. */
  function persist(write: () => void): void {
    try {
      write();
    } catch (error) {
      onStoreError(error);
    }
  }

  function put(input: Omit<InstanceRecord, 'lastStatus' | 'addedAt'>, status: InstanceStatus | null): Instance {
    const key = keyOf(input.server, input.name);
    const before = known.get(key);
    const id = instanceId(input.server, input.name);
    const record = { ...input, lastStatus: status, addedAt: before?.record.addedAt ?? clock.now() };
    const shown = status ?? before?.status ?? unknownStatus(input.name, input.path, path.dirname(input.path));
    const instance: Instance = { id, record, status: shown };
    known.set(key, instance);
    lost.delete(id);
    forgotten.delete(key);
    changed();
    return instance;
  }

  const instances: Instances = {
    list: () => [...known.values()],
    get(id) {
      const instance = known.get(id.toLowerCase());
      if (!instance) throw new HoldfastError('NOT_FOUND', `There is no instance ${id}`);
      return instance;
    },
    find: (server, name) => known.get(keyOf(server, name)) ?? null,

    views: () =>
      [...known.values()].map(({ id, record, status }) => {
        const reachable = servers.isKnown(record.server);
        const isLost = lost.has(id);
        const shown = isLost ? lostStatus(status, record.server) : status;
        return {
          id,
          server: record.server,
          status: shown,
          reachable,
          groupId: membershipOf(record.server, record.name)?.groupId ?? null,
          ...verdictOf(shown, reachable, clock.now()),
          backupFolder: record.backupFolder,
        };
      }),

    membership: ({ record }) => membershipOf(record.server, record.name),
    backupFolders({ record, status }) {
      const group = membershipOf(record.server, record.name);
      const latest = [status.lastFull, status.lastIncremental].filter((head) => head !== null);
      const folders = [
        record.backupFolder,
        ...(group ? [group.folder] : []),
        ...scheduleFolders(instanceId(record.server, record.name)),
        ...latest.map(({ file }) => path.dirname(file)),
      ];
      return [...new Set(folders)];
    },

    learn(server, answer) {
      const adopted: Instance[] = [];
      const listed = new Set<string>();
      for (const status of answer.instances) {
        const key = keyOf(server, status.name);
        listed.add(key);
        const instance = known.get(key);
        if (instance) {
          if (lost.delete(instance.id)) changed();
          update(instance, status);
        } else if (clock.monotonic() - (forgotten.get(key) ?? -FORGOTTEN_MS) >= FORGOTTEN_MS) {
          const latest = status.lastIncremental ?? status.lastFull;
          const backupFolder = latest ? path.dirname(latest.file) : instances.defaultBackupFolder(server, status.name);
          const record = { server, name: status.name, path: status.path, backupFolder };
          const instance = put(record, status);
          persist(() => store.save(instance.record));
          adopted.push(instance);
        }
      }
      for (const [key, { id, record }] of known)
        if (record.server.toLowerCase() === server.toLowerCase() && !listed.has(key) && !lost.has(id)) {
          lost.add(id);
          changed();
        }
      return adopted;
    },

    enter(input, status) {
      const instance = put(input, status);
      store.save(instance.record);
      return instance;
    },
    forget(id) {
      const { record } = instances.get(id);
      const key = keyOf(record.server, record.name);
      known.delete(key);
      lost.delete(id);
      forgotten.set(key, clock.monotonic());
      store.remove(record.server, record.name);
      changed();
    },
    keep() {
      for (const instance of known.values()) persist(() => save(instance));
    },
    defaultBackupFolder: (server, name) => path.join(servers.get(server).root, 'backups', name),
  };
  return instances;
}

/** What is worth a write to the catalog at once; the rest is kept when the engine ends. */
function essence(status: InstanceStatus): string {
  const { role, term, path: place, lastFull, lastIncremental, lastRestore, outOfSync, fullRequired, hasRst } = status;
  return JSON.stringify([role, term, place, lastFull, lastIncremental, lastRestore, outOfSync, fullRequired, hasRst]);
}

/** Refuses a name or a file that is taken; two agents must never own the same file. */
export function refuseTaken(instances: Instances, server: string, name: string, file: string): void {
  if (instances.find(server, name))
    throw new HoldfastError('DUPLICATE', `${server} has an instance named ${name} already`);
  refuseProtected(instances, file);
}

/** Refuses a file that an instance has already, be it as one of several. */
export function refuseProtected(instances: Instances, file: string): void {
  const real = realPath(file);
  const filesOf = ({ record, status }: Instance) => [record.path, ...(status.backends ?? []).map((one) => one.path)];
  const other = instances.list().find((instance) => filesOf(instance).some((one) => realPath(one) === real));
  if (other) throw new HoldfastError('DUPLICATE', `${file} is protected already, as ${other.id}`);
}
