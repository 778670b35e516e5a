// The report about an instance of several files: each of them, and what holds only when it holds for all.
import type { BackendStatus } from '../contract/backend.ts';
import type { ErrorReport } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import { joinHazards, joinPins } from './backend-hazards.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** The first file's status with the others in it; unchanged for an instance of one file. `of` describes one file alone. */
export function withBackends(
  first: ProtectedInstance,
  status: InstanceStatus,
  of: (one: ProtectedInstance) => InstanceStatus,
): InstanceStatus {
  if (first.further.length === 0) return status;
  const all = [status, ...first.further.map(of)];
  const backends = first.backends.map((one, index) => describeBackend(one, all[index] as InstanceStatus));
  const error = status.error ?? firstError(backends);
  const commits = all.map((one) => one.lastCommitAt).filter((at) => at !== null);
  const safe = all.map((one) => one.restorableTo);
  return {
    ...status,
    error,
    state: error !== null && (status.state === 'Online' || status.state === 'OutOfSync') ? 'Error' : status.state,
    size: all.reduce((sum, one) => sum + one.size, 0),
    lastCommitAt: commits.length > 0 ? Math.max(...commits) : null,
    // Only what every file reaches can be restored together.
    restorableTo: safe.every((at) => at !== null) ? Math.min(...safe) : null,
    ...observedOf(backends),
    backends,
  };
}

function firstError(backends: BackendStatus[]): ErrorReport | null {
  for (const { id, error } of backends) if (error) return { ...error, message: `Backend ${id}: ${error.message}` };
  return null;
}

function describeBackend({ backendId: id }: ProtectedInstance, status: InstanceStatus): BackendStatus {
  const { path, home, journal, size, pageSize, pageCount, logging, wal, walPins, hazards } = status;
  const { vector, lastCommitAt, restorableTo, error } = status;
  return {
    ...{ id, path, home, journal, size, pageSize, pageCount, logging, wal },
    ...(walPins ? { walPins } : {}),
    ...(hazards ? { hazards } : {}),
    ...{ vector, lastCommitAt, restorableTo, error },
  };
}

/** What is known of the files' WAL and hazards; missing where it is known of none. */
function observedOf(backends: BackendStatus[]): Pick<InstanceStatus, 'walPins' | 'hazards'> {
  const pins = backends.flatMap(({ id, walPins }) => (walPins ? [{ id, found: walPins }] : []));
  const hazards = backends.flatMap((one) => (one.hazards ? [{ id: one.id, found: one.hazards }] : []));
  return {
    ...(pins.length > 0 ? { walPins: joinPins(pins) } : {}),
    ...(hazards.length > 0 ? { hazards: joinHazards(hazards) } : {}),
  };
}
