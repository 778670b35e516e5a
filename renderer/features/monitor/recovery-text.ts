// The loss and the search of the guided recovery in words.
import type { Loss, MissingRange, Recovery } from '../../../core/contract/recovery.ts';
import { spanText } from './span-text.ts';
import { shortServer } from './vector-rows.ts';

export function commitsText({ commits, exact }: Pick<MissingRange, 'commits' | 'exact'>): string {
  return `${exact ? '' : 'at least '}${commits.toLocaleString('en-US')} commit${commits === 1 ? '' : 's'}`;
}

/** `14 commits over 1 min 17 s`, with what cannot be counted said. */
export function lossText({ commits, exact, seconds, silent, backends }: Loss): string {
  const unknown = silent.length === 0 ? '' : `, and whatever only ${silent.map(shortServer).join(', ')} holds`;
  const files = (backends ?? []).map((one) => `${one.id} ${one.commits === 0 ? 'nothing' : sizeText(one)}`);
  const size = sizeText({ commits, exact: exact || silent.length > 0, seconds });
  return `${size}${files.length > 0 ? ` (${files.join('; ')})` : ''}${unknown}`;
}

function sizeText({ commits, exact, seconds }: Pick<Loss, 'commits' | 'exact' | 'seconds'>): string {
  const span = seconds === null ? ', everything of a replica' : ` over ${spanText(seconds)}`;
  return `${commitsText({ commits, exact })}${span}`;
}

/** How far was looked, and where it could not be. */
export function searchedText(searched: Recovery['searched']): string {
  const servers = new Set(searched.map((one) => one.server));
  const folders = searched.filter((one) => one.problem === null).length;
  const failed = searched.filter((one) => one.problem !== null);
  const where = `Searched: ${folders} folder${folders === 1 ? '' : 's'} on ${[...servers].join(', ')}.`;
  const problems = failed.map((one) => ` ${one.folder} on ${one.server}: ${one.problem}.`);
  return where + problems.join('');
}
