// The rows of the database list: the edited settings, with the live state of those that are in force.
import type { GroupConfig, GroupView, MemberConfig, MemberView } from '../../../core/contract/failover.ts';

export interface MemberRow extends MemberConfig {
  master: boolean;
  /** Null for a row that is not applied yet. */
  live: MemberView | null;
  /** Differs from what is in force. */
  changed: boolean;
}

export function memberRows(group: Pick<GroupView, 'members'>, config: Pick<GroupConfig, 'members'>): MemberRow[] {
  return config.members.map((member, index) => {
    const live = group.members.find((each) => each.id === member.id) ?? null;
    const changed =
      live !== null &&
      (['server', 'databaseServer', 'instance', 'folder'] as const).some((field) => live[field] !== member[field]);
    return { ...member, master: live ? live.master : index === 0, live, changed };
  });
}

/** The list with one row moved by one place. The master stays at the top: becoming the master is an action, not an edit. */
export function moveMember(members: readonly MemberConfig[], id: string, by: 1 | -1): MemberConfig[] {
  const from = members.findIndex((member) => member.id === id);
  const to = from + by;
  const moved = members[from];
  if (!moved || from < 1 || to < 1 || to >= members.length) return [...members];
  const next = members.filter((member) => member.id !== id);
  next.splice(to, 0, moved);
  return next;
}
