// What a restore will do, before it is done: sources, options, effects, checks, class of confirmation. Changes nothing.
import fs from 'node:fs';
import path from 'node:path';
import { backendsDiffer, notTogether } from '../backup/backends-differ.ts';
import type { LogFileInfo } from '../contract/backup.ts';
import type { RestorePlan, RestoreRequest } from '../contract/console.ts';
import { type ErrorName, HoldfastError } from '../contract/errors.ts';
import type { GroupView } from '../contract/failover.ts';
import { type RestoreOptions, restoreOptionsSchema } from '../contract/restore.ts';
import { ofKnownBackends } from '../restore/peers-waiting.ts';
import { commitsBetween } from '../vectors/feed.ts';
import type { LibraryPorts } from './backup-library.ts';
import { logFileOf } from './backups.ts';
import { restoreCommand } from './command-line.ts';
import type { Instance } from './instances.ts';
import { groupOf, type PeerPorts, peersOf, WAIT_FOR_PEERS_MS } from './peers.ts';
import { type RestoreChain, restoreChain } from './restore-chain.ts';
import { checksOf, effectsOf, idsIn, warningsOf } from './restore-plan-words.ts';
import { type RestoreSource, sourceOf } from './restore-source.ts';

export interface RestoreDraft {
  request: RestoreRequest;
  /** The instance whose backups are restored; null for a database that was found in folders. */
  source: Instance | null;
  /** Null for a restore into a new file. */
  target: Instance | null;
  server: string;
  /** The database file that receives the data. */
  path: string;
  options: RestoreOptions;
  chain: RestoreChain;
  refusal: HoldfastError | null;
  plan: Omit<RestorePlan, 'token' | 'expiresAt'>;
  /** What must be the same when the plan is executed. */
  fingerprint: string;
  /** Bytes of everything that is read, when it is known. */
  bytes?: number;
}

export interface RestorePlanPorts extends LibraryPorts, PeerPorts {
  groups: PeerPorts['groups'];
  /** Bytes a millisecond of the last restore; null when none was measured. */
  measuredRate(): number | null;
}

export async function draftRestore(ports: RestorePlanPorts, request: RestoreRequest): Promise<RestoreDraft> {
  const { servers, instances } = ports;
  const target = request.target.kind === 'instance' ? instances.get(request.target.instanceId) : null;
  const server = target ? target.record.server : servers.get(fileTarget(request).server).name;
  const place = target ? target.status.path : path.resolve(fileTarget(request).path);
  await captureNow(ports, request);
  const source = await sourceOf(ports, request);
  const { library } = source;
  const chain = restoreChain(library, source.status, request);
  const group = target ? groupOf(ports.groups(), target) : null;
  const options = optionsFor(ports, request, source, target, place, chain);
  const refusal = refusalFor(ports, { chain, options, target, server, place, group });
  const typed = confirmation(target, request);
  const sources = sourcesOf(chain, source);
  const bytes = sources.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const rate = ports.measuredRate();
  const subject = { request, source, target, server, place, chain, group, options, sources };
  return {
    request,
    source: source.instance,
    target,
    server,
    path: place,
    options,
    chain,
    refusal,
    bytes,
    plan: {
      title: target ? `Restore ${target.id}` : `Restore ${source.label} into ${place}`,
      ...typed,
      effects: effectsOf(subject),
      warnings: warningsOf(subject),
      checks: checksOf(ports, subject),
      command: chain.full ? restoreCommand(target?.id ?? place, options, typed.typedName, isEncrypted(chain)) : '',
      refusal: refusal?.message ?? null,
      full: chain.full,
      incrementals: chain.incrementals,
      logs: chain.logs,
      missing: chain.missing,
      reaches: chain.reaches,
      estimatedMs: rate === null || rate <= 0 || !chain.full ? null : Math.round(bytes / rate),
      sources,
      ends: chain.ends,
      lossCommits: target ? lossOf(chain, target) : null,
    },
    fingerprint: JSON.stringify([
      chain.full?.idtag,
      chain.incrementals.map((one) => one.idtag),
      place,
      target?.status.role,
      target?.status.term,
      target?.status.hasRst,
      group?.state,
    ]),
  };
}

/** Commits of all files of the target that the restored ones will not hold; null where that is not known of one. */
function lossOf({ vector, further }: RestoreChain, { status }: Instance): number | null {
  const lost = [
    vector && commitsBetween(vector, status.vector),
    ...further.map(({ id, vector: own }) => {
      const held = status.backends?.find((one) => one.id === id)?.vector;
      return own && held ? commitsBetween(own, held) : null;
    }),
  ];
  return lost.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0);
}

function optionsFor(
  ports: RestorePlanPorts,
  request: RestoreRequest,
  source: RestoreSource,
  target: Instance | null,
  place: string,
  chain: RestoreChain,
): RestoreOptions {
  const peers = target ? peersOf(ports, target) : [];
  const own = target ?? source.instance;
  const [firstLog] = chain.logs;
  return restoreOptionsSchema.parse({
    file: chain.full?.file ?? '',
    incrementals: chain.incrementals.map((one) => one.file),
    log: own ? logFileOf(own) : path.join(path.dirname(place), 'restore.log'),
    logFolder: firstLog ? path.dirname(firstLog) : null,
    logFiles: firstLog ? chain.logs : null,
    until: request.untilStamp ? null : request.until,
    untilStamp: request.untilStamp ?? null,
    untilBackup: chain.incrementals.at(-1)?.idtag ?? null,
    activate: request.activate,
    open: request.open,
    skipVerify: request.skipVerify,
    override: request.override,
    clearLock: request.clearLock ?? true,
    keepLogSettings: request.keepLogSettings,
    peers: request.skipVerify ? request.peers : [...peers, ...request.peers],
    waitMs: request.waitMs ?? WAIT_FOR_PEERS_MS,
    backends: backendsOf(chain, source.instance),
  });
}

