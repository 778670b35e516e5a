// What the guided recovery says: each way with a title, a sentence and its effects.
import path from 'node:path';
import type { Loss, MissingRange, RecoveryFile, RecoveryWay } from '../contract/recovery.ts';
import type { Peer } from '../contract/restore.ts';
import { momentText } from '../platform/time-text.ts';
import { missingRanges } from '../restore/guided-missing.ts';
import type { PlannedWay } from '../restore/guided-recovery.ts';
import { formatStamp } from '../vectors/stamp.ts';
import type { HeldVector } from '../vectors/verify.ts';

const counted = (count: number, one: string) => `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

/** `\T=SITE\O=ORG\CN=SRV-2` as `SRV-2`. */
export const shortName = (server: string) => /\\CN=([^\\]+)$/.exec(server)?.[1] ?? server;

/** `14 commits`, `at least 14 commits`. */
export const commitsText = ({ commits, exact }: Pick<Loss, 'commits' | 'exact'>) =>
  `${exact ? '' : 'at least '}${counted(commits, 'commit')}`;

/** `77 s` below two minutes, as vectors are compared; then `2 h 3 min 4 s`. */
export function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const shown = parts.filter(([value]) => value > 0).map(([value, unit]) => `${value} ${unit}`);
  return shown.join(' ');
}

/** The loss in one phrase: `14 commits over 77 s`, of several files with each one's share. */
export function lossText({ commits, exact, seconds, silent, backends }: Loss): string {
  const unknown = silent.length > 0 ? `, and whatever only ${silent.map(shortName).join(', ')} holds` : '';
  const size = sizeText({ commits, exact: exact || silent.length > 0, seconds });
  const files = backends
    ? ` (${backends.map((one) => `${one.id} ${one.commits === 0 ? 'nothing' : sizeText(one)}`).join('; ')})`
    : '';
  return `${size}${files}${unknown}`;
}

function sizeText({ commits, exact, seconds }: Pick<Loss, 'commits' | 'exact' | 'seconds'>): string {
  const span = seconds === null ? ', everything of a replica' : ` over ${spanText(seconds)}`;
  return `${commitsText({ commits, exact })}${span}`;
}

export function rangeText(range: MissingRange): string {
  const from = range.from ? `after ${formatStamp(range.from)}` : 'from the beginning';
  const span = range.seconds === null ? '' : ` over ${spanText(range.seconds)}`;
  const who = range.heldBy.map(shortName).join(', ');
  const file = range.backend === undefined ? '' : `${range.backend}, `;
  return `${file}replica ${range.replica}: ${commitsText(range)}${span}, ${from} up to ${formatStamp(range.to)}, held by ${who}`;
}

/** What the set in RST holds and the way does not: given up by it. Empty when nothing is. */
export function givenUp(way: Pick<PlannedWay, 'reaches' | 'backends'>, restored: readonly HeldVector[]): string[] {
  const held = way.backends?.map((one) => ({ backend: one.id, vector: one.vector })) ?? [{ vector: way.reaches }];
  const rst = restored.map((one): Peer => ({ server: 'RST', replica: '', ...one }));
  return missingRanges(held, rst).map((range) => {
    const file = range.backend === undefined ? '' : ` of ${range.backend},`;
    return `The set in RST holds ${commitsText(range)}${file} of replica ${range.replica} that this way does not have`;
  });
}

/** `00000002.log of schema in /moved`. */
function nameOf({ file, backend }: RecoveryFile): string {
  return `${path.basename(file)}${backend === undefined ? '' : ` of ${backend}`} in ${path.dirname(file)}`;
}

/** `inUse`: databases that clients write to and that the next verification compares with. */
export function wayWords(way: PlannedWay, loss: Loss, inUse: readonly string[]): Pick<RecoveryWay, 'title' | 'text'> {
  const added = way.files.filter((file) => file.added);
  const to = way.reachesTo === null ? '' : ` It reaches ${momentText(way.reachesTo)}.`;
  const busy =
    inUse.length === 0
      ? ''
      : ` Clients write to ${inUse.join(', ')}: stop them first, or what they commit meanwhile will be missing again.`;
  switch (way.kind) {
    case 'complete': {
      if (added.length === 0)
        return {
          title: 'Run again to the end of the logs',
          text: `The files that are there hold everything.${to}${busy}`,
        };
      const names = added.slice(0, 3).map(nameOf);
      const more = added.length > 3 ? ` and ${added.length - 3} more` : '';
      return { title: 'Run again with the complete set', text: `Found: ${names.join(', ')}${more}.${to}${busy}` };
    }
    case 'backup': {
      const last = way.files.findLast((file) => file.kind !== 'log');
      return {
        title: `Restore from a backup of ${last?.server ?? 'another server'}`,
        text: `Backup ${last?.idtag} on ${last?.server} holds everything that is missing.${to}${busy}`,
      };
    }
    case 'copy':
      return {
        title: `Back up ${way.source} now`,
        text: `It holds everything that is missing; its backup is offered here when it is done.${busy}`,
      };
    case 'accept':
      return { title: 'Accept the loss', text: `Activates the restored set as it is. Lost: ${lossText(loss)}.` };
  }
}
