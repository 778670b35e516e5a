// The raw sets of files that agents kept when a restore replaced them, as part of a group's contingency list.
import type { Contingency } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView, MemberConfig } from '../contract/failover.ts';
import { within } from './call.ts';
import { agentFor, type Group, instanceOf } from './group.ts';
import type { FailoverPorts } from './types.ts';

/** What one member's agent keeps, as of the last look. */
export interface KeptSets {
  server: string;
  instance: string;
  sets: Contingency[];
  lookedAt: number;
  /** Changes when a restore may have replaced a set. */
  mark: string;
}

export type KeptEntry = GroupView['contingencies'][number];

const LOOK_AGAIN_MS = 60_000;

/** Members whose agents should be asked now: never asked, restored since, or not asked for a minute. */
export function keptToLookAt(ports: FailoverPorts, group: Group): MemberConfig[] {
  const now = ports.clock.now();
  return group.config.members.filter((member) => {
    if (ports.probeOf(member.server).state !== 'online' || !instanceOf(ports, member)) return false;
    const known = group.kept.get(member.id);
    return !known || known.mark !== markOf(ports, member) || Math.abs(now - known.lookedAt) >= LOOK_AGAIN_MS;
  });
}

/** Asks one agent for what it keeps. */
export async function lookAtKept(ports: FailoverPorts, group: Group, member: MemberConfig): Promise<void> {
  const mark = markOf(ports, member);
  const { server, instance } = member;
  const asked = within(ports.clock, 10_000, `${server} did not list its contingency copies`, (signal) =>
    agentFor(ports, server).contingencies({ instance }, { signal }),
  );
  const found = await asked.catch((error: unknown) => {
    // One that goes away meanwhile is asked when it is back; what was last seen stays in the list.
    if (error instanceof HoldfastError && error.name === 'SERVER_UNREACHABLE') return null;
    throw error;
  });
  if (found) group.kept.set(member.id, { server, instance, sets: found, lookedAt: ports.clock.now(), mark });
}

/** What the agents of the group's members keep, newest first. */
export function keptEntries(group: Group): KeptEntry[] {
  return group.config.members
    .flatMap((member) => {
      const kept = group.kept.get(member.id);
      if (!kept || kept.server !== member.server || kept.instance !== member.instance) return [];
      return kept.sets.map((set) => ({
        id: `${member.id}/${set.id}`,
        server: kept.server,
        instance: kept.instance,
        takenAt: set.takenAt,
        dataTime: set.dataTime,
        reason: set.reason,
        kind: set.kind,
        path: set.path,
        bytes: set.bytes,
      }));
    })
    .sort((a, b) => b.takenAt - a.takenAt);
}

function markOf(ports: FailoverPorts, member: MemberConfig): string {
  const status = instanceOf(ports, member);
  return JSON.stringify([status?.lastRestore?.at ?? null, status?.lastRestore?.idtag ?? null, status?.role ?? null]);
}
