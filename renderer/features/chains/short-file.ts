// A file's name in two parts: the one that may be cut off, and the end that tells it from its neighbours.

/** How much of the end always shows: `140551.2-inc.bak`. */
const tail = 17;

export function shortFile(path: string): { start: string; end: string } {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return { start: name.slice(0, -tail), end: name.slice(-tail) };
}
