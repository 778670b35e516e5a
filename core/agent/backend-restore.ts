// Restores of several files as one, into an instance that has the same backends or into new files.
import path from 'node:path';
import { manifestOf } from '../backup/backend-set.ts';
import { backendsDiffer, notTogether } from '../backup/backends-differ.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreOptions } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { backendsIn, planTogether } from '../restore/plan-together.ts';
import { restoreTogether, type SetFile } from '../restore/together.ts';
import type { RestoreContext, RestoreTarget } from '../restore/types.ts';
import { discardRst, rstPath } from '../restore/waiting-set.ts';
import type { ProtectedInstance } from './protected-instance.ts';

type Shared = Omit<RestoreContext, 'target' | 'together'>;

/** True when the restore concerns several files. Throws BACKENDS_DIFFER when the backup and the instance do not have the same ones. */
export function concernsSeveral(first: ProtectedInstance, file: string): boolean {
  const inside = backendsIn(file, first.agent.deps.files);
  const known = first.backends.map((one) => one.backendId);
  if (!inside && known.length === 1) return false;
  const differ = backendsDiffer(file, inside, first.name, known);
  if (differ) throw differ;
  return true;
}

/** The seven steps into all files of the instance. */
export async function restoreBackends(
  first: ProtectedInstance,
  targetOf: (one: ProtectedInstance) => RestoreTarget,
  context: Shared,
  options: RestoreOptions,
): Promise<void> {
  const backends = first.further.map((one) => {
    const given = options.backends.find(({ id }) => id === one.backendId);
    const logFolder = given?.logFolder ?? one.facts.logging.directory;
    return { id: one.backendId, path: null, logFolder, logFiles: given?.logFiles ?? null };
  });
  const planned = planTogether({ ...options, backends }, context.files);
  const files: SetFile[] = planned.map((plan) => {
    const one = first.backends.find(({ backendId }) => backendId === plan.id);
    if (!one) throw new HoldfastError('BACKENDS_DIFFER', `${first.name} has no backend ${plan.id}`);
    return { ...plan, target: targetOf(one) };
  });
  await restoreTogether(context, files, first.home);
}

/** Where the files of a set go that replace nothing: the given path for the first, a name beside it for each that has none. */
export function newPlaces(file: string, options: RestoreOptions, files: Files): { id: string; path: string }[] | null {
  const manifest = manifestOf(options.file, files);
  // The file of a further backend is taken out alone.
  if (!manifest || manifest.backend !== manifest.backends[0]?.id) return null;
  return manifest.backends.map(({ id }, index) => {
    const given = options.backends.find((one) => one.id === id)?.path;
    return { id, path: given ?? (index === 0 ? file : besides(file, id)) };
  });
}

function besides(file: string, id: string): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}.${id}${ext}`);
}

/**
 * The seven steps into new files. A set that is not activated, or whose verification fails, does not wait: nothing would hold its files
 * together until somebody decided.
 */
export async function restoreNewFiles(
  context: Shared,
  options: RestoreOptions,
  targets: { id: string; target: RestoreTarget }[],
  home: string,
): Promise<void> {
  if (!options.activate)
    throw notTogether(
      options.file,
      targets.map(({ id }) => id),
    );
  const files: SetFile[] = planTogether(options, context.files).map((plan) => {
    const target = targets.find(({ id }) => id === plan.id)?.target;
    if (!target) throw new HoldfastError('BACKENDS_DIFFER', `No place is given for the backend ${plan.id}`);
    return { ...plan, target };
  });
  if (await restoreTogether(context, files, home)) return;
  for (const { target } of files) {
    discardRst(context.files, rstPath(target.home, target.path));
    target.waiting(null);
  }
}
