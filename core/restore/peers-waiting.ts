// What step 6 makes of the answers: pass, fail, wait for those that are silent, or go on without them. Pure.
import { HoldfastError } from '../contract/errors.ts';
import type { Peer } from '../contract/restore.ts';
import type { PeerDecision } from '../contract/verification.ts';
import type { VectorVerification } from '../vectors/verify.ts';

const nameOf = (peer: Peer) => `${peer.server.toLowerCase()}\n${peer.replica.toLowerCase()}`;
const keyOf = (peer: Peer) => `${nameOf(peer)}\n${peer.backend ?? ''}`;

/** The newest answer of each server, replica and file; a silent one takes nothing back that was said before. */
export function mergeAnswers(known: readonly Peer[], answers: readonly Peer[]): Peer[] {
  const merged = new Map(known.map((peer) => [keyOf(peer), peer]));
  for (const peer of answers) {
    const before = merged.get(keyOf(peer));
    if (!before || peer.vector !== null) merged.set(keyOf(peer), { ...(before ?? peer), vector: peer.vector });
  }
  return [...merged.values()];
}

/**
 * The answers with their files: of one that names none, the first; `backends` is empty for a database of one file. Throws INVALID_INPUT
 * for a file that the database does not have: a comparison that nobody makes must not pass for a good one.
 */
export function ofKnownBackends(peers: readonly Peer[], backends: readonly string[]): Peer[] {
  const [first] = backends;
  return peers.map((peer) => {
    if (peer.backend === undefined) return first === undefined ? peer : { ...peer, backend: first };
    if (backends.includes(peer.backend)) return peer;
    throw new HoldfastError(
      'INVALID_INPUT',
      `${peer.server} names the file ${peer.backend}; the database has ${backends.length > 0 ? backends.join(', ') : 'one file, which needs no name'}`,
    );
  });
}

/** Who speaks of one of the files is asked about all: a file that it did not speak of is one for which it is silent. */
export function withSilentBackends(peers: readonly Peer[], backends: readonly string[]): Peer[] {
  const servers = new Map(peers.map((peer) => [nameOf(peer), peer]));
  if (backends.length === 0) return [...peers];
  return [...servers].flatMap(([name, { server, replica }]) =>
    backends.map(
      (backend) =>
        peers.find((peer) => nameOf(peer) === name && peer.backend === backend) ?? {
          ...{ server, replica, backend },
          vector: null,
        },
    ),
  );
}

export interface PeerState {
  status: VectorVerification['status'];
  /** The restore was told to activate whatever the verification says. */
  override: boolean;
  decision: PeerDecision | null;
  waitedMs: number;
  waitMs: number;
}

/** `override`: on without a good answer. Nobody waits for the others once one peer is known to be ahead, and a decision over silence never covers one. */
export function nextMove({
  status,
  override,
  decision,
  waitedMs,
  waitMs,
}: PeerState): 'pass' | 'override' | 'fail' | 'wait' {
  if (status === 'ok' || status === 'noPeers') return 'pass';
  if (override) return 'override';
  if (status === 'behind') return 'fail';
  if (decision !== null) return decision === 'goOn' ? 'override' : 'fail';
  return waitedMs < waitMs ? 'wait' : 'fail';
}
