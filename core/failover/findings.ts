// What the files of a group's members and their databases say together: the newest settings, who is active, and what contradicts. Pure.
import type { GroupConfig, MemberConfig } from '../contract/failover.ts';
import { type GroupRecord, type GroupStateId, knows } from '../contract/group-records.ts';
import type { ReviewConflict } from '../contract/group-review.ts';
import type { GroupMemory, Observations } from './model.ts';

/** A record with the server that keeps it. */
export interface FoundRecord {
  server: string;
  record: GroupRecord;
}

export interface Findings {
  /** The record that counts; null while several could. */
  source: GroupRecord | null;
  /** Records that no other one knows of, one for each state. */
  heads: FoundRecord[];
  conflicts: ReviewConflict[];
  /** The row that should be active; null when only a person can say. */
  proposedId: string | null;
}

/** `seen` is by row of `config`, which is the list that is shown; `settingsOf` names a server whose record is to count. */
export function findingsOf(
  config: GroupConfig,
  found: FoundRecord[],
  seen: Observations,
  damaged: string[],
  settingsOf: string | null = null,
): Findings {
  const heads = headsOf(found);
  const chosen = settingsOf === null ? undefined : found.find(({ server }) => server === settingsOf);
  const source = chosen?.record ?? (heads.length === 1 ? heads[0]!.record : null);
  const { members } = source?.config ?? config;
  const answering = members.filter((member) => isAnswering(seen, member.id));
  const writers = answering.filter((member) => seen[member.id]?.instance?.writable);
  const conflicts: ReviewConflict[] = [];
  if (heads.length > 1)
    conflicts.push({
      kind: 'settings',
      text: `${namesOf(heads.map(({ server }) => server))} keep different settings, and none knows of the other's`,
    });
  const silent = members.filter((member) => !answering.includes(member));
  if (silent.length > 0)
    conflicts.push({
      kind: 'silent',
      text: `${namesOf(silent.map(({ server }) => server))} ${silent.length === 1 ? 'does' : 'do'} not answer: there may be newer settings there, or a database that accepts writes`,
    });
  if (writers.length > 1)
    conflicts.push({
      kind: 'twoActive',
      text: `${namesOf(writers.map(({ server }) => server))} both accept writes now`,
    });
  const remembered = source && members.find((member) => member.id === source.activeId);
  if (remembered && answering.includes(remembered) && writers.length > 0 && !writers.includes(remembered))
    conflicts.push({
      kind: 'activeDiffers',
      text: `${remembered.server} was active by the newest file, but ${namesOf(writers.map(({ server }) => server))} ${writers.length === 1 ? 'accepts' : 'accept'} writes now`,
    });
  for (const file of damaged) conflicts.push({ kind: 'damaged', text: `${file} cannot be read` });
  return { source, heads, conflicts, proposedId: proposed(answering, writers, remembered ?? null, seen) };
}

/** A database that serves stays the active one. Where none does, the newest file says who it was, if it could be it again. */
function proposed(
  answering: MemberConfig[],
  writers: MemberConfig[],
  remembered: MemberConfig | null,
  seen: Observations,
): string | null {
  if (writers.length > 0) return writers.length === 1 ? writers[0]!.id : null;
  if (!remembered || !answering.includes(remembered)) return null;
  const instance = seen[remembered.id]?.instance;
  return instance?.role === 'primary' || instance?.restored ? remembered.id : null;
}

export const isAnswering = (seen: Observations, id: string): boolean =>
  seen[id]?.contact === 'online' && seen[id].misses === 0;

/** True for records of one and the same state. */
export const sameState = (a: GroupStateId, b: GroupStateId): boolean =>
  a.lineage === b.lineage && a.version === b.version;

/**
 * A server whose database became active, or was fenced, under a term that this memory never gave out: the memory is older than what
 * happened. Null when there is none. Rows that were left on the administrator's word are not asked.
 */
export function unknownTerm(config: GroupConfig, memory: GroupMemory, seen: Observations): MemberConfig | null {
  const knowsMore = ({ id }: MemberConfig) => {
    const instance = seen[id]?.instance;
    if (!isAnswering(seen, id) || instance?.role !== 'primary' || memory.members[id]?.unproved) return false;
    return instance.term > memory.term;
  };
  return config.members.find(knowsMore) ?? null;
}

/** Records that no other record knows of; of several with one state the first. */
function headsOf(found: FoundRecord[]): FoundRecord[] {
  return found.filter(
    ({ record }, at) =>
      !found.some(
        (other, place) =>
          place !== at && knows(other.record, record) && (!sameState(other.record, record) || place < at),
      ),
  );
}

export const namesOf = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? 'nobody') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
