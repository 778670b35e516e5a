// What needs a person now, worst first, each with the one button that deals with it: a pure function of the site.
import type { GroupView } from '../contract/failover.ts';
import type { Attention, InstanceView, ServerView } from '../contract/site.ts';

export interface AttentionInput {
  servers: readonly ServerView[];
  instances: readonly InstanceView[];
  groups: readonly GroupView[];
}

export function attentionOf({ servers, instances, groups }: AttentionInput): Attention[] {
  const list = [
    ...servers.flatMap((server) => ofServer(server, instances)),
    ...groups.flatMap(ofGroup),
    ...instances.flatMap((instance) => ofInstance(instance, groups)),
  ];
  return [...list.filter((item) => item.level === 'critical'), ...list.filter((item) => item.level === 'warning')];
}

function ofServer(server: ServerView, instances: readonly InstanceView[]): Attention[] {
  if (server.state !== 'offline') return [];
  const here = instances.filter((instance) => instance.server === server.name);
  const first = here[0];
  if (!first) return [];
  const text = `${server.name} does not answer; not watched: ${here.map((i) => i.status.name).join(', ')}`;
  const action = { kind: 'openInstance', instanceId: first.id, label: 'Show' } as const;
  return [{ id: `server:${server.name}`, level: 'critical', text, action }];
}

function ofGroup(group: GroupView): Attention[] {
  if (group.review) {
    const label = 'Look and confirm';
    const action = { kind: 'openGroup', groupId: group.id, label } as const;
    const text = `${group.name} came back from the files of its members and does nothing until it is confirmed`;
    return [{ id: `group:${group.id}:review`, level: 'critical', text, action }];
  }
  if (!group.config.enabled) return [];
  const open = { kind: 'openGroup', groupId: group.id, label: 'Open' } as const;
  const full = { kind: 'groupFull', groupId: group.id, label: 'Full backup now' } as const;
  const list: Attention[] = [];
  const add = (what: string, level: Attention['level'], text: string, action: Attention['action']) =>
    list.push({ id: `group:${group.id}:${what}`, level, text: `${group.name}: ${text}`, action });

  if (group.blocked) add('blocked', 'critical', `failover is blocked: ${group.blocked.reason}`, open);
  if (group.state === 'OutOfSync') add('outOfSync', 'critical', group.stateText, full);
  if (group.state === 'FailedOver' || group.state === 'AwaitingDecision')
    add('state', 'warning', group.stateText, open);
  for (const member of group.members)
    if (member.active && member.state === 'Fenced')
      add(`fenced:${member.id}`, 'critical', `${member.server} is active but fenced: no client can write`, open);
  const never = group.members.filter((member) => !member.master && member.state === 'NeverRestored');
  if (never.length > 0) {
    const names = never.map((member) => member.server).join(', ');
    add('never', 'warning', `no copy yet on ${names}; it cannot take over`, full);
  }
  for (const member of group.members)
    if (member.state === 'Error') add(`error:${member.id}`, 'warning', `${member.server}: ${member.stateText}`, open);
  return list;
}

function ofInstance(instance: InstanceView, groups: readonly GroupView[]): Attention[] {
  const { status, id } = instance;
  if (!instance.reachable) return [];
  const group = groups.find((each) => each.id === instance.groupId && each.config.enabled);
  // In a group its copies have to get the backup too, so the group takes it.
  const backup = group
    ? ({ kind: 'groupFull', groupId: group.id, label: 'Back up now' } as const)
    : ({ kind: 'backup', instanceId: id, label: 'Back up now' } as const);
  const open = { kind: 'openInstance', instanceId: id, label: 'Show' } as const;
  const list: Attention[] = [];
  const add = (what: string, level: Attention['level'], text: string, action: Attention['action']) =>
    list.push({ id: `instance:${id}:${what}`, level, text, action });

  if (status.error) add('error', 'critical', `${id}: ${status.error.message}`, open);
  if (status.hasRst) add('rst', 'warning', `${id}: a restored set waits for your decision`, open);
  if (status.role === 'standby') return list;
  const reason = (text: string | null) => (text ? `: ${text}` : '');
  if (status.outOfSync && instance.groupId === null)
    add('outOfSync', 'critical', `${id} is out of sync${reason(status.outOfSyncReason)}`, backup);
  if (!status.lastFull) add('full', 'critical', `${id} is not protected: no full backup yet`, backup);
  else if (status.fullRequired)
    add('full', 'warning', `Full backup required on ${id}${reason(status.fullRequiredReason)}`, backup);
  if (!status.logging.on && status.journal === 'wal' && instance.groupId === null) {
    const action = { kind: 'setLogging', instanceId: id, label: 'Turn on' } as const;
    add('logging', 'warning', `${id}: roll-forward logging is off`, action);
  }
  return list;
}
