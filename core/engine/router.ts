// Every procedure of the console's contract, each one line to the service that does it.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { SiteSnapshot } from '../contract/site.ts';
import type { FailoverService } from '../failover/types.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { MessageBoard } from '../messages/board.ts';
import type { Notifications } from '../notify/service.ts';
import { type ConsoleRouter, implementConsole } from '../rpc/serve.ts';
import type { Backups } from './backups.ts';
import { browseFolder } from './browse.ts';
import type { ChangeSignal } from './change-signal.ts';
import type { Demo } from './demo.ts';
import { dsmasterProcedures } from './dsmaster-router.ts';
import type { Instances } from './instances.ts';
import { choicesOf, commandOf } from './jobs-again.ts';
import type { LibraryService } from './library.ts';
import { deleteLogs, hazardsOf, logsOf } from './logging.ts';
import { notifyProcedures } from './notifying.ts';
import type { OtherFiles } from './other-files.ts';
import type { Protection } from './protection.ts';
import type { RecoveryService } from './recovery.ts';
import type { RestoreFinish } from './restore-finish.ts';
import type { RestoreVerification } from './restore-verification.ts';
import type { Restores } from './restores.ts';
import type { Servers } from './servers.ts';
import type { SiteActs } from './site-acts.ts';
import type { Unattended } from './unattended.ts';
import { unattendedProcedures } from './unattended-router.ts';

export interface RouterServices {
  snapshot(): SiteSnapshot;
  changes: ChangeSignal;
  /** Aborts when the engine ends: streams end with it. */
  lifetime: AbortSignal;
  rename(name: string): void;
  acts: SiteActs;
  board: MessageBoard;
  servers: Servers;
  instances: Instances;
  protection: Protection;
  backups: Backups;
  otherFiles: OtherFiles;
  restores: Restores;
  library: LibraryService;
  finish: RestoreFinish;
  verification: RestoreVerification;
  recovery: RecoveryService;
  failover: FailoverService;
  jobs: JobService;
  demo: Demo;
  unattended: Unattended;
  notifications: Notifications;
}

const SNAPSHOT_MS = 250;
/** Ages in the snapshot grow without any change, and a console that hears nothing for twice this long shows its lights as stale. */
const HEARTBEAT_MS = 2_000;

