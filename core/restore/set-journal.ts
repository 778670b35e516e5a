// `<home>/set-journal.json`: the one journal under which the restored files of several backends become active, all or none.
import path from 'node:path';
import type { Files } from '../platform/files.ts';
import { completeSwap, undoSwap } from './activate.ts';
import { type RestoreJournal, writeJournal } from './journal.ts';
import { readJournalFile, removeJournalFile, writeJournalFile } from './journal-file.ts';

interface SetMember {
  home: string;
  /** The member's own journal, as it is while its file is exchanged. */
  journal: RestoreJournal;
}

/**
 * Written durably before the first file is exchanged: from then on a crash is settled forward, to all new. `back` is written when an
 * exchange failed: then all old.
 */
interface SetJournal {
  version: 1;
  direction: 'forward' | 'back';
  members: SetMember[];
}

const place = (home: string) => path.join(home, 'set-journal.json');

export const hasSetJournal = (files: Files, home: string): boolean => files.existsSync(place(home));

/**
 * Exchanges the files of all members. When it returns, all are new and each member's own journal says `activated`. When it throws, all
 * are old again, or (the journal is still there) will be at the next start.
 */
export function activateSet(files: Files, home: string, members: SetMember[], at: (name: string) => void): void {
  write(files, home, { version: 1, direction: 'forward', members });
  at('set.forward');
  try {
    for (const member of members) {
      completeSwap(files, member.journal, at);
      at('set.member');
    }
  } catch (error) {
    write(files, home, { version: 1, direction: 'back', members });
    at('set.back');
    settleSetJournal(files, home, at);
    throw error;
  }
  finish(files, home, members, at);
}

/** Brings an interrupted activation to the side that its journal names. Safe to repeat; does nothing without a journal. */
export function settleSetJournal(
  files: Files,
  home: string,
  at: (name: string) => void = () => {},
): 'none' | 'completed' | 'undone' {
  const journal = readJournalFile<SetJournal>(files, place(home));
  if (!journal) return 'none';
  if (journal.direction === 'forward') {
    for (const member of journal.members) completeSwap(files, member.journal, at);
    finish(files, home, journal.members, at);
    return 'completed';
  }
  for (const member of journal.members) undoSwap(files, member.journal);
  removeJournalFile(files, place(home));
  return 'undone';
}

/** All files are new: what is left, the record in each member's state, its own journal holds. */
function finish(files: Files, home: string, members: SetMember[], at: (name: string) => void): void {
  for (const member of members) writeJournal(files, member.home, { ...member.journal, phase: 'activated' });
  at('set.recorded');
  removeJournalFile(files, place(home));
  at('set.closed');
}

function write(files: Files, home: string, journal: SetJournal): void {
  writeJournalFile(files, place(home), journal);
}
