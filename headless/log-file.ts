// The engine's log: JSON lines in the data folder, one older file kept, secrets left out by key.
import { renameSync, statSync } from 'node:fs';
import { pino } from 'pino';
import type { Logger } from '../core/engine/logger.ts';

const ROTATE_BYTES = 10 * 1024 * 1024;

/** Opens `file`; one that has grown past 10 MiB is kept as `.1` and begun anew. */
export function openLogFile(file: string): Logger {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  // Synchronous: the lines that matter most are the last ones before a crash, and there are few.
  const destination = pino.destination({ dest: file, sync: true, mode: 0o600 });
  // A log that cannot be written must not end what it tells of; lines wait in memory and follow when the disk takes them again.
  destination.on('error', () => {});
  const secrets = ['token', 'password', 'pin', 'key'].flatMap((key) => [key, `*.${key}`]);
  return pino({ redact: secrets, base: { pid: process.pid } }, destination);
}
