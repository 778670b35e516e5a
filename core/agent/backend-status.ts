// The report about an instance of several files: each of them, and what holds only when it holds for all.
import type { BackendStatus } from '../contract/backend.ts';
import { type ErrorReport, toErrorReport } from '../contract/errors.ts';
import type { InstanceStatus } from '../contract/instance.ts';
import type { DatabaseInfo } from '../sqlite/types.ts';
import { describeLogging } from './logging-config.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** The first file's status with the others in it; unchanged for an instance of one file. `of` describes one file alone. */
export function withBackends(
  first: ProtectedInstance,
  status: InstanceStatus,
  of: (one: ProtectedInstance) => InstanceStatus,
): InstanceStatus {
  if (first.further.length === 0) return status;
  const all = [status, ...first.further.map(of)];
  const backends = first.backends.map(describeBackend);
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
    backends,
  };
}

function firstError(backends: BackendStatus[]): ErrorReport | null {
  for (const { id, error } of backends) if (error) return { ...error, message: `Backend ${id}: ${error.message}` };
  return null;
}

function describeBackend(one: ProtectedInstance): BackendStatus {
  let { error } = one;
  let info: DatabaseInfo | null = null;
  try {
    info = one.owner?.info() ?? null;
  } catch (thrown) {
    error = toErrorReport(thrown);
  }
  const { files } = one.agent.deps;
  const logging = one.hasState ? describeLogging(one) : null;
  return {
    id: one.backendId,
    path: one.path,
    home: one.home,
    journal: info?.journal ?? null,
    size: info?.size ?? files.statSync(one.path, { throwIfNoEntry: false })?.size ?? 0,
    pageSize: info?.pageSize ?? null,
    pageCount: info?.pageCount ?? null,
    logging: {
      on: logging?.on ?? false,
      directory: logging?.directory ?? one.defaultLogFolder(),
      currentLog: logging?.currentLog ?? '',
      usedBytes: logging?.usedBytes ?? 0,
    },
    vector: one.hasState ? one.vector : [],
    lastCommitAt: one.hasState ? (one.capture?.lastCommitAt ?? one.facts.lastCommitAt) : null,
    error,
  };
}
