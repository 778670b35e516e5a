// The work that nobody watches, wired to this engine: schedules of single databases, retention, restore drills.
import path from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import type { BackupResult } from '../contract/backup.ts';
import type { GroupView } from '../contract/failover.ts';
import type { Job, JobKind } from '../contract/jobs.ts';
import type { InstanceView } from '../contract/site.ts';
import type { Drills } from '../drills/service.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { MessageBoard } from '../messages/board.ts';
import type { Notifications } from '../notify/service.ts';
import type { Clock } from '../platform/clock.ts';
import { createRetention, type Retention } from '../retention/service.ts';
import type { BackupUses } from '../retention/uses.ts';
import { type BackupSchedules, createBackupSchedules } from '../schedule/service.ts';
import type { Backups } from './backups.ts';
import type { Instances } from './instances.ts';
import type { Logger } from './logger.ts';
import type { ProvenRestores } from './proven-restores.ts';
import { knowledgeOf, retentionLibrary } from './retention-knowledge.ts';
import { instanceFacts, startScheduled } from './scheduled-backups.ts';
import type { Servers } from './servers.ts';

export interface UnattendedWiring {
  clock: Clock;
  catalog: Catalog;
  servers: Servers;
  instances: Instances;
  jobs: JobService;
  backups: Backups;
  board: MessageBoard;
  uses: BackupUses;
  groups(): GroupView[];
  groupIdOf(instanceId: string): string | null;
  drills: Drills;
  notifications: Notifications;
  proven: ProvenRestores;
  /** Something ended well that was asked to be told. */
  succeeded(source: string, text: string): void;
  changed(): void;
  log: Logger;
}

export interface Unattended {
  schedules: BackupSchedules;
  retention: Retention;
  drills: Drills;
  /** Runs until `leave`; call once. */
  start(): void;
  /** Starts nothing any more; resolves when the last start is through. */
  leave(): Promise<void>;
  /** What it knows of each instance, for the snapshot. */
  withFacts(views: InstanceView[]): InstanceView[];
}

const TICK_MS = 1_000;
const RECENT_JOBS = 60;
const BESIDE: readonly JobKind[] = ['drill', 'retention', 'verify'];
const RETENTION_EVERY_MS = 86_400_000;

export function createUnattended(wiring: UnattendedWiring): Unattended {
  const { clock, catalog, servers, instances, jobs, board, drills } = wiring;
  const lifetime = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let clearedAt = clock.monotonic();
  const message = (key: string, level: 'critical' | 'warning', text: string, source: string) =>
    board.raise(key, { level, text, source, standing: true });

  const retention = createRetention({
    clock,
    store: catalog.retention,
    jobs,
    uses: wiring.uses,
    library: (instanceId) => retentionLibrary(wiring, instanceId),
    knowledge: (instanceId) => knowledgeOf(wiring, schedules, instanceId),
    remove: async (instanceId, files) => {
      const { server } = instances.get(instanceId).record;
      await servers.allow(server, [...new Set(files.map((file) => path.dirname(file)))]);
      return await servers.use(server, (api) => api.removeBackups({ files }));
    },
    readings: async (instanceId, files) => {
      const { server } = instances.get(instanceId).record;
      // Without it nothing can be removed either.
      if (!servers.isReachable(server)) return [];
      await servers.allow(server, [...new Set(files.map((file) => path.dirname(file)))]);
      return (await servers.use(server, (api) => api.readings({ files }))).readings;
    },
    groupOf: wiring.groupIdOf,
    message,
    clearMessage: (key) => board.clear(key),
  });
  /** A drill or the clearing of old backups keeps no backup waiting. */
  const runningOn = (instanceId: string) =>
    jobs
      .recent(RECENT_JOBS)
      .find((job) => job.endedAt === null && job.instanceId === instanceId && !BESIDE.includes(job.kind))?.title ??
    null;
  const ports = { ...wiring, runningOn };
  const schedules = createBackupSchedules({
    clock,
    store: catalog.schedules,
    facts: (instanceId) => instanceFacts(ports, instanceId),
    start: (schedule, type, warnings) => startScheduled(ports, schedule, type, warnings),
    job: (jobId) => jobs.get(jobId),
    idtagOf: (jobId) => (jobs.outcome(jobId).result as BackupResult | null)?.idtag ?? null,
    message,
    clearMessage: (key) => board.clear(key),
    succeeded(schedule, verdict) {
      if (schedule.notifySuccess)
        wiring.succeeded(schedule.instanceId, `The backup "${schedule.name}" of ${schedule.instanceId}: ${verdict}`);
      clearOld(schedule.instanceId);
    },
    changed: wiring.changed,
  });

  /** After a good backup and once a day; one that runs already does the work. */
  function clearOld(instanceId: string): void {
    const known = instances.list().find((one) => one.id.toLowerCase() === instanceId.toLowerCase());
    if (!known || !servers.isReachable(known.record.server) || !retention.applies(instanceId)) return;
    const active = (job: Job) => job.kind === 'retention' && job.endedAt === null && job.target === known.id;
    if (jobs.recent(RECENT_JOBS).some(active)) return;
    retention.run(known.id);
  }

  async function tick(): Promise<void> {
    await schedules.tick();
    await drills.tick();
    if (clock.monotonic() - clearedAt < RETENTION_EVERY_MS) return;
    clearedAt = clock.monotonic();
    for (const { id } of instances.list()) clearOld(id);
  }

  /** Beside the rest: a mail server that is slow to answer must not keep a backup waiting. */
  async function deliver(): Promise<void> {
    while (!lifetime.signal.aborted) {
      // Not awaited: a channel that hangs must not hold up the others.
      void wiring.notifications
        .tick(lifetime.signal)
        .catch((error: unknown) => wiring.log.error({ err: error }, 'a delivery met a bug'));
      await clock.sleep(TICK_MS, lifetime.signal).catch(() => {});
    }
  }

  async function loop(): Promise<void> {
    while (!lifetime.signal.aborted) {
      try {
        await tick();
      } catch (error) {
        // A bug in one must not silence all that is unattended: it is told, and the rest goes on.
        wiring.log.error({ err: error }, 'unattended work met a bug');
        const text = `Unattended work met an internal error: ${(error as Error).message}. The log in the data folder has it`;
        board.raise('unattended:bug', { level: 'critical', text, source: 'Holdfast', standing: false });
        await clock.sleep(60_000, lifetime.signal).catch(() => {});
      }
      await clock.sleep(TICK_MS, lifetime.signal).catch(() => {});
    }
  }

  return {
    schedules,
    retention,
    drills,
    start() {
      running = Promise.all([loop(), deliver()]).then(() => {});
    },
    async leave() {
      lifetime.abort();
      await running;
    },
    withFacts(views) {
      const next = schedules.next();
      return views.map((view) => {
        const proof = wiring.proven.of(view.id);
        return {
          ...view,
          nextBackup: next.get(view.id.toLowerCase()) ?? null,
          lastProven: proof && { at: proof.provenAt, reachedAt: proof.reachedAt, idtag: proof.idtag, kind: proof.kind },
        };
      });
    },
  };
}
