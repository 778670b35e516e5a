// The second half of a cycle, for one copy: attach it if it is new, receive the files, apply them.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { MemberConfig } from '../contract/failover.ts';
import type { JobContext } from '../jobs/types.ts';
import { chainTo, type DeliverableBackup } from './backup-source.ts';
import { watched, within } from './call.ts';
import { agentFor, backupLog, type Group, instanceOf, memoryOf, save, setMember, statusOf } from './group.ts';
import type { FailoverPorts } from './types.ts';

const SILENT_MS = 120_000;
const CHAIN_ERRORS = new Set([
  'INVALID_SEQUENCE',
  'SERIAL_MISMATCH',
  'COPY_NEVER_RESTORED',
  'NOT_A_FULL_BACKUP',
  'NO_FULL_BACKUP',
  'FULL_BACKUP_REQUIRED',
]);

export interface DeliveryPhases {
  phase(phase: 'copying' | 'restoring'): void;
  /** A newer backup was passed over while this one was on its way. */
  overtaken(): boolean;
  copyIndex: number;
  phaseCount: number;
}

/** Brings one copy forward by `backup`, with the whole chain where the newest backup alone does not fit. Throws what stood in the way. */
export async function deliver(
  ports: FailoverPorts,
  group: Group,
  source: MemberConfig,
  target: MemberConfig,
  backup: DeliverableBackup,
  job: Pick<JobContext, 'report' | 'log'>,
  signal: AbortSignal,
  phases: DeliveryPhases,
): Promise<void> {
  await attach(ports, group, source, target);
  const memory = memoryOf(group, target.id);
  const alone = backup.result.type === 'full' || (memory.restored && !memory.chainLost);
  try {
    await bring(alone ? [backup.result.files] : await chainTo(ports, source, backup.folder, backup.result.idtag));
  } catch (error) {
    const misfit = error instanceof HoldfastError && CHAIN_ERRORS.has(error.name);
    if (!alone || backup.result.type === 'full' || !misfit) throw error;
    job.log(
      'warning',
      `${target.server} cannot take the differential backup (${error.message}): it gets the whole chain`,
    );
    await bring(await chainTo(ports, source, backup.folder, backup.result.idtag));
  }
  setMember(group, target.id, {
    restored: true,
    diverged: null,
    chainLost: phases.overtaken(),
    error: null,
    lastRestoreAt: ports.clock.now(),
    dataTime: backup.result.consistentAt,
  });
  const { [target.id]: _, ...others } = group.watch.catchUp;
  group.watch = { ...group.watch, catchUp: others };
  save(ports, group);

  async function bring(chain: string[][]): Promise<void> {
    for (const [at, files] of chain.entries()) {
      const started = ports.clock.monotonic();
      phases.phase('copying');
      const received = await receive(files);
      phases.phase('restoring');
      await apply(received[0]!);
      measure(
        at === 0 && (!alone || backup.result.type === 'full') ? 'full' : 'incremental',
        ports.clock.monotonic() - started,
      );
    }
  }

  async function receive(files: string[]): Promise<string[]> {
    let received: string[] | null = null;
    const events = watched(ports.clock, SILENT_MS, `${target.server} reported nothing of the copy`, signal, (inner) =>
      agentFor(ports, target.server).receive({ files, folder: target.folder }, { signal: inner }),
    );
    for await (const event of events) {
      if (event.kind === 'result') received = event.files;
      else
        job.report({
          ...event.progress,
          phase: `Copy to ${target.server}`,
          phaseIndex: phases.copyIndex,
          phaseCount: phases.phaseCount,
        });
    }
    if (!received?.[0]) throw new HoldfastError('INTERNAL', `${target.server} received no file`);
    return received;
  }

  async function apply(file: string): Promise<void> {
    const events = watched(
      ports.clock,
      SILENT_MS,
      `${target.server} reported nothing of the restore`,
      signal,
      (inner) =>
        agentFor(ports, target.server).applyToStandby(
          { instance: target.instance, file, log: backupLog(target) },
          { signal: inner },
        ),
    );
    let finished = false;
    for await (const event of events) {
      if (event.kind === 'failed') throw HoldfastError.fromReport(event.error);
      if (event.kind === 'result') finished = true;
      if (event.kind === 'log') job.log('info', `${target.server}: ${event.line}`);
      if (event.kind === 'view')
        job.report({
          ...event.view.progress,
          phase: `Restore into ${target.server}`,
          phaseIndex: phases.copyIndex + 1,
          phaseCount: phases.phaseCount,
        });
    }
    if (!finished)
      throw new HoldfastError('RESTORE_FAILED', `The restore into ${target.server} ended without a result`);
  }

  function measure(type: 'full' | 'incremental', ms: number): void {
    const { measured } = group.memory;
    group.memory = {
      ...group.memory,
      measured: type === 'full' ? { ...measured, fullMs: ms } : { ...measured, incrementalMs: ms },
    };
  }
}

/** Registers a new copy with its agent and makes sure that what is there is a closed copy. */
async function attach(ports: FailoverPorts, group: Group, source: MemberConfig, target: MemberConfig): Promise<void> {
  const api = agentFor(ports, target.server);
  const known = instanceOf(ports, target);
  const { site, organization } = { site: ports.site().name, organization: ports.site().organization };
  const folder = await within(ports.clock, 10_000, `${target.server} did not look at ${target.folder}`, (signal) =>
    api.checkFolder({ folder: target.folder, create: true }, { signal }),
  );
  if (!folder.writable)
    throw new HoldfastError(
      'NO_PERMISSION',
      `${target.folder} on ${target.server} cannot be written: ${folder.problem ?? 'unknown reason'}`,
    );
  if (!known) {
    const root = statusOf(ports, target.server)?.root;
    if (!root) throw new HoldfastError('SERVER_UNREACHABLE', `${target.server} has not told its root folder yet`);
    const from = instanceOf(ports, source)?.path ?? ports.instancePath(source.server, source.instance);
    const file = path.join(root, target.instance, path.basename(from ?? `${target.instance}.db`));
    const replica = memoryOf(group, target.id).replica;
    const status = await within(ports.clock, 10_000, `${target.server} did not attach ${target.instance}`, (signal) =>
      api.attachStandby({ instance: target.instance, path: file, replica, site, organization }, { signal }),
    );
    ports.instanceAttached(target.server, target.instance, status.path, group.id);
  } else if (known.role === 'primary') {
    if (!memoryOf(group, target.id).restored)
      throw new HoldfastError(
        'DUPLICATE',
        `${target.server} has a database ${target.instance} of its own, which is in use: it is not overwritten`,
        { hint: 'Choose another instance name for the copy.' },
      );
    if (group.memory.activeId === target.id)
      throw new HoldfastError('ALREADY_ACTIVE', `${target.server} is active and takes no backups`);
    await within(ports.clock, 10_000, `${target.server} did not close its database`, (signal) =>
      api.setRole({ instance: target.instance, role: 'standby', term: group.memory.activeTerm }, { signal }),
    );
  }
}
