// The verification table as rows to draw: one block a server and replica, one line a replica number, behind first in weight.
import type { PeerVerification, VectorRow } from '../../../core/contract/restore.ts';
import { spanText } from './span-text.ts';
import { stampMeaning, stampText } from './stamp-text.ts';

export interface VectorLine {
  replica: number;
  local: string;
  remote: string;
  localMeaning: string;
  remoteMeaning: string;
  status: VectorRow['status'];
  /** `behind by 77 s, 14 commits`, or empty when nothing is missing. */
  note: string;
}

export interface PeerBlock {
  key: string;
  server: string;
  replica: string;
  /** The file of several that is compared; null for a database of one. */
  file: string | null;
  status: PeerVerification['status'];
  /** One sentence about this server's answer. */
  summary: string;
  /** The line of the field's own log: `OK`, `ERROR = -6034`, or null while there is no answer. */
  logStatus: string | null;
  lines: VectorLine[];
}

const count = (value: number, one: string): string =>
  `${value.toLocaleString('en-US')} ${one}${value === 1 ? '' : 's'}`;

/** `SRV-2` of `\\T=SITE\\O=ORG\\CN=SRV-2`; a plain name as it is. */
export const shortServer = (name: string): string => /\\CN=([^\\]+)$/.exec(name)?.[1] ?? name;

/** How far behind, from the two measures that are known; a zero measure is left out. */
export function behindText(seconds: number, commits: number, atLeast = false): string {
  const parts = [
    ...(seconds > 0 ? [spanText(seconds)] : []),
    ...(commits > 0 ? [`${atLeast ? 'at least ' : ''}${count(commits, 'commit')}`] : []),
  ];
  return parts.length === 0 ? 'behind' : `behind by ${parts.join(', ')}`;
}

function lineOf(row: VectorRow): VectorLine {
  return {
    replica: row.replica,
    local: row.local ? stampText(row.local) : 'none',
    remote: row.remote ? stampText(row.remote) : 'none',
    localMeaning: stampMeaning(row.local),
    remoteMeaning: stampMeaning(row.remote),
    status: row.status,
    note: row.status === 'behind' ? behindText(row.behindSec, row.behindCommits, row.atLeast) : '',
  };
}

function summaryOf(peer: PeerVerification): string {
  const behind = peer.rows.filter((row) => row.status === 'behind');
  switch (peer.status) {
    case 'waiting':
      return 'asked, no answer yet';
    case 'unreachable':
      return 'unreachable: nothing to compare with';
    case 'behind': {
      const worst = Math.max(0, ...behind.map((row) => row.behindSec));
      const commits = behind.reduce((sum, row) => sum + row.behindCommits, 0);
      const at = worst > 0 ? `, up to ${spanText(worst)}` : '';
      const least = behind.some((row) => row.atLeast) ? 'at least ' : '';
      const lost = commits > 0 ? `, ${least}${count(commits, 'commit')} missing` : '';
      const which = peer.rows.length === 1 ? 'behind' : `${behind.length} of ${peer.rows.length} rows behind`;
      return `${which}${at}${lost}`;
    }
    case 'ok':
      return peer.rows.some((row) => row.status === 'ahead')
        ? 'nothing missing; restored data is newer'
        : 'nothing missing';
  }
}

const logStatus = { waiting: null, unreachable: null, ok: 'OK', behind: 'ERROR = -6034' } as const;

/** One block for each server and replica, in the order in which the engine reports them. */
export const peerBlocks = (servers: readonly PeerVerification[]): PeerBlock[] =>
  servers.map((peer) => ({
    key: `${peer.server}|${peer.replica}|${peer.backend ?? ''}`,
    server: peer.server,
    replica: peer.replica,
    file: peer.backend ?? null,
    status: peer.status,
    summary: summaryOf(peer),
    logStatus: logStatus[peer.status],
    lines: peer.rows.map(lineOf),
  }));

interface Behind {
  server: string;
  /** The file of several that is behind; null for a database of one. */
  file: string | null;
  seconds: number;
  commits: number;
  atLeast: boolean;
}

/** The furthest-behind answer over all servers; null when none is behind. */
export function worstBehind(servers: readonly PeerVerification[]): Behind | null {
  let worst: Behind | null = null;
  for (const peer of servers) {
    const behind = peer.rows.filter((row) => row.status === 'behind');
    if (behind.length === 0) continue;
    const seconds = Math.max(...behind.map((row) => row.behindSec));
    const commits = behind.reduce((sum, row) => sum + row.behindCommits, 0);
    if (!worst || seconds > worst.seconds || (seconds === worst.seconds && commits > worst.commits)) {
      worst = {
        server: peer.server,
        file: peer.backend ?? null,
        seconds,
        commits,
        atLeast: behind.some((row) => row.atLeast),
      };
    }
  }
  return worst;
}
