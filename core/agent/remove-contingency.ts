// Deletes a kept copy of a replaced set, for good, when an administrator has said so.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { dropContingency } from '../restore/contingency.ts';
import { readJournal } from '../restore/journal.ts';
import { hasSetJournal } from '../restore/set-journal.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** Throws NOT_FOUND, and RESTORE_ACTIVE while a restore runs or has to be settled: it may be about this very copy. */
export function removeContingency(instance: ProtectedInstance, id: string): { bytes: number } {
  const { files } = instance.agent.deps;
  const found = instance.contingencies().find((one) => one.id === id && one.kind === 'set');
  if (!found) throw new HoldfastError('NOT_FOUND', `${instance.name} keeps no copy ${id}`);
  const unsettled =
    hasSetJournal(files, instance.home) || instance.backends.some((one) => readJournal(files, one.home));
  if (instance.activity?.kind === 'restore' || unsettled)
    throw new HoldfastError('RESTORE_ACTIVE', `A restore of ${instance.name} is not finished; the copy stays`);
  for (const copy of found.backends ?? [found]) dropContingency(files, path.dirname(copy.path));
  return { bytes: found.bytes };
}
