// Which chains may go, and why each of the rest stays. Pure. Whole chains only: nothing that stays can stand on what goes.
import path from 'node:path';
import type { Chain } from '../contract/backup.ts';
import type { RetentionChain, RetentionPolicy } from '../contract/schedules.ts';
import type { BackupKnowledge } from './types.ts';

export interface RetentionInput {
  /** Every chain of one instance, in any order. */
  chains: Chain[];
  /** Policy of the instance; null keeps what no schedule's own policy covers. */
  policy: RetentionPolicy | null;
  knowledge: BackupKnowledge;
  /** Files that work reads or writes now, with what it is. */
  uses: { file: string; by: string }[];
  now: number;
}

export interface RetentionPlan {
  /** Oldest first. */
  remove: RetentionChain[];
  /** Newest first, each with its reasons. */
  keep: RetentionChain[];
}

const DAY = 86_400_000;
const backupsOf = (chain: Chain) => [chain.full, ...chain.incrementals];

export function planRetention(input: RetentionInput): RetentionPlan {
  const { knowledge } = input;
  const newestFirst = input.chains.toSorted((a, b) => b.full.consistentAt - a.full.consistentAt);
  const reasons = new Map(newestFirst.map((chain) => [chain, [] as string[]]));
  const say = (chain: Chain | undefined, reason: string) => chain && reasons.get(chain)?.push(reason);

  const good = newestFirst.filter((chain) => isGood(chain, knowledge));
  say(newestFirst[0], 'the newest backup');
  say(good[0], 'the newest backup that nothing is known against');
  say(
    newestFirst.find((chain) => backupsOf(chain).some((backup) => knowledge.proven.has(backup.idtag))),
    'the newest one that is proven to restore',
  );
  for (const chain of newestFirst) for (const reason of neededBy(chain, newestFirst, input)) say(chain, reason);
  for (const { policy, chains } of byPolicy(newestFirst, input))
    for (const [chain, reason] of keptBy(policy, chains, newestFirst, input)) say(chain, reason);

  const shown = (chain: Chain) => shownAs(chain, knowledge, reasons.get(chain) ?? []);
  const stays = (chain: Chain) => (reasons.get(chain)?.length ?? 0) > 0;
  return {
    remove: newestFirst
      .filter((chain) => !stays(chain))
      .map((chain) => ({ ...shown(chain), reasons: [] }))
      .reverse(),
    keep: newestFirst.filter(stays).map(shown),
  };
}

const isGood = (chain: Chain, { bad }: BackupKnowledge) => !bad.has(chain.full.idtag);

/** Reasons that no policy can take away. */
function neededBy(chain: Chain, all: Chain[], { uses, knowledge }: RetentionInput): string[] {
  const found: string[] = [];
  const backups = backupsOf(chain);
  if (backups.some((backup) => knowledge.heads.has(backup.idtag))) found.push('the next backup continues it');
  const files = new Set(backups.flatMap(partsOf).map((file) => path.resolve(file)));
  for (const { file, by } of [...uses, ...knowledge.listed])
    if (files.has(path.resolve(file)) && !found.includes(by)) found.push(by);
  const serials = new Set(backups.map((backup) => backup.serial));
  const standing = all.some(
    (other) =>
      other !== chain &&
      backupsOf(other).some(
        (backup) =>
          (backup.previousSerial !== null && serials.has(backup.previousSerial)) ||
          (backup.type === 'incremental' && backup.baseIdtag === chain.full.idtag),
      ),
  );
  if (standing) found.push('other backups stand on it');
  return found;
}

interface Share {
  policy: RetentionPolicy | null;
  chains: Chain[];
}

/** Each chain under the one policy that is about it; counts are within it. */
function byPolicy(newestFirst: Chain[], { policy, knowledge }: RetentionInput): Share[] {
  const shares = new Map<string, Share>();
  for (const chain of newestFirst) {
    const maker = knowledge.madeBy.get(chain.full.idtag);
    const own = maker ? knowledge.schedulePolicies.get(maker.scheduleId) : undefined;
    const key = own && maker ? maker.scheduleId : maker || policy?.manual ? 'instance' : 'manual';
    const share = shares.get(key) ?? { policy: own ?? (key === 'manual' ? null : policy), chains: [] };
    share.chains.push(chain);
    shares.set(key, share);
  }
  return [...shares.values()];
}

function* keptBy(
  policy: RetentionPolicy | null,
  chains: Chain[],
  all: Chain[],
  { knowledge, policy: ofInstance, now }: RetentionInput,
): Generator<[Chain, string]> {
  if (policy === null) {
    const reason = ofInstance === null ? 'no retention is set' : 'made by hand';
    for (const chain of chains) yield [chain, reason];
    return;
  }
  const { keepFulls, keepDays } = policy;
  if (keepFulls === null && keepDays === null) for (const chain of chains) yield [chain, 'no retention is set'];
  if (keepFulls !== null) {
    // A backup that is known not to restore takes no place of one that may.
    let counted = 0;
    for (const chain of chains) {
      if (counted === keepFulls) break;
      if (isGood(chain, knowledge)) counted++;
      yield [chain, `among the newest ${keepFulls}`];
    }
  }
  if (keepDays !== null) {
    const since = now - keepDays * DAY;
    for (const chain of chains)
      if (coveredUntil(chain, all, knowledge) > since) yield [chain, `needed for the last ${keepDays} days`];
  }
}

/**
 * Moments up to here can only be restored from this chain and the logs after it: up to the next good full, whatever made that.
 */
function coveredUntil(chain: Chain, newestFirst: Chain[], knowledge: BackupKnowledge): number {
  const newer = newestFirst.slice(0, newestFirst.indexOf(chain)).filter((one) => isGood(one, knowledge));
  const next = newer.at(-1)?.full.consistentAt ?? Number.POSITIVE_INFINITY;
  return Math.max(next, ...backupsOf(chain).map((backup) => backup.consistentAt));
}

/** Every file of a chain. */
export const filesOf = (chain: Chain): string[] => backupsOf(chain).flatMap(partsOf);

/** `parts` is empty in old listings of a set that is one file. */
const partsOf = ({ parts, file }: Chain['full']) => (parts.length > 0 ? parts : [file]);

function shownAs(chain: Chain, { madeBy }: BackupKnowledge, reasons: string[]): RetentionChain {
  const backups = backupsOf(chain);
  return {
    idtag: chain.full.idtag,
    full: chain.full.file,
    files: filesOf(chain),
    bytes: backups.reduce((sum, backup) => sum + backup.bytes, 0),
    backups: backups.length,
    from: chain.full.consistentAt,
    to: Math.max(...backups.map((backup) => backup.consistentAt)),
    schedule: madeBy.get(chain.full.idtag)?.name ?? null,
    reasons,
  };
}
