// How a database stands, told once for every place that shows it: tree, Home, Databases, failover list. Shape, colour and words agree.
import type { GroupView, MemberView } from '../../core/contract/failover.ts';
import type { InstanceView } from '../../core/contract/site.ts';
import type { LedState, Level } from '../ui/index.ts';

export interface Standing {
  led: LedState;
  level: Exclude<Level, 'info' | 'neutral'>;
  /** The state in a word or two, such as `fenced`. */
  word: string;
  /** State and protection in one sentence: the text alternative of the sign. */
  text: string;
}

type Member = Pick<MemberView, 'active' | 'state' | 'stateText'>;

/** The row of a database in its failover group, if it is in one. */
export const memberOf = (groups: readonly GroupView[], instance: InstanceView): MemberView | null =>
  groups.flatMap((group) => group.members).find((member) => member.instanceId === instance.id) ?? null;

const sentence = (word: string, more: string) => (more && more !== word ? `${word}: ${more}` : word);

/**
 * Filled green only for a database that serves its clients and can be restored as far as it was asked to; a ring for a copy that can
 * take over. Whatever keeps it from that is amber or red. `member` is its row in a failover group, which knows more of a copy than
 * the copy itself.
 */
export function standingOf(instance: InstanceView, member: Member | null = null): Standing {
  const { status, verdict, reachable, verdictLevel } = instance;
  if (!reachable)
    return { led: 'gone', level: 'critical', word: 'unreachable', text: sentence('unreachable', verdict) };
  if (status.error || status.state === 'Error' || status.state === 'Offline') {
    const word = status.state === 'Offline' ? 'offline' : 'error';
    return { led: 'error', level: 'critical', word, text: sentence(word, status.error?.message ?? verdict) };
  }
  if (status.state === 'Restoring')
    return { led: 'warning', level: 'warning', word: 'restoring', text: sentence('restoring', 'not in use meanwhile') };
  if (status.role === 'standby') return copyStanding(instance, member);
  if (status.state === 'Fenced' || !status.writable)
    return { led: 'warning', level: 'warning', word: 'fenced', text: sentence('fenced, accepts no writes', verdict) };
  if (status.outOfSync)
    return { led: 'error', level: 'critical', word: 'out of sync', text: sentence('out of sync', verdict) };
  const word = status.state === 'BackingUp' ? 'backing up' : 'online';
  if (verdictLevel !== 'ok')
    return {
      led: verdictLevel === 'critical' ? 'error' : 'warning',
      level: verdictLevel,
      word,
      text: sentence(word, verdict),
    };
  if (!status.logging.on)
    return { led: 'warning', level: 'warning', word, text: sentence(`${word}, logging is off`, verdict) };
  if (status.hasRst)
    return { led: 'warning', level: 'warning', word, text: sentence(`${word}, a restored set waits`, verdict) };
  return { led: 'on', level: 'ok', word, text: sentence(word, verdict) };
}

function copyStanding(instance: InstanceView, member: Member | null): Standing {
  const { status, verdict } = instance;
  const cannot = (level: 'warning' | 'critical', word: string, why: string): Standing => ({
    led: level === 'critical' ? 'error' : 'warning',
    level,
    word,
    text: sentence('copy that cannot take over', why),
  });
  if (!status.lastRestore || member?.state === 'NeverRestored') return cannot('warning', 'never restored', verdict);
  if (status.outOfSync || member?.state === 'OutOfSync')
    return cannot('critical', 'out of sync', status.outOfSyncReason ?? member?.stateText ?? 'out of sync');
  if (member?.state === 'Error') return cannot('critical', 'error', member.stateText);
  if (member?.state === 'Offline') return cannot('critical', 'offline', member.stateText);
  if (instance.verdictLevel !== 'ok') return cannot(instance.verdictLevel, 'standby', verdict);
  return { led: 'standby', level: 'ok', word: 'standby', text: sentence('standby', verdict) };
}

const unusable: Partial<Record<MemberView['state'], { led: LedState; word: string }>> = {
  Offline: { led: 'gone', word: 'offline' },
  Error: { led: 'error', word: 'not usable' },
  OutOfSync: { led: 'error', word: 'out of sync, cannot take over' },
  NeverRestored: { led: 'warning', word: 'never restored, cannot take over' },
  Fenced: { led: 'warning', word: 'fenced' },
};

/** The sign in the list of a group: which database is active, and whether it, or the copy, can do its work. */
export function memberLed(member: Pick<MemberView, 'active' | 'state' | 'dataTime'>): {
  state: LedState;
  label: string;
} {
  const trouble = unusable[member.state];
  // The active one serves its clients even while its copies are out of step.
  if (member.active && (!trouble || member.state === 'OutOfSync')) return { state: 'on', label: 'Active' };
  if (trouble) return { state: trouble.led, label: `${member.active ? 'Active' : 'Not active'}, ${trouble.word}` };
  // Its first restore is under way: there is nothing yet that could take over.
  if (member.dataTime === null) return { state: 'off', label: 'Not active, nothing restored yet' };
  return { state: 'standby', label: member.state === 'InSync' ? 'Not active, can take over' : 'Not active' };
}

/** Answers clients with 200: active, and accepts writes. */
export const serves = (member: Pick<MemberView, 'active' | 'state'>): boolean =>
  member.active && !['Fenced', 'Offline', 'Error'].includes(member.state);

/** How a group stands: off, fine, wants a look, wants a person. Fine means that the active one serves and every copy can take over. */
export function groupStanding(group: Pick<GroupView, 'state' | 'blocked' | 'members' | 'review'>): {
  led: LedState;
  level: Level;
  word: string;
} {
  if (group.review) return { led: 'error', level: 'critical', word: 'Not confirmed' };
  if (group.blocked) return { led: 'error', level: 'critical', word: 'No active database' };
  const active = group.members.find((member) => member.active);
  if (group.state !== 'Disabled' && active && !serves(active))
    return { led: 'error', level: 'critical', word: `${active.server} does not serve` };
  const cannot = (member: MemberView) => !member.active && (unusable[member.state] || member.dataTime === null);
  if (group.state === 'Normal' && group.members.some(cannot))
    return { led: 'warning', level: 'warning', word: 'A copy cannot take over' };
  return groupStates[group.state];
}

const groupStates: Record<GroupView['state'], ReturnType<typeof groupStanding>> = {
  Disabled: { led: 'off', level: 'neutral', word: 'Off' },
  Normal: { led: 'on', level: 'ok', word: 'Normal' },
  FailedOver: { led: 'warning', level: 'warning', word: 'Failed over' },
  Reconnecting: { led: 'warning', level: 'info', word: 'Reconnecting' },
  AwaitingDecision: { led: 'warning', level: 'warning', word: 'Awaiting decision' },
  OutOfSync: { led: 'error', level: 'critical', word: 'Out of sync' },
};

/** By server and name, numbers as numbers: SRV-2 before SRV-10. */
export const byName = (a: InstanceView, b: InstanceView): number =>
  a.id.localeCompare(b.id, 'en', { numeric: true, sensitivity: 'base' });
