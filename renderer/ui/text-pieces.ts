// Finds the moments in a sentence of the engine.
const moment = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/g;

/** The sentence in pieces, its moments as ms; their places in between as they stand. */
export function textPieces(text: string): (string | number)[] {
  const pieces: (string | number)[] = [];
  let from = 0;
  for (const match of text.matchAll(moment)) {
    pieces.push(text.slice(from, match.index), Date.parse(`${match[1]}T${match[2]}Z`));
    from = match.index + match[0].length;
  }
  return [...pieces, text.slice(from)].filter((piece) => piece !== '');
}
