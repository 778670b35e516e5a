// What step 6 makes of the answers: pass, fail, wait for those that are silent, or go on without them. Pure.
import type { Peer } from '../contract/restore.ts';
import type { PeerDecision } from '../contract/verification.ts';
import type { VectorVerification } from '../vectors/verify.ts';

const keyOf = (peer: Peer) => `${peer.server.toLowerCase()}\n${peer.replica.toLowerCase()}`;

/** The newest answer of each server and replica; a silent one takes nothing back that was said before. */
export function mergeAnswers(known: readonly Peer[], answers: readonly Peer[]): Peer[] {
  const merged = new Map(known.map((peer) => [keyOf(peer), peer]));
  for (const peer of answers) {
    const before = merged.get(keyOf(peer));
    if (!before || peer.vector !== null) merged.set(keyOf(peer), { ...(before ?? peer), vector: peer.vector });
  }
  return [...merged.values()];
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
