// A full volume of the logs: the database stays open and its writers are never kept waiting, logging waits for room and tries
// again, and only where the settings say so it ends by itself.
import { type ErrorReport, HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { DatabaseOwner } from '../sqlite/types.ts';
import { InstanceCapture } from './instance-capture.ts';
import type { ProtectedInstance } from './protected-instance.ts';
import { renewSerial } from './state-store.ts';

/** Between two tries to begin logging again, ms: each reads the last log through. */
const RETRY_MS = 3_000;

export const isFull = (report: ErrorReport) => report.name === 'LOG_DEVICE_FULL' || report.name === 'NO_SPACE';

/** Null when the logs have no room: then logging waits, and `tryAgain` begins it. */
export function beginCapture(
  instance: ProtectedInstance,
  owner: DatabaseOwner,
  onEvent: Parameters<typeof InstanceCapture.start>[2],
): InstanceCapture | null {
  const { observed, agent, name } = instance;
  observed.triedAt = agent.deps.clock.monotonic();
  try {
    const capture = InstanceCapture.start(instance, owner, onEvent);
    // What an earlier capture failed with is over with it.
    const before = observed.waiting ?? (instance.error && isFull(instance.error) ? instance.error : null);
    if (before) agent.emit('error', 'info', name, 'Roll-forward logging goes on');
    if (before === instance.error) instance.error = null;
    observed.waiting = null;
    return capture;
  } catch (error) {
    const report = toErrorReport(error);
    if (!isFull(report)) throw error;
    if (!observed.waiting) agent.emit('logDeviceFull', 'critical', name, report.message);
    observed.waiting = new HoldfastError('LOG_DEVICE_FULL', report.message).report();
    observed.stopDue = instance.facts.logging.stopWhenFull ?? false;
    return null;
  }
}

/** One look at every beat: goes on when there is room again, or ends logging when that was chosen. */
export function followFullVolume(instance: ProtectedInstance): void {
  const { observed, agent } = instance;
  if (instance.activity) return;
  const now = agent.deps.clock.monotonic();
  if (observed.stopDue) stopLogging(instance);
  else if (observed.waiting && now - observed.triedAt >= RETRY_MS) instance.startCapture();
}

/** Stops the capture although its last commits find no room; they stay in the WAL, and the next capture finds or misses them there. */
export function stopFullCapture(instance: ProtectedInstance): void {
  try {
    instance.stopCapture();
  } catch (error) {
    if (!isFull(toErrorReport(error))) throw error;
  }
}

/** Without logging its volume is nobody's trouble. */
export function forgetFull(instance: ProtectedInstance): void {
  instance.observed.waiting = null;
  if (instance.error && isFull(instance.error)) instance.error = null;
}

/** The chain ends here, which nobody must overlook. */
function stopLogging(instance: ProtectedInstance): void {
  const { agent, facts, name, observed } = instance;
  observed.stopDue = false;
  if (!facts.logging.on) return;
  stopFullCapture(instance);
  instance.update({ logging: { ...renewSerial(facts.logging), on: false }, capture: null });
  forgetFull(instance);
  instance.requireFull('Roll-forward logging turned itself off: the volume of its logs was full');
  agent.emit(
    'logDeviceFull',
    'critical',
    name,
    `Roll-forward logging of ${name} turned itself off because the volume of its logs is full; commits from now on are in no log`,
  );
}