export function createConsoleRouter(services: RouterServices): ConsoleRouter {
  const { servers, protection, backups, otherFiles, restores, failover, jobs, demo } = services;
  const console = implementConsole();
  const nothing = {};
  const until = (signal: AbortSignal | undefined) =>
    signal ? AbortSignal.any([signal, services.lifetime]) : services.lifetime;

  /** A folder that the administrator names for a member is allowed by that; whether it can be used the check says. */
  const allowFolder = async ({ server, folder }: { server: string; folder: string }) => {
    if (servers.isReachable(server) && path.isAbsolute(folder)) await servers.allow(server, [folder]);
  };

  const router = console.router({
    site: {
      get: console.site.get.handler(() => services.snapshot()),
      watch: console.site.watch.handler(async function* ({ signal }) {
        const pace = { minMs: SNAPSHOT_MS, maxMs: HEARTBEAT_MS, signal: until(signal) };
        for await (const _ of services.changes.watch(pace)) yield services.snapshot();
      }),
      rename: console.site.rename.handler(({ input }) => {
        services.rename(input.name);
        return nothing;
      }),
      acknowledge: console.site.acknowledge.handler(({ input }) => {
        services.board.acknowledge(input.messageId);
        return nothing;
      }),
    },
    files: {
      browse: console.files.browse.handler(({ input }) => {
        if (input.server !== null) servers.get(input.server);
        return browseFolder(input.path);
      }),
    },
    servers: {
      add: console.servers.add.handler(async ({ input }) => {
        const { name } = await servers.add({ ...input, lab: false });
        return { name };
      }),
      remove: console.servers.remove.handler(async ({ input }) => {
        await services.acts.removeServer(input.name);
        return nothing;
      }),
      start: console.servers.start.handler(async ({ input }) => {
        await servers.switchOn(input.name);
        return nothing;
      }),
      stop: console.servers.stop.handler(async ({ input }) => {
        await servers.switchOff(input.name);
        return nothing;
      }),
    },
    instances: {
      inspect: console.instances.inspect.handler(({ input }) => protection.inspect(input.server, input.path)),
      protect: console.instances.protect.handler(async ({ input }) => {
        const { id } = await protection.protect(input);
        return { instanceId: id };
      }),
      addBackend: console.instances.addBackend.handler(async ({ input: { instanceId, ...backend } }) => {
        await protection.addBackend(instanceId, backend);
        return nothing;
      }),
      removeBackend: console.instances.removeBackend.handler(async ({ input }) => {
        await protection.removeBackend(input.instanceId, input.id);
        return nothing;
      }),
      release: console.instances.release.handler(async ({ input }) => {
        await protection.release(input.instanceId);
        return nothing;
      }),
      getConfig: console.instances.getConfig.handler(({ input }) => protection.getConfig(input.instanceId)),
      setConfig: console.instances.setConfig.handler(({ input: { instanceId, ...change } }) =>
        protection.setConfig(instanceId, change),
      ),
      timeline: console.instances.timeline.handler(({ input }) =>
        services.library.timeline(input.instanceId, input.searchFolders),
      ),
    },
    backup: {
      plan: console.backup.plan.handler(({ input }) => backups.plan(input)),
      start: console.backup.start.handler(async ({ input }) => ({ jobId: await backups.start(input) })),
      header: console.backup.header.handler(async ({ input }) => {
        const { file, server } = await services.library.find(input.instanceId, input.idtag);
        return await servers.use(server, (api) => api.header({ file }));
      }),
      verify: console.backup.verify.handler(({ input, signal }) =>
        services.library.verify(input.instanceId, input.idtag, signal, input.secrets),
      ),
      log: console.backup.log.handler(({ input }) => backups.log(input.instanceId)),
    },
    restore: {
      plan: console.restore.plan.handler(({ input }) => restores.plan(input)),
      choices: console.restore.choices.handler(({ input }) => choicesOf(jobs, input.jobId)),
      start: console.restore.start.handler(async ({ input }) => ({
        jobId: await restores.start(input.token, input.typed, input),
      })),
      watch: console.restore.watch.handler(({ input, signal }) => restores.watch(input.jobId, until(signal))),
      finishPlan: console.restore.finishPlan.handler(({ input }) => services.finish.plan(input)),
      finishPlanned: console.restore.finishPlanned.handler(async ({ input }) => ({
        contingency: await services.finish.execute(input.token, input.typed),
      })),
      finish: console.restore.finish.handler(async ({ input }) => {
        await restores.finish(input.instanceId, input.action, input.typed);
        return nothing;
      }),
      recovery: console.restore.recovery.handler(({ input }) => services.recovery.recovery(input.jobId, input.folders)),
      recoveryPlan: console.restore.recoveryPlan.handler(({ input }) =>
        services.recovery.plan(input.jobId, input.wayId, input.folders),
      ),
      recover: console.restore.recover.handler(async ({ input }) => ({
        jobId: await services.recovery.recover(input.token, input.typed, input.secrets),
      })),
      retry: console.restore.retry.handler(async ({ input }) => ({
        jobId: await services.verification.retry(input.jobId),
      })),
      decide: console.restore.decide.handler(async ({ input }) => {
        await services.verification.decide(input.jobId, input.decision, input.typed);
        return nothing;
      }),
      answer: console.restore.answer.handler(async ({ input: { jobId, ...given } }) => ({
        jobId: await services.verification.answer(jobId, given),
      })),
    },
    logging: {
      hazards: console.logging.hazards.handler(({ input }) => hazardsOf(services, input.instanceId)),
      logs: console.logging.logs.handler(({ input }) => logsOf(services, input.instanceId, input.backend)),
      deleteLogs: console.logging.deleteLogs.handler(({ input }) => deleteLogs(services, input)),
    },
    library: {
      open: console.library.open.handler(({ input }) => services.library.open(input.server, input.folders)),
      commits: console.library.commits.handler(({ input }) => services.library.commits(input)),
      ways: console.library.ways.handler(({ input }) => services.library.ways(input.instanceId)),
    },
    failover: {
      create: console.failover.create.handler(({ input }) => failover.create(input.instanceId, input.name)),
      checkMember: console.failover.checkMember.handler(async ({ input: { groupId, ...row } }) => {
        await allowFolder(row);
        return await failover.checkMember(groupId, row);
      }),
      apply: console.failover.apply.handler(async ({ input }) => {
        for (const member of input.config.members) await allowFolder(member);
        await failover.apply(input.groupId, input.config);
        return nothing;
      }),
      encrypt: console.failover.encrypt.handler(({ input }) => failover.encrypt(input.groupId, input.password)),
      backupNow: console.failover.backupNow.handler(({ input }) => failover.backupNow(input.groupId, input.type)),
      plan: console.failover.plan.handler(({ input }) => failover.plan(input.groupId, input.action)),
      execute: console.failover.execute.handler(({ input }) => failover.execute(input.token, input.typed)),
      remove: console.failover.remove.handler(async ({ input }) => {
        await failover.remove(input.groupId);
        return nothing;
      }),
    },
    otherFiles: {
      settings: console.otherFiles.settings.handler(({ input }) => otherFiles.settings(input.instanceId)),
      setSettings: console.otherFiles.setSettings.handler(({ input }) =>
        otherFiles.setSettings(input.instanceId, input),
      ),
      defineEncryption: console.otherFiles.defineEncryption.handler(({ input: { instanceId, ...given } }) =>
        otherFiles.define(instanceId, given),
      ),
      forgetEncryption: console.otherFiles.forgetEncryption.handler(({ input }) =>
        otherFiles.forget(input.instanceId, input.name, input.eraseKey),
      ),
      select: console.otherFiles.select.handler(({ input: { instanceId, ...choice } }) =>
        otherFiles.select(instanceId, choice),
      ),
      place: console.otherFiles.place.handler(({ input: { instanceId, ...request } }) =>
        otherFiles.place(instanceId, request),
      ),
      openClosed: console.otherFiles.openClosed.handler(async ({ input }) => {
        await otherFiles.openClosed(input.instanceId, input.typed);
        return nothing;
      }),
    },
    jobs: {
      list: console.jobs.list.handler(({ input }) => jobs.list(input.limit, input.before)),
      log: console.jobs.log.handler(({ input }) => {
        const job = jobs.get(input.jobId);
        if (!job) throw new HoldfastError('NOT_FOUND', `There is no job ${input.jobId}`);
        return { job, lines: jobs.lines(input.jobId), command: commandOf(jobs, job) };
      }),
      cancel: console.jobs.cancel.handler(({ input }) => {
        jobs.cancel(input.jobId);
        return nothing;
      }),
      again: console.jobs.again.handler(async ({ input }) => ({ jobId: await services.acts.again(input.jobId) })),
    },
    ...unattendedProcedures(console, services),
    ...notifyProcedures(console, services.notifications, services.lifetime),
    ...dsmasterProcedures(console, services.snapshot),
    demo: {
      open: console.demo.open.handler(() => ({ jobId: demo.open() })),
      power: console.demo.power.handler(async ({ input }) => {
        await demo.power(input.server, input.on);
        return nothing;
      }),
      close: console.demo.close.handler(async () => {
        await demo.close();
        return nothing;
      }),
    },
  });
  return router as ConsoleRouter;
}
