// Several files as one instance: what the first file does for all, and what the others wait for.
import path from 'node:path';
import type { FenceResult } from '../contract/agent.ts';
import { HoldfastError } from '../contract/errors.ts';
import { ensureFolder } from '../platform/files.ts';
import { hasSetJournal, settleSetJournal } from '../restore/set-journal.ts';
import { fenceInstance, unfenceInstance } from './instance-role.ts';
import { configureLogging, type LoggingChange } from './logging-config.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/**
 * Brings what a crash left half-done over several files to one side, before any of them is opened: an activation by its journal, new
 * chain heads by the state of the first file. Throws what keeps it from that; then nothing of the instance is opened.
 */
export function settleBackends(first: ProtectedInstance): void {
  settleSetJournal(first.agent.deps.files, first.home, first.agent.deps.at);
  takeDecided(first);
}

/** Gives the further files the chain heads that were decided with the first file's own; those without a state wait. Safe to repeat. */
export function takeDecided(first: ProtectedInstance): void {
  const { decided } = first.facts;
  if (!decided) return;
  const waiting: typeof decided = {};
  for (const [id, patch] of Object.entries(decided)) {
    const one = first.further.find((other) => other.backendId === id || placeId(first, other) === id);
    if (one && !one.hasState) waiting[id] = patch;
    else one?.update(patch);
  }
  first.update({ decided: Object.keys(waiting).length > 0 ? waiting : null });
}

/** The list is the first file's; a state that could not be opened does not know its own name. */
const placeId = (first: ProtectedInstance, one: ProtectedInstance) =>
  first.facts.further.find((place) => place.path === one.path)?.id;

/** A further file is opened only when what concerns all of them is settled. */
export function followFirst(one: ProtectedInstance): void {
  const { first } = one;
  if (!first?.hasState)
    throw new HoldfastError('IO_ERROR', `${one.path} waits for the state of ${one.name}, which is not open`);
  if (hasSetJournal(one.agent.deps.files, first.home))
    throw new HoldfastError(
      'RESTORE_ACTIVE',
      `${one.path} waits until an interrupted restore of ${one.name} is settled`,
    );
  takeDecided(first);
  const id = placeId(first, one);
  if (id && one.facts.backendId !== id) one.update({ backendId: id });
}

/** The log settings of all files; each writes into a folder of its own. Throws JOURNAL_MODE before anything is changed. */
export function configureBackends(first: ProtectedInstance, change: LoggingChange): void {
  const { files } = first.agent.deps;
  for (const one of first.backends)
    if (change.on && !one.facts.logging.on && one.owner && one.owner.info().journal !== 'wal')
      throw new HoldfastError('JOURNAL_MODE', `${one.path} uses a rollback journal`);
  configureLogging(first, change);
  for (const one of first.further) {
    if (change.directory === undefined) {
      configureLogging(one, change);
      continue;
    }
    const given = first.agent.allowed(change.directory);
    const base = path.basename(given) === 'nds.rfl' ? path.dirname(given) : given;
    const directory = path.join(base, one.backendId);
    ensureFolder(files, directory);
    configureLogging(one, { ...change, directory });
  }
}

/** One answer for all files: durable when every one is. */
export function joinFences(results: FenceResult[]): FenceResult {
  const [first] = results;
  if (!first) throw new Error('an instance has at least one file');
  const holders = new Map(results.flatMap((one) => one.holders).map((holder) => [holder.pid, holder]));
  return { durable: results.every((one) => one.durable), holders: [...holders.values()], vector: first.vector };
}

/** Lifts the fence of all, the first file last; when one stays fenced, all do. */
export function unfenceBackends(first: ProtectedInstance, term: number): void {
  const lifted: ProtectedInstance[] = [];
  try {
    for (const one of first.backends.toReversed()) {
      unfenceInstance(one, term);
      lifted.push(one);
    }
  } catch (error) {
    for (const one of lifted) fenceInstance(one, 'Another file of the instance could not be opened', term, 2000);
    throw error;
  }
}

/** Throws SEVERAL_BACKENDS when `what` (null: nothing) is asked of an instance of several files. */
export function refuseSeveral(first: ProtectedInstance, what: string | null): void {
  if (what === null || first.further.length === 0) return;
  const ids = first.backends.map((one) => one.backendId).join(', ');
  throw new HoldfastError('SEVERAL_BACKENDS', `${first.name} has the backends ${ids} and cannot ${what}`);
}
