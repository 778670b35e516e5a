// How far behind, in words: one form for the table, the verdict and the guided recovery.

/** `77 s` below two minutes, as vectors are compared; then `2 h 3 min 4 s`. */
export function spanText(seconds: number): string {
  if (seconds > 0 && seconds < 120) return `${seconds} s`;
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([value]) => value > 0)
      .map(([value, unit]) => `${value} ${unit}`)
      .join(' ') || 'less than 1 s'
  );
}
