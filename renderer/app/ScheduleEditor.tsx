// One schedule on one line: off, every so many minutes, daily, weekly, or a cron expression.
import './schedule-editor.css';
import type { Schedule } from '../../core/contract/failover.ts';
import { Select, TextField } from '../ui/index.ts';

const kinds = [
  { value: 'off', label: 'Never' },
  { value: 'every', label: 'Every' },
  { value: 'daily', label: 'Every day at' },
  { value: 'weekly', label: 'Every week on' },
  { value: 'cron', label: 'Cron expression' },
] as const;

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

const fresh: Record<Schedule['kind'], Schedule> = {
  off: { kind: 'off' },
  every: { kind: 'every', minutes: 15 },
  daily: { kind: 'daily', at: '02:00' },
  weekly: { kind: 'weekly', day: 0, at: '02:00' },
  cron: { kind: 'cron', expression: '0 2 * * *' },
};

export function ScheduleEditor(props: { label: string; value: Schedule; onChange: (value: Schedule) => void }) {
  const { label, value, onChange } = props;
  return (
    <div className="schedule">
      <Select
        label={`${label} frequency`}
        hideLabel
        width={136}
        value={value.kind}
        options={kinds}
        onChange={(kind) => onChange(fresh[kind])}
      />
      {value.kind === 'every' && (
        <>
          <TextField
            label={`${label}: minutes`}
            hideLabel
            type="number"
            min={0.1}
            width={72}
            value={Number.isNaN(value.minutes) ? '' : String(value.minutes)}
            onChange={(text) => onChange({ kind: 'every', minutes: Number.parseFloat(text) })}
          />
          <span>minutes</span>
        </>
      )}
      {value.kind === 'weekly' && (
        <>
          <Select
            label={`${label}: day`}
            hideLabel
            width={116}
            value={String(value.day)}
            options={days.map((day, index) => ({ value: String(index), label: day }))}
            onChange={(day) => onChange({ ...value, day: Number(day) })}
          />
          <span>at</span>
        </>
      )}
      {(value.kind === 'daily' || value.kind === 'weekly') && (
        <TextField
          label={`${label}: time`}
          hideLabel
          placeholder="HH:MM"
          maxLength={5}
          width={64}
          value={value.at}
          onChange={(at) => onChange({ ...value, at })}
        />
      )}
      {value.kind === 'cron' && (
        <TextField
          label={`${label}: cron expression`}
          hideLabel
          mono
          width={150}
          value={value.expression}
          onChange={(expression) => onChange({ kind: 'cron', expression })}
        />
      )}
    </div>
  );
}

/** A schedule in words: `every day at 02:00`. */
export function scheduleText(schedule: Schedule): string {
  if (schedule.kind === 'off') return 'never';
  if (schedule.kind === 'every') return `every ${schedule.minutes} min`;
  if (schedule.kind === 'daily') return `every day at ${schedule.at}`;
  if (schedule.kind === 'weekly') return `${days[schedule.day] ?? ''}s at ${schedule.at}`;
  return `cron ${schedule.expression}`;
}
