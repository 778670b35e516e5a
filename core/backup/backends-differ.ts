// A set and a database that do not have the same files: what the difference is, and what to do about it. Pure.
import { HoldfastError } from '../contract/errors.ts';

const named = (ids: readonly string[] | null) => (ids && ids.length > 1 ? `the files ${ids.join(', ')}` : 'one file');

/**
 * Null when the files of a set (null: a backup of one file) can take the places of those of a database, else BACKENDS_DIFFER. The first
 * file of both must be the same one. `what` and `database` name the two.
 */
export function backendsDiffer(
  what: string,
  inside: readonly string[] | null,
  database: string,
  known: readonly string[],
): HoldfastError | null {
  const several = known.length > 1;
  if (!inside && !several) return null;
  const held = inside ?? known.slice(0, 1);
  const added = known.filter((id) => several && !held.includes(id));
  const lacking = held.filter((id) => !several || !known.includes(id)).slice(several ? 0 : 1);
  if (inside && added.length === 0 && lacking.length === 0 && inside[0] === known[0]) return null;
  const steps = [
    ...(added.length > 0 ? [`take ${added.join(', ')} out of ${database}`] : []),
    ...(lacking.length > 0 ? [`add ${lacking.join(', ')} to ${database}`] : []),
  ];
  const into = inside ? 'restore into new files, all at once (-a)' : 'restore into a new file';
  const next = steps.length > 0 ? `${steps.join(' and ')} first, or ${into}` : into;
  const why = steps.length > 0 ? '' : ', in another order';
  return new HoldfastError(
    'BACKENDS_DIFFER',
    `${what} holds ${named(inside)}; ${database} has ${named(known)}${why}. ${next.charAt(0).toUpperCase()}${next.slice(1)}`,
  );
}

/** New files of a set whose activation was not asked for: outside a database nothing would hold them together while they wait. */
export const notTogether = (what: string, ids: readonly string[]) =>
  new HoldfastError(
    'SEVERAL_BACKENDS',
    `${what} holds ${named(ids)}. Restored into new files, they are put in their places together or not at all: ask for that as well (-a)`,
    {
      hint: 'Add -a; in the console tick "Put the file in its place". A set that is to wait in RST is restored into its database.',
    },
  );
