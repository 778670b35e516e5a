// What the logging page says of room, of holds on the WAL and of logs: sentences made of the engine's numbers.
import type { BackendStatus } from '../../../core/contract/backend.ts';
import type { InstanceStatus } from '../../../core/contract/instance.ts';
import type { LogSpace, LogStanding, WalPin } from '../../../core/contract/logging.ts';
import { formatBytes } from '../../ui/format-bytes.ts';
import { formatDuration } from '../../ui/format-time.ts';

/** Share of the volume that is used, 0 to 1. */
export const usedShare = (space: LogSpace): number =>
  space.totalBytes === 0 ? 0 : 1 - space.freeBytes / space.totalBytes;

export const spaceTone = (space: LogSpace) => (space.level === 'ok' ? 'normal' : space.level);

/** The named file of an instance of several, the first for null; undefined for an instance of one file. */
export const fileOf = ({ backends }: Pick<InstanceStatus, 'backends'>, id: string | null): BackendStatus | undefined =>
  id === null ? backends?.[0] : backends?.find((one) => one.id === id);

/** Growth and forecast in one sentence. */
export function forecastText(space: LogSpace): string {
  const { growthPerHour, fullInMs, freeBytes } = space;
  if (space.level === 'critical' && fullInMs === null) return `Only ${formatBytes(freeBytes)} are left.`;
  if (growthPerHour === null) return 'How fast the logs grow is known after a minute of logging.';
  if (growthPerHour === 0) return 'The logs do not grow at present.';
  const rate = `The logs grow by ${formatBytes(growthPerHour)} an hour`;
  return fullInMs === null ? `${rate}; there is room for days.` : `${rate}: full in about ${formatDuration(fullInMs)}.`;
}

export function pinWhat(pin: WalPin): string {
  if (pin.kind === 'copy') return 'a backup is being read';
  return pin.kind === 'writer' ? 'a write transaction is open' : 'a read transaction is open';
}

export const safeLogs = (rows: readonly LogStanding[]): LogStanding[] => rows.filter((row) => row.standing === 'safe');

export const bytesOf = (rows: readonly LogStanding[]): number => rows.reduce((sum, row) => sum + row.bytes, 0);

/** `3 logs`, `1 log`. */
export const countLogs = (count: number): string => `${count} ${count === 1 ? 'log' : 'logs'}`;
