// The verification of an agent's restores from outside: answers of peers while step 6 waits, and a second look at a set in RST.
import { startRestoreEntry } from '../backup/backup-log.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Peer, Verification } from '../contract/restore.ts';
import type { PeerDecision, WaitingRst } from '../contract/verification.ts';
import { createPeersDesk, type PeersDesk } from '../restore/peers-desk.ts';
import { verifyRestored } from '../restore/verify-step.ts';
import { rstPath } from '../restore/waiting-set.ts';
import type { HeldVector } from '../vectors/verify.ts';
import type { Agent } from './agent.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** The desks of the restores that run, by instance or by path of the new file. They end with the process, as their restores do. */
const desksOf = new WeakMap<Agent, Map<string, PeersDesk>>();

/**
 * Runs a restore with a desk that `answerPeers` and `decidePeers` find by its target. `backends`: the files, where several are restored
 * together. Throws INVALID_INPUT for a peer that names another.
 */
export async function withPeersDesk(
  agent: Agent,
  target: string,
  peers: Peer[],
  backends: readonly string[],
  work: (desk: PeersDesk) => Promise<unknown>,
): Promise<void> {
  const desks = desksOf.get(agent) ?? new Map<string, PeersDesk>();
  desksOf.set(agent, desks);
  const desk = createPeersDesk(peers, backends);
  desks.set(target, desk);
  try {
    await work(desk);
  } finally {
    if (desks.get(target) === desk) desks.delete(target);
  }
}

/** False when no restore of this target runs. */
export function answerPeers(agent: Agent, target: string, peers: Peer[]): boolean {
  const desk = desksOf.get(agent)?.get(target);
  desk?.answer(peers);
  return desk !== undefined;
}

export function decidePeers(agent: Agent, target: string, decision: PeerDecision): void {
  const desk = desksOf.get(agent)?.get(target);
  if (!desk?.waits) throw new HoldfastError('NOT_SUPPORTED', `No restore of ${target} waits for servers`);
  desk.decide(decision);
}

export function waitingRst({ facts, backends }: ProtectedInstance): WaitingRst | null {
  if (!facts.rst) return null;
  const held = backends.length > 1 ? heldBy(backends) : null;
  const { set, reason, verification = null } = facts.rst;
  const { idtag, file, baseIdtag, databaseSerial, restoredTo, vector, verified } = set;
  return {
    ...{ idtag, file, baseIdtag, databaseSerial, restoredTo, vector, verified, reason, verification },
    ...(held ? { backends: held.map(({ backend = '', vector: own }) => ({ id: backend, vector: own })) } : {}),
  };
}

/** What the sets in RST of the files hold; a file that has none holds nothing. */
const heldBy = (backends: readonly ProtectedInstance[]): HeldVector[] =>
  backends.map((one) => ({
    backend: backends.length > 1 ? one.backendId : undefined,
    vector: (one.hasState ? one.facts.rst?.set.vector : null) ?? [],
  }));

/** Looks at the set in RST again; the active database serves on meanwhile. Throws NO_RST; what the peers say is the answer, not an error. */
export async function verifyRst(instance: ProtectedInstance, peers: Peer[], log: string): Promise<Verification> {
  const { agent } = instance;
  const { files, clock } = agent.deps;
  const rst = rstPath(instance.home, instance.path);
  const waiting = instance.facts.rst;
  const gone = instance.backends.some((one) => !one.facts.rst || !files.existsSync(rstPath(one.home, one.path)));
  if (!waiting || gone) throw new HoldfastError('NO_RST', `${instance.name} has no set in RST`);
  instance.assertIdle();
  const { set } = waiting;
  const { further, backends } = instance;
  const desk = createPeersDesk(peers, further.length > 0 ? backends.map((one) => one.backendId) : []);
  const inode = files.statSync(rst).ino;
  const began = clock.monotonic();
  const entry = startRestoreEntry(agent.allowed(log), { startedAt: clock.now(), restoreFile: set.file }, files);
  entry.line('The set in RST is verified again');
  let verification: Verification | null = null;
  try {
    // The first file last: with it the peers are asked about all.
    for (const one of [...further, instance])
      await verifyRestored({
        rst: rstPath(one.home, one.path),
        held: one === instance ? heldBy(backends) : null,
        desk,
        options: { skipVerify: false, override: false, waitMs: 0 },
        ...{ clock, entry },
        signal: new AbortController().signal,
        note: (line) => entry.line(line),
        show: (found) => {
          verification = found;
        },
        keep: () => {},
      });
    entry.succeeded(clock.monotonic() - began);
  } catch (error) {
    entry.failed(toErrorReport(error).code, clock.monotonic() - began);
    if (!(error instanceof HoldfastError) || !verification) throw error;
  }
  const found = verification as Verification | null;
  if (!found) throw new HoldfastError('INTERNAL', 'The verification ended without an answer');
  // A restore or a decision may have taken the set meanwhile: then this answer is of something that is gone.
  const now = instance.facts.rst;
  if (now?.set.idtag !== set.idtag || files.statSync(rst, { throwIfNoEntry: false })?.ino !== inode)
    throw new HoldfastError('NO_RST', `The set in RST of ${instance.name} was replaced while it was verified`);
  const good = found.integrity === 'ok' && (found.status === 'ok' || found.status === 'noPeers');
  const reason = good ? 'Verified since, not activated' : now.reason;
  instance.update({ rst: { set: { ...set, verified: good }, reason, verification: found } });
  return found;
}
