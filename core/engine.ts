// The engine's composition root: wires catalog, jobs, agents, failover and the console's procedures, and keeps their rhythm.
// It decides and orchestrates; a protected database is only ever touched by its agent.
import type { AgentLauncher } from './agent/types.ts';
import { createCatalog } from './catalog/catalog.ts';
import { toErrorReport } from './contract/errors.ts';
import type { GroupView } from './contract/failover.ts';
import type { Proof } from './contract/proofs.ts';
import type { SiteSnapshot } from './contract/site.ts';
import { createBackups } from './engine/backups.ts';
import { createCatalogHealth } from './engine/catalog-health.ts';
import { createChangeSignal } from './engine/change-signal.ts';
import { reportConditions, reportEvent } from './engine/conditions.ts';
import { createDemo } from './engine/demo.ts';
import { wireDrills } from './engine/drill-wiring.ts';
import { failoverPorts } from './engine/failover-ports.ts';
import { createInstances, type Membership } from './engine/instances.ts';
import type { LabController } from './engine/lab.ts';
import { createLibrary } from './engine/library.ts';
import { type Logger, silentLogger } from './engine/logger.ts';
import { boardEvent, SUCCESS_PREFIX, wireNotifications } from './engine/notifying.ts';
import { createOtherFiles } from './engine/other-files.ts';
import { createProtection } from './engine/protection.ts';
import { createProvenRestores } from './engine/proven-restores.ts';
import { createRecovery } from './engine/recovery.ts';
import { createRestoreFinish } from './engine/restore-finish.ts';
import { createRestoreVerification } from './engine/restore-verification.ts';
import { createRestores } from './engine/restores.ts';
import { createConsoleRouter } from './engine/router.ts';
import type { SecretSealer } from './engine/secret-file.ts';
import { createServers } from './engine/servers.ts';
import { createSiteActs } from './engine/site-acts.ts';
import { buildSnapshot } from './engine/snapshot.ts';
import { createUnattended } from './engine/unattended.ts';
import { createFailoverService } from './failover/service.ts';
import type { FailoverService } from './failover/types.ts';
import { createJobRunner } from './jobs/job-runner.ts';
import { createMessageBoard } from './messages/board.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createBackupUses } from './retention/uses.ts';
import type { ConsoleRouter } from './rpc/serve.ts';

export interface EngineOptions {
  /** Where the engine keeps its own data; created if need be. One engine a folder: the host claims it. */
  dataFolder: string;
  host: 'desktop' | 'headless';
  launcher: AgentLauncher;
  clock?: Clock;
  version?: string;
  /** Null or absent: this start has no demo lab. */
  lab?: LabController | null;
  log?: Logger;
  /** The desktop's key ring for passwords; absent: they lie in a file of the engine's user. */
  sealer?: SecretSealer | null;
}

export interface Engine {
  router: ConsoleRouter;
  /** Launches the agents, resumes what was cut off, begins to watch. Call once. */
  start(): Promise<void>;
  /** Orderly end: agents are told to keep serving, jobs are interrupted, agents shut down. Safe to call more than once. */
  stop(): Promise<void>;
  snapshot(): SiteSnapshot;
}

const PROBE_MS = 1_000;
const RECENT_JOBS = 60;
const JOB_GRACE_MS = 10_000;
const DEFAULT_SITE = { name: 'HOLDFAST', organization: 'HOLDFAST' };

