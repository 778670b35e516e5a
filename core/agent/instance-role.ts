// Who may write: fence and unfence, and the change between primary and standby, each under a term.
import type { FenceResult } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { InstanceRole } from '../contract/instance.ts';
import type { LockHolder } from '../sqlite/types.ts';
import { isFencedFile, lockClosedFile, unlockClosedFile } from './closed-set.ts';
import { assertLeased } from './lease.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { renewSerial } from './state-store.ts';

const RETRY_MS = 100;

/** Refuses a request of a console that has been overtaken by another. */
function checkTerm(instance: ProtectedInstance, term: number): void {
  if (term < instance.term)
    throw new HoldfastError('STALE_TERM', `Term ${term} is older than ${instance.term}, which ${instance.name} has`);
}

/** Fences; what runs on the instance is cancelled. Not durable while others have the file open: then it is tried on. */
export function fenceInstance(
  instance: ProtectedInstance,
  reason: string,
  term: number,
  timeoutMs: number,
): FenceResult {
  checkTerm(instance, term);
  instance.activity?.controller.abort(new DOMException(`Fenced: ${reason}`, 'AbortError'));
  const before = instance.fenced;
  // Intent first: an agent that ends here fences again when it comes back.
  instance.update({ fenced: true, fenceReason: reason, term });
  instance.agent.deps.at?.('fence.intent');
  const result = sealInstance(instance, timeoutMs);
  if (!before && !instance.first)
    instance.agent.emit('fenced', 'warning', instance.name, `${instance.name} was fenced: ${reason}`);
  return { ...result, vector: instance.vector };
}

/** Fences at once, then gives clients up to `timeoutMs` to let go of the file, until the fence is durable. */
export async function fenceUntilDurable(
  instance: ProtectedInstance,
  reason: string,
  term: number,
  timeoutMs: number,
): Promise<FenceResult> {
  const { clock } = instance.agent.deps;
  const until = clock.monotonic() + timeoutMs;
  let result = fenceInstance(instance, reason, term, timeoutMs);
  while (!result.durable && clock.monotonic() < until) {
    await clock.sleep(RETRY_MS);
    if (!instance.hasState || !instance.fenced) break;
    result = { ...sealInstance(instance, RETRY_MS), vector: instance.vector };
  }
  return result;
}

/** Takes the write lock and, when nobody else has the file open, sets the durable fence. */
export function sealInstance(
  instance: ProtectedInstance,
  timeoutMs: number,
): { durable: boolean; holders: LockHolder[] } {
  const { agent, path } = instance;
  // A restore has the file locked and closed already, and leaves it so now.
  if (instance.activity?.kind === 'restore' && !instance.owner)
    return { durable: isFencedFile(agent, path), holders: [] };
  if (!instance.owner) {
    if (!agent.deps.files.existsSync(path)) return { durable: true, holders: [] };
    if (instance.role === 'standby') return lockClosedFile(agent, path);
  }
  return instance.openOwner().fence(timeoutMs);
}

export function unfenceInstance(instance: ProtectedInstance, term: number): void {
  checkTerm(instance, term);
  instance.assertIdle();
  if (instance.role !== 'primary')
    throw new HoldfastError('DATABASE_FENCED', `${instance.name} is a standby; make it primary instead`);
  assertLeased(instance.agent.lease, instance.name);
  lift(instance, term);
}

/** The byte first, the state after: a crash between the two leaves it fenced. */
function lift(instance: ProtectedInstance, term: number): void {
  if (instance.owner) instance.owner.unfence();
  else unlockClosedFile(instance.agent, instance.path);
  instance.update({ fenced: false, fenceReason: null, closed: false, term });
  instance.openOwner();
  instance.startCapture();
  instance.error = null;
  if (!instance.first) instance.agent.emit('unfenced', 'info', instance.name, `${instance.name} accepts writes`);
}

export function changeRole(instance: ProtectedInstance, role: InstanceRole, term: number): void {
  checkTerm(instance, term);
  instance.assertIdle();
  if (role === 'primary') becomePrimary(instance, term);
  else becomeStandby(instance, term);
  instance.agent.emit('role', 'info', instance.name, `${instance.name} is ${role} in term ${term}`);
}

function becomePrimary(instance: ProtectedInstance, term: number): void {
  const { facts, name } = instance;
  assertLeased(instance.agent.lease, name);
  if (facts.role === 'primary') {
    if (facts.fenced || facts.closed) lift(instance, term);
    else instance.update({ term });
    return;
  }
  if (facts.applying)
    throw new HoldfastError('COPY_NEVER_RESTORED', `${name} holds a backup that is only half applied`);
  if (!instance.agent.deps.files.existsSync(instance.path))
    throw new HoldfastError('COPY_NEVER_RESTORED', `${name} was never restored`);
  const reason = `The database became active here in term ${term}`;
  instance.update({
    role: 'primary',
    term,
    fenced: true,
    fenceReason: reason,
    closed: false,
    chain: null,
    capture: null,
    seen: null,
    fullRequired: reason,
    outOfSync: null,
    logging: { ...renewSerial(facts.logging), on: true },
  });
  instance.agent.deps.at?.('role.primary');
  if (instance.openOwner().info().journal !== 'wal')
    instance.update({ logging: { ...instance.facts.logging, on: false } });
  lift(instance, term);
}

function becomeStandby(instance: ProtectedInstance, term: number): void {
  instance.update({ role: 'standby', term, fenced: true, fenceReason: `Standby in term ${term}` });
  const sealed = sealInstance(instance, 2000);
  if (!sealed.durable)
    throw new HoldfastError('WRITER_NOT_STOPPED', `${instance.name} is locked, but other programs still have it open`, {
      details: { holders: sealed.holders },
    });
  instance.closeFile();
  instance.update({ fenced: false, fenceReason: null, capture: null });
}
