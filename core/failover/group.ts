// One group while the engine runs: what is stored, what is watched, what is being carried out; and the small calls that all parts of the service make.
import path from 'node:path';
import type { AgentStatus } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupConfig, GroupState, HistoryEntry, MemberConfig } from '../contract/failover.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { Message } from '../contract/site.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import type { AgentApi } from '../rpc/types.ts';
import type { FoundRecord } from './findings.ts';
import { withToldState } from './group-record.ts';
import type { KeptSets } from './kept-sets.ts';
import type { GroupMemory, MemberMemory, Observation, Observations, Standing, Watch } from './model.ts';
import type { Operation } from './operation.ts';
import type { FailoverPorts } from './types.ts';

/** A backup on its way into one copy. */
export interface Delivery {
  phase: 'copying' | 'restoring';
  abort: AbortController;
  done: Promise<void>;
  /** A newer backup was passed over meanwhile. */
  overtaken: boolean;
}

export interface Group {
  readonly id: string;
  name: string;
  config: GroupConfig;
  memory: GroupMemory;
  watch: Watch;
  operation: Operation | null;
  operationJob: string | null;
  cycleJob: string | null;
  /** The source is being backed up; deliveries may go on after it. */
  cycling: boolean;
  deliveries: Map<string, Delivery>;
  /** Orders to agents that were sent by a round and have not ended. */
  orders: Set<string>;
  state: GroupState;
  stateText: string;
  standing: Standing;
  /** The catalog refused the newest state; the next round writes it before it does anything. */
  unsaved: boolean;
  /** What the members' agents keep of replaced sets, by member. */
  kept: Map<string, KeptSets>;
  /** One life of the engine with this group: what it tells the members begins a lineage of its own. */
  life: string;
  /** What servers keep of a group that is under review. */
  found: { records: FoundRecord[]; damaged: string[] };
  /** The state that each server's agent has confirmed to keep, by server. */
  acknowledged: Map<string, string>;
}

export function memberOf(group: Group, id: string): MemberConfig {
  const member = group.config.members.find((candidate) => candidate.id === id);
  if (!member) throw new HoldfastError('NOT_FOUND', `The group ${group.name} has no row ${id}`);
  return member;
}

export function memoryOf(group: Group, id: string): MemberMemory {
  const memory = group.memory.members[id];
  if (!memory) throw new HoldfastError('NOT_FOUND', `The row ${id} of ${group.name} is not attached yet`);
  return memory;
}

export const masterOf = (group: Group): MemberConfig => group.config.members[0]!;
export const activeOf = (group: Group): MemberConfig => memberOf(group, group.memory.activeId);

export function statusOf(ports: FailoverPorts, server: string): AgentStatus | null {
  return ports.probeOf(server).status;
}

export function instanceOf(
  ports: FailoverPorts,
  member: Pick<MemberConfig, 'server' | 'instance'>,
): InstanceStatus | null {
  return statusOf(ports, member.server)?.instances.find((instance) => instance.name === member.instance) ?? null;
}

/** The agent of a server, or SERVER_UNREACHABLE. */
export function agentFor(ports: FailoverPorts, server: string): AgentApi {
  const api = ports.probeOf(server).state === 'online' ? ports.agentOf(server) : null;
  if (!api) throw new HoldfastError('SERVER_UNREACHABLE', `The agent of ${server} does not answer`);
  return api;
}

export function save(ports: FailoverPorts, group: Group): void {
  group.memory = withToldState(group);
  group.unsaved = true;
  ports.store.saveGroup({ id: group.id, name: group.name, config: group.config, state: group.memory });
  group.unsaved = false;
}

/** As `save`, for what would be found out again after a crash: where the disk refuses it, a later round writes it. */
export function saveLater(ports: FailoverPorts, group: Group): void {
  try {
    save(ports, group);
  } catch (error) {
    if (!isStorageRefusal(error)) throw error;
  }
}

export function setMember(group: Group, id: string, change: Partial<MemberMemory>): void {
  const member = group.memory.members[id];
  if (!member) return;
  group.memory = { ...group.memory, members: { ...group.memory.members, [id]: { ...member, ...change } } };
}

export function note(ports: FailoverPorts, group: Group, entry: Omit<HistoryEntry, 'id' | 'at'>): void {
  ports.store.appendHistory(group.id, { ...entry, id: crypto.randomUUID(), at: ports.clock.now() });
  ports.changed();
}

/** A message about this group; the same `key` replaces the one before. */
export function say(
  ports: FailoverPorts,
  group: Group,
  key: string,
  level: Message['level'],
  text: string,
  standing = false,
): void {
  ports.message(`${group.id}:${key}`, level, text, standing);
}

export function observe(ports: FailoverPorts, group: Pick<Group, 'config'>): Observations {
  const seen: Observations = {};
  for (const member of group.config.members) {
    const probe = ports.probeOf(member.server);
    const instance = instanceOf(ports, member);
    const observation: Observation = {
      contact: probe.state,
      misses: probe.misses,
      seenAt: probe.lastContact,
      remote: probe.remote ?? false,
      instance: instance && {
        role: instance.role,
        writable: instance.writable,
        state: instance.state,
        term: instance.term,
        problem: instance.error?.message ?? null,
        fullRequired: instance.fullRequired,
        fullRequiredReason: instance.fullRequiredReason,
        outOfSync: instance.outOfSync,
        outOfSyncReason: instance.outOfSyncReason,
        restored: instance.lastRestore !== null,
      },
    };
    seen[member.id] = observation;
  }
  return seen;
}

export const contingencyFolder = (member: MemberConfig): string => path.join(member.folder, 'ContingencyBackups');
export const backupLog = (member: MemberConfig): string => path.join(member.folder, 'backup.log');
