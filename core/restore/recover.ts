// Back to the old set: after a failure, and at the next start after a crash.

import path from 'node:path';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { settleSwap } from './activate.ts';
import { unlockFile } from './closed-lock.ts';
import { closeJournal, identify, type RestoreJournal, readJournal, sameFile } from './journal.ts';
import type { RestoreTarget } from './types.ts';

/** Removes what a restore wrote so far. */
export function discardRst(files: Files, rst: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) files.rmSync(rst + suffix, { force: true });
  if (files.existsSync(path.dirname(rst))) fsyncFolder(files, path.dirname(rst));
}

/**
 * Makes the old set active again as it was before, and closes the journal. When the swap had already passed its point of
 * no return, the new set is recorded instead, and the result is `completed`.
 */
export function putBack(files: Files, journal: RestoreJournal, target: RestoreTarget): 'undone' | 'completed' {
  if (journal.phase === 'activating' && journal.set && settleSwap(files, journal) === 'completed') {
    target.adopt(journal.set);
    closeJournal(files, target.home);
    target.opened(journal.set);
    return 'completed';
  }
  unlockOld(files, journal);
  closeJournal(files, target.home);
  target.reopen();
  return 'undone';
}

function unlockOld(files: Files, journal: RestoreJournal): void {
  if (journal.wasFenced || !journal.nds) return;
  if (sameFile(identify(files, journal.target), journal.nds)) unlockFile(files, journal.target);
}

/**
 * Settles a restore that a crash interrupted; to be called before the target is opened. Before the swap: the old set is
 * active again, RST is discarded unless it was complete. After it: the new set is recorded.
 */
export function recoverRestore(files: Files, target: RestoreTarget): 'none' | 'rolledBack' | 'completed' {
  const journal = readJournal(files, target.home);
  if (!journal) return 'none';
  const swapped =
    journal.phase === 'activated' || (journal.phase === 'activating' && settleSwap(files, journal) === 'completed');
  if (swapped && journal.set) {
    target.adopt(journal.set);
    closeJournal(files, target.home);
    return 'completed';
  }
  const complete = (journal.phase === 'verifying' || journal.phase === 'activating') && files.existsSync(journal.rst);
  if (complete && journal.set) {
    const { set, verification } = journal;
    const reason = verification
      ? 'The restore was interrupted while it waited for servers'
      : 'The restore was interrupted';
    target.waiting({ set, reason, verification });
  } else {
    discardRst(files, journal.rst);
    target.waiting(null);
  }
  unlockOld(files, journal);
  closeJournal(files, target.home);
  return 'rolledBack';
}
