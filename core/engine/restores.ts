// Restores: plan with a token, start as a job, the live picture, and the decision over a set that waits in RST.
import path from 'node:path';
import type { RestorePlan, RestoreRequest } from '../contract/console.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Job } from '../contract/jobs.ts';
import type { PlaceFiles, Secrets } from '../contract/other-files.ts';
import type { Proof } from '../contract/proofs.ts';
import type { RestoreEvent, RestoreResult, RestoreView } from '../contract/restore.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { JobContext, JobOutcome } from '../jobs/types.ts';
import type { Clock } from '../platform/clock.ts';
import { momentText } from '../platform/time-text.ts';
import { initialView } from '../restore/steps.ts';
import type { AgentApi } from '../rpc/types.ts';
import { formatStamp } from '../vectors/stamp.ts';
import { instanceKey, logFileOf } from './backups.ts';
import { createChangeSignal } from './change-signal.ts';
import { keptRestore } from './jobs-again.ts';
import { createPeerAsker, type PeerAsker } from './peer-asker.ts';
import { askPeers } from './peers.ts';
import { createPlanTokens } from './plan-tokens.ts';
import { draftRestore, logFoldersOf, type RestoreDraft, type RestorePlanPorts } from './restore-plan.ts';
import { bringOver } from './restore-transfer.ts';

export interface RestoreServicePorts extends RestorePlanPorts {
  jobs: JobService;
  clock: Clock;
  /** Keeps the rate for the next estimate, bytes a millisecond. */
  measured(rate: number): void;
  /** A restore has shown that its sources can be brought back. */
  proven(proof: Proof): void;
  groupIdOf(instanceId: string): string | null;
  /** Keeps these backups from being removed until the returned call. Throws BACKUP_ACTIVE when they are being removed. */
  hold?(files: readonly string[], by: string): () => void;
}

export interface RestoreMoment {
  view: RestoreView;
  result: RestoreResult | null;
  job: Job;
}

export interface Restores {
  plan(request: RestoreRequest): Promise<RestorePlan>;
  /** Throws PLAN_EXPIRED, CONFIRMATION_REQUIRED, or what the plan was refused with. */
  start(token: string, typed: string | null, extras?: RestoreExtras): Promise<string>;
  /** At most four a second; the last one shows the ended job. Throws NOT_FOUND. */
  watch(jobId: string, signal?: AbortSignal): AsyncGenerator<RestoreMoment, void, void>;
  finish(instanceId: string, action: 'activate' | 'delete', typed: string | null): Promise<void>;
  /** The restore while its agent works on it; null before, after, and for a job that is none. */
  live(jobId: string): LiveRestore | null;
  /** Starts what was drafted and confirmed elsewhere; throws CONFIRMATION_REQUIRED, or what it was refused with. */
  startDraft(draft: RestoreDraft, typed: string | null, extras?: RestoreExtras): Promise<string>;
}

export interface LiveRestore {
  server: string;
  /** As the agent names it: the instance, or the path of the new file. */
  target: string;
  /** What has to be typed to overrule its verification. */
  name: string;
  asker: PeerAsker;
}

/** Given with the start alone, and kept for no longer than it runs. */
export interface RestoreExtras {
  secrets?: Secrets | undefined;
  otherFiles?: PlaceFiles | null | undefined;
}

const WATCH_MS = 250;
const ACTIVATION_STEP = 7;

