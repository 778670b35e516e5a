// What the members of a group are to keep of it, and when that has changed. Pure.
import type { GroupConfig, MemberConfig } from '../contract/failover.ts';
import type { GroupRecord } from '../contract/group-records.ts';
import type { GroupMemory } from './model.ts';

interface Kept {
  name: string;
  config: GroupConfig;
  memory: GroupMemory;
}

/** So many lives of the engine are remembered; who was away for longer counts as unknown. */
const REMEMBERED_LIVES = 50;

/** The memory under the next version when anything that a record says has changed. A group under review tells its members nothing. */
export function withToldState({ name, config, memory, life }: Kept & { life: string }): GroupMemory {
  if (memory.review) return memory;
  const facts = JSON.stringify([name, config, factsOf(memory)]);
  const { told } = memory;
  if (told?.facts === facts) return memory;
  // A catalog that was set back to an older one must not give out numbers that were given out before.
  if (!told || told.lineage !== life) {
    const before = told ? [{ lineage: told.lineage, version: told.version }, ...told.takenOver] : [];
    const takenOver = before.slice(0, REMEMBERED_LIVES);
    return { ...memory, told: { lineage: life, version: 1, takenOver, facts } };
  }
  return { ...memory, told: { ...told, version: told.version + 1, facts } };
}

/** Names a state that a member was told, to see whether it is the newest. */
export const toldMark = ({ told }: GroupMemory): string => `${told?.lineage}/${told?.version}`;

/** What `member` is to keep; null as long as there is nothing to tell. */
export function recordFor(group: Kept & { id: string }, member: MemberConfig, now: number): GroupRecord | null {
  return group.memory.review ? null : recordOf(group, member, now);
}

/** What the catalog knows of the group, in the form of a record; null when it never told a member anything. */
export function recordOf(group: Kept & { id: string }, member: MemberConfig, now: number): GroupRecord | null {
  const { told, activeId } = group.memory;
  if (!told) return null;
  const { lineage, version, takenOver } = told;
  return {
    ...{ format: 1, lineage, version, takenOver, groupId: group.id, name: group.name, config: group.config },
    ...{ memberId: member.id, instance: member.instance, active: member.id === activeId, activeId },
    ...factsOf(group.memory),
    writtenAt: now,
  };
}

function factsOf({ activeId, term, members, outOfSync }: GroupMemory) {
  const entries = Object.entries(members);
  const where = (is: (member: GroupMemory['members'][string]) => boolean) =>
    entries.filter(([, member]) => is(member)).map(([id]) => id);
  return {
    ...{ activeId, term, outOfSync: outOfSync?.reason ?? null },
    replicas: Object.fromEntries(entries.map(([id, { replica }]) => [id, replica])),
    heldFenced: where((member) => member.heldFenced),
    unproved: where((member) => member.unproved),
  };
}
