// Turns key presses into commands: chords such as Ctrl+K, sequences such as G then S, single keys such as ?.
import type { App } from '../app/app.ts';
import { offReason } from './command.ts';
import { commandsOf } from './registry.ts';

const SEQUENCE_MS = 1_200;

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** The name of a key press as shortcuts write it; null for a bare modifier. */
export function keyName(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string | null {
  if (['Control', 'Shift', 'Alt', 'Meta'].includes(event.key)) return null;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const chord = event.ctrlKey || event.metaKey;
  if (!chord && !event.altKey) return key;
  return [chord && 'Ctrl', event.altKey && 'Alt', event.shiftKey && 'Shift', key].filter(Boolean).join('+');
}

/** Listens until the returned function is called. Plain keys don't count while typing or while a dialog is open. */
export function listenForShortcuts(app: App): () => void {
  let pending: { key: string; at: number } | null = null;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.repeat) return;
    const name = keyName(event);
    if (name === null) return;
    const chord = name.includes('+') && name.length > 1;
    const dialog = app.ui.getState().dialog;
    if (dialog !== null || (!chord && typing(event.target))) return;
    if (document.querySelector('dialog[open]')) return;
    const sequence = pending && performance.now() - pending.at < SEQUENCE_MS ? `${pending.key} ${name}` : null;
    const command = commandsOf(app).find((each) => each.shortcut === name || (sequence && each.shortcut === sequence));
    pending = chord ? null : { key: name, at: performance.now() };
    if (!command || offReason(command) !== null) return;
    event.preventDefault();
    pending = null;
    command.run();
  };
  window.addEventListener('keydown', onKeyDown);
  return () => window.removeEventListener('keydown', onKeyDown);
}
