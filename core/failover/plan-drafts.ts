// The plans of all manual actions: pre-flight checks against what is seen now, effects and warnings in sentences, and which class of confirmation each needs.
import type { GroupAction, MemberConfig } from '../contract/failover.ts';
import { clockText } from '../platform/time-text.ts';
import { behindBy, riskText, spanText } from './at-risk.ts';
import { activeOf, type Group, instanceOf, masterOf, memberOf, observe } from './group.ts';
import { obstacle } from './health.ts';
import { keptEntries } from './kept-sets.ts';
import { fenceByHand, heldBy, restoreContingency, unfenceByHand } from './manual-actions.ts';
import type { Proof } from './model.ts';
import type { OperationKind } from './operation.ts';
import type { PlanDraft } from './plans.ts';
import { confirmDraft } from './review.ts';
import { startOperation } from './role-change.ts';
import type { FailoverPorts } from './types.ts';

type Check = PlanDraft['checks'][number];
type Refusal = PlanDraft['refusal'];

export function draftOf(ports: FailoverPorts, group: Group, action: GroupAction): PlanDraft {
  if (action.kind === 'confirm') return confirmDraft(ports, group, action);
  const draft = draftFor(ports, group, action);
  if (group.memory.review)
    return { ...draft, refusal: { name: 'GROUP_UNCONFIRMED', text: `${group.name} is not confirmed yet.` } };
  if (draft.refusal) return draft;
  // A fence that was set by hand can always be taken back.
  if (!group.config.enabled && action.kind !== 'unfence')
    return { ...draft, refusal: { name: 'INVALID_INPUT', text: 'Database failover is off.' } };
  if (group.operation)
    return { ...draft, refusal: { name: 'PLAN_EXPIRED', text: 'The active database is being changed right now.' } };
  return draft;
}

function draftFor(ports: FailoverPorts, group: Group, action: Exclude<GroupAction, { kind: 'confirm' }>): PlanDraft {
  switch (action.kind) {
    case 'switch':
      return action.memberId === masterOf(group).id && group.memory.activeId !== action.memberId
        ? changeDraft(ports, group, 'reconnect', masterOf(group))
        : changeDraft(ports, group, 'switch', memberOf(group, action.memberId));
    case 'reconnect':
      return changeDraft(ports, group, 'reconnect', masterOf(group));
    case 'promote':
      return changeDraft(ports, group, 'promote', memberOf(group, action.memberId));
    case 'fence':
      return fenceDraft(ports, group, memberOf(group, action.memberId));
    case 'unfence':
      return unfenceDraft(ports, group, memberOf(group, action.memberId));
    case 'restoreContingency':
      return contingencyDraft(ports, group, action.contingencyId);
  }
}

const command = (group: Group, rest: string) => `holdfast failover ${group.name} ${rest}`;
const rowName = (member: MemberConfig) => `${member.server}/${member.instance}`;

/** What can prove that the active database stops: its agent, its file, or only the administrator's word. */
function proofNow(ports: FailoverPorts, group: Group): Proof {
  const probe = ports.probeOf(activeOf(group).server);
  const instance = instanceOf(ports, activeOf(group));
  if (probe.state === 'online' && probe.misses === 0)
    return instance && (instance.state === 'Error' || instance.state === 'Offline') && group.memory.blocked
      ? 'operator'
      : 'agent';
  return probe.state === 'gone' && !group.memory.blocked ? 'withoutAgent' : 'operator';
}

