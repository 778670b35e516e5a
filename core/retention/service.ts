// Clears old backups by the policies: previews, runs as a job, and gives way to whatever uses a file.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { RetentionPolicy, RetentionPreview } from '../contract/schedules.ts';
import type { JobContext, JobOutcome } from '../jobs/types.ts';
import { bytesText } from '../platform/size-text.ts';
import { filesOf, planRetention } from './plan.ts';
import type { RetentionPorts } from './types.ts';

export interface Retention {
  policy(instanceId: string): RetentionPolicy | null;
  setPolicy(instanceId: string, policy: RetentionPolicy | null): void;
  /** By `policy` when given, even null; else by the one in force. */
  preview(instanceId: string, policy?: RetentionPolicy | null): Promise<RetentionPreview>;
  /** Starts the job. */
  run(instanceId: string): string;
  /** True when some policy is about backups of the instance. */
  applies(instanceId: string): boolean;
}

export function createRetention(ports: RetentionPorts): Retention {
  const { store, uses, clock } = ports;

  async function preview(instanceId: string, given?: RetentionPolicy | null): Promise<RetentionPreview> {
    const policy = given === undefined ? store.policy(instanceId) : given;
    const view = await ports.library(instanceId);
    const knowledge = ports.knowledge(instanceId);
    const files = view.chains.flatMap(filesOf);
    const elsewhere = (await ports.readings(instanceId, files)).map(({ file, by }) => ({
      file,
      by: `read now by ${by}`,
    }));
    // What this engine has begun it says by its title, which tells more than the note of its agent.
    const own = uses.list();
    const held = new Set(own.map(({ file }) => path.resolve(file)));
    const inUse = [...own, ...elsewhere.filter(({ file }) => !held.has(path.resolve(file)))];
    const plan = planRetention({ chains: view.chains, policy, knowledge, uses: inUse, now: clock.now() });
    const bytes = plan.remove.reduce((sum, chain) => sum + chain.bytes, 0);
    const warnings = view.unusable.map(({ file, error }) => ({
      name: 'unusable',
      message: `${file} stays: ${error.message}`,
    }));
    return { policy, ...plan, bytes, warnings };
  }

  async function clear(instanceId: string, job: JobContext): Promise<JobOutcome> {
    const planned = await preview(instanceId);
    let count = 0;
    let bytes = 0;
    for (const [index, { idtag }] of planned.remove.entries()) {
      job.signal.throwIfAborted();
      job.report({
        phase: 'Removing',
        phaseIndex: 1,
        phaseCount: 1,
        done: index,
        total: planned.remove.length,
        unit: 'items',
      });
      // The world moves on while one chain after the other goes: each is judged again before its turn.
      const chain = (await preview(instanceId)).remove.find((one) => one.idtag === idtag);
      if (!chain) {
        job.log('info', `Chain ${idtag} is needed now and stays`);
        continue;
      }
      const gone = await removeChain(instanceId, chain.files, job, idtag);
      if (!gone) continue;
      for (const file of gone.removed) job.log('info', `${file} removed`);
      count += gone.removed.length;
      bytes += gone.bytes;
    }
    ports.clearMessage(`retention:${instanceId}`);
    const size = bytesText(bytes);
    const verdict =
      count === 0
        ? 'Nothing had to go'
        : `${count} old backup ${count === 1 ? 'file' : 'files'} (${size}) removed; ${planned.keep.length} ${planned.keep.length === 1 ? 'chain stays' : 'chains stay'}`;
    return { verdict, result: { files: count, bytes } };
  }

  async function removeChain(instanceId: string, files: string[], job: JobContext, idtag: string) {
    try {
      const gone = await uses.removing(files, () => ports.remove(instanceId, files));
      if (!gone) job.log('info', `Chain ${idtag} is in use and stays`);
      return gone;
    } catch (error) {
      // Its agent knows of a use that this engine does not.
      if (!(error instanceof HoldfastError) || !['INVALID_INPUT', 'RESTORE_ACTIVE'].includes(error.name)) throw error;
      job.warn({ name: error.name, message: error.message });
      return null;
    }
  }

  return {
    policy: (instanceId) => store.policy(instanceId),
    setPolicy: (instanceId, policy) => store.setPolicy(instanceId, policy),
    preview,
    run: (instanceId) =>
      ports.jobs.run(
        {
          kind: 'retention',
          title: 'Clear old backups',
          target: instanceId,
          instanceId,
          groupId: ports.groupOf(instanceId),
          request: null,
          cancelability: 'now',
          // Beside a backup or a restore, never beside itself.
          exclusive: { key: `retention:${instanceId.toLowerCase()}`, busyError: 'BACKUP_ACTIVE' },
        },
        async (job) => {
          try {
            return await clear(instanceId, job);
          } catch (error) {
            if (error instanceof HoldfastError && !job.signal.aborted)
              ports.message(
                `retention:${instanceId}`,
                'warning',
                `Old backups of ${instanceId} could not be cleared: ${error.message}`,
                instanceId,
              );
            throw error;
          }
        },
      ),
    applies(instanceId) {
      const policy = store.policy(instanceId);
      if (policy && (policy.keepFulls !== null || policy.keepDays !== null)) return true;
      return ports.knowledge(instanceId).schedulePolicies.size > 0;
    },
  };
}
