// Further files in the wizard: their names, and what keeps them from being protected.
import { backendIdSchema } from '../../../core/contract/backend.ts';
import type { Probe } from '../../../core/contract/instance.ts';

export interface FurtherFile {
  /** Tells the rows apart while they are edited. */
  key: number;
  id: string;
  path: string;
  /** Null until the engine has looked at the file. */
  probe: Probe | null;
}

interface Draft {
  path: string;
  further: readonly FurtherFile[];
}

/** A name that the rules allow, from the file's own: `schema.db` → `schema`. */
export function backendName(path: string): string {
  const base = (path.split(/[\\/]/).at(-1) ?? '').replace(/\.[^.]*$/, '');
  return base
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 31);
}

/** What is wrong with the name or the path of a further file; null when nothing is. */
export function furtherProblem(draft: Draft, file: FurtherFile): string | null {
  if (!backendIdSchema.safeParse(file.id).success) return '1 to 31 letters, digits, hyphens, underscores';
  const others = [
    { id: backendName(draft.path), path: draft.path.trim() },
    ...draft.further.filter((one) => one.key !== file.key),
  ];
  if (others.some((one) => one.id.toLowerCase() === file.id.toLowerCase())) return 'Another file has this name';
  if (others.some((one) => one.path.trim() === file.path.trim())) return 'This file is given already';
  return null;
}

/** Every further file was looked at, not refused, and is named. */
export const furtherAllow = (draft: Draft): boolean =>
  draft.further.every(
    (file) => file.probe !== null && file.probe.refusal === null && furtherProblem(draft, file) === null,
  );

/** One of the files uses a rollback journal, so that logging needs a switch to WAL. */
export const anyRollback = (probe: Probe | null, further: readonly FurtherFile[]): boolean =>
  [probe, ...further.map((file) => file.probe)].some((one) => one?.journal === 'rollback');
