// What a command is: one entry feeds toolbars, the palette, shortcuts and the help.
export interface Command {
  id: string;
  label: string;
  group: 'Go to' | 'Do' | 'View';
  /** `Ctrl+K`, `G S` (one key after the other), `?`. */
  shortcut?: string;
  /** Further words to find it by. */
  words?: string;
  /** True, or the reason why not. */
  enabled?: () => true | string;
  run: () => void;
}

/** The reason why a command is off; null when it is on. */
export function offReason(command: Command): string | null {
  const enabled = command.enabled?.() ?? true;
  return enabled === true ? null : enabled;
}
