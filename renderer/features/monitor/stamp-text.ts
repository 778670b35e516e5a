// Stamps as the field writes them in its logs, and what they mean in words.
import type { Stamp } from '../../../core/contract/common.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** `s3D35F377 r02 e002`: seconds since 1970 in hex, replica, event. */
export const stampText = (stamp: Stamp): string =>
  `s${stamp.sec.toString(16).toUpperCase().padStart(8, '0')} r${two(stamp.replica)} e${String(stamp.event).padStart(3, '0')}`;

/** `2002-07-17 22:45:11 UTC` of whole seconds since 1970. */
export const utcText = (sec: number): string =>
  `${new Date(sec * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** What a stamp says, for hover and screen readers: its time in UTC and here, and its place in the replica's sequence. */
export function stampMeaning(stamp: Stamp | null): string {
  if (!stamp) return 'nothing from this replica';
  const at = new Date(stamp.sec * 1000);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  return `${utcText(stamp.sec)} (here ${local}), replica ${stamp.replica}, event ${stamp.event}, commit ${stamp.seq.toLocaleString('en-US')}`;
}
