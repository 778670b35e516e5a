// Keeps an agent inside its root and the folders that the administrator allowed; symbolic links are followed first.
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';

/**
 * The absolute path with every symbolic link of its existing part resolved; throws OUTSIDE_ROOT when it leaves all
 * `roots`. The path itself need not exist.
 */
export function allowedPath(files: Files, roots: string[], given: string): string {
  if (!path.isAbsolute(given)) throw new HoldfastError('INVALID_INPUT', `${given} is not an absolute path`);
  const real = resolveExisting(files, path.resolve(given));
  for (const root of roots) {
    const base = resolveExisting(files, path.resolve(root));
    if (real === base || real.startsWith(base.endsWith(path.sep) ? base : base + path.sep)) return real;
  }
  throw new HoldfastError('OUTSIDE_ROOT', `${given} is outside the folders that this server may use`, {
    details: { path: given, roots },
  });
}

function resolveExisting(files: Files, given: string): string {
  const rest: string[] = [];
  for (let current = given; ; current = path.dirname(current)) {
    if (files.existsSync(current)) return path.join(files.realpathSync(current), ...rest);
    if (path.dirname(current) === current) return given;
    rest.unshift(path.basename(current));
  }
}
