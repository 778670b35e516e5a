// What is left to do after an activated restore: one line over the picture, opened into a list ticked by what the instance reports.
import { useState } from 'react';
import type { InstanceView } from '../../../core/contract/site.ts';
import { useApp, useLive, useSite } from '../../app/app.ts';
import { useAction } from '../../app/use-action.ts';
import { BackupIcon, Badge, Button, ChevronDownIcon, ChevronRightIcon, ErrorBar } from '../../ui/index.ts';
import { type AfterItem, afterRestore, isUnprotected } from './after-restore.ts';
import type { RestorePicture } from './restore-phase.ts';
import { StepMark } from './StepMark.tsx';

export function AfterRestore({ picture, instance }: { picture: RestorePicture; instance: InstanceView | null }) {
  const app = useApp();
  const live = useLive();
  const action = useAction();
  const group = useSite((snapshot) => snapshot.groups.find((each) => each.id === instance?.groupId) ?? null);
  const [open, setOpen] = useState(false);
  const items = afterRestore(picture, instance?.status ?? null);
  if (!instance || items.length === 0) return null;
  const left = items.filter((item) => !item.done);
  // A full backup that is taken before logging is on has to be taken once more; another disk can wait.
  const next = (['logging', 'full'] as const).map((id) => left.find((item) => item.id === id)).find(Boolean) ?? left[0];
  // In a group its copies have to get the backup too, so the group takes it.
  const full = () =>
    void action.run(() =>
      group?.config.enabled
        ? app.api.failover.backupNow({ groupId: group.id, type: 'full' })
        : app.api.backup.start({ instanceId: instance.id, type: 'full' }),
    );
  const turnOn = () => void action.run(() => app.api.instances.setConfig({ instanceId: instance.id, on: true }));
  const logging = () => app.navigate({ page: 'backup/logging', instanceId: instance.id });
  const verb = (item: AfterItem | undefined) => {
    if (!item || item.done) return null;
    if (item.id === 'full')
      return (
        <Button
          icon={<BackupIcon />}
          kind={next === item ? 'primary' : 'normal'}
          disabled={!live}
          busy={action.busy}
          onClick={full}
        >
          Full backup now
        </Button>
      );
    return (
      <span className="mon-after-verbs">
        {item.id === 'logging' && (
          <Button kind="primary" disabled={!live} busy={action.busy} onClick={turnOn}>
            Turn logging on
          </Button>
        )}
        <Button onClick={logging} label={`Open logging: ${item.text}`}>
          Open logging
        </Button>
      </span>
    );
  };
  return (
    <section className="mon-after" aria-label="After the restore">
      <div className="mon-after-line">
        <button type="button" className="mon-after-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <ChevronDownIcon /> : <ChevronRightIcon />}
          {left.length === 0 ? 'After the restore: all done' : `After the restore: ${left.length} to do`}
        </button>
        {isUnprotected(instance.status) && (
          <Badge tone="critical" title="What is written now could not be brought back">
            unprotected
          </Badge>
        )}
        {!open && (
          <span className="hf-secondary hf-ellipsis">
            {left.map((item) => item.text).join(' · ') || items[0]?.text}
          </span>
        )}
        {!open && verb(next)}
      </div>
      {open && (
        <ul className="mon-todo">
          {items.map((item) => (
            <li key={item.id}>
              <StepMark status={item.done ? 'done' : 'waiting'} label={item.done ? 'done' : 'to do'} />
              <span>
                <strong>{item.text}</strong> <span className="hf-muted">{item.detail}</span>
              </span>
              <span>{verb(item)}</span>
            </li>
          ))}
        </ul>
      )}
      {action.error && <ErrorBar error={action.error} onDismiss={action.clear} />}
    </section>
  );
}
