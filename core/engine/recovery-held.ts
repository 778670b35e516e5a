// What a restored set holds, file by file, and which options a way of the recovery means for each file. Pure.
import path from 'node:path';
import type { Vector } from '../contract/common.ts';
import type { RecoveryFile, RecoveryWay } from '../contract/recovery.ts';
import type { RestoreOptions, RestoreView } from '../contract/restore.ts';
import type { WaitingRst } from '../contract/verification.ts';
import type { RecoveryFacts } from '../restore/guided-recovery.ts';
import { advance, covers } from '../vectors/vector.ts';
import type { HeldVector } from '../vectors/verify.ts';

type Waiting = Pick<WaitingRst, 'vector' | 'backends'>;

/** What the set in RST holds. */
export const heldOf = ({ vector, backends }: Waiting): HeldVector[] =>
  backends?.map((one) => ({ backend: one.id, vector: one.vector })) ?? [{ vector }];

/** What a restore had restored, by its table; of a file that no server answered for, by the set that waits. */
export function heldIn(
  { verification, backend }: Pick<RestoreView, 'verification' | 'backend'>,
  rst: Waiting | null,
): HeldVector[] {
  const local = (id: string | undefined): Vector =>
    verification.servers
      .filter((one) => one.backend === id)
      .flatMap(({ rows }) => rows.flatMap((row) => row.local ?? []))
      .reduce(advance, []);
  if (!backend) return [{ vector: local(undefined) }];
  return backend.all.map(({ id }) => {
    const seen = local(id);
    const waits = rst?.backends?.find((one) => one.id === id)?.vector ?? [];
    return { backend: id, vector: seen.length > 0 ? seen : waits };
  });
}

/** The same for the planner. */
export function factsOf(held: readonly HeldVector[]): Pick<RecoveryFacts, 'restored' | 'backends'> {
  const several = held.flatMap(({ backend, vector }) => (backend === undefined ? [] : [{ id: backend, vector }]));
  return { restored: held[0]?.vector ?? [], backends: several.length > 0 ? several : null };
}

export const isSame = (one: readonly HeldVector[], other: readonly HeldVector[]): boolean =>
  one.length === other.length &&
  one.every(({ backend, vector }) => {
    const own = other.find((held) => held.backend === backend)?.vector;
    return own !== undefined && covers(own, vector) && covers(vector, own);
  });

/** The files of a way as options: the logs of the first file, and those of each further one. */
export function sourcesIn({
  files,
  backends,
}: Pick<RecoveryWay, 'files' | 'backends'>): Pick<RestoreOptions, 'file' | 'incrementals' | 'logFiles' | 'backends'> {
  const named = (kind: RecoveryFile['kind']) => files.filter((file) => file.kind === kind).map(({ file }) => file);
  const logs = files.filter((file) => file.kind === 'log');
  const [first, ...further] = (backends ?? []).map((one) => one.id);
  const logsOf = (id: string | undefined) => logs.filter(({ backend }) => backend === id).map(({ file }) => file);
  return {
    file: named('full')[0] ?? '',
    incrementals: named('incremental'),
    logFiles: logsOf(first),
    backends: further.flatMap((id) => {
      const own = logsOf(id);
      const [log] = own;
      return log === undefined ? [] : [{ id, path: null, logFolder: path.dirname(log), logFiles: own }];
    }),
  };
}
