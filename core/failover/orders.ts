// The orders that change who may write: fence, role, lease. Each is safe to repeat, carries the term, and cannot hang.
import type { FenceResult } from '../contract/agent.ts';
import type { Vector } from '../contract/common.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import { within } from './call.ts';
import { agentFor, type Group, instanceOf, save, say, setMember } from './group.ts';
import type { Proof } from './model.ts';
import type { FailoverPorts } from './types.ts';

const FENCE_MS = 5000;
const ROLE_MS = 30_000;

/**
 * Makes sure that `member` accepts no more writes, in the way that `proof` names; throws WRITER_NOT_STOPPED when that is not
 * proved. Returns what the fenced database holds; null where nobody could tell.
 */
export async function stopWriters(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  operation: { proof: Proof; term: number; why: string },
): Promise<Vector | null> {
  switch (operation.proof) {
    // The lease ran out on both sides before the decision was made.
    case 'lease':
      return null;
    case 'operator':
      return tryToStop(ports, group, member, operation);
    case 'agent':
      return proved(member, await fence(ports, group, member, operation.term, operation.why));
    case 'withoutAgent':
      return proved(
        member,
        await within(ports.clock, 20_000, `The database of ${member.server} could not be fenced`, () =>
          ports.fenceWithoutAgent(member.server, member.instance, operation.term),
        ),
      );
  }
}

/** The administrator has taken the proof upon himself; what can be fenced is fenced all the same. */
async function tryToStop(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  operation: { term: number; why: string },
): Promise<Vector | null> {
  const proof = ports.probeOf(member.server).state === 'online' ? 'agent' : 'withoutAgent';
  try {
    return await stopWriters(ports, group, member, { ...operation, proof });
  } catch (error) {
    const left = toErrorReport(error).message;
    say(
      ports,
      group,
      'unproved',
      'critical',
      `${group.name} changes its active database on the administrator's word: ${left}. Whatever ${member.server} still accepts is not in the new active database.`,
    );
    return null;
  }
}

/** Fences at once; the agent then gives clients, which find that it is no longer the primary, five seconds to let go of the file. */
export async function fence(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  term: number,
  reason: string,
): Promise<FenceResult> {
  try {
    return await within(ports.clock, FENCE_MS + 3000, `${member.server} did not confirm the fence`, (signal) =>
      agentFor(ports, member.server).fence(
        { instance: member.instance, reason, term, timeoutMs: FENCE_MS },
        { signal },
      ),
    );
  } finally {
    group.watch = { ...group.watch, roleChangedAt: ports.clock.now() };
  }
}

/** A fence that is only a held lock ends with the process that holds it: that proves nothing. */
function proved(member: MemberConfig, result: FenceResult): Vector {
  if (!result.durable) throw notStopped(member, result);
  return result.vector;
}

function notStopped(member: MemberConfig, result: FenceResult): HoldfastError {
  const holders = result.holders.map((holder) => `${holder.name} (${holder.pid})`).join(', ') || 'unknown programs';
  return new HoldfastError(
    'WRITER_NOT_STOPPED',
    `The database of ${member.server} is still open in ${holders}, so it cannot be proved that it accepts no more writes`,
    { details: { holders: result.holders } },
  );
}

/**
 * The term under which a database that is not the active one is fenced: one that its agent takes. What it has heard of and this
 * engine has not was given out before the catalog was lost; no such term is given out again.
 */
export function termToFence(ports: FailoverPorts, group: Group, member: MemberConfig): number {
  const { activeTerm, term } = group.memory;
  const heard = instanceOf(ports, member)?.term ?? 0;
  if (heard <= term) return Math.max(activeTerm, heard);
  group.memory = { ...group.memory, term: heard + 1 };
  save(ports, group);
  return heard + 1;
}

export async function setRole(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  role: 'primary' | 'standby',
  term: number,
): Promise<void> {
  try {
    await within(
      ports.clock,
      ROLE_MS,
      `${member.server} did not ${role === 'primary' ? 'open its database' : 'close its database'}`,
      (signal) => agentFor(ports, member.server).setRole({ instance: member.instance, role, term }, { signal }),
    );
  } finally {
    group.watch = { ...group.watch, roleChangedAt: ports.clock.now() };
  }
}

/** Sets the durable fence that was owed when `member` was left; quiet until it succeeds. */
export async function prove(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  proof: 'agent' | 'withoutAgent',
): Promise<void> {
  const term = termToFence(ports, group, member);
  // A copy is closed and locked already; a fence would keep it from taking backups.
  if (proof !== 'agent' || instanceOf(ports, member)?.role !== 'standby')
    await stopWriters(ports, group, member, { proof, term, why: 'another database is active' });
  if (group.memory.activeId === member.id) return;
  setMember(group, member.id, { unproved: false });
  save(ports, group);
}

/** Makes a database the one that accepts writes; in `fence` mode its lease goes before, because without one an agent does not open it. */
export async function openActive(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  term: number,
): Promise<void> {
  if (group.config.whenConsoleLost === 'fence') {
    const based = ports.probeOf(member.server).lastContact ?? ports.clock.now();
    group.watch = { ...group.watch, leaseBase: Math.max(group.watch.leaseBase, based) };
    await renewLease(ports, group, member);
  }
  await setRole(ports, group, member, 'primary', term);
}

/** Renews the lease of a server, counted from the agent's own last answer. */
export async function renewLease(ports: FailoverPorts, group: Group, member: MemberConfig): Promise<void> {
  const asOf = ports.probeOf(member.server).status?.at ?? null;
  await within(ports.clock, group.config.leaseMs, `${member.server} did not take the lease`, (signal) =>
    agentFor(ports, member.server).lease({ ms: group.config.leaseMs, term: group.memory.activeTerm, asOf }, { signal }),
  );
  if (group.memory.activeId === member.id && group.memory.leasedId !== member.id) {
    group.memory = { ...group.memory, leasedId: member.id };
    save(ports, group);
  }
}
