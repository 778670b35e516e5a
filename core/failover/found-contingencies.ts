// Contingency backups of a group whose list was lost, from the folders where they lie.
import { toErrorReport } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { JobContext } from '../jobs/types.ts';
import { within } from './call.ts';
import { agentFor, contingencyFolder, type Group } from './group.ts';
import type { ContingencyMemory } from './model.ts';
import type { FailoverPorts } from './types.ts';

/** The group's list with what the folders of the members that answer hold besides, oldest first. */
export async function contingenciesIn(
  ports: FailoverPorts,
  group: Group,
  job: Pick<JobContext, 'log' | 'warn'>,
): Promise<ContingencyMemory[]> {
  const listed = [...group.memory.contingencies];
  const known = new Set(listed.map(({ id }) => id));
  for (const member of group.config.members) {
    if (ports.probeOf(member.server).state !== 'online') continue;
    try {
      const found = (await inFolder(ports, member)).filter(({ id }) => !known.has(id));
      if (found.length > 0)
        job.log('info', `${member.server}: ${found.length} contingency backups found in its folder`);
      listed.push(...found);
    } catch (error) {
      const { name, message } = toErrorReport(error);
      job.warn({ name, message: `Contingency backups of ${member.server} are not listed: ${message}` });
    }
  }
  return listed.sort((a, b) => a.takenAt - b.takenAt);
}

async function inFolder(ports: FailoverPorts, member: MemberConfig): Promise<ContingencyMemory[]> {
  const folder = contingencyFolder(member);
  const { chains } = await within(ports.clock, 30_000, `${member.server} did not list ${folder}`, (signal) =>
    agentFor(ports, member.server).catalog({ folders: [folder] }, { signal }),
  );
  return chains.flatMap(({ full, incrementals }) => {
    const backups = [full, ...incrementals];
    return backups.map((backup, at) => ({
      id: `${member.id}-${backup.idtag}`,
      memberId: member.id,
      server: member.server,
      instance: member.instance,
      takenAt: backup.time,
      dataTime: backup.consistentAt ?? backup.time,
      reason: 'found in its folder',
      type: backup.type,
      chain: backups.slice(0, at + 1).map((one) => one.parts),
      bytes: backup.bytes,
      vector: backup.vector,
    }));
  });
}
