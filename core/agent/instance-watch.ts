// What happens behind the agent: gaps in the capture, a file that was replaced or went back in time, a full log volume.
import type { Stats } from 'node:fs';
import { type ErrorReport, HoldfastError, toErrorReport } from '../contract/errors.ts';
import type { CaptureEvent, DatabaseOwner } from '../sqlite/types.ts';
import { followFullVolume, isFull } from './full-volume.ts';
import type { InstanceCapture } from './instance-capture.ts';
import { sealInstance } from './instance-role.ts';
import type { ProtectedInstance } from './protected-instance.ts';

/** A WAL that somebody holds whom we cannot name is told of once in this time, ms. */
const PIN_TOLD_MS = 3_600_000;

/** One look at an open instance; called at every beat of the agent. */
export function watchInstance(instance: ProtectedInstance): void {
  const { owner, agent, name } = instance;
  if (!owner || instance.activity?.kind === 'restore') return;
  const foreign = owner.foreignChange();
  if (foreign) instance.outOfSync(foreign);
  const there = agent.deps.files.statSync(instance.path, { throwIfNoEntry: false });
  if (followReplacement(instance, owner, there)) return;
  if (instance.facts.fenced && !owner.info().durablyFenced && sealInstance(instance, 50).durable)
    agent.emit('fenced', 'info', name, `${name} is now fenced durably`);
  followFullVolume(instance);
  instance.noticeCommits();
  instance.observed.wal.look();
  instance.observed.hazards.whenDue((error) =>
    agent.emit('error', 'warning', name, `The hazards could not be looked for: ${toErrorReport(error).message}`),
  );
  if (there && isNews(owner, there)) noteIdentity(instance);
}

/** Of each owner: the file that it holds, which never changes, and how that looked when its identity was noted last. */
const held = new WeakMap<DatabaseOwner, { inode: number; device: number; noted: string }>();

function heldBy(owner: DatabaseOwner): { inode: number; device: number; noted: string } {
  const known = held.get(owner);
  if (known) return known;
  const { inode, device } = owner.info();
  const first = { inode, device, noted: '' };
  held.set(owner, first);
  return first;
}

/** To ask SQLite costs a hundred times what the stat costs, which is at hand: with a thousand idle databases that is what counts. */
function isNews(owner: DatabaseOwner, { mtimeMs, ctimeMs, size }: Stats): boolean {
  const file = heldBy(owner);
  const now = `${mtimeMs} ${ctimeMs} ${size}`;
  if (file.noted === now) return false;
  file.noted = now;
  return true;
}

/** Goes over to another file that was put in the place of the protected one; true when it did. */
function followReplacement(instance: ProtectedInstance, owner: DatabaseOwner, there: Stats | undefined): boolean {
  const { inode, device } = heldBy(owner);
  if (there?.ino === inode && there.dev === device) return false;
  if (!there) throw new HoldfastError('DATABASE_REPLACED', `${instance.path} is gone`);
  if (instance.activity) return false;
  instance.outOfSync('Another file stands in the place of the protected one.');
  instance.closeFile();
  instance.tryOpen();
  return true;
}

/** Where the WAL proves nothing, the file itself must not be another or older one than at the last look. */
export function compareIdentity(instance: ProtectedInstance): void {
  const { seen } = instance.facts;
  const info = instance.owner?.info();
  if (!info) return;
  if (seen && (seen.inode !== info.inode || seen.device !== info.device))
    instance.outOfSync('Another file stands in the place of the protected one.');
  else if (seen && info.changeCounter < seen.changeCounter)
    instance.outOfSync(`The change counter went back from ${seen.changeCounter} to ${info.changeCounter}.`);
  noteIdentity(instance);
}

export function noteIdentity(instance: ProtectedInstance): void {
  const info = instance.owner?.info();
  if (!info) return;
  const { inode, device, changeCounter, schemaCookie } = info;
  const { seen } = instance.facts;
  if (seen?.inode === inode && seen.changeCounter === changeCounter && seen.schemaCookie === schemaCookie) return;
  instance.update({ seen: { inode, device, changeCounter, schemaCookie } });
}

/** What the capture tells: as events, and as flags where a full backup or an administrator is needed. */
export function onCaptureEvent(instance: ProtectedInstance, event: CaptureEvent, capture: InstanceCapture): void {
  const { agent, name } = instance;
  switch (event.kind) {
    case 'gap':
      agent.emit('gap', 'warning', name, event.reason);
      break;
    case 'resynced':
      agent.emit('gap', 'info', name, `${event.pages} changed pages were captured after the gap`);
      break;
    case 'replaced':
      capture.startNewSerial();
      instance.outOfSync(event.reason);
      break;
    case 'behind':
      instance.outOfSync(event.reason);
      break;
    case 'lockLost':
      agent.emit('lockLost', 'warning', name, event.reason);
      break;
    case 'walPinned':
      walPinned(instance, event.bytes);
      break;
    case 'sinkFailed':
      sinkFailed(instance, toErrorReport(event.error));
      break;
    case 'sinkRecovered':
      instance.error = null;
      agent.emit('error', 'info', name, 'Roll-forward logging goes on');
      break;
  }
}

function sinkFailed(instance: ProtectedInstance, report: ErrorReport): void {
  const full = isFull(report);
  if (full) instance.observed.stopDue = instance.facts.logging.stopWhenFull ?? false;
  instance.error = full ? new HoldfastError('LOG_DEVICE_FULL', report.message).report() : report;
  instance.agent.emit(full ? 'logDeviceFull' : 'error', 'critical', instance.name, report.message);
}

/** Where the status can name who holds the WAL, that stands as a message; only else this is told, and not at every look. */
function walPinned(instance: ProtectedInstance, bytes: number): void {
  const { agent, name, observed } = instance;
  const now = agent.deps.clock.monotonic();
  if (observed.wal.pins().length > 0 || now - observed.pinToldAt < PIN_TOLD_MS) return;
  observed.pinToldAt = now;
  agent.emit('walPinned', 'warning', name, `The WAL has grown to ${bytes} bytes: a reader holds it`);
}
