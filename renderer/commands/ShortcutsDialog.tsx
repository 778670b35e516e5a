// ?: what the keyboard can do.
import './palette.css';
import { useApp } from '../app/app.ts';
import { Dialog } from '../ui/index.ts';
import type { Command } from './command.ts';
import { commandsOf } from './registry.ts';

/** What is pressed, and what it does. */
type Keys = readonly [string, string];

const everywhere: readonly Keys[] = [
  ['Tab, Shift+Tab', 'Next and previous control'],
  ['↑ ↓ Home End', 'Move in a list or a tree'],
  ['← →', 'Branches, toolbars, tabs'],
  ['Enter', 'Open what is selected'],
  ['Enter', 'In a form: save it'],
  ['Esc', 'Close a dialog; nothing is done'],
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const commands = commandsOf(app).filter((command) => command.shortcut);
  const of = (group: Command['group']): Keys[] =>
    commands.filter((each) => each.group === group).map(({ shortcut = '', label }) => [shortcut, label]);
  return (
    <Dialog title="Keyboard shortcuts" size="medium" onClose={onClose}>
      <div className="shortcuts">
        <Part title="Go to" keys={of('Go to')} />
        <div>
          <Part title="Do" keys={of('Do')} />
          <Part title="View" keys={of('View')} />
          <Part title="Everywhere" keys={everywhere} />
        </div>
      </div>
    </Dialog>
  );
}

function Part({ title, keys }: { title: string; keys: readonly Keys[] }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl>
        {keys.map(([key, label]) => (
          <div key={key + label}>
            <dt>{label}</dt>
            <dd>
              <kbd className="app-kbd">{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
