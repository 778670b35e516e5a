// A row of commands above a list. Arrow keys move between its buttons, as in any desktop toolbar.
import { type KeyboardEvent, type ReactNode, useRef } from 'react';

export function Toolbar({ label, children }: { label: string; children: ReactNode }) {
  const root = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
    if ((event.target as HTMLElement).tagName === 'INPUT') return;
    const buttons = [...(root.current?.querySelectorAll<HTMLElement>('button:not([disabled])') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    event.preventDefault();
    buttons[(at + (event.key === 'ArrowRight' ? 1 : buttons.length - 1)) % buttons.length]?.focus();
  };
  return (
    <div ref={root} className="hf-toolbar" role="toolbar" aria-label={label} onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}

export const ToolbarDivider = () => <span className="hf-toolbar-divider" aria-hidden="true" />;
export const ToolbarSpacer = () => <span className="hf-toolbar-spacer" />;
