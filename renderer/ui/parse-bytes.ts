// Sizes as people type them: `100 MB`, `1.5 GB`, `4096`. 1,024 to the next unit, as they are shown.
const factors = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 } as const;

/** Whole bytes, or null when the text is not a size. A bare number is bytes. */
export function parseBytes(text: string): number | null {
  const match = /^\s*([0-9]+(?:[.,][0-9]+)?)\s*(?:([kmgt]?)i?(b)?)?\s*$/i.exec(text);
  if (!match) return null;
  const unit = `${match[2]?.toLowerCase() ?? ''}b` as keyof typeof factors;
  const value = Number(match[1]!.replace(',', '.')) * factors[unit];
  return Number.isSafeInteger(Math.round(value)) ? Math.round(value) : null;
}

/** The shortest text that reads back to exactly the same bytes: `100 MB`, `4095.75 MB`; odd bytes as `4097 B`. */
export function bytesText(bytes: number): string {
  for (const unit of ['tb', 'gb', 'mb', 'kb'] as const) {
    const value = bytes / factors[unit];
    if (value >= 1 && value < 10_000 && Number.isInteger(value * 100)) return `${value} ${unit.toUpperCase()}`;
  }
  return `${bytes} B`;
}
