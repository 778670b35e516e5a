// Finds commands by what was typed: every word must occur; a match at the start of the label comes first.
import type { Command } from './command.ts';

export function matchCommands(commands: readonly Command[], query: string): Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...commands];
  const rank = (command: Command): number => {
    const label = command.label.toLowerCase();
    const text = `${label} ${command.words ?? ''} ${command.group}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return -1;
    if (label.startsWith(words[0] ?? '')) return 2;
    return words.every((word) => label.includes(word)) ? 1 : 0;
  };
  return commands
    .map((command) => ({ command, rank: rank(command) }))
    .filter((entry) => entry.rank >= 0)
    .sort((a, b) => b.rank - a.rank)
    .map((entry) => entry.command);
}