function changeDraft(ports: FailoverPorts, group: Group, wanted: OperationKind, to: MemberConfig): PlanDraft {
  const { memory } = group;
  const from = activeOf(group);
  const stays = from.id === to.id;
  const proof: Proof = stays ? 'agent' : proofNow(ports, group);
  const seen = observe(ports, group);
  const member = memory.members[to.id];
  const toMaster = to.id === masterOf(group).id;
  // A database that cannot be asked for its changes cannot be left in an orderly way: that is a failover.
  const kind: OperationKind = wanted === 'reconnect' && proof !== 'agent' ? 'failover' : wanted;
  const handsOver = !stays && proof === 'agent' && kind !== 'reconnect';
  const problem = stays ? null : obstacle({ ...group, cycling: false }, to.id, seen[to.id]);
  const outOfSync = member?.diverged ?? (toMaster ? null : memory.outOfSync?.reason) ?? null;
  const checks: Check[] = [
    stays ? { text: `${to.server} is active`, status: 'ok' } : activeCheck(from, proof),
    problem
      ? { text: `${to.server} is ${problem.text}`, status: member?.diverged ? 'warning' : 'failed' }
      : { text: `${to.server} answers and can open its copy`, status: 'ok' },
  ];
  const effects: string[] = [];
  const warnings: string[] = [];
  describeChange();
  const typed =
    proof === 'operator' || (!stays && outOfSync !== null && !toMaster) || (toMaster && Boolean(member?.diverged));

  return {
    title: {
      switch: `Switch to ${rowName(to)}`,
      reconnect: `Reconnect to the master ${rowName(to)}`,
      promote: `Make ${rowName(to)} the master`,
      failover: `Fail over to ${rowName(to)}`,
    }[kind],
    class: typed ? 'typed' : 'confirm',
    typedName: typed ? to.server : null,
    effects,
    warnings,
    checks,
    command: command(group, wanted === 'reconnect' ? 'reconnect' : `${wanted} ${rowName(to)}`),
    refusal: refusalOf(),
    facts: [
      wanted,
      kind,
      proof,
      memory.activeId,
      memory.activeTerm,
      to.id,
      problem?.text ?? null,
      group.config.members.map((row) => row.id),
    ],
    run: () =>
      startOperation(ports, group, {
        kind,
        fromId: from.id,
        toId: to.id,
        proof,
        why: 'by the administrator',
        startedAt: ports.clock.now(),
      }),
  };

  function refusalOf(): Refusal {
    if (wanted === 'reconnect' && stays) return { name: 'ALREADY_ACTIVE', text: 'The master is active already.' };
    if (wanted === 'switch' && stays) return { name: 'ALREADY_ACTIVE', text: `${to.server} is active already.` };
    if (wanted === 'promote' && toMaster)
      return { name: 'ALREADY_ACTIVE', text: `${to.server} is the master already.` };
    if (stays && !instanceOf(ports, to)?.writable)
      return { name: 'DATABASE_FENCED', text: `${to.server} accepts no writes at the moment.` };
    if (!problem) return null;
    if (problem.text === 'never restored')
      return {
        name: 'COPY_NEVER_RESTORED',
        text: `${to.server} was never restored and cannot become active. Run a full backup first.`,
      };
    if (member?.diverged) return null;
    const offline = seen[to.id]?.contact !== 'online';
    return offline
      ? { name: 'SERVER_UNREACHABLE', text: `${to.server} does not answer.` }
      : { name: 'NO_ELIGIBLE_COPY', text: `${to.server} cannot become active: it is ${problem.text}.` };
  }

  function describeChange(): void {
    if (!stays) {
      if (kind === 'reconnect' || (handsOver && from.id !== masterOf(group).id))
        effects.push(
          `A contingency backup of ${from.server} is made, and another once it accepts no more writes, so that nothing is lost for good.`,
        );
      effects.push(
        `${from.server} accepts no more writes; clients are disconnected for a short time and find ${to.server}.`,
      );
      if (handsOver) effects.push(`The last changes of ${from.server} are brought to ${to.server} before it opens.`);
      effects.push(`${to.server} becomes active under term ${memory.activeTerm + 1}.`);
    }
    if (kind === 'promote')
      effects.push(
        `${to.server} moves to the top of the list and is the master; ${masterOf(group).server} becomes a backup database.`,
      );
    if (kind === 'promote' || toMaster)
      effects.push(
        'A full backup starts at once and replaces every other copy; what they hold is kept as contingency copies there.',
      );
    if (proof === 'operator')
      warnings.push(
        `It cannot be proved that ${from.server} accepts no more writes. If its programs still use it, what they write there is not in ${to.server}. Make sure that it is switched off.`,
      );
    if (outOfSync && !stays) warnings.push(`${to.server} is out of sync: it ${outOfSync}.`);
    if (stays) return;
    if (toMaster && memory.promotedAt !== null) {
      const commits = behindBy(instanceOf(ports, from)?.vector, instanceOf(ports, to)?.vector);
      const count = commits === null ? 'Changes' : `${commits} ${commits === 1 ? 'commit' : 'commits'}`;
      warnings.push(
        `${count} made on ${from.server} since ${clockText(memory.promotedAt, ports.clock.now())} will not be in the master.`,
      );
    } else if (!handsOver) {
      const age = member?.dataTime ? spanText(ports.clock.now() - member.dataTime) : null;
      if (age) warnings.push(`The data of ${to.server} is ${age} old.`);
      const risk = riskText(from.server, instanceOf(ports, from), instanceOf(ports, to), false);
      if (risk) warnings.push(risk);
    }
    if (kind === 'switch' && group.config.autoReconnect)
      warnings.push(
        'The group stays on the backup database until you reconnect, or until the master was lost and came back.',
      );
  }
}

function activeCheck(from: MemberConfig, proof: Proof): Check {
  if (proof === 'agent') return { text: `${from.server} answers and can be fenced`, status: 'ok' };
  if (proof === 'withoutAgent')
    return { text: `The agent of ${from.server} has ended; its file is fenced directly`, status: 'warning' };
  return { text: `${from.server} cannot be fenced with proof`, status: 'failed' };
}

