// A group and its members in words, signs and colours.
import type { GroupView, MemberView, Schedule } from '../../../core/contract/failover.ts';
import type { Level } from '../../ui/index.ts';

export const memberStateText: Record<MemberView['state'], { text: string; level: Level }> = {
  Online: { text: 'Online', level: 'ok' },
  Offline: { text: 'Offline', level: 'critical' },
  BackingUp: { text: 'Backing up', level: 'info' },
  Restoring: { text: 'Restoring', level: 'info' },
  OutOfSync: { text: 'Out of sync', level: 'critical' },
  Fenced: { text: 'Fenced', level: 'warning' },
  Error: { text: 'Error', level: 'critical' },
  NeverRestored: { text: 'Never restored', level: 'warning' },
  InSync: { text: 'In sync', level: 'ok' },
};

/** Minutes between two runs of a schedule, about; null when it never runs or cannot be told. */
export function scheduleMinutes(schedule: Schedule): number | null {
  switch (schedule.kind) {
    case 'every':
      return schedule.minutes;
    case 'daily':
      return 1440;
    case 'weekly':
      return 7 * 1440;
    default:
      return null;
  }
}

/** How old a copy is against how often it is refreshed: fresh within one interval, late within two, then stale. */
export function ageTone(
  ageMs: number,
  group: Pick<GroupView, 'config'>,
): { tone: 'ok' | 'warning' | 'critical'; share: number } {
  const minutes = scheduleMinutes(group.config.differential) ?? scheduleMinutes(group.config.full) ?? 60;
  const intervals = ageMs / (minutes * 60_000);
  const tone = intervals <= 1.1 ? 'ok' : intervals <= 2.2 ? 'warning' : 'critical';
  return { tone, share: Math.max(0.04, Math.min(1, intervals / 3)) };
}

/** The next copy that could take over, in list order. */
export const nextInLine = (group: Pick<GroupView, 'members'>): MemberView | undefined =>
  group.members.find((member) => !member.active && (member.state === 'InSync' || member.state === 'Online'));
