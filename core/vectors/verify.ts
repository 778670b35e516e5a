// The restore verification: is any peer ahead of the restored data, replica number by replica number?
import type { Stamp, Vector } from '../contract/common.ts';
import { errorCatalogue } from '../contract/errors.ts';
import type { Peer, PeerVerification, VectorRow } from '../contract/restore.ts';
import { compareStamps } from './stamp.ts';
import { stampOf } from './vector.ts';

export interface VectorVerification {
  status: 'ok' | 'behind' | 'unreachable' | 'noPeers';
  /** 0, -6034 when a peer is ahead, -7034 when none is ahead but one could not be asked. */
  code: number;
  servers: PeerVerification[];
}

/** What one file holds; `backend` names it among several. */
export interface HeldVector {
  backend?: string | undefined;
  vector: Vector;
}

/** Compares with every peer. Remote ahead means that data is missing here; equal or local ahead is fine. */
export const verifyVectors = (local: Vector, peers: readonly Peer[]): VectorVerification =>
  verifyBackends([{ vector: local }], peers);

/**
 * As `verifyVectors` for each of several files; a peer speaks of the file that it names. Of a file that is not among those held nothing
 * is compared, which counts as unreachable.
 */
export function verifyBackends(held: readonly HeldVector[], peers: readonly Peer[]): VectorVerification {
  const servers = peers.map((peer) => {
    const own = held.find((one) => one.backend === peer.backend);
    const found = verifyPeer(own?.vector ?? [], own ? peer : { ...peer, vector: null });
    return peer.backend === undefined ? found : { ...found, backend: peer.backend };
  });
  if (servers.length === 0) return { status: 'noPeers', code: 0, servers };
  if (servers.some((server) => server.status === 'behind'))
    return { status: 'behind', code: errorCatalogue.VERIFICATION_BEHIND.code, servers };
  if (servers.some((server) => server.status === 'unreachable'))
    return { status: 'unreachable', code: errorCatalogue.VERIFICATION_UNREACHABLE.code, servers };
  return { status: 'ok', code: 0, servers };
}

function verifyPeer(local: Vector, peer: Peer): PeerVerification {
  const { server, replica, vector } = peer;
  if (vector === null) return { server, replica, status: 'unreachable', rows: [] };
  const numbers = new Set([...local, ...vector].map((stamp) => stamp.replica));
  const rows = [...numbers]
    .sort((a, b) => a - b)
    .map((number) => compareRow(number, stampOf(local, number), stampOf(vector, number), local));
  return { server, replica, status: rows.some((row) => row.status === 'behind') ? 'behind' : 'ok', rows };
}

function compareRow(replica: number, local: Stamp | null, remote: Stamp | null, whole: Vector): VectorRow {
  const order = remote === null ? 1 : local === null ? -1 : compareStamps(local, remote);
  if (order >= 0 || remote === null) {
    return { replica, local, remote, status: order > 0 ? 'ahead' : 'equal', behindSec: 0, behindCommits: 0 };
  }
  // Nothing of this replica is here: its distance is counted from the newest change that is.
  const from = local?.sec ?? whole.reduce((newest, stamp) => Math.max(newest, stamp.sec), 0);
  const behindSec = from === 0 ? 0 : Math.max(0, remote.sec - from);
  const { commits, exact } = commitsBetween(local, remote);
  return { replica, local, remote, status: 'behind', behindSec, behindCommits: commits, atLeast: !exact };
}

/**
 * Commits of one origin after `from` up to `to`. Counted where both stamps have their seq. A stamp that was printed has lost it: then
 * the events of the last second are what is certain, since events count from 1 in each second.
 */
export function commitsBetween(from: Stamp | null, to: Stamp): { commits: number; exact: boolean } {
  if (to.seq > 0 && (from === null || from.seq > 0))
    return { commits: Math.max(1, to.seq - (from?.seq ?? 0)), exact: to.seq > (from?.seq ?? 0) };
  if (from && from.sec === to.sec) return { commits: Math.max(1, to.event - from.event), exact: to.event > from.event };
  return { commits: Math.max(1, to.event), exact: false };
}
