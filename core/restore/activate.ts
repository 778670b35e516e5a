// Step 7 and its recovery: the restored set takes the active file's name in one rename, the replaced one is kept.
import path from 'node:path';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { lockFile, unlockFile } from './closed-lock.ts';
import { type ContingencyNote, keepSet, SIDE_FILES } from './contingency.ts';
import { identify, type RestoreJournal, sameFile } from './journal.ts';

/**
 * Puts RST in the place of the active file. The caller has journalled `activating`; nobody has the active file open, and
 * its durable fence is set, so that whoever opens the old file later can only read it. A crash anywhere inside is
 * settled by `settleSwap`.
 */
export function swapIn(
  files: Files,
  journal: RestoreJournal,
  note: Omit<ContingencyNote, 'main' | 'kind'>,
  at: (name: string) => void,
): void {
  const { target, contingency } = journal;
  if (contingency && files.existsSync(target)) {
    const main = path.basename(target);
    const linked = keepSet(files, target, contingency, { ...note, kind: 'set', main });
    at('swap.kept');
    if (!linked) moveSet(files, target, path.join(contingency, main));
  }
  finishSwap(files, journal, at);
}

/** Without hard links there is a moment with no file at the target; `settleSwap` completes from there. */
function moveSet(files: Files, target: string, kept: string): void {
  for (const suffix of [...SIDE_FILES, ''])
    if (files.existsSync(target + suffix)) files.renameSync(target + suffix, kept + suffix);
}

/** From the kept copy to the new file in place; safe to run again. */
function finishSwap(files: Files, { target, rst, set }: RestoreJournal, at: (name: string) => void): void {
  // A write-ahead log or journal of the old file would be played into the new one.
  removeSides(files, target);
  if (files.existsSync(rst)) {
    removeSides(files, rst);
    if (set?.clearLock !== false) unlockFile(files, rst);
    at('swap.ready');
    files.renameSync(rst, target);
  }
  at('swap.renamed');
  fsyncFolder(files, path.dirname(target));
  fsyncFolder(files, path.dirname(rst));
}

const removeSides = (files: Files, file: string) => {
  for (const suffix of [...SIDE_FILES, '-shm']) files.rmSync(file + suffix, { force: true });
};

/**
 * Which side of the point of no return a restore that ended during `activating` fell on, by the files themselves; either
 * brings the swap to its end or takes it back. Idempotent.
 */
export function settleSwap(files: Files, journal: RestoreJournal): 'completed' | 'undone' {
  const { target, rst, nds, rstFile, contingency } = journal;
  const there = identify(files, target);
  if (sameFile(there, rstFile)) return 'completed';
  const kept = contingency ? path.join(contingency, path.basename(target)) : null;
  const oldIsSafe = nds === null || (kept !== null && sameFile(identify(files, kept), nds));
  if (there === null && files.existsSync(rst) && oldIsSafe) {
    finishSwap(files, journal, () => {});
    return 'completed';
  }
  if (kept && contingency && sameFile(there, nds)) takeBack(files, target, kept, contingency);
  if (files.existsSync(rst)) lockFile(files, rst);
  return 'undone';
}

/**
 * The exchange of one file among several, from wherever it stands: afterwards the new file is in place and the old one kept. Safe to
 * repeat. The journal that names it decided that all are exchanged.
 */
export function completeSwap(files: Files, journal: RestoreJournal, at: (name: string) => void): void {
  const { target, rstFile, set, startedAt } = journal;
  if (sameFile(identify(files, target), rstFile)) {
    finishSwap(files, journal, at);
    return;
  }
  const note = { takenAt: startedAt, dataTime: journal.dataTime ?? null, reason: `Replaced by restore ${set?.idtag}` };
  swapIn(files, journal, note, at);
}

/** Takes the exchange of one file among several back, from wherever it stands: the old file is in place, the new one in RST. */
export function undoSwap(files: Files, journal: RestoreJournal): void {
  const { target, rst, nds, rstFile, contingency } = journal;
  const kept = contingency ? path.join(contingency, path.basename(target)) : null;
  if (sameFile(identify(files, target), rstFile)) {
    files.renameSync(target, rst);
    fsyncFolder(files, path.dirname(rst));
  }
  if (files.existsSync(rst)) lockFile(files, rst);
  if (kept && sameFile(identify(files, kept), nds)) {
    // The file itself last: as long as it is in the kept folder, this is not finished.
    for (const suffix of [...SIDE_FILES, ''])
      if (files.existsSync(kept + suffix) && !files.existsSync(target + suffix))
        files.renameSync(kept + suffix, target + suffix);
    fsyncFolder(files, path.dirname(target));
  }
  if (!sameFile(identify(files, target), nds)) return;
  if (!journal.wasFenced) unlockFile(files, target);
  // The folder goes only when the old file is in its place.
  if (contingency) files.rmSync(contingency, { recursive: true, force: true });
}

/** The active file kept its name all along: give back what was taken beside it, and drop the second names. */
function takeBack(files: Files, target: string, kept: string, contingency: string): void {
  for (const suffix of SIDE_FILES)
    if (files.existsSync(kept + suffix) && !files.existsSync(target + suffix))
      files.linkSync(kept + suffix, target + suffix);
  fsyncFolder(files, path.dirname(target));
  files.rmSync(contingency, { recursive: true, force: true });
}
