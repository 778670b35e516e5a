// The sentences of a restore plan: what will happen, what to know before, and what was checked.
import type { RestorePlan, RestoreRequest } from '../contract/console.ts';
import type { GroupView } from '../contract/failover.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import { bytesText } from '../platform/size-text.ts';
import { momentText } from '../platform/time-text.ts';
import { ofKnownBackends, withSilentBackends } from '../restore/peers-waiting.ts';
import { formatStamp } from '../vectors/stamp.ts';
import type { Instance } from './instances.ts';
import type { RestoreChain } from './restore-chain.ts';
import type { RestoreSource } from './restore-source.ts';
import type { Servers } from './servers.ts';

export interface PlanSubject {
  request: RestoreRequest;
  source: RestoreSource;
  target: Instance | null;
  server: string;
  place: string;
  chain: RestoreChain;
  group: GroupView | null;
  options: RestoreOptions;
  sources: NonNullable<RestorePlan['sources']>;
}

const counted = (count: number, one: string) => `${count} ${one}${count > 1 ? 's' : ''}`;

export function effectsOf({ chain, target, place, request }: PlanSubject): string[] {
  const effects: string[] = [];
  const count = chain.incrementals.length;
  if (chain.full)
    effects.push(
      `Full backup ${chain.full.idtag} of ${momentText(chain.full.consistentAt)}${count > 0 ? ` and ${counted(count, 'incremental')}` : ''} restored`,
    );
  const logs = chain.logs.length + chain.further.reduce((sum, one) => sum + one.logs.length, 0);
  if (logs > 0) effects.push(`${counted(logs, 'roll-forward log')} replayed`);
  if (request.untilStamp) effects.push(`The last commit will be ${formatStamp(request.untilStamp)}`);
  else if (chain.reaches !== null) effects.push(`The data will be of ${momentText(chain.reaches)}`);
  const backends = chain.full?.backends;
  if (backends) effects.push(`The files ${backends.map((one) => one.id).join(', ')} become active together`);
  if (!target) effects.push(`A new database is written to ${place}${backends ? ', its further files beside it' : ''}`);
  else if (request.activate) {
    effects.push(`${place} is replaced; the old set is kept as a contingency copy`);
    effects.push('A full backup is required afterwards');
    effects.push(
      request.keepLogSettings
        ? 'Roll-forward logging stays as it is set, under a new serial'
        : 'Roll-forward logging is off afterwards: the database is not protected until it is turned on',
    );
  } else effects.push(`${place} stays as it is; the restored set waits in RST`);
  return effects;
}

/** The files of the set, the first one first; empty for a backup of one file. */
export const idsIn = ({ full }: Pick<RestoreChain, 'full'>): string[] => (full?.backends ?? []).map((one) => one.id);

/** Who is compared with one of the files is compared with all: what was not given is waited for. */
function silentFiles({ chain, options }: PlanSubject): string[] {
  const ids = idsIn(chain);
  // A file that the set does not have is refused in other words.
  if (options.skipVerify || options.peers.some(({ backend }) => backend !== undefined && !ids.includes(backend)))
    return [];
  const missing = withSilentBackends(ofKnownBackends(options.peers, ids), ids).filter(({ vector }) => vector === null);
  return [...Map.groupBy(missing, ({ server }) => server)].flatMap(([server, peers]) => {
    const files = peers.flatMap(({ backend }) => backend ?? []);
    return files.length > 0
      ? [`Nothing is known of what ${server} holds of ${files.join(', ')}: the verification waits for it`]
      : [];
  });
}

export function warningsOf(subject: PlanSubject): string[] {
  const { chain, source, target, group, request } = subject;
  const warnings = chain.missing.map((what) => `Missing: ${what}`);
  if (chain.ends && chain.reaches !== null && chain.missing.length === 0)
    warnings.push(`Nothing after ${momentText(chain.reaches)} is reached: ${chain.ends}`);
  warnings.push(...source.library.notes);
  if (target && source.instance === null)
    warnings.push(`The backups were found in a folder: check that they are of the database that ${target.id} is to be`);
  else if (target && source.instance && target.id !== source.instance.id)
    warnings.push(`${target.id} gets the data of ${source.instance.id}`);
  if (target && request.activate && target.status.writable)
    warnings.push(`Changes of ${target.id} after the restored point are left behind in the contingency copy`);
  const toPoint = request.until !== null || !!request.untilStamp;
  if (target && toPoint && group && !request.skipVerify && !request.override)
    warnings.push('Other members of the group hold newer data: the verification will find the restored set behind');
  if (group?.config.enabled && request.activate)
    warnings.push(`${group.name} needs a full backup before it can fail over again`);
  warnings.push(...silentFiles(subject));
  if (request.override) warnings.push('The set is activated even when the verification fails');
  if (request.skipVerify && target) warnings.push('The restored set is not verified against other servers');
  if (target && request.clearLock === false && request.activate)
    warnings.push('The lock is not cleared: nobody can write until it is (restadv -k)');
  return warnings;
}

export function checksOf({ servers }: { servers: Servers }, subject: PlanSubject): RestorePlan['checks'] {
  const { chain, target, server, options, sources } = subject;
  const checks: RestorePlan['checks'] = [];
  const add = (good: boolean, text: string, bad: 'warning' | 'failed') =>
    checks.push({ text, status: good ? 'ok' : bad });
  add(
    chain.full !== null,
    chain.full ? `Full backup ${chain.full.idtag} is there` : 'A full backup is there',
    'failed',
  );
  add(
    chain.missing.length === 0,
    'Nothing between the backups and logs is missing',
    chain.problem ? 'failed' : 'warning',
  );
  add(servers.isReachable(server), `The agent of ${server} answers`, 'failed');
  const elsewhere = sources.filter((one) => one.server.toLowerCase() !== server.toLowerCase());
  if (elsewhere.length > 0) {
    const names = [...new Set(elsewhere.map((one) => one.server))].join(', ');
    const text = `${counted(elsewhere.length, 'file')} found by ${names}; what ${server} cannot read there is copied to it first`;
    checks.push({ text, status: 'ok' });
  }
  const free = servers.probeOf(server).status?.freeBytes ?? null;
  const needed = (chain.full?.pageSize ?? 0) * (chain.incrementals.at(-1) ?? chain.full ?? { pageCount: 0 }).pageCount;
  if (free !== null && chain.full)
    add(free > needed, `${bytesText(needed)} needed on ${server}, ${bytesText(free)} free`, 'warning');
  for (const peer of options.peers)
    add(
      peer.vector !== null,
      `${peer.server}${peer.backend ? ` (${peer.backend})` : ''} ${peer.vector ? 'can be' : 'cannot be'} verified against`,
      'warning',
    );
  if (target && options.activate && target.status.writable)
    checks.push({
      text: `Programs that use ${target.status.path} are stopped; while one has it open, the restore is refused`,
      status: 'warning',
    });
  return checks;
}