/** Opens the catalog; throws NOT_SUPPORTED when a newer version wrote it, NO_PERMISSION when the folder can't be used. */
export function createEngine(options: EngineOptions): Engine {
  const { dataFolder, clock = systemClock, version = '0.1.0', log = silentLogger } = options;
  const lifetime = new AbortController();
  let groups: GroupView[] = [];
  let stale = true;
  let latest: SiteSnapshot | null = null;
  let stopping: Promise<void> | null = null;
  let watching: Promise<void> = Promise.resolve();

  const changes = createChangeSignal(clock);
  const changed = () => {
    stale = true;
    changes.changed();
  };
  const catalog = createCatalog(dataFolder, clock.now());
  const board = createMessageBoard(
    catalog.messages,
    clock,
    changed,
    catalogFailed,
    (message) => log.info({ severity: message.level, source: message.source }, message.text),
    (key, kind, message) => health.guard(() => notifications.on(boardEvent(key, kind, message, clock.now()))),
  );
  const health = createCatalogHealth({ catalog, board, dataFolder, clock, log });
  const notifications = wireNotifications({
    ...{ clock, catalog, board, dataFolder, changed },
    sealer: options.sealer ?? null,
  });
  const site = () => catalog.site.get<typeof DEFAULT_SITE>('site') ?? DEFAULT_SITE;
  const jobs = createJobRunner({
    clock,
    store: catalog.jobs,
    changed,
    onEnd: ({ id, kind, title, target, status, verdict }) =>
      log.info({ job: id, kind, target, status }, `${title} on ${target}: ${verdict ?? status}`),
    onBug: (error) => log.error({ err: error }, 'a job ended with a bug'),
    onStoreError: catalogFailed,
  });

  const servers = createServers({
    store: catalog.servers,
    launcher: options.launcher,
    clock,
    dataFolder,
    probeMs,
    site,
    onStatus(server, status) {
      for (const adopted of instances.learn(server, status))
        board.raise(`adopted:${adopted.id}`, {
          level: 'info',
          text: `${adopted.id} was found on its server and taken into the list${adopted.status.role === 'standby' ? '; it is a backup database' : ''}`,
          source: server,
          standing: false,
        });
    },
    onEvent: (server, event) => reportEvent(board, server, event),
    changed,
  });
  const instances = createInstances(catalog.instances, servers, clock, membershipOf, changed, catalogFailed, (id) =>
    unattended.schedules.foldersOf(id),
  );
  const failover: FailoverService = createFailoverService(
    failoverPorts({ clock, catalog, jobs, board, servers, instances, site, changed }),
  );
  const groupIdOf = (id: string) => {
    const { record } = instances.get(id);
    return membershipOf(record.server, record.name)?.groupId ?? null;
  };
  const runningOn = (holds: (instanceId: string) => boolean) =>
    jobs.recent(RECENT_JOBS).find((job) => job.endedAt === null && job.instanceId !== null && holds(job.instanceId))
      ?.title ?? null;
  const protection = createProtection({
    servers,
    instances,
    site,
    groupNameOf: (id) => groups.find((group) => group.id === groupIdOf(id))?.name ?? null,
    runningOn: (id) => runningOn((other) => other === id),
  });
  const backups = createBackups({ servers, instances, jobs, clock, groupOf: groupIdOf });
  const uses = createBackupUses();
  const restores = createRestores({
    hold: uses.hold,
    servers,
    instances,
    jobs,
    clock,
    site,
    groups: () => failover.views(),
    groupIdOf,
    measuredRate: () => catalog.site.get<number>('restoreRate'),
    proven: keepProof,
    measured(rate) {
      try {
        catalog.site.set('restoreRate', rate);
      } catch (error) {
        catalogFailed(error);
      }
    },
  });
  const verification = createRestoreVerification({
    ...{ servers, instances, jobs, clock, site },
    groups: () => failover.views(),
    live: (jobId) => restores.live(jobId),
  });
  const recovery = createRecovery({
    ...{ servers, instances, jobs, backups, restores, clock, site },
    groups: () => failover.views(),
  });
  const proven = createProvenRestores(catalog.proofs, clock);
  const succeeded = (source: string, text: string) =>
    board.raise(`${SUCCESS_PREFIX}${source}`, { level: 'info', text, source, standing: false });
  const drills = wireDrills({
    ...{ clock, catalog, jobs, board, servers, instances, uses, proven, site, groupIdOf, succeeded, changed },
    launcher: options.launcher,
    groups: () => groups,
    measuredRate: () => null,
  });
  const unattended = createUnattended({
    ...{
      clock,
      catalog,
      servers,
      instances,
      jobs,
      backups,
      board,
      uses,
      proven,
      notifications,
      drills,
      groupIdOf,
      succeeded,
      changed,
      log,
    },
    groups: () => groups,
  });
  const library = createLibrary({
    servers,
    instances,
    groups: () => failover.views(),
    proofs: catalog.proofs,
    clock,
    proven: keepProof,
    measuredRate: () => catalog.site.get<number>('restoreRate'),
  });
  const acts = createSiteActs({ servers, instances, backups, failover, jobs, groups: () => groups, runningOn });
  const demo = createDemo({
    lab: options.lab ?? null,
    dataFolder,
    clock,
    memory: catalog.site,
    servers,
    instances,
    protection,
    failover,
    jobs,
    changed,
  });

  /** The shortest interval that an enabled group asks for. */
  function probeMs(): number {
    return Math.min(PROBE_MS, ...groups.filter((one) => one.config.enabled).map((one) => one.config.probeMs));
  }

  function membershipOf(server: string, name: string): Membership | null {
    const is = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
    for (const { id, members } of groups) {
      const row = members.find((member) => is(member.server, server) && is(member.instance, name));
      if (row) return { groupId: id, folder: row.folder };
    }
    return null;
  }

  function keepProof(proof: Proof): void {
    try {
      catalog.proofs.record(proof);
    } catch (error) {
      catalogFailed(error);
    }
    changed();
  }

  function catalogFailed(error: unknown): void {
    health.failed(error);
  }

  function snapshot(): SiteSnapshot {
    const now = clock.now();
    if (latest && !stale && now - latest.now < PROBE_MS) return latest;
    stale = false;
    groups = failover.views();
    const views = unattended.withFacts(instances.views());
    latest = buildSnapshot({
      // Grows over restarts of the engine as well, so that a console that stayed open takes the new ones.
      seq: Math.max((latest?.seq ?? 0) + 1, Math.floor(now)),
      now,
      site: {
        ...site(),
        version,
        dataFolder,
        firstStart: views.length === 0 && groups.length === 0,
        host: options.host,
      },
      servers: servers.views(),
      instances: views,
      groups,
      jobs: jobs.recent(RECENT_JOBS),
      messages: board.list(),
      notices: notifications.forDesktop(),
      demo: demo.view(),
    });
    return latest;
  }

  async function watch(): Promise<void> {
    while (!lifetime.signal.aborted) {
      try {
        health.look();
        await failover.tick();
        groups = failover.views();
        reportConditions(board, servers.views(), instances.views());
        board.clear('engine:watch');
      } catch (error) {
        // Whatever it was, the groups have to be watched in the next round again.
        log.error({ err: error }, 'a round of watching failed');
        const text = `A round of watching failed: ${toErrorReport(error).message}. It is tried again`;
        board.raise('engine:watch', { level: 'critical', text, source: 'Holdfast', standing: true });
      }
      const probeMs = Math.min(
        PROBE_MS,
        ...groups.filter((one) => one.config.enabled).map((one) => one.config.probeMs),
      );
      await clock.sleep(probeMs, lifetime.signal).catch(() => {});
    }
  }

  async function shutDown(): Promise<void> {
    lifetime.abort();
    await watching;
    await unattended.leave();
    await demo.leave();
    await failover.leave();
    await jobs.stop(JOB_GRACE_MS);
    instances.keep();
    await servers.stop();
    health.leave();
    catalog.close();
  }

  return {
    router: createConsoleRouter({
      snapshot,
      changes,
      lifetime: lifetime.signal,
      rename(name) {
        catalog.site.set('site', { ...site(), name });
        changed();
      },
      acts,
      board,
      servers,
      instances,
      protection,
      backups,
      otherFiles: createOtherFiles({ servers, instances }),
      restores,
      library,
      finish: createRestoreFinish({ servers, instances, clock }),
      verification,
      recovery,
      failover,
      jobs,
      demo,
      unattended,
      notifications,
    }),
    snapshot,
    async start() {
      jobs.recover();
      if (catalog.recovered.length > 0 && !catalog.damagedCopy)
        board.raise('catalog:rebuilt', {
          level: 'warning',
          text: `The catalog in ${dataFolder} was gone and a new one was started. Taken over: ${catalog.recovered.join(', ')} with their databases, and their chains and logs from the files. Failover groups come back from what their members keep and wait to be confirmed. Not known any more, to be set up again: schedules, drills and their proofs, the history of jobs`,
          source: 'Catalog',
          standing: false,
        });
      if (catalog.damagedCopy)
        board.raise('catalog:damaged', {
          level: 'critical',
          text: `The catalog was damaged and a new one was started; the old one is kept as ${catalog.damagedCopy}. Databases are taken over from their agents; failover groups come back from what their members keep and wait to be confirmed`,
          source: 'Catalog',
          standing: false,
        });
      servers.start();
      await failover.recover();
      watching = watch();
      unattended.start();
      demo.resume();
    },
    stop: () => (stopping ??= shutDown()),
  };
}
