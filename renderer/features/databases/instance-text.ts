// What a row of the databases table says, and why a command is off for it.
import type { InstanceView } from '../../../core/contract/site.ts';

export function loggingText(instance: InstanceView): { on: boolean; text: string } {
  const { logging, role } = instance.status;
  if (role === 'standby' && !logging.on) return { on: false, text: 'standby' };
  return logging.on
    ? { on: true, text: `on, ${logging.currentLog.replace(/\.log$/, '').replace(/^0+(?=.)/, '')}` }
    : { on: false, text: 'off' };
}

/** Why no backup can be started of it, or null. The engine has the last word. */
export function backupOff(instance: InstanceView | null, type: 'full' | 'incremental'): string | null {
  if (!instance) return 'Choose a database first';
  if (!instance.reachable) return `The agent of ${instance.server} does not answer`;
  if (instance.status.role === 'standby') return 'A standby copy is not backed up; its primary is';
  if (instance.status.state === 'BackingUp') return 'A backup of it is running';
  if (instance.status.state === 'Restoring') return 'It is being restored';
  if (type === 'incremental' && instance.status.lastFull === null) return 'Take a full backup first';
  if (type === 'incremental' && instance.status.fullRequired) {
    return `A full backup is required first: ${instance.status.fullRequiredReason ?? 'a new chain must start'}`;
  }
  return null;
}

/** Share of the write-ahead log that is copied back into the database, 0 to 1; 1 for an empty one. */
export function walShare(wal: NonNullable<InstanceView['status']['wal']>): number {
  return wal.frames === 0 ? 1 : Math.min(1, wal.copiedBack / wal.frames);
}

/** Who holds the WAL and how many hazards there are; null when there is nothing to tell. */
export function watchedText({ status }: InstanceView): string | null {
  const holds = (status.walPins ?? []).filter(({ level }) => level === 'warning').map(({ program }) => program);
  const grave = (status.hazards ?? []).filter(({ level }) => level !== 'info');
  const parts = [
    ...(holds.length > 0 ? [`${[...new Set(holds)].join(', ')} keeps the WAL from being released`] : []),
    ...(grave.length > 0 ? [`${grave.length} ${grave.length === 1 ? 'hazard' : 'hazards'}`] : []),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}
