// What the console shows of a group: rows with state and age, next runs, history, contingency backups, where clients look.
import path from 'node:path';
import type { GroupView, MemberConfig, MemberView } from '../contract/failover.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import { nextDue } from '../schedule/schedule.ts';
import { behindBy } from './at-risk.ts';
import { activeOf, type Group, instanceOf, masterOf, observe, statusOf } from './group.ts';
import { groupStateOf } from './group-state.ts';
import { keptEntries } from './kept-sets.ts';
import { reviewOf } from './review.ts';
import type { FailoverPorts } from './types.ts';

const HISTORY = 200;

export function viewOf(ports: FailoverPorts, group: Group): GroupView {
  const { config, memory } = group;
  const now = ports.clock.now();
  const onMaster = memory.activeId === masterOf(group).id;
  const lastFull = onMaster ? memory.lastFullAt : memory.lastContingencyFullAt;
  const lastAny = onMaster ? Math.max(memory.lastDifferentialAt ?? 0, lastFull ?? 0) : memory.lastContingencyAt;
  const due = (schedule: GroupView['config']['full'], last: number | null) =>
    config.enabled && !memory.review ? nextDue(schedule, last || null, now) : null;
  const activeStatus = statusOf(ports, activeOf(group).server);
  const state = groupStateOf(group, observe(ports, group));
  return {
    id: group.id,
    name: group.name,
    config,
    state: state.state,
    stateText: state.text,
    term: memory.activeTerm,
    members: config.members.map((member, position) => rowOf(ports, group, member, position)),
    nextFull: due(config.full, lastFull),
    nextDifferential: due(config.differential, lastAny),
    lastFull: memory.lastFullAt,
    lastDifferential: memory.lastDifferentialAt,
    restoreHintMs: restoreHint(group),
    history: ports.store.listHistory(group.id, HISTORY),
    contingencies: contingenciesOf(group),
    ...(memory.review ? { review: reviewOf(ports, group) ?? undefined } : {}),
    blocked: memory.blocked && group.watch.failedSince !== null ? memory.blocked : null,
    clients: {
      activeFile: activeStatus ? path.join(activeStatus.root, 'active.json') : null,
      endpoints: config.members.flatMap((member) => {
        const endpoint = statusOf(ports, member.server)?.endpoint;
        return endpoint ? [{ server: member.server, url: `${endpoint.replace(/\/$/, '')}/primary` }] : [];
      }),
    },
  };
}

/** Contingency backups, which can be restored to the master, and after them the sets that agents kept; each newest first. */
function contingenciesOf(group: Group): GroupView['contingencies'] {
  const backups = group.memory.contingencies.map((entry) => ({
    id: entry.id,
    server: entry.server,
    instance: entry.instance,
    takenAt: entry.takenAt,
    dataTime: entry.dataTime,
    reason: entry.reason,
    kind: 'backup' as const,
    path: entry.chain.at(-1)?.[0] ?? '',
    bytes: entry.bytes,
  }));
  return [...backups.reverse(), ...keptEntries(group)];
}

/** About how long the newest full and the increments after it take to restore; null until a full was measured. */
function restoreHint(group: Group): number | null {
  const { fullMs, incrementalMs, incrementalsSinceFull } = group.memory.measured;
  if (fullMs === null) return null;
  return Math.round(fullMs + incrementalsSinceFull * (incrementalMs ?? 0));
}

