// Which unattended backups start now: a pure function of the schedules, the facts of their instances, and the time.
import type { BackupType } from '../contract/backup.ts';
import type { ScheduleView } from '../contract/schedules.ts';
import type { DueTimes } from './due-times.ts';
import type { InstanceFacts, ScheduleRecord } from './types.ts';

export interface RunDecision {
  id: string;
  /** Not always the type of the schedule: an incremental without a base becomes a full. */
  type: BackupType;
  /** Why it is not what the schedule says; null when it is. */
  instead: string | null;
  /** Incrementals of the same instance that are due as well and that this full makes needless. */
  covers: string[];
}

export interface DueInput {
  records: Iterable<ScheduleRecord>;
  facts(instanceId: string): InstanceFacts | null;
  /** A run of this schedule goes on. */
  running(id: string): boolean;
  now: number;
  dueTimes: DueTimes;
}

/** At most one for each instance, a full before an incremental; runs that were missed count as one. */
export function decideRuns({ records, facts, running, now, dueTimes }: DueInput): RunDecision[] {
  const due = new Map<string, ScheduleRecord[]>();
  for (const record of records) {
    const { schedule } = record;
    if (!schedule.enabled || running(schedule.id)) continue;
    const at = dueTimes(schedule.when, record.dueFrom, now);
    if (at === null || at > now) continue;
    const key = schedule.instanceId.toLowerCase();
    const others = due.get(key);
    if (others) others.push(record);
    else due.set(key, [record]);
  }
  const decisions: RunDecision[] = [];
  for (const records of due.values()) {
    const known = facts(records[0]!.schedule.instanceId);
    if (!known || pausedBy(known) !== null || waitsFor(known) !== null) continue;
    const first = records.find((record) => record.schedule.type === 'full') ?? records[0]!;
    const { schedule } = first;
    const instead = schedule.type === 'incremental' && schedule.fullWhenNoBase ? known.noBase() : null;
    const type = instead ? 'full' : schedule.type;
    const others = records.filter((record) => record !== first);
    const covers = type === 'full' ? others.filter((record) => record.schedule.type === 'incremental') : [];
    decisions.push({ id: schedule.id, type, instead, covers: covers.map((record) => record.schedule.id) });
  }
  return decisions;
}

/** What takes the backups off the schedules' hands; null when nothing does. */
function pausedBy(facts: InstanceFacts): string | null {
  if (facts.group !== null) return `The failover group ${facts.group} backs this database up by its own schedules`;
  return facts.standby ? 'A backup database: the active one is backed up' : null;
}

/** Why nothing can start on this instance now; null when it can. */
function waitsFor(facts: InstanceFacts): string | null {
  if (!facts.reachable) return 'Waits for the agent to answer';
  const busy = facts.busy();
  return busy === null ? null : `Waits for "${busy}" to end`;
}

/** How a schedule stands, for a person. */
export function scheduleStanding(
  record: ScheduleRecord,
  facts: InstanceFacts | null,
  running: boolean,
  now: number,
  dueTimes: DueTimes,
): Pick<ScheduleView, 'nextAt' | 'state' | 'stateText'> {
  const { schedule } = record;
  const nextAt = schedule.enabled ? dueTimes(schedule.when, record.dueFrom, now) : null;
  if (running) return { nextAt, state: 'running', stateText: 'Runs now' };
  if (!schedule.enabled || nextAt === null)
    return { nextAt: null, state: 'off', stateText: schedule.enabled ? 'Never runs' : 'Off' };
  if (!facts) return { nextAt: null, state: 'paused', stateText: 'This database is not protected here' };
  const paused = pausedBy(facts);
  if (paused !== null) return { nextAt: null, state: 'paused', stateText: paused };
  if (nextAt <= now) return { nextAt, state: 'due', stateText: waitsFor(facts) ?? 'Starts now' };
  return { nextAt, state: 'waiting', stateText: 'Waits for its time' };
}
