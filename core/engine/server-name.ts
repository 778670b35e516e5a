// Names and places of servers on this machine.
import fs from 'node:fs';
import path from 'node:path';

/** A host name as a server name: at most 15 letters, digits and hyphens, upper case; `LOCAL` when nothing is left. */
export function serverNameFrom(hostname: string): string {
  const label = hostname.split('.')[0] ?? '';
  const cleaned = label
    .toUpperCase()
    .replace(/[^A-Z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 15)
    .replace(/-+$/, '');
  return cleaned || 'LOCAL';
}

/** True when `inner` is `outer` or lies below it; both absolute. */
export function isInside(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}

/** The path with the symbolic links of its existing part resolved; never opens anything. */
export function realPath(given: string): string {
  const absolute = path.resolve(given);
  const rest: string[] = [];
  for (let current = absolute; ; current = path.dirname(current)) {
    if (fs.existsSync(current)) return path.join(fs.realpathSync(current), ...rest);
    if (path.dirname(current) === current) return absolute;
    rest.unshift(path.basename(current));
  }
}
