// The memory of a group that the administrator takes over from what its members kept. Pure.
import type { GroupConfig } from '../contract/failover.ts';
import type { GroupRecord, GroupStateId } from '../contract/group-records.ts';
import type { FoundRecord } from './findings.ts';
import { type GroupMemory, newMember, newMemory, type Observations } from './model.ts';

/** Terms that a server which does not answer may have been given since its group's newest record are never reached. */
const UNKNOWN_TERMS = 1000;

export interface TakeOver {
  source: GroupRecord;
  activeId: string;
  /** Under which the others were fenced, and under which the active database will serve. */
  term: number;
  /** Rows that could not be proved to accept no more writes. */
  unproved: string[];
  /** All records that were found: their states are known from now on. */
  found: FoundRecord[];
  lineage: string;
  seen: Observations;
  now: number;
}

/** A term above everything that is known, and above what silent servers can have heard. */
export function termAbove(memory: GroupMemory, found: FoundRecord[], seen: Observations, silent: boolean): number {
  const heard = Object.values(seen).map((observation) => observation.instance?.term ?? 0);
  const known = found.map(({ record }) => record.term);
  return Math.max(memory.term, memory.activeTerm, ...heard, ...known) + (silent ? UNKNOWN_TERMS : 1);
}

/** The group as it goes on: copies count as stale until they got a backup, and nothing happens by itself that the files ask for. */
export function takeOver(before: GroupMemory, given: TakeOver): { config: GroupConfig; memory: GroupMemory } {
  const { source, activeId, seen, now } = given;
  const { config } = source;
  const masterId = config.members[0]!.id;
  const onMaster = activeId === masterId;
  let nextReplica = Math.max(before.nextReplica, 1, ...Object.values(source.replicas).map((replica) => replica + 1));
  const members: GroupMemory['members'] = {};
  for (const { id, server } of config.members) {
    const instance = seen[id]?.instance;
    const copy = id !== activeId && id !== masterId;
    members[id] = {
      ...newMember(source.replicas[id] ?? nextReplica++),
      dataTime: before.members[id]?.dataTime ?? null,
      restored: id === masterId || id === activeId || instance?.role === 'primary' || Boolean(instance?.restored),
      diverged: copy ? `has received no backup since ${nameOf(config, activeId)} was confirmed as active` : null,
      chainLost: copy,
      heldFenced: source.heldFenced.includes(id),
      unproved: id !== activeId && (given.unproved.includes(id) || source.unproved.includes(id)),
      error: seen[id]?.contact === 'online' && !instance && !copy ? `${server} does not have this database` : null,
    };
  }
  const outOfSync = source.outOfSync === null ? null : { since: now, reason: source.outOfSync };
  const memory: GroupMemory = {
    ...newMemory(activeId, 1, given.term),
    members,
    nextReplica,
    // What was changed unseen is not spread by itself.
    fullWanted: onMaster && !outOfSync ? 'the group was confirmed after its catalog was lost' : null,
    outOfSync,
    // Going back to the master is for the administrator to order.
    stayOnBackup: !onMaster,
    promotedAt: onMaster ? null : now,
    contingencies: before.contingencies,
    told: { lineage: given.lineage, version: 0, takenOver: takenOverBy(before, given.found), facts: '' },
  };
  return { config, memory };
}

/** Each lineage once, with the highest version that was found. */
function takenOverBy(before: GroupMemory, found: FoundRecord[]): GroupStateId[] {
  const highest = new Map<string, number>();
  const states = [...found.map(({ record }) => record), ...(before.told ? [before.told] : [])];
  for (const { lineage, version } of states.flatMap((state) => [state, ...state.takenOver]))
    highest.set(lineage, Math.max(version, highest.get(lineage) ?? 0));
  return [...highest].map(([lineage, version]) => ({ lineage, version }));
}

const nameOf = (config: GroupConfig, id: string) => config.members.find((member) => member.id === id)?.server ?? id;

/** A group that was found and is not confirmed: nothing of it counts yet. */
export function foundMemory(record: GroupRecord, since: number, why: string): GroupMemory {
  const members = Object.entries(record.replicas).map(([id, replica]) => [id, newMember(replica)] as const);
  return {
    ...newMemory(record.activeId, 1, record.term),
    members: Object.fromEntries(members),
    nextReplica: Math.max(1, ...Object.values(record.replicas).map((replica) => replica + 1)),
    review: { since, why },
  };
}
