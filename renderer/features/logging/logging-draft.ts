// The edits of the roll-forward logging page: what differs from the engine's settings, its problems, and what follows from it.
import type { LoggingConfig } from '../../../core/contract/instance.ts';
import { bytesText, parseBytes } from '../../ui/parse-bytes.ts';

export interface LoggingDraft {
  on: boolean;
  directory: string;
  /** As typed. */
  minSize: string;
  maxSize: string;
  stopWhenFull: boolean;
}

export interface LoggingChange {
  on?: boolean;
  directory?: string;
  minBytes?: number;
  maxBytes?: number;
  stopWhenFull?: boolean;
}

/** The largest log file that the format allows. */
export const largestLog = 4_294_705_152;

export const draftOf = (config: LoggingConfig): LoggingDraft => ({
  on: config.on,
  directory: config.directory,
  minSize: bytesText(config.minBytes),
  maxSize: bytesText(config.maxBytes),
  stopWhenFull: config.stopWhenFull ?? false,
});

/** Only what was changed; null when nothing was. A size that does not read is left to `loggingProblems`. */
export function changeOf(draft: LoggingDraft, config: LoggingConfig): LoggingChange | null {
  const before = draftOf(config);
  const change: LoggingChange = {};
  if (draft.on !== before.on) change.on = draft.on;
  if (draft.directory.trim() !== before.directory) change.directory = draft.directory.trim();
  if (draft.stopWhenFull !== before.stopWhenFull) change.stopWhenFull = draft.stopWhenFull;
  const min = parseBytes(draft.minSize);
  const max = parseBytes(draft.maxSize);
  if (draft.minSize !== before.minSize && min !== config.minBytes) change.minBytes = min ?? Number.NaN;
  if (draft.maxSize !== before.maxSize && max !== config.maxBytes) change.maxBytes = max ?? Number.NaN;
  return Object.keys(change).length === 0 ? null : change;
}

export function loggingProblems(draft: LoggingDraft): Partial<Record<'directory' | 'minSize' | 'maxSize', string>> {
  const problems: Partial<Record<'directory' | 'minSize' | 'maxSize', string>> = {};
  const min = parseBytes(draft.minSize);
  const max = parseBytes(draft.maxSize);
  if (!/^([/]|[A-Za-z]:[\\/]|\\\\)/.test(draft.directory.trim()))
    problems.directory = 'Give the whole path of a folder';
  if (min === null || min < 1) problems.minSize = 'Give a size such as 100 MB';
  if (max === null || max < 1) problems.maxSize = 'Give a size such as 1 GB';
  else if (max > largestLog) problems.maxSize = `At most ${bytesText(largestLog)}`;
  else if (min !== null && min > max) problems.maxSize = 'Not smaller than the minimum';
  return problems;
}

/** What an Apply leads to, in sentences; empty when it leads to nothing beyond the change itself. */
export function consequencesOf(change: LoggingChange | null): string[] {
  if (!change) return [];
  const list: string[] = [];
  if (change.on === true)
    list.push(
      'Logging starts with a new series of logs. A full backup is required: logs before it cannot be used without one.',
    );
  if (change.on === false)
    list.push(
      'Commits made from now on are not in any log. A restore reaches the end of the last backup, no further, and a full backup is required once logging is on again.',
    );
  if (change.stopWhenFull === true)
    list.push(
      'A full volume will end logging instead of letting it wait: commits from then on are in no log, and a full backup is required.',
    );
  if (change.directory !== undefined)
    list.push(
      'New logs go to the new folder and start a new series; a full backup is required. Existing logs are not moved: keep them until they are safe to delete.',
    );
  return list;
}