export function createRestores(ports: RestoreServicePorts): Restores {
  const { servers, instances, jobs, clock } = ports;
  const tokens = createPlanTokens<RestoreDraft>(clock);
  const live = new Map<string, LiveRestore>();

  function momentOf(jobId: string): RestoreMoment {
    const job = jobs.get(jobId);
    if (job?.kind !== 'restore') throw new HoldfastError('NOT_FOUND', `There is no restore job ${jobId}`);
    const { view, result } = jobs.outcome(jobId);
    const shown = (view as RestoreView | null) ?? initialView(job.target, null, `${job.target}.rst`);
    return { view: shown, result: result as RestoreResult | null, job };
  }

  async function startDraft(draft: RestoreDraft, typed: string | null, extras: RestoreExtras = {}): Promise<string> {
    if (draft.refusal) throw draft.refusal;
    const { typedName } = draft.plan;
    if (typedName !== null && typed !== typedName)
      throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${typedName} to restore over it`);
    await servers.allow(draft.server, foldersOf(draft));
    const target = draft.target?.id ?? draft.path;
    const backups = [draft.chain.full, ...draft.chain.incrementals].filter((backup) => backup !== null);
    const sources = backups.flatMap((backup) => [backup.file, ...backup.parts]);
    const release = ports.hold?.(sources, `the job "${draft.plan.title}"`) ?? (() => {});
    return runHeld(release, () =>
      jobs.run(
        {
          kind: 'restore',
          title: draft.plan.title,
          target,
          instanceId: draft.target?.id ?? draft.source?.id ?? null,
          groupId: draft.target ? ports.groupIdOf(draft.target.id) : null,
          // Never started as it was: over a database it needs a new confirmation, into a file that file is there now.
          request: keptRestore(draft.request, draft.plan.command, extras.otherFiles),
          review: true,
          cancelability: 'now',
          exclusive: {
            key: draft.target ? instanceKey(draft.target.id) : `file:${draft.server}:${draft.path}`,
            busyError: 'RESTORE_ACTIVE',
          },
        },
        (job) => runRestore(draft, extras, job).finally(release),
      ),
    );
  }

  return {
    async plan(request) {
      const draft = await draftRestore(ports, request);
      return { ...draft.plan, ...tokens.issue(draft) };
    },

    async start(token, typed, extras) {
      const planned = tokens.redeem(token);
      const draft = await draftRestore(ports, planned.request);
      if (draft.fingerprint !== planned.fingerprint) throw new HoldfastError('PLAN_EXPIRED');
      return startDraft(draft, typed, extras);
    },

    live: (jobId) => live.get(jobId) ?? null,
    startDraft,

    async *watch(jobId, signal) {
      const changes = createChangeSignal(clock);
      const stopListening = jobs.onChange(jobId, () => changes.changed());
      try {
        for await (const _ of changes.watch(signal ? { minMs: WATCH_MS, signal } : { minMs: WATCH_MS })) {
          const moment = momentOf(jobId);
          yield moment;
          if (moment.job.endedAt !== null) return;
        }
      } finally {
        stopListening();
      }
    },

    async finish(instanceId, action, typed) {
      const { server } = instances.get(instanceId).record;
      // What a restore that has only just failed left behind may be newer than the last probe.
      await servers.refresh(server);
      const instance = instances.get(instanceId);
      const { name } = instance.record;
      if (!instance.status.hasRst) throw new HoldfastError('NO_RST', `No restored set of ${instance.id} waits in RST`);
      if (action === 'activate' && typed !== name)
        throw new HoldfastError('CONFIRMATION_REQUIRED', `Type ${name} to activate the restored set over it`);
      await servers.use(server, async (api) => {
        const log = logFileOf(instance);
        await api.finishRst({ instance: name, action, override: true, open: true, clearLock: true, log });
      });
      await servers.refresh(server);
    },
  };

  async function runRestore(draft: RestoreDraft, extras: RestoreExtras, job: JobContext): Promise<JobOutcome> {
    const { target, server } = draft;
    const started = clock.monotonic();
    job.log('info', `${draft.plan.title} from ${draft.options.file}`);
    const result = await servers
      .use(server, async (api) => {
        const settings = { signal: job.signal };
        const { secrets, otherFiles } = extras;
        if (otherFiles) await api.checkFiles(otherFiles);
        await api.checkFolder({ folder: path.dirname(draft.options.log), create: true });
        const elsewhere = draft.plan.sources?.some((one) => one.server.toLowerCase() !== server.toLowerCase());
        const options = elsewhere ? await bringOver(api, servers.get(server).root, draft.options, job) : draft.options;
        const events = target
          ? await api.restore({ instance: target.record.name, options, secrets }, settings)
          : await api.restoreToFile({ path: draft.path, options, secrets }, settings);
        const asker = createPeerAsker({
          clock,
          ask: async () => (target ? await askPeers(ports, target) : []),
          send: (peers) => api.answerPeers({ target: target?.record.name ?? draft.path, peers }),
          failed: (message) => job.log('warning', message),
        });
        live.set(job.id, { server, target: target?.record.name ?? draft.path, name: nameOf(draft), asker });
        try {
          const result = await followRestore(events, job, asker);
          if (result && otherFiles) await placeAfter(api, otherFiles, options.log, job);
          return result;
        } finally {
          live.delete(job.id);
          await asker.stop();
        }
      })
      .catch(async (error: unknown) => {
        // Whoever restores again at once must not be refused for the state of a moment ago.
        await servers.refresh(server);
        throw error;
      });
    job.signal.throwIfAborted();
    if (!result) throw new HoldfastError('INTERNAL', `${draft.plan.title} ended without a result`);
    const durationMs = Math.max(1, Math.round(clock.monotonic() - started));
    const bytes = draft.bytes ?? backupBytes(draft);
    await servers.refresh(server);
    ports.measured(bytes / durationMs);
    const proof = provenBy(draft, result, { provenAt: clock.now(), durationMs, bytes });
    if (proof) ports.proven(proof);
    return { verdict: verdictOf(result, target !== null), result };
  }
}

const backupBytes = ({ chain }: RestoreDraft) =>
  [chain.full, ...chain.incrementals].reduce((sum, one) => sum + (one?.bytes ?? 0), 0);

/** A set that is sound, and that no other server was found to be ahead of, proves what it was made from. */
function provenBy(
  { source, chain }: RestoreDraft,
  { verify, restoredTo, lastCommit }: RestoreResult,
  measured: Pick<Proof, 'provenAt' | 'durationMs' | 'bytes'>,
): Proof | null {
  const last = chain.incrementals.at(-1) ?? chain.full;
  if (!source || !last || restoredTo === null || verify.integrity !== 'ok') return null;
  const stamp = lastCommit ? formatStamp(lastCommit) : null;
  return { instanceId: source.id, idtag: last.idtag, reachedAt: restoredTo, kind: 'restore', stamp, ...measured };
}

const nameOf = ({ target, source, path: place }: RestoreDraft) =>
  (target ?? source)?.record.name ?? path.basename(place);

/** A job that is refused must not keep its sources for ever. */
function runHeld(release: () => void, start: () => string): string {
  try {
    return start();
  } catch (error) {
    release();
    throw error;
  }
}

/** Everything that the target's agent reads and writes; the sources can belong to another server of this machine. */
function foldersOf({ path: place, target, options }: RestoreDraft): string[] {
  const files = [options.file, options.log, ...(options.incrementals ?? []), ...(target ? [] : [place])];
  const folders = files.map((file) => path.dirname(file));
  const logs = options.logFiles?.map((file) => path.dirname(file)) ?? (options.logFolder ? [options.logFolder] : []);
  const backends = options.backends.flatMap(logFoldersOf);
  return [...new Set([...folders, ...logs, ...backends])];
}

/** The database is in place by now, which a failure here must not hide. */
async function placeAfter(api: AgentApi, request: PlaceFiles, log: string, job: JobContext): Promise<void> {
  try {
    for (const file of (await api.placeFiles({ ...request, log })).files)
      job.log('info', `Restored ${file.path}${file.kept ? `; the old one is kept as ${file.kept}` : ''}`);
  } catch (error) {
    const { message } = toErrorReport(error);
    job.warn({ name: 'OTHER_FILES', message: `The database was restored, but not its other files: ${message}` });
  }
}

async function followRestore(
  events: AsyncIterable<RestoreEvent>,
  job: JobContext,
  asker: PeerAsker,
): Promise<RestoreResult | null> {
  let result: RestoreResult | null = null;
  for await (const event of events) {
    if (event.kind === 'log') job.log('info', event.line);
    else if (event.kind === 'failed') throw HoldfastError.fromReport(event.error);
    else if (event.kind === 'result') result = event.result;
    else {
      job.attach(event.view);
      asker.follow(event.view);
      job.report(event.view.progress);
      const activation = event.view.steps.find((step) => step.step === ACTIVATION_STEP);
      if (activation?.status === 'running') job.setCancelability('no');
    }
  }
  return result;
}

function verdictOf(result: RestoreResult, intoInstance: boolean): string {
  const reached = result.restoredTo === null ? '' : ` to ${momentText(result.restoredTo)}`;
  if (!intoInstance) return `Restored${reached} into ${result.target}`;
  return result.activated ? `Restored${reached} and activated` : `Restored${reached}; the set waits in RST`;
}
