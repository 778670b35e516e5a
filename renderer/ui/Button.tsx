// Buttons of the console: 28 px high, one primary at most in a group, a reason when disabled.
import './button.css';
import { Button as FluentButton, Tooltip } from '@fluentui/react-components';
import { type ReactElement, type ReactNode, useState } from 'react';

export interface ButtonProps {
  children?: ReactNode;
  icon?: ReactElement;
  onClick?: () => void;
  kind?: 'normal' | 'primary' | 'subtle' | 'danger';
  disabled?: boolean;
  /** Why it is disabled, or what it will do. A disabled button with a reason stays reachable by keyboard. */
  title?: string | undefined;
  /** Accessible name when it differs from the text. */
  label?: string;
  /** Work is under way: shown as disabled, name unchanged. */
  busy?: boolean;
  autoFocus?: boolean;
  type?: 'button' | 'submit';
  pressed?: boolean;
  testId?: string;
}

export function Button(props: ButtonProps) {
  const { kind = 'normal', disabled = false, busy = false, title } = props;
  const off = disabled || busy;
  const [hovered, setHovered] = useState(false);
  // The tooltip is always around it: a reason that comes and goes must not make another button of it, which would lose the focus.
  return (
    <Tooltip
      content={title ?? ''}
      relationship={title ? 'description' : 'inaccessible'}
      withArrow
      visible={hovered && !!title}
      onVisibleChange={(_, data) => setHovered(data.visible)}
    >
      <FluentButton
        className={`hf-button hf-button-${kind}`}
        appearance={kind === 'primary' ? 'primary' : kind === 'subtle' ? 'subtle' : 'secondary'}
        {...(props.icon ? { icon: props.icon } : {})}
        onClick={() => !off && props.onClick?.()}
        // While busy it keeps the focus: whoever pressed Enter on it is still there when it is done.
        disabled={off && !title && !busy}
        disabledFocusable={off && (!!title || busy)}
        aria-label={props.label}
        aria-busy={busy || undefined}
        aria-pressed={props.pressed}
        autoFocus={props.autoFocus}
        data-autofocus={props.autoFocus || undefined}
        type={props.type ?? 'button'}
        data-testid={props.testId}
      >
        {props.children}
      </FluentButton>
    </Tooltip>
  );
}

/** A square button with an icon only; its label is the accessible name and the tooltip. */
export function IconButton(props: {
  icon: ReactElement;
  label: string;
  /** Shown in the tooltip after the label: a reason, or a shortcut. */
  detail?: string | undefined;
  onClick?: () => void;
  disabled?: boolean;
  pressed?: boolean;
}) {
  return (
    <Tooltip content={props.detail ? `${props.label} · ${props.detail}` : props.label} relationship="label" withArrow>
      <FluentButton
        className="hf-button hf-icon-button"
        appearance="subtle"
        icon={props.icon}
        aria-label={props.label}
        aria-pressed={props.pressed}
        disabledFocusable={props.disabled ?? false}
        onClick={() => !props.disabled && props.onClick?.()}
      />
    </Tooltip>
  );
}
