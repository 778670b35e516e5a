// Kept copies of an instance of several files: what one restore replaced is one copy, in as many homes as it had files.
import type { Contingency } from '../contract/agent.ts';
import { listContingencies } from '../restore/contingency.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** The copies of the first file, each with those of the others that were replaced with it; what only others keep, alone. */
export function contingenciesOf(first: ProtectedInstance): Contingency[] {
  const { files } = first.agent.deps;
  if (first.further.length === 0) return listContingencies(files, first.home, first.name);
  const copies = new Map<string, Contingency>();
  for (const one of first.backends)
    for (const copy of listContingencies(files, one.home, one.name)) {
      const known = copies.get(copy.id);
      const file = { id: one.backendId, path: copy.path };
      copies.set(
        copy.id,
        known
          ? { ...known, bytes: known.bytes + copy.bytes, backends: [...(known.backends ?? []), file] }
          : { ...copy, backends: [file] },
      );
    }
  return [...copies.values()].sort((a, b) => b.takenAt - a.takenAt);
}
