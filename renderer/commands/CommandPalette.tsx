// Ctrl+K: every command by name. Arrow keys choose, Enter runs; what is off says why.
import './palette.css';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { useApp } from '../app/app.ts';
import { Dialog, TextField } from '../ui/index.ts';
import { type Command, offReason } from './command.ts';
import { matchCommands } from './match.ts';
import { commandsOf } from './registry.ts';

export function CommandPalette({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const all = useMemo(() => commandsOf(app).filter((command) => command.id !== 'palette'), [app]);
  const found = useMemo(() => matchCommands(all, query), [all, query]);
  const chosen = found[Math.min(at, found.length - 1)];

  const run = (command: Command | undefined) => {
    if (!command || offReason(command) !== null) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = (Math.min(at, found.length - 1) + step + found.length) % Math.max(1, found.length);
      setAt(next);
      document.getElementById(`palette-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(chosen);
    }
  };

  return (
    <Dialog title="Find a command" size="medium" flush onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys belong to the search field inside */}
      <div className="palette" onKeyDown={onKeyDown}>
        <TextField
          label="Command"
          hideLabel
          type="search"
          placeholder="Type a page, an action, a database…"
          value={query}
          autoFocus
          chooses={{ list: 'palette-list', entry: chosen && `palette-${found.indexOf(chosen)}` }}
          onChange={(value) => {
            setQuery(value);
            setAt(0);
          }}
        />
        <div
          id="palette-list"
          className="palette-list"
          role="listbox"
          aria-label="Commands"
          aria-activedescendant={chosen && `palette-${found.indexOf(chosen)}`}
          tabIndex={0}
        >
          {found.map((command, index) => {
            const reason = offReason(command);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the field above
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the field above
              <div
                key={command.id}
                id={`palette-${index}`}
                role="option"
                aria-selected={command === chosen}
                aria-disabled={reason !== null}
                className="palette-item"
                onClick={() => run(command)}
              >
                <span className="palette-group">{command.group}</span>
                <span className="hf-ellipsis">{command.label}</span>
                {reason && <span className="hf-muted hf-ellipsis">{reason}</span>}
                {command.shortcut && <kbd className="app-kbd">{command.shortcut}</kbd>}
              </div>
            );
          })}
          {found.length === 0 && <p className="palette-none">No command is called that.</p>}
        </div>
        <p className="palette-keys hf-muted" aria-hidden="true">
          <kbd className="app-kbd">↑ ↓</kbd> choose <kbd className="app-kbd">Enter</kbd> run{' '}
          <kbd className="app-kbd">Esc</kbd> close
        </p>
      </div>
    </Dialog>
  );
}
