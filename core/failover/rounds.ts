// Carries out what a round decided: orders to agents that run beside the rounds, jobs, history; and picks up what a crash cut off.
import { toErrorReport } from '../contract/errors.ts';
import { releaseRemoved } from './apply-config.ts';
import { startCatchUp } from './catch-up.ts';
import { startCycle } from './cycle.ts';
import { activeOf, type Group, instanceOf, masterOf, memberOf, note, save, say, setMember } from './group.ts';
import { keptToLookAt, lookAtKept } from './kept-sets.ts';
import type { Action } from './model.ts';
import { type Operation, resume } from './operation.ts';
import { fence, openActive, prove, renewLease, setRole, termToFence } from './orders.ts';
import { runOperation, startFailover, startOperation } from './role-change.ts';
import type { FailoverPorts } from './types.ts';

/** After a restart of the engine its agents start too. */
const AGENT_START_MS = 30_000;

export interface RoundShell {
  ports: FailoverPorts;
}

export function runActions({ ports }: RoundShell, group: Group, actions: Action[]): void {
  for (const action of actions) runAction(ports, group, action);
}

function runAction(ports: FailoverPorts, group: Group, action: Action): void {
  switch (action.kind) {
    case 'note':
      note(ports, group, action.entry);
      return;
    case 'cycle':
      if (!group.operation && !group.cycling) startCycle(ports, group, action);
      return;
    case 'failover': {
      const { fromId, toId, proof, why } = action;
      order(ports, group, 'failover', () =>
        startFailover(ports, group, { fromId, toId, proof, why, startedAt: action.detectedAt }),
      );
      return;
    }
    case 'reconnect': {
      if (group.operation) return;
      const { fromId, toId, why } = action;
      const startedAt = ports.clock.now();
      startOperation(ports, group, { kind: 'reconnect', fromId, toId, proof: 'agent', why, startedAt });
      return;
    }
    case 'catchUp':
      startCatchUp(ports, group, memberOf(group, action.memberId));
      return;
    case 'renewLease':
      order(ports, group, 'lease', () => renewLease(ports, group, memberOf(group, group.memory.activeId)));
      return;
    case 'fence':
      order(ports, group, `fence:${action.memberId}`, () => fenceStray(ports, group, action));
      return;
    case 'prove':
      order(ports, group, `prove:${action.memberId}`, () =>
        prove(ports, group, memberOf(group, action.memberId), action.proof),
      );
      return;
    case 'demote': {
      const member = memberOf(group, action.memberId);
      order(ports, group, `demote:${action.memberId}`, () =>
        setRole(ports, group, member, 'standby', termToFence(ports, group, member)),
      );
      return;
    }
    case 'activate':
      order(ports, group, `activate:${action.memberId}`, () => activate(ports, group, action.memberId));
      return;
  }
}

/** What no decision depends on: copies that were removed are let go, and what agents keep is listed. */
export function lookAround({ ports }: RoundShell, group: Group): void {
  if (group.memory.review) return;
  if (group.memory.toRelease?.length) order(ports, group, 'release', () => releaseRemoved(ports, group));
  for (const member of keptToLookAt(ports, group))
    order(ports, group, `kept:${member.id}`, () => lookAtKept(ports, group, member));
}

/** One order of a kind at a time; its failure is shown, and the next round decides again. */
function order(ports: FailoverPorts, group: Group, key: string, work: () => Promise<void>): void {
  if (group.orders.has(key)) return;
  group.orders.add(key);
  work()
    .then(
      () => ports.clearMessage(`${group.id}:order:${key}`),
      (error: unknown) => {
        const report = toErrorReport(error);
        if (key !== 'lease') say(ports, group, `order:${key}`, 'warning', `${group.name}: ${report.message}`, true);
      },
    )
    .finally(() => {
      group.orders.delete(key);
      ports.changed();
    });
}

async function fenceStray(
  ports: FailoverPorts,
  group: Group,
  action: Extract<Action, { kind: 'fence' }>,
): Promise<void> {
  const member = memberOf(group, action.memberId);
  const result = await fence(ports, group, member, termToFence(ports, group, member), action.why);
  // What it accepted must not be taken for a state that the next backup follows.
  if (member.id !== masterOf(group).id) {
    const diverged = `accepted writes while ${activeOf(group).server} was active`;
    setMember(group, member.id, { diverged, chainLost: true });
    save(ports, group);
  }
  const lasting = result.durable
    ? ''
    : ' Its file is still open in other programs; the fence holds while its agent runs.';
  note(ports, group, {
    kind: 'fence',
    from: member.server,
    to: null,
    why: `${action.why}.${lasting}`,
    durationMs: null,
    dataAgeMs: null,
    atRisk: `What was written on ${member.server} meanwhile is in ${instanceOf(ports, member)?.path ?? 'its database'} only.`,
  });
  say(
    ports,
    group,
    `stray:${member.id}`,
    'critical',
    `${group.name}: ${action.why}. It was fenced; what it accepted meanwhile is in its own file only.${lasting}`,
  );
}

/** Opens the active database again, under a term at least as high as its agent has heard of. */
async function activate(ports: FailoverPorts, group: Group, memberId: string): Promise<void> {
  const member = memberOf(group, memberId);
  const heard = instanceOf(ports, member)?.term ?? 0;
  const term = Math.max(group.memory.term, heard);
  if (term !== group.memory.activeTerm || term !== group.memory.term) {
    group.memory = { ...group.memory, term, activeTerm: term };
    save(ports, group);
  }
  try {
    await openActive(ports, group, member, term);
    group.watch = { ...group.watch, openFailures: 0 };
    setMember(group, memberId, { error: null });
  } catch (error) {
    group.watch = { ...group.watch, openFailures: group.watch.openFailures + 1 };
    throw error;
  }
}

/** An operation that a crash cut off goes on after its commit; before it, it goes back: the next round opens the old active again. */
export function recoverGroup(ports: FailoverPorts, group: Group): void {
  const operation = ports.store.readJournal(group.id) as Operation | null;
  if (!operation) return;
  const decision = resume(operation, group.memory);
  if (decision.go === 'on') {
    runOperation(ports, group, decision.operation, AGENT_START_MS);
    return;
  }
  ports.store.closeJournal(group.id);
  if (operation.kind === 'failover') return;
  const from = memberOf(group, operation.fromId).server;
  const to = memberOf(group, operation.toId).server;
  note(ports, group, {
    kind: 'blocked',
    from,
    to,
    why: `the change to ${to} was interrupted at the step "${operation.step}" and went back: ${from} stays active`,
    durationMs: null,
    dataAgeMs: null,
    atRisk: null,
  });
}