/** Where each further file of the set goes back to, and the logs that were found for it, else the folder where its agent writes them. */
export function backendsOf(
  { full, further }: Pick<RestoreChain, 'full' | 'further'>,
  source: Instance | null,
): RestoreOptions['backends'] {
  return (full?.backends ?? []).slice(1).map(({ id }) => {
    const known = source?.status.backends?.find((one) => one.id === id);
    const logs = further.find((one) => one.id === id)?.logs ?? [];
    const [first] = logs;
    const logFolder = first ? path.dirname(first) : (known?.logging.directory ?? null);
    return { id, path: null, logFolder, logFiles: first ? logs : null };
  });
}

/** Where the logs of one further file lie. */
export const logFoldersOf = ({ logFolder, logFiles }: RestoreOptions['backends'][number]): string[] =>
  logFiles?.map((file) => path.dirname(file)) ?? (logFolder === null ? [] : [logFolder]);

/** The last commit of a database that is still being written to is in its log before the plan says how far the log reaches. */
async function captureNow({ servers, instances }: RestorePlanPorts, request: RestoreRequest): Promise<void> {
  if (request.from || !request.useLogs || request.until !== null || request.untilStamp) return;
  const { record, status } = instances.get(request.instanceId);
  if (!status.writable || !status.logging.on || !servers.isReachable(record.server)) return;
  await servers.use(record.server, (api) => api.captureNow({ instance: record.name }));
}

function fileTarget(request: RestoreRequest): { server: string; path: string } {
  if (request.target.kind !== 'file') throw new HoldfastError('INTERNAL', 'Not a restore into a file');
  if (!path.isAbsolute(request.target.path))
    throw new HoldfastError('INVALID_INPUT', `${request.target.path} is not an absolute path`);
  return request.target;
}

function sourcesOf(chain: RestoreChain, { library }: RestoreSource): NonNullable<RestorePlan['sources']> {
  const backups = chain.full ? [chain.full, ...chain.incrementals] : [];
  const ofFile = (files: string[], logs: readonly LogFileInfo[], id: string | null) =>
    files.flatMap((file) => {
      const log = logs.find((one) => one.file === file);
      return log ? [{ ...log, id }] : [];
    });
  const logs = [
    ...ofFile(chain.logs, library.logs, null),
    ...chain.further.flatMap(({ id, logs: files }) => ofFile(files, library.furtherLogs, id)),
  ];
  return [
    ...backups.map(({ type, idtag, consistentAt, bytes, file }) => ({
      ...{ kind: type, id: idtag, at: consistentAt, bytes, file },
      server: library.serverOf(file),
    })),
    ...logs.map(({ number, to, bytes, file, id }) => ({
      ...{
        kind: 'log' as const,
        id: `${id === null ? '' : `${id}/`}${number.replace(/\.log$/, '')}.log`,
        at: to,
        bytes,
        file,
      },
      server: library.serverOf(file),
    })),
  ];
}

function refusalFor(
  ports: RestorePlanPorts,
  subject: {
    chain: RestoreChain;
    options: RestoreOptions;
    target: Instance | null;
    server: string;
    place: string;
    group: GroupView | null;
  },
): HoldfastError | null {
  const { chain, options, target, server, place } = subject;
  if (subject.group?.review)
    return new HoldfastError(
      'GROUP_UNCONFIRMED',
      `The group ${subject.group.name} of ${target?.id} is not confirmed yet`,
    );
  const differ = differing(chain, target, options);
  if (differ) return differ;
  if (chain.problem) return new HoldfastError(chain.problem.name as ErrorName, chain.problem.message);
  const stranger = refusalOf(() => ofKnownBackends(options.peers, idsIn(chain)));
  if (stranger) return stranger;
  if (!ports.servers.isReachable(server))
    return new HoldfastError('SERVER_UNREACHABLE', `The agent of ${server} does not answer`);
  if (!target && fs.existsSync(place)) return new HoldfastError('TARGET_EXISTS', `${place} exists`);
  if (!target && !fs.existsSync(path.dirname(place)))
    return new HoldfastError('NOT_FOUND', `There is no folder ${path.dirname(place)}`);
  if (target?.status.state === 'Restoring')
    return new HoldfastError('RESTORE_ACTIVE', `A restore of ${target.id} is running`);
  if (target?.status.state === 'BackingUp')
    return new HoldfastError('BACKUP_ACTIVE', `A backup of ${target.id} is running`);
  return null;
}

function refusalOf(check: () => unknown): HoldfastError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
}

/** The files of a set replace those of an instance that has the same ones; new files are activated together. */
function differing(
  { full }: RestoreChain,
  target: Instance | null,
  { activate }: Pick<RestoreOptions, 'activate'>,
): HoldfastError | null {
  if (!full) return null;
  const what = `Backup ${full.idtag}`;
  const inside = full.backends?.map((one) => one.id) ?? null;
  if (!target) return inside && !activate ? notTogether(what, inside) : null;
  return backendsDiffer(what, inside, target.id, target.status.backends?.map((one) => one.id) ?? ['']);
}

/** Replacing a database that serves clients, and passing over a verification, need the name typed. */
function confirmation(
  target: Instance | null,
  request: RestoreRequest,
): { class: RestorePlan['class']; typedName: string | null } {
  if (!target) return { class: 'plain', typedName: null };
  if (request.override || request.activate) return { class: 'typed', typedName: target.record.name };
  return { class: 'confirm', typedName: null };
}

const isEncrypted = ({ full, incrementals }: RestoreChain): boolean =>
  [full, ...incrementals].some((one) => one?.encryption);
