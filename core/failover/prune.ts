// Old backup files of a group's cycles: what nothing stands on any more leaves the folders after a full cycle.

import path from 'node:path';
import type { CatalogView } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { JobContext } from '../jobs/types.ts';
import { bytesText } from '../platform/size-text.ts';
import { within } from './call.ts';
import { agentFor, type Group, instanceOf } from './group.ts';
import type { FailoverPorts } from './types.ts';

type Chain = CatalogView['chains'][number];

/** So many full backups, each with its differentials, stay in every folder whatever else is needed. */
export const KEPT_CHAINS = 2;

/** Names that only cycles of a group give; a backup that somebody made by hand is never removed. */
const CYCLE_FILE = /^(.+)-\d{8}-\d{6}-\d{3}-(full|incremental)(-fenced)?\.bak(\.\d{5,})?$/;

/** What must stay besides the newest chains. */
export interface Needed {
  /** Backups by id: heads of chains, what copies were restored from. */
  idtags: Set<string>;
  /** Files of contingency backups in the list. */
  files: Set<string>;
  /** Instances of the group. */
  instances: Set<string>;
}

/** Whole chains that may go, oldest first. Pure. */
export function removableChains(chains: Chain[], needed: Needed): Chain[] {
  const newestFirst = [...chains].sort((a, b) => b.full.time - a.full.time);
  return newestFirst
    .slice(KEPT_CHAINS)
    .filter((chain) => {
      const backups = [chain.full, ...chain.incrementals];
      return backups.every(
        (backup) =>
          !needed.idtags.has(backup.idtag) &&
          needed.instances.has(backup.instance) &&
          backup.parts.every((part) => !needed.files.has(part) && CYCLE_FILE.test(path.basename(part))),
      );
    })
    .reverse();
}

/** Clears the folder of every member that answers; what could not be removed stays for the next time, and the job says so. */
export async function prune(ports: FailoverPorts, group: Group, job: Pick<JobContext, 'log' | 'warn'>): Promise<void> {
  const { members } = group.config;
  const statuses = await Promise.all(members.map((member) => statusNow(ports, member)));
  // A restore may be reading from a folder, by hand or into a copy that is late.
  if (statuses.some((status) => status?.state === 'Restoring')) return;
  const needed = neededBy(group, statuses);
  for (const member of members) {
    if (group.deliveries.size > 0 || group.operation) return;
    if (ports.probeOf(member.server).state !== 'online') continue;
    try {
      await pruneFolder(ports, member, needed, job);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      job.warn({ name: error.name, message: `Old backups in ${member.folder} on ${member.server}: ${error.message}` });
    }
  }
}

async function pruneFolder(
  ports: FailoverPorts,
  member: MemberConfig,
  needed: Needed,
  job: Pick<JobContext, 'log'>,
): Promise<void> {
  const api = agentFor(ports, member.server);
  const { chains } = await within(ports.clock, 30_000, `${member.server} did not list ${member.folder}`, (signal) =>
    api.catalog({ folders: [member.folder] }, { signal }),
  );
  let count = 0;
  let bytes = 0;
  for (const chain of removableChains(chains, needed)) {
    const files = [chain.full, ...chain.incrementals].flatMap((backup) => backup.parts);
    try {
      const gone = await within(ports.clock, 60_000, `${member.server} did not remove old backups`, (signal) =>
        api.removeBackups({ files }, { signal }),
      );
      count += gone.removed.length;
      bytes += gone.bytes;
    } catch (error) {
      // Its agent knows of a use that this engine does not.
      if (!(error instanceof HoldfastError) || !['INVALID_INPUT', 'RESTORE_ACTIVE'].includes(error.name)) throw error;
      job.log('info', `${member.server}: ${error.message}`);
    }
  }
  if (count > 0)
    job.log(
      'info',
      `${member.server}: ${count} old backup ${count === 1 ? 'file' : 'files'} (${bytesText(bytes)}) removed from ${member.folder}; the newest ${KEPT_CHAINS} full backups and all that is needed stay`,
    );
}

/** As its agent says now: the last probe is from before what the cycle has just done. One that is away, as it was last seen. */
async function statusNow(ports: FailoverPorts, member: MemberConfig): Promise<InstanceStatus | null> {
  try {
    const { instances } = await within(ports.clock, 5000, `${member.server} did not answer`, (signal) =>
      agentFor(ports, member.server).status({}, { signal }),
    );
    return instances.find((instance) => instance.name === member.instance) ?? null;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return instanceOf(ports, member);
  }
}

function neededBy(group: Group, statuses: (InstanceStatus | null)[]): Needed {
  const { memory, config } = group;
  const heads = statuses.map((status) => status && headOf(status)?.idtag);
  return {
    idtags: new Set([...heads, memory.head?.idtag].filter((idtag) => typeof idtag === 'string')),
    files: new Set(memory.contingencies.flatMap((entry) => entry.chain.flat())),
    instances: new Set(config.members.map((member) => member.instance)),
  };
}

/** A primary goes on with its own chain, a copy with the one that it was restored from. */
function headOf({ role, lastFull, lastIncremental, lastRestore }: InstanceStatus): { idtag: string } | null {
  if (role === 'standby') return lastRestore;
  return lastIncremental && lastIncremental.at > (lastFull?.at ?? 0) ? lastIncremental : lastFull;
}
