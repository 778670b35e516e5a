// The roll-forward log settings of an instance: reading them, and changing them by the rules of the field.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { LoggingConfig } from '../contract/instance.ts';
import type { LogFile } from '../rollforward/housekeeping.ts';
import { ENGINE_MAXIMUM, logName } from '../rollforward/log-format.ts';
import { listLogs, readLogHeader } from '../rollforward/log-reader.ts';
import { forgetFull, stopFullCapture } from './full-volume.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { renewSerial } from './state-store.ts';

export interface LoggingChange {
  on?: boolean | undefined;
  directory?: string | undefined;
  minBytes?: number | undefined;
  maxBytes?: number | undefined;
  stopWhenFull?: boolean | undefined;
  roll?: boolean | undefined;
}

const SMALLEST_MAXIMUM = 65_536;

export function describeLogging(instance: ProtectedInstance): LoggingConfig {
  const { observed, capture } = instance;
  const { logging } = instance.facts;
  const logs = observed.logs.logs();
  const current = currentLogOf(instance, logs);
  const standings = observed.logs.standings({ logs, current });
  const needed = standings.find(({ standing }) => standing === 'needed');
  const last = logs.at(-1);
  const space = observed.space();
  return {
    on: logging.on,
    directory: logging.directory,
    minBytes: logging.minBytes,
    maxBytes: logging.maxBytes,
    currentLog: current,
    lastNotUsed: capture
      ? capture.lastNotUsed
      : logName(last?.number ?? 0) === current
        ? before(logs)
        : last
          ? logName(last.number)
          : null,
    usedBytes: logs.reduce((sum, { bytes }) => sum + bytes, 0),
    logCount: logs.length,
    safeToDelete: standings.flatMap(({ log, standing }) => (standing === 'safe' ? [log] : [])),
    firstNeeded: needed ? { log: needed.log, reason: needed.reason ?? '' } : null,
    stopWhenFull: logging.stopWhenFull ?? false,
    ...(space ? { space } : {}),
  };
}

/**
 * The log that is written now, or that the next commit goes into. Without a capture that is the next one, except while a run of
 * logging waits to go on in its last.
 */
export function currentLogOf(instance: ProtectedInstance, logs: LogFile[] = instance.observed.logs.logs()): string {
  if (instance.capture) return instance.capture.currentLog;
  const { on, serial } = instance.facts.logging;
  const last = logs.at(-1);
  if (!last) return logName(1);
  return logName(on && serial !== null && last.serial === serial ? last.number : last.number + 1);
}

const before = (logs: LogFile[]) => {
  const one = logs.at(-2);
  return one ? logName(one.number) : null;
};

/**
 * Turning on, off, or relocating begins a new serial; turning on and relocating require a full backup. What is unchanged
 * is no change. Sizes are clamped, not refused. Throws JOURNAL_MODE when a database without WAL is to be logged, NOT_SUPPORTED for
 * a standby, and what `assertOwnFolder` finds. A full volume refuses nothing: moving the logs away from it is the remedy.
 */
export function configureLogging(instance: ProtectedInstance, change: LoggingChange): void {
  const before = instance.facts.logging;
  const on = change.on ?? before.on;
  const directory = change.directory === undefined ? before.directory : logFolder(instance, change.directory);
  const maxBytes = Math.min(ENGINE_MAXIMUM, Math.max(SMALLEST_MAXIMUM, change.maxBytes ?? before.maxBytes));
  const minBytes = Math.min(maxBytes, Math.max(1, change.minBytes ?? before.minBytes));
  const stopWhenFull = change.stopWhenFull ?? before.stopWhenFull ?? false;
  const moved = directory !== before.directory;
  const restarted = on !== before.on || moved;
  if (restarted && instance.role === 'standby')
    throw new HoldfastError('NOT_SUPPORTED', `${instance.name} is a standby copy and writes no logs of its own`, {
      hint: 'Change the settings of the active database; a copy that becomes active logs by itself.',
    });
  if (on && !before.on && instance.owner && instance.owner.info().journal !== 'wal')
    throw new HoldfastError('JOURNAL_MODE', `${instance.name} uses a rollback journal`);
  if (moved) assertOwnFolder(instance, directory);
  if (restarted || minBytes !== before.minBytes || maxBytes !== before.maxBytes) {
    stopFullCapture(instance);
    instance.update({
      logging: { ...(restarted ? renewSerial(before) : before), on, directory, minBytes, maxBytes, stopWhenFull },
      ...(restarted ? { capture: null } : {}),
    });
    if (on && !before.on) instance.requireFull('Roll-forward logging was turned on');
    else if (moved && on) instance.requireFull('The roll-forward logs were moved');
    if (!on) forgetFull(instance);
    instance.startCapture();
  } else if (stopWhenFull !== (before.stopWhenFull ?? false)) instance.update({ logging: { ...before, stopWhenFull } });
  if (change.roll) instance.capture?.roll();
}

/**
 * Logs of one database alone lie in a folder: two that number their logs in the same one would close each other's. Throws NOT_FOUND
 * for a place that does not exist, DUPLICATE and LOG_DATABASE_MISMATCH.
 */
function assertOwnFolder(instance: ProtectedInstance, directory: string): void {
  const { agent } = instance;
  const { files } = agent.deps;
  if (!files.existsSync(path.dirname(directory)))
    throw new HoldfastError('NOT_FOUND', `The folder ${path.dirname(directory)} does not exist`);
  const all = [...agent.instances.values()].flatMap((one) => one.backends);
  const other = all.find((one) => one !== instance && one.hasState && one.facts.logging.directory === directory);
  if (other) throw new HoldfastError('DUPLICATE', `${directory} holds the logs of ${other.name} (${other.path})`);
  const last = listLogs(directory, files).at(-1);
  if (last === undefined) return;
  const file = path.join(directory, logName(last));
  if (readLogHeader(file, files).databaseSerial === instance.facts.databaseSerial) return;
  throw new HoldfastError('LOG_DATABASE_MISMATCH', `${file} was written for another database`, {
    hint: 'Choose an empty folder for these logs.',
  });
}

/** Logs lie in a folder `nds.rfl` below the one that is given. */
function logFolder(instance: ProtectedInstance, given: string): string {
  const folder = instance.agent.allowed(given);
  return path.basename(folder) === 'nds.rfl' ? folder : path.join(folder, 'nds.rfl');
}
