// The commits of some logs as a page around a moment: read from the heads of the records, the pages themselves are left where they are.
import path from 'node:path';
import { toErrorReport } from '../contract/errors.ts';
import type { Commit, CommitPage } from '../contract/library.ts';
import type { Files } from '../platform/files.ts';
import { readLog } from './log-reader.ts';

export interface CommitWindow {
  /** Bounds of what is counted, ms; null leaves that end open. */
  from: number | null;
  to: number | null;
  /** The page lies around this moment; null for the end. */
  around: number | null;
  limit: number;
}

/** `logs` in the order of their numbers. A log that is damaged ends the list; what was read before it is given out. */
export function listCommits(logs: readonly string[], window: CommitWindow, files: Files): CommitPage {
  const { from, to, around, limit } = window;
  // Half of the page may lie before the moment; the last of them are kept while more are read.
  const early: Commit[] = [];
  const late: Commit[] = [];
  let before = 0;
  let after = 0;
  const take = (commit: Commit) => {
    if ((from !== null && commit.at < from) || (to !== null && commit.at > to)) return;
    if (around !== null && commit.at > around) {
      if (late.length < limit) late.push(commit);
      else after += 1;
      return;
    }
    early.push(commit);
    if (early.length <= limit) return;
    early.shift();
    before += 1;
  };
  let problem: CommitPage['problem'] = null;
  try {
    for (const [index, log] of logs.entries())
      for (const record of readLog(log, files, { followed: index < logs.length - 1, pages: false }))
        take({ stamp: record.stamp, at: record.at, pages: record.numbers.length, log: path.basename(log) });
  } catch (error) {
    problem = toErrorReport(error);
  }
  // A side that has fewer leaves its room to the other.
  const half = Math.ceil(limit / 2);
  const lateShown = Math.min(late.length, Math.max(limit - half, limit - early.length));
  const earlyShown = Math.min(early.length, limit - lateShown);
  return {
    commits: [...early.slice(early.length - earlyShown), ...late.slice(0, lateShown)],
    before: before + early.length - earlyShown,
    after: after + late.length - lateShown,
    problem,
  };
}
