// Dialogs: a title, a body that scrolls, actions at the bottom right. The browser's own modal dialog: the page behind is inert,
// Escape closes, and focus goes back where it came from.
import './dialog.css';
import { PortalMountNodeProvider } from '@fluentui/react-components';
import { type ReactNode, useId, useLayoutEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { IconButton } from './Button.tsx';
import { DismissIcon } from './icons.ts';

const firstFocus = [
  '[data-autofocus]',
  '.hf-dialog-content :is(input, select, textarea):enabled',
  '.hf-dialog-actions button',
  // Something to read: arrow keys scroll it, and no tooltip of the Close button covers it.
  '.hf-dialog-content [tabindex="0"]',
  '.hf-dialog-content',
];

export function Dialog(props: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  actions?: ReactNode;
  /** 460, 620 or 900 px. */
  size?: 'small' | 'medium' | 'large';
  /** Body without padding, for lists and wizards. */
  flush?: boolean;
  /** Asks by `alertdialog`, for confirmations. */
  alert?: boolean;
}) {
  const title = useId();
  const [element, setElement] = useState<HTMLDialogElement | null>(null);
  useLayoutEffect(() => {
    if (!element) return;
    element.showModal();
    const target = firstFocus.map((selector) => element.querySelector<HTMLElement>(selector)).find((found) => found);
    target?.focus();
    return () => element.close();
  }, [element]);

  return createPortal(
    <dialog
      ref={setElement}
      className={`hf-dialog hf-dialog-${props.size ?? 'medium'}`}
      role={props.alert ? 'alertdialog' : undefined}
      aria-labelledby={title}
      // A tooltip at the focused button would take the first Escape for itself.
      onKeyDownCapture={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.contains(event.target as Node)) return;
        event.preventDefault();
        event.stopPropagation();
        props.onClose();
      }}
      onCancel={(event) => {
        event.preventDefault();
        // A file picker or an inner dialog bubbles its own cancel.
        if (event.target === event.currentTarget) props.onClose();
      }}
    >
      {/* Tooltips must be drawn inside the dialog: what is outside lies beneath the top layer. */}
      <PortalMountNodeProvider value={element ?? undefined}>
        <header className="hf-dialog-title">
          <h2 id={title}>{props.title}</h2>
          <IconButton icon={<DismissIcon />} label="Close" onClick={props.onClose} />
        </header>
        <div tabIndex={-1} className={`hf-dialog-content${props.flush ? ' is-flush' : ''}`}>
          {props.children}
        </div>
        {props.actions && <footer className="hf-dialog-actions">{props.actions}</footer>}
      </PortalMountNodeProvider>
    </dialog>,
    document.querySelector('.hf-provider') ?? document.body,
  );
}
