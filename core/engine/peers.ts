// The servers that a restored set is verified against: the other members of its group, with what each holds now.
import type { GroupView } from '../contract/failover.ts';
import type { Peer, PeerVerification } from '../contract/restore.ts';
import type { Instance } from './instances.ts';
import type { Servers } from './servers.ts';

export interface PeerPorts {
  servers: Servers;
  groups(): GroupView[];
  site(): { name: string; organization: string };
}

/** How long a restore waits for silent peers unless it is told otherwise. */
export const WAIT_FOR_PEERS_MS = 10 * 60_000;

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** The group that an instance is a member of; null for none. */
export function groupOf(groups: GroupView[], { record }: Instance): GroupView | null {
  const has = (group: GroupView) =>
    group.members.some((member) => same(member.server, record.server) && same(member.instance, record.name));
  return groups.find(has) ?? null;
}

/** The other members with what they held at their last contact; one that cannot be asked has no vector. */
export function peersOf({ servers, site, groups }: PeerPorts, target: Instance): Peer[] {
  const { name, organization } = site();
  const members = groupOf(groups(), target)?.members ?? [];
  return members
    .filter((member) => !same(member.server, target.record.server))
    .map((member) => {
      const answer = servers.isReachable(member.server) ? servers.probeOf(member.server).status : null;
      const held = answer?.instances.find((one) => same(one.name, member.instance));
      const server = `\\T=${name}\\O=${organization}\\CN=${member.server}`;
      return { server, replica: member.instance, vector: held?.vector ?? null };
    });
}

/** What a peer had said, out of its part of a verification table. */
export function answerIn({ server, replica, backend, status, rows }: PeerVerification): Peer {
  const answered = status === 'ok' || status === 'behind';
  const vector = answered ? rows.flatMap((row) => row.remote ?? []) : null;
  return { server, replica, vector, ...(backend === undefined ? {} : { backend }) };
}

/** As `peersOf`, but every member that answers is asked now. */
export async function askPeers(ports: PeerPorts, target: Instance): Promise<Peer[]> {
  const { servers } = ports;
  const members = groupOf(ports.groups(), target)?.members ?? [];
  const others = members.filter((member) => !same(member.server, target.record.server));
  await Promise.all(
    others.filter(({ server }) => servers.isReachable(server)).map(({ server }) => servers.refresh(server)),
  );
  return peersOf(ports, target);
}
