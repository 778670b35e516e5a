// A change of the active database as a sequence of steps: which come, which may be repeated, where it can still go back,
// and what it does to the group's memory. Pure; the journal stores the operation before each step is begun.
import type { Vector } from '../contract/common.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { GroupMemory, Proof } from './model.ts';

export type OperationKind = 'failover' | 'switch' | 'reconnect' | 'promote';

/**
 * `contingency`: a backup of what only the active database has, while it still serves. `fence`: the old active accepts no more
 * writes, proved. `last`: a contingency backup of what it accepted in between, so that the newest one equals the fenced database.
 * `sync`: the last changes go to the new one. `commit`: the group's memory names the new active. `open`: it accepts writes.
 * `settle`: the old one becomes a copy where it can, and what follows is ordered.
 */
export type Step = 'contingency' | 'fence' | 'last' | 'sync' | 'commit' | 'open' | 'settle';

export interface Operation {
  id: string;
  kind: OperationKind;
  fromId: string;
  toId: string;
  term: number;
  proof: Proof;
  why: string;
  /** When the failure was found, or the order given; by the wall clock. */
  startedAt: number;
  /** A backup database is left: what only it has is kept in contingency backups. */
  fromBackup?: boolean;
  /** What the fenced database holds, once its agent has told. */
  fenced?: Vector;
  /** Where everything up to the fence is, as a clause: `kept in …`. */
  kept?: string;
  step: Step;
}

/** The steps of an operation, in order. Every one can be repeated without harm. */
export function stepsOf(operation: Operation): Step[] {
  if (operation.fromId === operation.toId) return ['commit', 'settle'];
  switch (operation.kind) {
    case 'failover':
      return ['fence', 'commit', 'open', 'settle'];
    case 'reconnect':
      return ['contingency', 'fence', 'last', 'commit', 'open', 'settle'];
    default:
      // Only an agent that answers can hand over its last changes.
      if (operation.proof !== 'agent') return ['fence', 'commit', 'open', 'settle'];
      return operation.fromBackup
        ? ['contingency', 'fence', 'sync', 'commit', 'open', 'settle']
        : ['fence', 'sync', 'commit', 'open', 'settle'];
  }
}

/** The operation at its next step; null when it is complete. */
export function afterStep(operation: Operation): Operation | null {
  const steps = stepsOf(operation);
  const next = steps[steps.indexOf(operation.step) + 1];
  return next ? { ...operation, step: next } : null;
}

export function firstStep(operation: Omit<Operation, 'step'>): Operation {
  const begun = { ...operation, step: 'fence' as const };
  return { ...begun, step: stepsOf(begun)[0]! };
}

/** True when the group's memory already names the new active: from here an operation only goes on. */
export function isCommitted(operation: Operation, memory: GroupMemory): boolean {
  return memory.activeId === operation.toId && memory.activeTerm >= operation.term;
}

/** Where an operation that was cut off stands: it goes on after its commit, and back before it. */
export function resume(operation: Operation, memory: GroupMemory): { go: 'on'; operation: Operation } | { go: 'back' } {
  if (!isCommitted(operation, memory)) return { go: 'back' };
  if (operation.step === 'settle') return { go: 'on', operation };
  const step = operation.fromId === operation.toId ? 'settle' : 'open';
  return { go: 'on', operation: { ...operation, step } };
}

/** Gives out a term: one that was never used to serve is used again, so that a blocked attempt does not use up numbers. */
export function takeTerm(memory: GroupMemory): GroupMemory {
  return memory.term > memory.activeTerm ? memory : { ...memory, term: memory.activeTerm + 1 };
}

/** The group's memory and list after the commit. The caller saves both in one durable write. */
export function commit(
  memory: GroupMemory,
  members: MemberConfig[],
  operation: Operation,
  now: number,
): { memory: GroupMemory; members: MemberConfig[] } {
  const { fromId, toId } = operation;
  const masterId = members[0]!.id;
  const promoted = operation.kind === 'promote';
  const next: GroupMemory = {
    ...memory,
    activeId: toId,
    term: Math.max(memory.term, operation.term),
    activeTerm: operation.term,
    leasedId: fromId === toId ? memory.leasedId : null,
    blocked: null,
    members: { ...memory.members },
    promotedAt: toId === masterId || promoted ? null : now,
    promotedSeq: null,
    lastContingencyFullAt: null,
    lastContingencyAt: null,
    masterBackAt: null,
    stayOnBackup: operation.kind === 'switch' && toId !== masterId,
    masterLostAt: operation.kind === 'failover' && fromId === masterId ? now : memory.masterLostAt,
  };
  const mark = (id: string, diverged: string | null) => {
    const member = next.members[id];
    if (member) next.members[id] = { ...member, diverged, chainLost: diverged !== null || member.chainLost };
  };
  const nameOf = (id: string) => members.find((member) => member.id === id)?.server ?? id;

  if (toId === masterId || promoted) {
    next.masterLostAt = null;
    next.fullWanted = promoted
      ? `${nameOf(toId)} has become the master`
      : `the group is back on its master ${nameOf(toId)}`;
    const reason = promoted
      ? `holds changes that ${nameOf(toId)}, the new master, does not have`
      : `holds changes from before ${nameOf(toId)} became active`;
    if (fromId !== toId) mark(fromId, reason);
    if (promoted && masterId !== toId) mark(masterId, reason);
    for (const [id, member] of Object.entries(next.members)) {
      const fed = memory.promotedAt !== null && (member.lastRestoreAt ?? 0) >= memory.promotedAt;
      if (fed && id !== toId && id !== fromId) mark(id, `holds changes that were made on ${nameOf(fromId)}`);
    }
  } else if (fromId !== toId && fromId !== masterId) mark(fromId, `was active before ${nameOf(toId)} took over`);
  mark(toId, null);
  const left = next.members[fromId];
  if (left && fromId !== toId)
    next.members[fromId] = { ...left, unproved: operation.proof === 'lease' || operation.proof === 'operator' };
  next.members[toId] = { ...next.members[toId]!, chainLost: false, error: null, restored: true, unproved: false };

  const order = promoted
    ? [...members.filter((member) => member.id === toId), ...members.filter((member) => member.id !== toId)]
    : members;
  return { memory: next, members: order };
}
