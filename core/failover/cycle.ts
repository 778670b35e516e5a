// A backup cycle as a job: the active database is backed up, then every copy takes the backup on its own, so that a slow or dead one delays no other.
import type { BackupType } from '../contract/backup.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { JobContext, JobOutcome } from '../jobs/types.ts';
import { backUp, chainTo, type DeliverableBackup, type FreshBackup } from './backup-source.ts';
import { within } from './call.ts';
import { deliver } from './deliver.ts';
import { afterMiss } from './due-catch-up.ts';
import { hasKey, lackingKey } from './encryption.ts';
import { activeOf, agentFor, type Group, masterOf, note, save, say, setMember } from './group.ts';
import type { BackupHead } from './model.ts';
import { prune } from './prune.ts';
import type { FailoverPorts } from './types.ts';

export interface CycleOrder {
  type: BackupType;
  /** Of the active backup database, into its ContingencyBackups folder. */
  contingency: boolean;
  why: string;
}

/** A scheduled cycle that failed, or that somebody canceled, is tried again after this. */
const AFTER_FAILURE_MS = 15_000;
const AFTER_CANCEL_MS = 300_000;

/** Older contingency backups leave the list, not the folder. */
const LISTED_CONTINGENCIES = 300;

/** Starts a cycle; throws BACKUP_ACTIVE while the group's database is being backed up. */
export function startCycle(ports: FailoverPorts, group: Group, order: CycleOrder): string {
  if (group.cycling)
    throw new HoldfastError('BACKUP_ACTIVE', `The database of ${group.name} is being backed up already`);
  group.cycling = true;
  const source = activeOf(group);
  const name = order.type === 'full' ? 'Full backup' : 'Differential backup';
  const jobId = ports.jobs.run(
    {
      kind: order.contingency ? 'contingency' : 'cycle',
      title: order.contingency ? `Contingency backup of ${source.server}` : `${name} of ${group.name}`,
      target: group.name,
      instanceId: `${source.server}/${source.instance}`,
      groupId: group.id,
      request: { groupId: group.id, type: order.type },
      cancelability: 'now',
      exclusive: null,
    },
    async (job) => {
      try {
        return await runCycle(ports, group, source, order, job);
      } catch (error) {
        const pause = toErrorReport(error).name === 'CANCELLED' ? AFTER_CANCEL_MS : AFTER_FAILURE_MS;
        group.watch = { ...group.watch, retryCycleAt: ports.clock.now() + pause };
        throw error;
      } finally {
        group.cycling = false;
        if (group.cycleJob === job.id) group.cycleJob = null;
        ports.changed();
      }
    },
  );
  group.cycleJob = jobId;
  return jobId;
}

async function runCycle(
  ports: FailoverPorts,
  group: Group,
  source: MemberConfig,
  order: CycleOrder,
  job: JobContext,
): Promise<JobOutcome> {
  const master = masterOf(group);
  const targets = group.config.members.filter((member) => member.id !== source.id && member.id !== master.id);
  const phaseCount = 1 + 2 * targets.length;
  job.log('info', `Reason: ${order.why}`);
  const backup = await backUp(ports, group, source, order.type, order.contingency, job, phaseCount);
  await record(ports, group, source, order, backup);
  group.cycling = false;
  ports.changed();

  const failures = await Promise.all(
    targets.map((target, at) => sendTo(ports, group, source, target, backup, job, 2 + 2 * at, phaseCount)),
  );
  const failed = failures.filter((failure) => failure !== null);
  if (job.signal.aborted) throw new HoldfastError('CANCELLED', 'The backup is complete; copying it was canceled');
  if (!order.contingency && backup.result.type === 'full')
    await settleSync(ports, group, source, targets.length === 0 || failed.length < targets.length);
  const brought = targets.length - failed.length;
  if (backup.result.type === 'full' && (brought > 0 || targets.length === 0)) await prune(ports, group, job);
  const what = backup.result.type === 'full' ? 'Full backup' : 'Differential backup';
  const verdict =
    targets.length === 0
      ? `${what} ${backup.result.idtag} of ${source.server} finished.`
      : `${what} ${backup.result.idtag} of ${source.server} finished; ${brought} of ${targets.length} backup databases have it.`;
  return { verdict, result: { backup: backup.result, failed: failed.map((failure) => failure.server) } };
}

/** What the group remembers of a finished backup; saved before any copy is touched. */
async function record(
  ports: FailoverPorts,
  group: Group,
  source: MemberConfig,
  order: CycleOrder,
  backup: FreshBackup,
): Promise<void> {
  const now = ports.clock.now();
  const { result } = backup;
  const full = result.type === 'full';
  if (order.contingency) await recordContingency(ports, group, source, order.why, backup);
  else {
    const { measured } = group.memory;
    group.memory = {
      ...group.memory,
      lastFullAt: full ? now : group.memory.lastFullAt,
      lastDifferentialAt: full ? group.memory.lastDifferentialAt : now,
      fullWanted: full ? null : group.memory.fullWanted,
      head: headOf(source, backup),
      measured: { ...measured, incrementalsSinceFull: full ? 0 : measured.incrementalsSinceFull + 1 },
    };
    if (full)
      note(ports, group, {
        kind: 'fullBackup',
        from: source.server,
        to: null,
        why: order.why,
        durationMs: result.durationMs,
        dataAgeMs: null,
        atRisk: null,
      });
  }
  setMember(group, source.id, { lastBackupAt: now, dataTime: result.consistentAt, error: null });
  save(ports, group);
}

