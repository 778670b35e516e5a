// What the wizard collects, and what stands in the way of each step.
import { nameSchema } from '../../../core/contract/common.ts';
import type { Probe } from '../../../core/contract/instance.ts';
import type { FurtherFile } from './further-files.ts';

export interface ProtectDraft {
  server: string | null;
  path: string;
  name: string;
  backupFolder: string;
  logging: boolean;
  switchToWal: boolean;
  further: FurtherFile[];
}

/** A name that the rules allow, from the file's own: `userRoot.db` → `userRoot`. */
export function suggestName(path: string, taken: readonly string[]): string {
  const base = (path.split(/[\\/]/).at(-1) ?? '').replace(/\.[^.]*$/, '');
  const clean =
    base
      .replace(/[^A-Za-z0-9-]+/g, '-')
      .replace(/^-+/, '')
      .slice(0, 15) || 'Directory';
  if (!taken.includes(clean)) return clean;
  for (let number = 2; ; number++) {
    const next = `${clean.slice(0, 14 - String(number).length)}-${number}`;
    if (!taken.includes(next)) return next;
  }
}

/** Why the names step is not complete; null when it is. */
export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (!nameSchema.safeParse(name).success)
    return '1 to 15 letters, digits and hyphens, starting with a letter or digit';
  return taken.includes(name) ? 'A database with this name is on this server already' : null;
}

/** Protecting needs a file that was looked at and not refused; a rollback journal must be switched for logging. */
export function probeAllows(probe: Probe | null): boolean {
  return probe !== null && probe.refusal === null;
}
