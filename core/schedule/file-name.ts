// Names of the files that a schedule makes, from a pattern such as `{instance}-{schedule}-{date}-{time}.bak`.
import type { BackupType } from '../contract/backup.ts';
import { HoldfastError } from '../contract/errors.ts';

export interface NameParts {
  server: string;
  instance: string;
  schedule: string;
  type: BackupType;
  /** ms; written in UTC so that names sort by time. */
  at: number;
}

const TOKENS = ['server', 'instance', 'schedule', 'type', 'date', 'time'] as const;

/** The file's name without a folder. Throws INVALID_INPUT for what is no file name, or lets two runs have the same one. */
export function scheduledFileName(pattern: string, parts: NameParts): string {
  const iso = new Date(parts.at).toISOString();
  const values: Record<(typeof TOKENS)[number], string> = {
    server: plain(parts.server),
    instance: plain(parts.instance),
    schedule: plain(parts.schedule),
    type: parts.type === 'full' ? 'full' : 'inc',
    date: iso.slice(0, 10).replaceAll('-', ''),
    time: iso.slice(11, 19).replaceAll(':', ''),
  };
  const used = new Set<string>();
  const name = pattern.trim().replace(/\{(\w+)\}/g, (whole, token: string) => {
    const value = values[token as keyof typeof values];
    if (value === undefined)
      throw refused(`${whole} is not known; known are ${TOKENS.map((one) => `{${one}}`).join(' ')}`);
    used.add(token);
    return value;
  });
  if (!used.has('date') || !used.has('time'))
    throw refused('without {date} and {time} one backup would take the name of another');
  const control = [...name].some((character) => character < ' ');
  if (control || /[\\/:*?"<>|{}]/.test(name) || name.startsWith('.')) throw refused(`${name} is not a file name`);
  return /\.bak$/i.test(name) ? name : `${name}.bak`;
}

const refused = (why: string) => new HoldfastError('INVALID_INPUT', `The name pattern cannot be used: ${why}`);

/** Letters, digits, dots, hyphens; anything else as one hyphen. */
const plain = (text: string) => text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|-+$/g, '') || 'backup';