function headOf(source: MemberConfig, { folder, result }: FreshBackup): BackupHead {
  const { idtag, type, files, consistentAt } = result;
  return { memberId: source.id, folder, idtag, type, files, consistentAt };
}

/** Adds a contingency backup of the active backup database to the group's list, with the chain that it needs. */
export async function recordContingency(
  ports: FailoverPorts,
  group: Group,
  source: MemberConfig,
  why: string,
  backup: FreshBackup,
): Promise<void> {
  const now = ports.clock.now();
  const { result } = backup;
  const chain = result.type === 'full' ? [result.files] : await chainTo(ports, source, backup.folder, result.idtag);
  group.memory = {
    ...group.memory,
    lastContingencyAt: now,
    head: headOf(source, backup),
    lastContingencyFullAt: result.type === 'full' ? now : group.memory.lastContingencyFullAt,
    contingencies: [
      ...group.memory.contingencies.slice(1 - LISTED_CONTINGENCIES),
      {
        id: `${source.id}-${result.idtag}`,
        memberId: source.id,
        server: source.server,
        instance: source.instance,
        takenAt: now,
        dataTime: result.consistentAt,
        reason: why,
        type: result.type,
        chain,
        bytes: result.bytesWritten,
        vector: result.vector,
      },
    ],
  };
  save(ports, group);
  if (result.type === 'full')
    note(ports, group, {
      kind: 'contingency',
      from: source.server,
      to: null,
      why: `contingency backup ${result.idtag}: ${why}`,
      durationMs: result.durationMs,
      dataAgeMs: null,
      atRisk: null,
    });
}

/** Brings one copy forward as a delivery of its own; resolves with what stood in the way instead of throwing. */
export async function sendTo(
  ports: FailoverPorts,
  group: Group,
  source: MemberConfig,
  target: MemberConfig,
  backup: DeliverableBackup,
  job: JobContext,
  copyIndex: number,
  phaseCount: number,
): Promise<{ server: string; message: string } | null> {
  const abort = new AbortController();
  const onAbort = () => abort.abort(new HoldfastError('CANCELLED'));
  if (job.signal.aborted) onAbort();
  job.signal.addEventListener('abort', onAbort, { once: true });
  const missed = (message: string): { server: string; message: string } => {
    setMember(group, target.id, { error: message, chainLost: true });
    // One that is away is brought up to date as soon as it is back; any other only after a pause.
    if (ports.probeOf(target.server).state === 'online') {
      const pause = afterMiss(group.watch.catchUp[target.id], ports.clock.now());
      group.watch = { ...group.watch, catchUp: { ...group.watch.catchUp, [target.id]: pause } };
    }
    save(ports, group);
    ports.changed();
    return { server: target.server, message };
  };
  try {
    const before = group.deliveries.get(target.id);
    if (before) {
      before.overtaken = true;
      const message = `${target.server} is still busy with the backup before this one`;
      job.warn({ name: 'BACKUP_ACTIVE', message });
      return missed(message);
    }
    const work = deliver(ports, group, source, target, backup, job, abort.signal, {
      phase(phase) {
        const delivery = group.deliveries.get(target.id);
        if (delivery) delivery.phase = phase;
        ports.changed();
      },
      overtaken: () => group.deliveries.get(target.id)?.overtaken ?? false,
      copyIndex,
      phaseCount,
    });
    group.deliveries.set(target.id, { phase: 'copying', abort, done: work.catch(() => {}), overtaken: false });
    try {
      await work;
    } finally {
      group.deliveries.delete(target.id);
    }
    if (group.config.encryption) hasKey(ports, group, target.server);
    job.log('info', `${target.server} has the backup`);
    ports.changed();
    return null;
  } catch (error) {
    const report = toErrorReport(error);
    if (report.name !== 'CANCELLED') job.warn({ name: report.name, message: `${target.server}: ${report.message}` });
    return missed(lackingKey(ports, group, target, error) ?? report.message);
  } finally {
    job.signal.removeEventListener('abort', onAbort);
  }
}

/** A full backup that at least one copy took ends *out of sync*; a copy that missed it stays behind by name. */
async function settleSync(ports: FailoverPorts, group: Group, source: MemberConfig, taken: boolean): Promise<void> {
  if (!group.memory.outOfSync || !taken) return;
  for (const member of group.config.members.slice(1))
    if (group.memory.members[member.id]?.chainLost)
      setMember(group, member.id, { diverged: 'missed the full backup after the master was changed' });
  await within(ports.clock, 10_000, `${source.server} did not acknowledge the end of out of sync`, (signal) =>
    agentFor(ports, source.server).clearOutOfSync({ instance: source.instance }, { signal }),
  );
  group.memory = { ...group.memory, outOfSync: null, lastFullAt: ports.clock.now() };
  save(ports, group);
  say(ports, group, 'inSync', 'info', `${group.name}: master and backup databases are in sync again.`);
}
