// Restores of an instance: as the target of the seven steps, its recovery after a crash, and a set that waits in RST.

import { startRestoreEntry } from '../backup/backup-log.ts';
import { HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { Secrets } from '../contract/other-files.ts';
import type { RestoreEvent, RestoreOptions } from '../contract/restore.ts';
import { type RestoredSet, readJournal } from '../restore/journal.ts';
import { nameHolders } from '../restore/name-holders.ts';
import { recoverRestore } from '../restore/recover.ts';
import { runRestore } from '../restore/run-restore.ts';
import { hasSetJournal } from '../restore/set-journal.ts';
import type { RestoreTarget } from '../restore/types.ts';
import { activateWaiting, discardRst, rstPath } from '../restore/waiting-set.ts';
import { activateTogether } from '../restore/waiting-together.ts';
import type { LockHolder } from '../sqlite/types.ts';
import { covers } from '../vectors/vector.ts';
import { concernsSeveral, restoreBackends } from './backend-restore.ts';
import { lockClosedFile } from './closed-set.ts';
import { keysOf, noSecrets } from './encryption-settings.ts';
import { withPeersDesk } from './instance-verification.ts';
import type { Emitter, ProtectedInstance } from './protected-instance.ts';
import { renewSerial } from './state-store.ts';

/** Settles a restore that a crash interrupted, before anything of the instance is opened. */
export function recoverInstance(instance: ProtectedInstance): void {
  const { agent, name } = instance;
  const outcome = recoverRestore(agent.deps.files, instanceTarget(instance));
  if (outcome === 'none') return;
  const text =
    outcome === 'completed'
      ? 'An interrupted restore was brought to its end; the restored set is active'
      : 'An interrupted restore was taken back; the old set is active';
  agent.emit('restoreRecovered', 'warning', name, text);
}

/** The seven steps into this instance. */
export async function restoreInstance(
  instance: ProtectedInstance,
  options: RestoreOptions,
  out: Emitter<RestoreEvent>,
  signal: AbortSignal,
  secrets: Secrets = noSecrets,
): Promise<void> {
  const { agent } = instance;
  const inside = allowedOptions(agent.allowed.bind(agent), options);
  // A fenced or standby database stays locked whatever is restored into it; the fence has its own door.
  const locked = instance.fenced || instance.role === 'standby';
  const wanted = { ...inside, clearLock: inside.clearLock && !locked };
  const several = concernsSeveral(instance, inside.file);
  const ids = several ? instance.backends.map((one) => one.backendId) : [];
  await withPeersDesk(agent, instance.name, inside.peers, ids, async (desk) => {
    const context = {
      files: agent.deps.files,
      clock: agent.deps.clock,
      keys: keysOf(agent, secrets.pages, [instance.home]),
      signal,
      emit: (event: RestoreEvent) => (event.kind === 'view' ? out.replace(event) : out.emit(event)),
      desk,
      at: agent.deps.at ?? (() => {}),
    };
    if (several) await restoreBackends(instance, instanceTarget, context, wanted);
    else await runRestore({ ...context, target: instanceTarget(instance) }, wanted);
  }).finally(() => {
    for (const one of instance.backends) settleJournal(one);
  });
}

/** A journal that is still open needs now what a crash there would need; what fails of that is tried again at a later beat. */
function settleJournal(instance: ProtectedInstance): void {
  try {
    const { files } = instance.agent.deps;
    // Without a journal nothing is left to settle, but its removal may be what failed before the file was opened.
    if (readJournal(files, instance.home) || hasSetJournal(files, instance.home)) instance.closeFile();
    else if (instance.owner) return;
  } catch (error) {
    instance.agent.emit('error', 'warning', instance.name, toErrorReport(error).message);
  }
  instance.tryOpen();
}

/** The same options with every path checked against the folders that this server may use. */
export function allowedOptions(allowed: (path: string) => string, options: RestoreOptions): RestoreOptions {
  return {
    ...options,
    file: allowed(options.file),
    incrementals: options.incrementals?.map(allowed) ?? null,
    searchFolders: options.searchFolders.map(allowed),
    log: allowed(options.log),
    logFolder: options.logFolder === null ? null : allowed(options.logFolder),
    logFiles: options.logFiles?.map(allowed) ?? null,
    backends: options.backends.map((one) => ({
      ...one,
      path: one.path === null ? null : allowed(one.path),
      logFolder: one.logFolder === null ? null : allowed(one.logFolder),
      logFiles: one.logFiles?.map(allowed) ?? null,
    })),
  };
}

export function instanceTarget(instance: ProtectedInstance): RestoreTarget {
  const { agent } = instance;
  return {
    path: instance.path,
    home: instance.home,
    get wasFenced() {
      return instance.fenced || instance.role === 'standby';
    },
    get dataTime() {
      return instance.facts.lastCommitAt;
    },
    get logSettings() {
      const { logging } = instance.facts;
      return `${logging.on ? 'on' : 'off'}, ${logging.directory}`;
    },
    close: (signal, waitingFor) => closeForRestore(instance, signal, waitingFor),
    reopen: () => instance.tryOpen(),
    waiting: (set) => instance.update({ rst: set }),
    contains(set) {
      const { role, vector, databaseSerial, applying, chain, fullRequired } = instance.facts;
      // A standby that was no primary since its last restore holds only what was restored; whoever was a primary, which a chain of its own
      // or the want of one shows, may hold changes that no vector names.
      return (
        role === 'standby' &&
        chain === null &&
        fullRequired === null &&
        applying === null &&
        databaseSerial === set.databaseSerial &&
        vector.length > 0 &&
        covers(set.vector, vector)
      );
    },
    adopt(set) {
      const { facts } = instance;
      const standby = facts.role === 'standby';
      instance.update({
        vector: set.vector,
        databaseSerial: set.databaseSerial || facts.databaseSerial,
        lastCommitAt: set.restoredTo,
        capture: null,
        chain: null,
        rst: null,
        seen: null,
        applying: null,
        fenced: facts.fenced || (!set.clearLock && !standby),
        fenceReason: facts.fenceReason ?? (set.clearLock || standby ? null : 'Restored, and the lock was not cleared'),
        closed: !set.open && !standby,
        fullRequired: standby ? null : `Backup ${set.idtag} was restored`,
        outOfSync: null,
        logging: {
          ...renewSerial(facts.logging),
          ...(set.keepLogSettings ? {} : { on: false, directory: instance.defaultLogFolder() }),
          serial: null,
        },
        lastRestore: {
          idtag: set.idtag,
          at: agent.deps.clock.now(),
          dataTime: set.restoredTo,
          serial: set.serial,
          sequence: set.sequence,
          baseIdtag: set.baseIdtag,
        },
      });
    },
    opened: () => instance.tryOpen(),
  };
}

/** How long programs that have the database open get to leave it, once it has stopped being a primary; ms. */
const LEAVE_MS = 5000;

/**
 * Step 1. Writers are locked out at once and `/primary` says no, so that clients which follow it let go of the file; while one
 * stays, the restore is refused and everything is as before.
 */
async function closeForRestore(
  instance: ProtectedInstance,
  signal: AbortSignal,
  waitingFor: (holders: LockHolder[]) => void,
): Promise<void> {
  const { agent, owner } = instance;
  const { clock, files } = agent.deps;
  const wasFenced = owner?.fenced ?? true;
  if (!owner && !files.existsSync(instance.path)) return;
  const deadline = clock.monotonic() + LEAVE_MS;
  instance.noticeCommits();
  const lockOnce = () => {
    const { durable, holders } = owner ? owner.fence(2000) : lockClosedFile(agent, instance.path);
    return { durable, holders: owner && durable ? owner.holders() : holders };
  };
  try {
    let lock = lockOnce();
    agent.writeActive();
    // Whoever reads a fenced file would go on reading the replaced one.
    while (!lock.durable || lock.holders.length > 0) {
      signal.throwIfAborted();
      if (clock.monotonic() >= deadline)
        throw new HoldfastError('DATABASE_IN_USE', `${instance.name} is open in ${nameHolders(lock.holders)}`, {
          details: { holders: lock.holders },
        });
      waitingFor(lock.holders);
      await clock.sleep(50);
      lock = lockOnce();
    }
  } catch (error) {
    if (owner && !wasFenced) owner.unfence();
    throw error;
  }
  if (owner) instance.closeFile();
}

function waitingOf(one: ProtectedInstance): RestoredSet {
  if (!one.facts.rst) throw new HoldfastError('NO_RST', `${one.path} has no set in RST`);
  return one.facts.rst.set;
}

/** restadv: activates or deletes the set that waits in RST. Returns where the replaced set is kept. */
export async function finishWaitingSet(
  instance: ProtectedInstance,
  input: { action: 'activate' | 'delete'; override: boolean; open: boolean; clearLock: boolean; log: string },
): Promise<string | null> {
  const { agent, facts } = instance;
  const { files, clock } = agent.deps;
  const waiting = facts.rst;
  const gone = instance.backends.find((one) => !one.facts.rst || !files.existsSync(rstPath(one.home, one.path)));
  // What is left of a set can still be deleted, never activated.
  if (!waiting || (gone && (gone === instance || input.action === 'activate')))
    throw new HoldfastError('NO_RST', `${gone?.path ?? instance.name} has no set in RST`);
  const startedAt = clock.now();
  const began = clock.monotonic();
  const entry = startRestoreEntry(agent.allowed(input.log), { startedAt, restoreFile: waiting.set.file }, files);
  try {
    if (input.action === 'delete') {
      for (const one of instance.backends) {
        discardRst(files, rstPath(one.home, one.path));
        one.update({ rst: null });
      }
      entry.line('The set in RST was deleted');
      entry.succeeded(clock.monotonic() - began);
      return null;
    }
    if (!input.override && !waiting.set.verified)
      throw new HoldfastError('CONFIRMATION_REQUIRED', `The set in RST was not verified: ${waiting.reason}`, {
        hint: 'Run the restore again with what is missing, or activate with the override.',
      });
    const locked = instance.fenced || instance.role === 'standby';
    const asked = { open: input.open, clearLock: input.clearLock && !locked };
    const context = { files, clock, at: agent.deps.at ?? (() => {}) };
    const contingency =
      instance.further.length > 0
        ? await activateTogether(
            context,
            instance.backends.map((one) => ({ target: instanceTarget(one), set: { ...waitingOf(one), ...asked } })),
            instance.home,
            input.log,
          )
        : await activateWaiting(
            { ...context, target: instanceTarget(instance) },
            { ...waiting.set, ...asked },
            input.log,
          );
    entry.line(`RST became the active set${contingency ? `; the old set is kept in ${contingency}` : ''}`);
    entry.succeeded(clock.monotonic() - began);
    return contingency;
  } catch (error) {
    entry.failed(toErrorReport(error).code, clock.monotonic() - began);
    throw error;
  }
}
