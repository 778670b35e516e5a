// The first half of a cycle: backs up the active database into its own folder, and knows what the chain consists of.
import path from 'node:path';
import type { BackupResult, BackupType } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { JobContext } from '../jobs/types.ts';
import { watched, within } from './call.ts';
import { readyToEncrypt } from './encryption.ts';
import { agentFor, backupLog, contingencyFolder, type Group } from './group.ts';
import type { FailoverPorts } from './types.ts';

/** A backup that has just been made, with everything that a copy may need to take it. */
export interface FreshBackup {
  result: BackupResult;
  folder: string;
}

/** What a copy must know of a backup to take it. */
export interface DeliverableBackup {
  result: Pick<BackupResult, 'idtag' | 'type' | 'files' | 'consistentAt'>;
  folder: string;
}

const SILENT_MS = 120_000;

/** Backs up `member`; an incremental that is refused for want of a full becomes one. `suffix` goes into the file's name. */
export async function backUp(
  ports: FailoverPorts,
  group: Group,
  member: MemberConfig,
  type: BackupType,
  contingency: boolean,
  job: Pick<JobContext, 'signal' | 'report' | 'log'>,
  phaseCount: number,
  suffix = '',
): Promise<FreshBackup> {
  const folder = contingency ? contingencyFolder(member) : member.folder;
  const api = agentFor(ports, member.server);
  const place = await within(ports.clock, 10_000, `${member.server} did not look at ${folder}`, (signal) =>
    api.checkFolder({ folder, create: true }, { signal }),
  );
  if (!place.writable)
    throw new HoldfastError(
      'NO_PERMISSION',
      `${folder} on ${member.server} cannot be written: ${place.problem ?? 'unknown reason'}`,
    );
  const { encryption } = group.config;
  if (encryption) await readyToEncrypt(ports, group, member, encryption);
  try {
    return { folder, result: await stream(type) };
  } catch (error) {
    const name = error instanceof HoldfastError ? error.name : null;
    if (type !== 'incremental' || (name !== 'FULL_BACKUP_REQUIRED' && name !== 'NO_FULL_BACKUP')) throw error;
    job.log('warning', `${(error as Error).message}: a full backup is made instead`);
    return { folder, result: await stream('full') };
  }

  async function stream(as: BackupType): Promise<BackupResult> {
    const file = path.join(folder, `${member.instance}-${timeName(ports.clock.now())}-${as}${suffix}.bak`);
    const options = { type: as, file, log: backupLog(member), encrypt: Boolean(encryption) };
    const events = watched(
      ports.clock,
      SILENT_MS,
      `${member.server} reported nothing of its backup`,
      job.signal,
      (signal) => api.backup({ instance: member.instance, options }, { signal }),
    );
    let result: BackupResult | null = null;
    for await (const event of events) {
      if (event.kind === 'progress') job.report({ ...event.progress, phase: 'Back up', phaseIndex: 1, phaseCount });
      else if (event.kind === 'log') job.log('info', event.line);
      else result = event.result;
    }
    if (!result) throw new HoldfastError('INTERNAL', `The backup of ${member.server} ended without a result`);
    return result;
  }
}

/** The files of the chain that ends with `idtag`, full first; each element is one backup with its parts. */
export async function chainTo(
  ports: FailoverPorts,
  member: MemberConfig,
  folder: string,
  idtag: string,
): Promise<string[][]> {
  const catalog = await within(ports.clock, 30_000, `${member.server} did not list ${folder}`, (signal) =>
    agentFor(ports, member.server).catalog({ folders: [folder] }, { signal }),
  );
  for (const chain of catalog.chains) {
    const backups = [chain.full, ...chain.incrementals];
    const end = backups.findIndex((backup) => backup.idtag === idtag);
    if (end >= 0) return backups.slice(0, end + 1).map((backup) => backup.parts);
  }
  throw new HoldfastError(
    'NOT_FOUND',
    `The chain of backup ${idtag} is not complete in ${folder} on ${member.server}`,
    {
      hint: 'Run a full backup.',
    },
  );
}

/** `20261120-074600-123`, UTC: sorts by time and never repeats within a folder. */
function timeName(now: number): string {
  return new Date(now).toISOString().replace(/[-:Z]/g, '').replace('T', '-').replace('.', '-');
}
