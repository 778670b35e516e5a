// A retention policy as fields: by count, by age, or both.
import type { RetentionPolicy } from '../../../core/contract/schedules.ts';
import { Checkbox, TextField } from '../../ui/index.ts';

export function PolicyFields(props: {
  policy: RetentionPolicy;
  onChange: (policy: RetentionPolicy) => void;
  /** Ask about backups made by hand as well. */
  manual: boolean;
}) {
  const { policy, onChange } = props;
  const number = (text: string) => (text.trim() === '' || !(Number(text) > 0) ? null : Number(text));
  return (
    <div className="schedules-line">
      <TextField
        label="Newest full backups"
        type="number"
        min={1}
        width={160}
        placeholder="no rule"
        value={policy.keepFulls === null ? '' : String(policy.keepFulls)}
        onChange={(text) => {
          const count = number(text);
          onChange({ ...policy, keepFulls: count === null ? null : Math.max(1, Math.round(count)) });
        }}
      />
      <TextField
        label="Restorable for"
        type="number"
        min={1}
        width={160}
        after="days"
        placeholder="no rule"
        value={policy.keepDays === null ? '' : String(policy.keepDays)}
        onChange={(text) => onChange({ ...policy, keepDays: number(text) })}
      />
      {props.manual && (
        <Checkbox
          label="Also backups that were made by hand"
          checked={policy.manual}
          onChange={(manual) => onChange({ ...policy, manual })}
        />
      )}
    </div>
  );
}
