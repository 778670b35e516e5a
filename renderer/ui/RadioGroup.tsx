// A choice of a few, each with a line that says what it means.
import { RadioGroup as FluentRadioGroup, Radio } from '@fluentui/react-components';
import { type ReactNode, useId } from 'react';
import './radio-group.css';

export interface RadioOption<T extends string> {
  value: T;
  label: string;
  hint?: ReactNode;
  disabled?: boolean;
}

export function RadioGroup<T extends string>(props: {
  label: string;
  /** Draw no label; it stays the accessible name. */
  hideLabel?: boolean;
  value: T;
  onChange: (value: T) => void;
  options: readonly RadioOption<T>[];
}) {
  const id = useId();
  return (
    <div className="hf-radio">
      <span id={id} className={props.hideLabel ? 'hf-sr' : 'hf-radio-label'}>
        {props.label}
      </span>
      <FluentRadioGroup
        aria-labelledby={id}
        value={props.value}
        onChange={(_, data) => props.onChange(data.value as T)}
      >
        {props.options.map((option) => (
          <Radio
            key={option.value}
            value={option.value}
            disabled={option.disabled ?? false}
            label={{
              children: (
                <>
                  <span className="hf-radio-name">{option.label}</span>
                  {option.hint && <span className="hf-radio-hint">{option.hint}</span>}
                </>
              ),
            }}
          />
        ))}
      </FluentRadioGroup>
    </div>
  );
}
