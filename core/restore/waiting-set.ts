// A complete set that waits in RST: activated later by the same swap, with the same journal.
import path from 'node:path';
import { swapIn } from './activate.ts';
import { contingencyFolder } from './contingency.ts';
import { closeJournal, identify, type RestoredSet, type RestoreJournal, writeJournal } from './journal.ts';
import { putBack } from './recover.ts';
import type { RestoreContext, RestoreTarget } from './types.ts';

export { discardRst } from './recover.ts';

/** Where RST lies for a target: in its home, under the database's name. */
export const rstPath = (home: string, target: string) => path.join(home, 'staging', `${path.basename(target)}.rst`);

/** Journals that RST is to become active, and closes the active set. On failure it is open and nothing is journalled. */
export async function closeForWaiting(
  { files, clock }: Pick<RestoreContext, 'files' | 'clock'>,
  target: RestoreTarget,
  set: RestoredSet,
  log: string,
): Promise<RestoreJournal> {
  const rst = rstPath(target.home, target.path);
  const journal: RestoreJournal = {
    version: 1,
    startedAt: clock.now(),
    phase: 'verifying',
    target: target.path,
    rst,
    log,
    nds: identify(files, target.path),
    wasFenced: target.wasFenced,
    contingency: null,
    rstFile: identify(files, rst),
    set,
  };
  writeJournal(files, target.home, journal);
  try {
    await target.close(new AbortController().signal, () => {});
  } catch (error) {
    closeJournal(files, target.home);
    throw error;
  }
  return journal;
}

/** Closes the active set and swaps RST in; returns where the old set is kept. On failure the old set is active again. */
export async function activateWaiting(
  context: Pick<RestoreContext, 'target' | 'files' | 'clock' | 'at'>,
  set: RestoredSet,
  log: string,
): Promise<string | null> {
  const { target, files, clock, at } = context;
  let journal = await closeForWaiting(context, target, set, log);
  try {
    const contingency = journal.nds ? contingencyFolder(files, target.home, clock.now()) : null;
    journal = { ...journal, phase: 'activating', contingency };
    writeJournal(files, target.home, journal);
    at('activating');
    const reason = `Replaced by restore ${set.idtag}`;
    swapIn(files, journal, { takenAt: clock.now(), dataTime: target.dataTime, reason }, at);
  } catch (error) {
    putBack(files, journal, target);
    throw error;
  }
  journal = { ...journal, phase: 'activated' };
  writeJournal(files, target.home, journal);
  target.adopt(set);
  closeJournal(files, target.home);
  target.opened(set);
  return journal.contingency;
}
