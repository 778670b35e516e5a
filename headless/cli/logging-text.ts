// Room for the logs, holds on the WAL and hazards, in the words of the command line.
import type { Hazard, LogSpace, WalPin } from '../../core/contract/logging.ts';
import { formatBytes, formatDuration, formatTime } from './format.ts';

export function spaceText(space: LogSpace | undefined): string {
  if (!space) return 'not known';
  const free = `${formatBytes(space.freeBytes)} free of ${formatBytes(space.totalBytes)}`;
  const rate = space.growthPerHour === null ? '' : `, ${formatBytes(space.growthPerHour)} of logs an hour`;
  const full = space.fullInMs === null ? '' : `, full in ${formatDuration(space.fullInMs)}`;
  return `${free}${rate}${full}${space.sharedWithDatabase ? ' (the volume of the database)' : ''}`;
}

export function pinText(pin: WalPin): string {
  const what = { reader: 'a read transaction', writer: 'a write transaction', copy: 'a copy' }[pin.kind];
  const held = pin.bytes === null ? '' : `, holds ${formatBytes(pin.bytes)}`;
  return `${pin.level.toUpperCase().padEnd(8)}  ${pin.backend ? `${pin.backend}: ` : ''}${pin.program} (process ${pin.pid}): ${what} since ${formatTime(pin.since)}${held}`;
}

export const hazardTexts = (hazard: Hazard): string[] => [
  `${hazard.level.toUpperCase().padEnd(8)}  ${hazard.code}  ${hazard.backends ? `${hazard.backends.join(', ')}: ` : ''}${hazard.message}`,
  `          ${hazard.action}`,
];