function fenceDraft(ports: FailoverPorts, group: Group, member: MemberConfig): PlanDraft {
  const active = member.id === group.memory.activeId;
  const online = ports.probeOf(member.server).state === 'online';
  const writable = instanceOf(ports, member)?.writable ?? false;
  const refusal: Refusal = !online
    ? { name: 'SERVER_UNREACHABLE', text: `${member.server} does not answer.` }
    : !writable
      ? { name: 'DATABASE_FENCED', text: `${member.server} accepts no writes as it is.` }
      : null;
  return {
    title: `Fence ${rowName(member)}`,
    class: 'typed',
    typedName: member.server,
    effects: [
      `${member.server} accepts no writes until it is unfenced; readers go on.`,
      ...(active ? ['Clients find no active database. No automatic failover happens while it is fenced by hand.'] : []),
    ],
    warnings: active ? ['This stops the service of the whole group.'] : [],
    checks: [
      {
        text: online ? `${member.server} answers` : `${member.server} does not answer`,
        status: online ? 'ok' : 'failed',
      },
    ],
    command: command(group, `fence ${rowName(member)}`),
    refusal,
    facts: ['fence', member.id, group.memory.activeId, group.memory.activeTerm],
    run: () => fenceByHand(ports, group, member),
  };
}

function unfenceDraft(ports: FailoverPorts, group: Group, member: MemberConfig): PlanDraft {
  const active = member.id === group.memory.activeId;
  const online = ports.probeOf(member.server).state === 'online';
  const writable = instanceOf(ports, member)?.writable ?? false;
  const refusal: Refusal = !active
    ? {
        name: 'WRITER_NOT_STOPPED',
        text: `${activeOf(group).server} is active; a second database that accepts writes is never allowed. Switch to ${member.server} instead.`,
      }
    : !online
      ? { name: 'SERVER_UNREACHABLE', text: `${member.server} does not answer.` }
      : writable
        ? { name: 'ALREADY_ACTIVE', text: `${member.server} accepts writes as it is.` }
        : null;
  return {
    title: `Unfence ${rowName(member)}`,
    class: 'confirm',
    typedName: null,
    effects: [`${member.server} accepts writes again.`],
    warnings: [],
    checks: [
      {
        text: active ? `${member.server} is the active database` : `${member.server} is not the active database`,
        status: active ? 'ok' : 'failed',
      },
    ],
    command: command(group, `unfence ${rowName(member)}`),
    refusal,
    facts: ['unfence', member.id, group.memory.activeId, group.memory.activeTerm],
    run: () => unfenceByHand(ports, group, member),
  };
}

function contingencyDraft(ports: FailoverPorts, group: Group, id: string): PlanDraft {
  const entry = group.memory.contingencies.find((candidate) => candidate.id === id);
  const master = masterOf(group);
  const onMaster = group.memory.activeId === master.id;
  const online = ports.probeOf(master.server).state === 'online';
  const time = entry?.dataTime ? clockText(entry.dataTime, ports.clock.now()) : 'an unknown time';
  const lost = entry ? behindBy(instanceOf(ports, master)?.vector, heldBy(ports, entry)) : 0;
  const set = entry ? undefined : keptEntries(group).find((candidate) => candidate.id === id);
  const refusal: Refusal = !entry
    ? set
      ? {
          name: 'NOT_SUPPORTED',
          text: `This is a set of files that ${set.server} kept, not a backup: it cannot be restored from here. Its database is ${set.path} on ${set.server}.`,
        }
      : { name: 'NOT_FOUND', text: 'There is no such contingency backup.' }
    : !onMaster
      ? {
          name: 'INVALID_INPUT',
          text: `Reconnect to the master ${master.server} first; the contingency backup is restored into it.`,
        }
      : !online
        ? { name: 'SERVER_UNREACHABLE', text: `${master.server} does not answer.` }
        : group.cycling
          ? { name: 'BACKUP_ACTIVE', text: `The master ${master.server} is being backed up.` }
          : null;
  return {
    title: `Restore a contingency backup to ${rowName(master)}`,
    class: 'typed',
    typedName: master.server,
    effects: [
      `The database of ${master.server} is replaced by the backup that ${(entry ?? set)?.server ?? '?'} made of ${time}.`,
      'What the master holds now is kept there as a contingency copy.',
      `The restored data is compared with what ${entry?.server ?? '?'} held then and with what ${master.server} holds now.`,
      'A full backup starts at once afterwards.',
    ],
    warnings:
      lost === 0
        ? []
        : [
            `${lost === null ? 'Changes' : `${lost} ${lost === 1 ? 'commit' : 'commits'}`} made on ${master.server} since it became active again ${lost === 1 ? 'is' : 'are'} not in the contingency backup. The verification is overridden for them.`,
          ],
    checks: [
      {
        text: onMaster ? `${master.server} is active` : `${master.server} is not active`,
        status: onMaster ? 'ok' : 'failed',
      },
      {
        text: online ? `${master.server} answers` : `${master.server} does not answer`,
        status: online ? 'ok' : 'failed',
      },
    ],
    command: command(group, `restore-contingency ${id}`),
    refusal,
    facts: ['contingency', id, group.memory.activeId, group.memory.activeTerm],
    run: () => restoreContingency(ports, group, entry!),
  };
}
