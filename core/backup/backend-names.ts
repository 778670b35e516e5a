// How the files of a backup of several backends are called: `x.bak` for the first, `x.schema.bak` for the backend `schema`.
import path from 'node:path';

/** Name of the first file of a further backend in the set that is known by `file`. */
export function backendFileName(file: string, backend: string): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, ext ? `${name}.${backend}${ext}` : `${name}.${backend}`);
}
