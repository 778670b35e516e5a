// A cold backup: every other program out, the file locked by its own header while it is copied, and what follows afterwards.
import type { BackupEvent, BackupOptions, BackupResult } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';
import { nameHolders } from '../restore/name-holders.ts';
import type { LockHolder } from '../sqlite/types.ts';
import { unlockClosedFile } from './closed-set.ts';
import { assertLeased } from './lease.ts';
import type { Emitter, ProtectedInstance } from './protected-instance.ts';

/** How long programs that follow `/primary` get to let go of the database; ms. */
const LEAVE_MS = 5000;
const RETRY_MS = 50;

type FollowUp = BackupOptions['followUp'];

/**
 * Runs `copy` with the database closed to everybody. Whatever goes wrong, it is as it was before; only after a finished copy the
 * follow-up takes place. Throws DATABASE_IN_USE, naming who stayed.
 */
export async function runCold(
  instance: ProtectedInstance,
  options: BackupOptions,
  out: Emitter<BackupEvent>,
  signal: AbortSignal,
  copy: () => Promise<BackupResult>,
): Promise<BackupResult> {
  if (options.type !== 'full') throw new HoldfastError('INVALID_INPUT', 'A cold backup is a full backup.');
  const all = instance.backends;
  const fencedBefore = instance.fenced;
  const mark = { idtag: '', followUp: options.followUp };
  // Intent first: an agent that ends here finds the locked files and opens them again.
  for (const one of all) one.update({ cold: mark });
  instance.agent.writeActive();
  let result: BackupResult;
  try {
    await takeAll(instance, out, signal);
    instance.agent.deps.at?.('cold.closed');
    out.emit({ kind: 'log', line: 'Cold backup: the database is closed' });
    result = await copy();
    instance.agent.deps.at?.('cold.copied');
  } catch (error) {
    reopen(instance, fencedBefore);
    throw error;
  }
  followUp(instance, options.followUp, fencedBefore, result.idtag);
  out.emit({ kind: 'log', line: outcome[options.followUp] });
  return result;
}

const outcome: Record<FollowUp, string> = {
  open: 'The database is open again',
  closed: 'The database was left closed',
  disabled: 'The database was left closed and disabled',
};

/** Locks every file; writers are out at once, and readers get some time to leave. */
async function takeAll(instance: ProtectedInstance, out: Emitter<BackupEvent>, signal: AbortSignal): Promise<void> {
  const { clock } = instance.agent.deps;
  const until = clock.monotonic() + LEAVE_MS;
  let told = '';
  for (const one of instance.backends) {
    one.noticeCommits();
    for (;;) {
      const holders = lockOnce(one);
      if (holders === null) break;
      if (signal.aborted) throw new HoldfastError('CANCELLED');
      if (clock.monotonic() >= until)
        throw new HoldfastError('DATABASE_IN_USE', `${one.path} is open in ${nameHolders(holders)}`, {
          hint: 'A cold backup needs the database for itself: stop these programs, or take a hot backup.',
          details: { holders },
        });
      const text = `Waiting until ${nameHolders(holders)} closes ${one.path}`;
      if (text !== told) out.emit({ kind: 'log', line: text });
      told = text;
      await clock.sleep(RETRY_MS);
    }
    // Locking has changed the file's time, which is no commit.
    one.owner?.changed();
  }
}

/** Null once nobody else has the file and nobody can write to it; else who has it. */
function lockOnce(one: ProtectedInstance): LockHolder[] | null {
  if (!one.owner) throw new HoldfastError('DATABASE_FENCED', `${one.path} is not open here.`);
  const { durable, holders } = one.owner.fence(2000);
  // Whoever reads a locked file would make it less than exclusive.
  const still = durable ? one.owner.holders() : holders;
  return durable && still.length === 0 ? null : still;
}

function reopen(instance: ProtectedInstance, fencedBefore: boolean): void {
  for (const one of instance.backends) {
    // A fence that somebody set meanwhile stays.
    if (!fencedBefore && !one.fenced) one.owner?.unfence();
    one.update({ cold: null });
  }
}

function followUp(instance: ProtectedInstance, what: FollowUp, fencedBefore: boolean, idtag: string): void {
  if (what === 'open') {
    reopen(instance, fencedBefore);
    return;
  }
  const { agent, name } = instance;
  for (const one of instance.backends.toReversed()) {
    if (what === 'disabled') {
      // The byte that locks the file is on the disk already: it goes with the file to other hardware, or stays here.
      one.update({
        cold: null,
        closed: true,
        fenced: true,
        fenceReason: one.facts.fenceReason ?? `Disabled after the cold backup ${idtag}`,
      });
    } else {
      if (!fencedBefore && !one.fenced) one.owner?.unfence();
      one.update({ cold: null, closed: true });
    }
    one.closeFile();
  }
  agent.emit('fenced', 'warning', name, `${name}: ${outcome[what]} by backup ${idtag}`);
}

/** After a crash in the middle: the file is opened as it was before. Called before the instance is opened. */
export function settleCold(instance: ProtectedInstance): void {
  const { cold, fenced, closed } = instance.facts;
  if (!cold) return;
  const { agent, name, path } = instance;
  if (!fenced && !closed && agent.deps.files.existsSync(path)) unlockClosedFile(agent, path);
  instance.update({ cold: null });
  agent.emit('error', 'info', name, 'An interrupted cold backup was taken back: the database is open');
}

/** Opens what a cold backup or a restore left closed. Throws DATABASE_FENCED for a disabled one without `clearLock`. */
export function openClosed(instance: ProtectedInstance, clearLock: boolean): void {
  instance.assertIdle();
  const { facts, agent, name } = instance;
  if (instance.role !== 'primary')
    throw new HoldfastError('DATABASE_FENCED', `${name} is a standby; make it primary instead`);
  if (facts.fenced && !clearLock)
    throw new HoldfastError('DATABASE_FENCED', `${name} is disabled: ${facts.fenceReason ?? 'it is fenced'}`, {
      hint: 'Clear the lock as well, once it is certain that the database is not in use on other hardware.',
    });
  if (facts.fenced) {
    instance.unfence(instance.term);
    return;
  }
  if (!facts.closed) throw new HoldfastError('ALREADY_ACTIVE', `${name} is open already.`);
  assertLeased(agent.lease, name);
  for (const one of instance.backends) one.update({ closed: false });
  for (const one of instance.backends) one.open();
  agent.emit('unfenced', 'info', name, `${name} is open again`);
}
