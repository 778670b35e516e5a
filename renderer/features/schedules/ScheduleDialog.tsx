// One schedule: name, type, times, where to and how, what happens without a base, and how long its backups stay.
import { useState } from 'react';
import {
  type BackupScheduleInput,
  backupScheduleInputSchema,
  type ScheduleView,
} from '../../../core/contract/schedules.ts';
import { useApi, useSite } from '../../app/app.ts';
import { ScheduleEditor } from '../../app/ScheduleEditor.tsx';
import { useAction } from '../../app/use-action.ts';
import { Checkbox, FormDialog, Section, Select, Switch, TextField } from '../../ui/index.ts';
import { PolicyFields } from './PolicyFields.tsx';

const fresh = (instanceId: string): BackupScheduleInput => ({
  id: null,
  instanceId,
  name: '',
  enabled: true,
  type: 'full',
  when: { kind: 'weekly', day: 5, at: '22:00' },
  folder: null,
  namePattern: null,
  options: { compression: 'zstd' },
  fullWhenNoBase: true,
  notifySuccess: false,
  keep: null,
});

function inputOf({ nextAt: _, state: _s, stateText: _t, last: _l, createdAt: _c, ...input }: ScheduleView) {
  return input;
}

export function ScheduleDialog(props: {
  schedule: ScheduleView | null;
  instanceId: string;
  onClose: () => void;
  onSaved: (id: string) => void;
}) {
  const api = useApi();
  const action = useAction();
  const instances = useSite((snapshot) => snapshot.instances);
  const [input, setInput] = useState<BackupScheduleInput>(
    props.schedule ? inputOf(props.schedule) : fresh(props.instanceId),
  );
  const [tried, setTried] = useState(false);
  const change = (patch: Partial<BackupScheduleInput>) => setInput((before) => ({ ...before, ...patch }));
  const checked = backupScheduleInputSchema.safeParse(input);
  const problemAt = (field: string) =>
    tried && !checked.success ? checked.error.issues.find((issue) => issue.path[0] === field)?.message : undefined;
  const save = async () => {
    setTried(true);
    if (!checked.success) return;
    const done = await action.run(() => api.schedules.save(checked.data));
    if (done) props.onSaved(done.id);
  };
  return (
    <FormDialog
      title={props.schedule ? `Schedule ${props.schedule.name}` : 'Add a schedule'}
      size="large"
      busy={action.busy}
      error={action.error}
      onSave={() => void save()}
      onClose={props.onClose}
    >
      <div className="schedules-line">
        <TextField
          label="Name"
          required
          autoFocus
          width={230}
          maxLength={60}
          placeholder="Friday full"
          value={input.name}
          onChange={(name) => change({ name })}
          problem={problemAt('name')}
        />
        <Select
          label="Database"
          width={230}
          value={input.instanceId}
          options={instances.map(({ id }) => ({ value: id, label: id }))}
          onChange={(instanceId) => change({ instanceId })}
        />
        <Select
          label="Type"
          width={150}
          value={input.type}
          options={[
            { value: 'full', label: 'Full' },
            { value: 'incremental', label: 'Incremental' },
          ]}
          onChange={(type) => change({ type })}
        />
        <Switch label="On" checked={input.enabled} onChange={(enabled) => change({ enabled })} />
      </div>
      <Section title="When">
        <div className="schedules-line">
          <ScheduleEditor label="Backup" value={input.when} onChange={(when) => change({ when })} />
        </div>
        {problemAt('when') && <p className="hf-tone-critical">{problemAt('when')}</p>}
        <p className="hf-secondary">
          In the time of this computer. Runs that were missed while it was off are made up for once.
        </p>
        {input.type === 'incremental' && (
          <Checkbox
            label="Take a full backup, with a warning, when there is no base for an incremental"
            checked={input.fullWhenNoBase}
            onChange={(fullWhenNoBase) => change({ fullWhenNoBase })}
          />
        )}
      </Section>
      <Section title="Where to">
        <div className="schedules-line">
          <TextField
            label="Folder"
            mono
            width={360}
            placeholder="The backup folder of the database"
            value={input.folder ?? ''}
            onChange={(folder) => change({ folder: folder.trim() === '' ? null : folder })}
            problem={problemAt('folder')}
          />
          <TextField
            label="Name of the files"
            mono
            width={360}
            placeholder="{instance}-{schedule}-{date}-{time}.bak"
            value={input.namePattern ?? ''}
            onChange={(text) => change({ namePattern: text.trim() === '' ? null : text })}
            problem={problemAt('namePattern')}
          />
        </div>
        <div className="schedules-line">
          <Select
            label="Compression"
            width={150}
            value={input.options.compression ?? 'zstd'}
            options={[
              { value: 'zstd', label: 'zstd' },
              { value: 'none', label: 'None' },
            ]}
            onChange={(compression) => change({ options: { ...input.options, compression } })}
          />
          <TextField
            label="Split into parts of"
            type="number"
            min={0}
            width={150}
            after="MB"
            placeholder="one file"
            value={input.options.partBytes ? String(input.options.partBytes / 1_000_000) : ''}
            onChange={(text) =>
              change({ options: { ...input.options, partBytes: Math.round((Number(text) || 0) * 1_000_000) } })
            }
          />
          <Checkbox
            label="Encrypt under the kept key of the database"
            checked={input.options.encrypt ?? false}
            onChange={(encrypt) => change({ options: { ...input.options, encrypt } })}
          />
          <Checkbox
            label="Tell the notification channels of good runs too"
            checked={input.notifySuccess}
            onChange={(notifySuccess) => change({ notifySuccess })}
          />
        </div>
      </Section>
      <Section title="How long they are kept">
        <Checkbox
          label="Keep the full backups of this schedule by a rule of their own"
          checked={input.keep !== null}
          onChange={(own) => change({ keep: own ? { keepFulls: 4, keepDays: null, manual: false } : null })}
        />
        {input.keep && <PolicyFields policy={input.keep} onChange={(keep) => change({ keep })} manual={false} />}
      </Section>
    </FormDialog>
  );
}