function rowOf(ports: FailoverPorts, group: Group, member: MemberConfig, position: number): MemberView {
  const { memory } = group;
  const remembered = memory.members[member.id];
  const status = instanceOf(ports, member);
  // Before it is confirmed, whoever accepts writes is shown as active.
  const active = memory.review ? (status?.writable ?? false) : member.id === memory.activeId;
  const activeStatus = instanceOf(ports, activeOf(group));
  return {
    ...member,
    replica: remembered?.replica ?? 0,
    master: position === 0,
    active,
    ...stateOf(ports, group, member),
    instanceId: status ? `${member.server}/${member.instance}` : null,
    path: status?.path ?? null,
    lastBackupAt: remembered?.lastBackupAt ?? null,
    lastRestoreAt: remembered?.lastRestoreAt ?? null,
    dataTime: active
      ? (status?.lastCommitAt ?? remembered?.dataTime ?? null)
      : (status?.lastRestore?.dataTime ?? remembered?.dataTime ?? null),
    behindCommits: active ? 0 : remembered?.restored ? behindBy(activeStatus?.vector, status?.vector) : null,
  };
}

function stateOf(ports: FailoverPorts, group: Group, member: MemberConfig): Pick<MemberView, 'state' | 'stateText'> {
  const { memory } = group;
  const remembered = memory.members[member.id];
  const probe = ports.probeOf(member.server);
  const status = instanceOf(ports, member);
  const active = member.id === memory.activeId;
  const delivery = group.deliveries.get(member.id);
  if (probe.state === 'starting') return { state: 'Offline', stateText: 'Its agent is starting.' };
  if (probe.state !== 'online') return { state: 'Offline', stateText: 'Its agent does not answer.' };
  if (memory.review) return unconfirmed(status);
  if (delivery?.phase === 'copying') return { state: 'Restoring', stateText: 'Receiving the backup.' };
  if (delivery || status?.state === 'Restoring') return { state: 'Restoring', stateText: 'Restoring the backup.' };
  if (status?.state === 'Error' || status?.state === 'Offline')
    return { state: 'Error', stateText: status.error?.message ?? 'The database cannot be used.' };
  if (status?.state === 'BackingUp') return { state: 'BackingUp', stateText: 'Being backed up.' };
  if (active) {
    if (!status) return { state: 'Error', stateText: 'Its agent does not have this database.' };
    if (!status.writable)
      return {
        state: 'Fenced',
        stateText: remembered?.heldFenced ? 'Fenced by the administrator.' : 'Accepts no writes at the moment.',
      };
    if (memory.outOfSync && group.config.members[0]!.id === member.id)
      return { state: 'OutOfSync', stateText: memory.outOfSync.reason };
    return { state: 'Online', stateText: 'Serves the clients.' };
  }
  if (remembered?.error) return { state: 'Error', stateText: remembered.error };
  if (!remembered?.restored) return { state: 'NeverRestored', stateText: 'Has received no backup yet.' };
  if (!status) return { state: 'Error', stateText: 'Its agent does not have this database.' };
  if (remembered.diverged) return { state: 'OutOfSync', stateText: `It ${remembered.diverged}.` };
  if (status.role === 'primary')
    return status.writable
      ? { state: 'Error', stateText: 'Accepts writes although it is not active; it is being fenced.' }
      : { state: 'Fenced', stateText: 'Fenced while another database is active; its data is kept as it was.' };
  if (memory.outOfSync) return { state: 'OutOfSync', stateText: 'The master was changed since its last backup.' };
  return { state: 'InSync', stateText: 'Can take over.' };
}

/** What is known of a row of a group under review: its database as its agent shows it, nothing else. */
function unconfirmed(status: InstanceStatus | null): Pick<MemberView, 'state' | 'stateText'> {
  if (!status) return { state: 'Error', stateText: 'Its agent does not have this database.' };
  if (status.state === 'Error' || status.state === 'Offline')
    return { state: 'Error', stateText: status.error?.message ?? 'The database cannot be used.' };
  if (status.writable) return { state: 'Online', stateText: 'Accepts writes; not confirmed.' };
  if (status.role === 'primary') return { state: 'Fenced', stateText: 'Accepts no writes; not confirmed.' };
  if (!status.lastRestore) return { state: 'NeverRestored', stateText: 'Has received no backup yet.' };
  return { state: 'OutOfSync', stateText: 'A copy of unknown age; not confirmed.' };
}
