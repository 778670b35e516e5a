// Form controls: label, control, hint, problem. All 28 px high, so that a form lines up with a table.
import './fields.css';
import {
  Field,
  Checkbox as FluentCheckbox,
  Select as FluentSelect,
  Switch as FluentSwitch,
  Input,
} from '@fluentui/react-components';
import type { ReactElement, ReactNode } from 'react';

interface FieldBase {
  label: string;
  /** Draw no label; it stays the accessible name. */
  hideLabel?: boolean;
  hint?: ReactNode;
  /** A problem with the value, shown under the control and announced. */
  problem?: string | null | undefined;
  required?: boolean;
  disabled?: boolean;
}

function Framed({ label, hideLabel, hint, problem, required, children }: FieldBase & { children: ReactElement }) {
  if (hideLabel && !hint && !problem) return children;
  return (
    <Field
      className="hf-field"
      label={hideLabel ? undefined : label}
      required={required ?? false}
      validationState={problem ? 'error' : 'none'}
      validationMessage={problem ?? undefined}
      hint={hint ? { children: hint } : undefined}
    >
      {children}
    </Field>
  );
}

export function TextField(
  props: FieldBase & {
    value: string;
    onChange: (value: string) => void;
    placeholder?: string;
    type?: 'text' | 'number' | 'time' | 'search' | 'datetime-local' | 'password';
    min?: number;
    step?: number;
    mono?: boolean;
    maxLength?: number;
    width?: number | string;
    autoFocus?: boolean;
    /** After the control, for example a unit or a Browse button. */
    after?: ReactNode;
    onEnter?: () => void;
    readOnly?: boolean;
    /** The list that the arrow keys move in while the focus stays here, and the id of its chosen entry. */
    chooses?: { list: string; entry: string | undefined };
  },
) {
  return (
    <Framed {...props}>
      <Input
        className={`hf-input${props.mono ? ' hf-input-mono' : ''}`}
        style={props.width === undefined ? undefined : { width: props.width }}
        value={props.value}
        onChange={(_, data) => props.onChange(data.value)}
        placeholder={props.placeholder}
        type={props.type ?? 'text'}
        min={props.min}
        step={props.step}
        maxLength={props.maxLength}
        disabled={props.disabled}
        readOnly={props.readOnly}
        autoFocus={props.autoFocus}
        data-autofocus={props.autoFocus || undefined}
        autoComplete={props.type === 'password' ? 'new-password' : 'off'}
        spellCheck={false}
        aria-label={props.hideLabel ? props.label : undefined}
        aria-invalid={props.problem ? true : undefined}
        aria-controls={props.chooses?.list}
        aria-activedescendant={props.chooses?.entry}
        contentAfter={props.after ? { children: props.after } : undefined}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && props.onEnter) {
            event.preventDefault();
            props.onEnter();
          }
        }}
      />
    </Framed>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
  disabled?: boolean;
}

export function Select<T extends string>(
  props: FieldBase & {
    value: T;
    onChange: (value: T) => void;
    options: readonly Option<T>[];
    width?: number | string;
  },
) {
  return (
    <Framed {...props}>
      <FluentSelect
        className="hf-select"
        style={props.width === undefined ? undefined : { width: props.width }}
        value={props.value}
        onChange={(_, data) => props.onChange(data.value as T)}
        disabled={props.disabled}
        aria-label={props.hideLabel ? props.label : undefined}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </FluentSelect>
    </Framed>
  );
}

export function Switch(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
  hideLabel?: boolean;
}) {
  return (
    <FluentSwitch
      className="hf-switch"
      label={props.hideLabel ? undefined : props.label}
      aria-label={props.hideLabel ? props.label : undefined}
      checked={props.checked}
      disabled={props.disabled}
      onChange={(_, data) => props.onChange(data.checked)}
    />
  );
}

export function Checkbox(props: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <FluentCheckbox
      className="hf-checkbox"
      label={{ children: props.label }}
      checked={props.checked}
      disabled={props.disabled}
      onChange={(_, data) => props.onChange(data.checked === true)}
    />
  );
}
