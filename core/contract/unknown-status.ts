// The status of an instance of which nothing is known: its agent has not spoken yet, no longer knows it, or has lost its state.
import { HoldfastError } from './errors.ts';
import type { InstanceStatus } from './instance.ts';

/** Nothing known but name and path; `error` says why when the agent should know it and does not. */
export function unknownStatus(name: string, path: string, home: string): InstanceStatus {
  return {
    name,
    path,
    home,
    role: 'primary',
    writable: false,
    state: 'Offline',
    error: null,
    replica: 1,
    term: 0,
    journal: null,
    pageSize: null,
    pageCount: null,
    size: 0,
    logging: {
      on: false,
      directory: '',
      minBytes: 0,
      maxBytes: 0,
      currentLog: '',
      lastNotUsed: null,
      usedBytes: 0,
      logCount: 0,
      safeToDelete: [],
    },
    wal: null,
    vector: [],
    lastCommitAt: null,
    restorableTo: null,
    fullRequired: false,
    fullRequiredReason: null,
    outOfSync: false,
    outOfSyncReason: null,
    lastFull: null,
    lastIncremental: null,
    lastRestore: null,
    hasRst: false,
  };
}

/** The last known status of an instance that its agent does not list any more. */
export function lostStatus(last: InstanceStatus, server: string): InstanceStatus {
  const error = new HoldfastError('NOT_FOUND', `The agent of ${server} does not know ${last.name} any more`, {
    hint: `Protect ${last.path} again under the same name.`,
  });
  return { ...last, state: 'Error', writable: false, error: error.report() };
}
