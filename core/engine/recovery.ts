// Guided recovery of a restore whose verification failed: gathers what is known, plans the ways on, and carries one out.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { GroupView, Plan } from '../contract/failover.ts';
import type { Job } from '../contract/jobs.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { Recovery, RecoveryWay } from '../contract/recovery.ts';
import { type Peer, type RestoreView, restoreOptionsSchema } from '../contract/restore.ts';
import type { WaitingRst } from '../contract/verification.ts';
import type { JobService } from '../jobs/job-runner.ts';
import type { Clock } from '../platform/clock.ts';
import { momentText } from '../platform/time-text.ts';
import { planRecovery } from '../restore/guided-recovery.ts';
import { restorableSets } from '../restore/guided-sets.ts';
import { mergeAnswers } from '../restore/peers-waiting.ts';
import type { HeldVector } from '../vectors/verify.ts';
import { type Backups, logFileOf } from './backups.ts';
import { quoted, restoreCommand } from './command-line.ts';
import type { Instance, Instances } from './instances.ts';
import { answerIn, askPeers, groupOf, WAIT_FOR_PEERS_MS } from './peers.ts';
import { createPlanTokens } from './plan-tokens.ts';
import { factsOf, heldIn, heldOf, isSame, sourcesIn } from './recovery-held.ts';
import { searchPlaces } from './recovery-places.ts';
import { givenUp, lossText, wayWords } from './recovery-words.ts';
import { backendsOf, type RestoreDraft } from './restore-plan.ts';
import type { Restores } from './restores.ts';
import type { Servers } from './servers.ts';

export interface RecoveryPorts {
  servers: Servers;
  instances: Instances;
  jobs: JobService;
  backups: Backups;
  restores: Pick<Restores, 'startDraft' | 'finish'>;
  clock: Clock;
  groups(): GroupView[];
  site(): { name: string; organization: string };
}

export interface RecoveryService {
  /** Throws NOT_FOUND for a job that is no restore into a known instance. */
  recovery(jobId: string, folders: string[]): Promise<Recovery>;
  plan(jobId: string, wayId: string, folders: string[]): Promise<Plan>;
  /** The job that was started; null when it is done. Throws PLAN_EXPIRED, CONFIRMATION_REQUIRED. */
  recover(token: string, typed: string | null, secrets?: Secrets): Promise<string | null>;
}

interface Situation {
  job: Job;
  target: Instance;
  /** What each file of the set holds; one entry without a name for a database of one. */
  restored: HeldVector[];
  peers: Peer[];
  recovery: Recovery;
  sets: ReturnType<typeof restorableSets>;
}

interface Planned {
  jobId: string;
  way: RecoveryWay;
  folders: string[];
}

