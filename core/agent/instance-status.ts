// The agent's report about an instance: cheap, from memory and the state, and never an exception.

import { toErrorReport } from '../contract/errors.ts';
import type { InstanceState, InstanceStatus } from '../contract/instance.ts';
import { unknownStatus } from '../contract/unknown-status.ts';
import type { DatabaseInfo } from '../sqlite/types.ts';
import { withBackends } from './backend-status.ts';
import { describeLogging } from './logging-config.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import type { InstanceFacts } from './state-store.ts';

export function describeInstance(instance: ProtectedInstance): InstanceStatus {
  return withBackends(instance, describeFile(instance), describeFile);
}

function describeFile(instance: ProtectedInstance): InstanceStatus {
  if (!instance.hasState) return withoutState(instance);
  const { facts, capture } = instance;
  let { error } = instance;
  let info: DatabaseInfo | null = null;
  try {
    info = instance.owner?.info() ?? null;
  } catch (thrown) {
    error = toErrorReport(thrown);
  }
  error ??= instance.observed.error;
  const closedSize = () => instance.agent.deps.files.statSync(facts.path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    name: facts.name,
    path: facts.path,
    home: instance.home,
    role: facts.role,
    writable: instance.writable(),
    state: stateOf(instance, error !== null),
    error,
    replica: facts.replica,
    term: facts.term,
    journal: info?.journal ?? null,
    pageSize: info?.pageSize ?? null,
    pageCount: info?.pageCount ?? null,
    size: info?.size ?? closedSize(),
    logging: describeLogging(instance),
    wal: info?.wal ?? null,
    ...observedFields(instance),
    vector: instance.vector,
    lastCommitAt: capture?.lastCommitAt ?? facts.lastCommitAt,
    restorableTo: restorableTo(instance),
    fullRequired: facts.fullRequired !== null,
    fullRequiredReason: facts.fullRequired,
    outOfSync: facts.outOfSync !== null,
    outOfSyncReason: facts.outOfSync,
    lastFull: facts.lastFull,
    lastIncremental: facts.lastIncremental,
    lastRestore: standbyMark(instance),
    encryption: preferredOf(facts),
    securityFiles: facts.securityFiles.length,
    closed: facts.closed ? (facts.fenced ? 'disabled' : 'closed') : null,
    hasRst: facts.rst !== null,
  };
}

/** Missing for a file that is not open. */
function observedFields(instance: ProtectedInstance): Pick<InstanceStatus, 'walPins' | 'hazards'> {
  const { observed, owner } = instance;
  const report = observed.hazards.last;
  return owner ? { walPins: observed.wal.pins(), ...(report ? { hazards: report.hazards } : {}) } : {};
}

function stateOf(instance: ProtectedInstance, failed: boolean): InstanceState {
  const { facts } = instance;
  if (instance.activity?.kind === 'backup') return 'BackingUp';
  if (instance.activity?.kind === 'restore') return 'Restoring';
  if (failed) return 'Error';
  if (facts.role === 'standby') return facts.outOfSync ? 'OutOfSync' : 'Online';
  if (facts.fenced) return 'Fenced';
  if (!instance.owner) return 'Offline';
  return facts.outOfSync ? 'OutOfSync' : 'Online';
}

/** A half-applied backup is not a restored copy: it must not look eligible. */
function standbyMark(instance: ProtectedInstance): InstanceStatus['lastRestore'] {
  const { lastRestore, applying } = instance.facts;
  if (!lastRestore || applying) return null;
  const { idtag, at, dataTime } = lastRestore;
  return { idtag, at, dataTime };
}

/** With logging up to the last durable commit, else up to the last backup; nothing while a full backup is required. */
function restorableTo(instance: ProtectedInstance): number | null {
  const { chain, fullRequired, logging } = instance.facts;
  if (!chain) return null;
  const logged = !fullRequired && chain.logSerial !== null && chain.logSerial === logging.serial;
  const safe = logged ? (instance.capture?.safeTo ?? instance.facts.lastCommitAt) : null;
  return Math.max(chain.consistentAt, safe ?? 0);
}

function withoutState(instance: ProtectedInstance): InstanceStatus {
  const unknown = unknownStatus(instance.name, instance.path, instance.home);
  return {
    ...unknown,
    role: 'standby',
    state: 'Error',
    error: instance.error,
    logging: { ...unknown.logging, directory: instance.defaultLogFolder() },
  };
}

function preferredOf({ encryption }: Readonly<InstanceFacts>): { name: string; kept: boolean } | null {
  const found = encryption.definitions.find(({ name }) => name === encryption.preferred);
  return found ? { name: found.name, kept: found.kept } : null;
}
