// Complete sets of several files that wait in RST: all become active under one journal, or none.
import { contingencyFolder } from './contingency.ts';
import { closeJournal, type RestoredSet, type RestoreJournal } from './journal.ts';
import { putBack } from './recover.ts';
import { activateSet } from './set-journal.ts';
import type { RestoreContext, RestoreTarget } from './types.ts';
import { closeForWaiting } from './waiting-set.ts';

/** Closes all files and exchanges them; returns where the first one's old set is kept. On failure all old files are active again. */
export async function activateTogether(
  context: Pick<RestoreContext, 'files' | 'clock' | 'at'>,
  members: { target: RestoreTarget; set: RestoredSet }[],
  home: string,
  log: string,
): Promise<string | null> {
  const { files, clock, at } = context;
  const takenAt = clock.now();
  const closed: { target: RestoreTarget; set: RestoredSet; journal: RestoreJournal }[] = [];
  try {
    for (const { target, set } of members) {
      const journal = await closeForWaiting(context, target, set, log);
      const contingency = journal.nds ? contingencyFolder(files, target.home, takenAt) : null;
      closed.push({ target, set, journal: { ...journal, contingency, dataTime: target.dataTime } });
    }
    at('activating');
    activateSet(
      files,
      home,
      closed.map(({ target, journal }) => ({ home: target.home, journal: { ...journal, phase: 'activating' } })),
      at,
    );
  } catch (error) {
    for (const { target, journal } of closed) putBack(files, journal, target);
    throw error;
  }
  for (const { target, set } of closed) {
    target.adopt(set);
    closeJournal(files, target.home);
  }
  for (const { target, set } of closed) target.opened(set);
  return closed[0]?.journal.contingency ?? null;
}