export function createRecovery(ports: RecoveryPorts): RecoveryService {
  const { servers, instances, jobs, clock } = ports;
  const tokens = createPlanTokens<Planned>(clock);

  async function situationOf(jobId: string, folders: string[]): Promise<Situation> {
    const job = jobs.get(jobId);
    const view = jobs.outcome(jobId).view as RestoreView | null;
    if (job?.kind !== 'restore' || !view || job.instanceId !== job.target)
      throw new HoldfastError('NOT_FOUND', `There is no restore job ${jobId} into a database that is known here`);
    const target = instances.get(job.instanceId);
    const others = relatives(target);
    const named = view.sources.map((source) => source.name);
    const folderOf = ({ kind, name }: RestoreView['sources'][number]) =>
      kind === 'log' && !name.endsWith('.log') ? name : path.dirname(name);
    const used = [...new Set(view.sources.map(folderOf))];
    const { places, searched } = await searchPlaces(ports, target, others, used, folders);
    const peers = mergeAnswers(view.verification.servers.map(answerIn), await askPeers(ports, target));
    const rst = await rstOf(target);
    const restored = heldIn(view, rst);
    const own = places.flatMap((place) => place.backups).find((one) => one.file === named[0]);
    const copies = others.filter(({ status, record }) => status.writable && servers.isReachable(record.server));
    const planned = planRecovery({
      ...factsOf(restored),
      restoredTo: view.restoredTo,
      baseIdtag: own?.baseIdtag ?? null,
      srvname: own?.srvname ?? null,
      used: usedFiles(
        view,
        target,
        places.flatMap((place) => place.logs),
      ),
      peers,
      places,
      copies: copies.map(({ id, status }) => ({ instanceId: id, ...status })),
    });
    const sets = restorableSets(places);
    const waits = rst !== null && isSame(restored, heldOf(rst));
    const possible = planned.ways.filter((way) => way.kind !== 'accept' || waits);
    const ways = possible.map((way) => {
      const words = wayWords(
        way,
        planned.loss,
        copies.map(({ id }) => id),
      );
      return { ...way, ...words, command: commandOf(way, target, peers) };
    });
    return { job, target, restored, peers, sets, recovery: { ...planned, searched, ways } };
  }

  async function rstOf({ record }: Instance): Promise<WaitingRst | null> {
    if (!servers.isReachable(record.server)) return null;
    return await servers.use(record.server, (api) => api.waitingRst({ instance: record.name }));
  }

  /** Other databases that can hold the same data: the members of its group, and those of the same name. */
  function relatives(target: Instance): Instance[] {
    const members = groupOf(ports.groups(), target)?.members ?? [];
    const ids = new Set(members.map((member) => `${member.server}/${member.instance}`.toLowerCase()));
    const name = target.record.name.toLowerCase();
    return instances
      .list()
      .filter((one) => one.id !== target.id)
      .filter((one) => ids.has(one.id.toLowerCase()) || one.record.name.toLowerCase() === name);
  }

  function optionsOf(way: Pick<RecoveryWay, 'files' | 'backends'>, target: Instance, peers: Peer[]) {
    return restoreOptionsSchema.parse({
      ...sourcesIn(way),
      log: logFileOf(target),
      peers,
      waitMs: WAIT_FOR_PEERS_MS,
    });
  }

  function commandOf(
    way: Pick<RecoveryWay, 'kind' | 'files' | 'backends' | 'source'>,
    target: Instance,
    peers: Peer[],
  ): string {
    const { name } = target.record;
    if (way.kind === 'accept') return `holdfast restadv --to ${quoted(target.id)} -v -o -k --confirm ${quoted(name)}`;
    if (way.kind === 'copy') return `holdfast backup ${quoted(way.source ?? '')} -b`;
    return restoreCommand(target.id, optionsOf(way, target, peers), name);
  }

  async function find({ jobId, way, folders }: Planned): Promise<{ situation: Situation; way: RecoveryWay }> {
    const situation = await situationOf(jobId, folders);
    const now = situation.recovery.ways.find((one) => one.id === way.id);
    if (!now)
      throw new HoldfastError('PLAN_EXPIRED', `${way.title} is not possible any more: what is known has changed`);
    return { situation, way: now };
  }

  function planOf({ target, restored, recovery }: Situation, way: RecoveryWay): Omit<Plan, 'token' | 'expiresAt'> {
    const { name } = target.record;
    const base = { title: way.title, checks: [], command: way.command, refusal: null };
    if (way.kind === 'copy')
      return {
        ...base,
        class: 'confirm',
        typedName: null,
        effects: [
          `A full backup of ${way.source} is taken; its chain starts anew`,
          'The restore itself is offered when it is done',
        ],
        warnings: [],
      };
    if (way.kind === 'accept')
      return {
        ...base,
        class: 'typed',
        typedName: name,
        effects: [
          `The restored set becomes the active database of ${target.id}`,
          'The database that is active now is kept as a contingency copy',
          'A full backup is required afterwards',
        ],
        warnings: [`Given up: ${lossText(recovery.loss)}. The servers that hold it stay ahead of this one`],
      };
    return {
      ...base,
      class: 'typed',
      typedName: name,
      effects: [
        ...way.files.map(
          ({ file, kind, added, backend }) =>
            `${kind === 'log' ? 'Replays' : 'Restores'} ${file}${backend ? ` into ${backend}` : ''}${added ? ' (was missing)' : ''}`,
        ),
        ...(way.reachesTo === null ? [] : [`The data will be of ${momentText(way.reachesTo)}`]),
        `${target.status.path} is replaced; the old set is kept as a contingency copy`,
        'The set that waits in RST is removed when the new one is begun',
        'A full backup is required afterwards',
      ],
      warnings: givenUp(way, restored),
    };
  }

  function draftOf(situation: Situation, way: RecoveryWay): RestoreDraft {
    const { target, peers, sets } = situation;
    const set = sets.find((one) => `${way.kind}:${one.backups.at(-1)?.serial}` === way.id);
    const [full, ...incrementals] = set?.backups ?? [];
    if (!full) throw new HoldfastError('PLAN_EXPIRED');
    const asked = optionsOf(way, target, peers);
    const known = backendsOf({ full, further: [] }, target);
    const backends = known.map((one) => asked.backends.find(({ id }) => id === one.id) ?? one);
    const options = { ...asked, backends };
    const reaches = way.reachesTo;
    const logs = options.logFiles ?? [];
    const plan = planOf(situation, way);
    const title = `Restore ${target.id}`;
    return {
      request: {
        ...{
          instanceId: target.id,
          target: { kind: 'instance', instanceId: target.id },
          idtag: null,
          useLogs: true,
          until: null,
        },
        ...{ activate: true, open: true, skipVerify: false, override: false, keepLogSettings: false, peers },
      },
      ...{ source: target, target, server: target.record.server, path: target.status.path, options, refusal: null },
      chain: {
        full,
        incrementals,
        logs,
        further: [],
        missing: [],
        reaches,
        vector: way.reaches,
        ends: null,
        problem: null,
      },
      plan: { ...plan, title, full, incrementals, logs, missing: [], reaches, estimatedMs: null },
      fingerprint: way.id,
    };
  }

  return {
    recovery: async (jobId, folders) => (await situationOf(jobId, folders)).recovery,

    async plan(jobId, wayId, folders) {
      const situation = await situationOf(jobId, folders);
      const way = situation.recovery.ways.find((one) => one.id === wayId);
      if (!way) throw new HoldfastError('PLAN_EXPIRED', 'This way on is not offered any more');
      return { ...planOf(situation, way), ...tokens.issue({ jobId, way, folders }) };
    },

    async recover(token, typed, secrets) {
      const planned = tokens.redeem(token);
      const { situation, way } = await find(planned);
      const { target } = situation;
      if (way.kind === 'accept') {
        // The loss was confirmed by its size: a greater one needs to be seen first.
        const before = planned.way.text;
        if (way.text !== before) throw new HoldfastError('PLAN_EXPIRED', `The loss is greater now. ${way.text}`);
        await ports.restores.finish(target.id, 'activate', typed);
        return null;
      }
      if (way.kind === 'copy') return await ports.backups.start({ instanceId: way.source ?? '', type: 'full' });
      const draft = draftOf(situation, way);
      await servers.allow(draft.server, [...new Set(way.files.map(({ file }) => path.dirname(file)))]);
      return await ports.restores.startDraft(draft, typed, { secrets });
    },
  };
}

/** A restore names the folder of its logs, or the logs; what it read of further files lay where their agent writes it. */
function usedFiles(view: RestoreView, target: Instance, logs: readonly { file: string }[]): string[] {
  const named = view.sources.map((source) => source.name);
  const replayed = view.sources.some(({ kind }) => kind === 'log');
  const further = (target.status.backends ?? []).slice(1).map((one) => one.logging.directory);
  const folders = [...named, ...(replayed ? further : [])];
  return [...named, ...logs.map(({ file }) => file).filter((file) => folders.includes(path.dirname(file)))];
}
