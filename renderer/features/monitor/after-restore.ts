// What remains to be done by hand after a restore was activated; each line is ticked by what the instance reports now.
import type { InstanceStatus } from '../../../core/contract/instance.ts';
import { intoFile, type RestorePicture } from './restore-phase.ts';

export interface AfterItem {
  id: 'logging' | 'location' | 'full' | 'contingency';
  done: boolean;
  text: string;
  /** Why it matters, or where it stands. */
  detail: string;
}

/** Nothing that is written from now on could be brought back: what a restore leaves behind until the list is done. */
export const isUnprotected = ({ logging, fullRequired }: Pick<InstanceStatus, 'logging' | 'fullRequired'>): boolean =>
  !logging.on || fullRequired;

/** Empty unless the restored set is active in a known instance, at once or since. Order: as it should be done. */
export function afterRestore(picture: RestorePicture, status: InstanceStatus | null): AfterItem[] {
  if (!picture.result || !status || intoFile(picture)) return [];
  const endedAt = picture.job.endedAt ?? Number.POSITIVE_INFINITY;
  const since = !status.hasRst && (status.lastRestore?.at ?? 0) >= endedAt;
  if (!picture.result.activated && !since) return [];
  const isDefault = status.logging.directory.startsWith(status.home);
  const items: AfterItem[] = [
    {
      id: 'logging',
      done: status.logging.on,
      text: 'Turn roll-forward logging on',
      detail: status.logging.on
        ? `on, current log ${status.logging.currentLog}`
        : 'a restore turns it off; without it nothing after the next backup can be restored',
    },
    {
      id: 'location',
      done: !isDefault,
      text: 'Put the logs on another disk',
      detail: isDefault
        ? `default folder ${status.logging.directory}, on the disk of the database`
        : status.logging.directory,
    },
    {
      id: 'full',
      done: !status.fullRequired && (status.lastFull?.at ?? 0) >= endedAt,
      text: 'Take a full backup',
      detail: status.fullRequired
        ? (status.fullRequiredReason ?? 'a new chain must start')
        : 'the next incremental needs a full backup of the restored data',
    },
  ];
  if (picture.result.contingency) {
    items.push({
      id: 'contingency',
      done: true,
      text: 'The replaced database is kept',
      detail: picture.result.contingency,
    });
  }
  return items;
}
