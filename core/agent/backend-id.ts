// Names of the files of an instance that has several.
import path from 'node:path';

/** A name for a file among several, made of its own: `Directory.db` is `Directory`. */
export function backendIdOf(file: string): string {
  const stem = path.basename(file, path.extname(file)).replace(/[^A-Za-z0-9_-]+/g, '-');
  const id = stem.replace(/^[-_]+/, '').slice(0, 31);
  return id || 'main';
}
