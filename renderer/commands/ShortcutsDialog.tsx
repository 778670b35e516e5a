// ?: what the keyboard can do.
import './palette.css';
import { useApp } from '../app/app.ts';
import { Dialog } from '../ui/index.ts';
import { commandsOf } from './registry.ts';

const everywhere: readonly [string, string][] = [
  ['Tab, Shift+Tab', 'Next and previous control'],
  ['↑ ↓ Home End', 'Move in a list or a tree'],
  ['← →', 'Close and open a branch; move in a toolbar or between tabs'],
  ['Enter', 'Open what is selected'],
  ['Esc', 'Close a dialog; nothing is done'],
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const commands = commandsOf(app).filter((command) => command.shortcut);
  return (
    <Dialog title="Keyboard shortcuts" size="medium" onClose={onClose}>
      <div className="shortcuts">
        <dl>
          {commands.map((command) => (
            <div key={command.id}>
              <dt>{command.label}</dt>
              <dd>
                <kbd className="app-kbd">{command.shortcut}</kbd>
              </dd>
            </div>
          ))}
        </dl>
        <dl>
          {everywhere.map(([keys, label]) => (
            <div key={keys}>
              <dt>{label}</dt>
              <dd>
                <kbd className="app-kbd">{keys}</kbd>
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
