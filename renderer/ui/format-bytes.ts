// Sizes for people: 1,024 to the next unit, three figures at most.
const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** `480 MB`, `1.2 GB`, `312 B`; a dash for null. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${units[unit]}`;
}

/** `212 of 480 MB`: the done part in the unit of the total. */
export function formatBytesOf(done: number, total: number | null): string {
  if (total === null) return formatBytes(done);
  const whole = formatBytes(total);
  const part = formatBytes(done);
  const unit = whole.split(' ')[1];
  return part.endsWith(` ${unit}`) ? `${part.split(' ')[0]} of ${whole}` : `${part} of ${whole}`;
}

/** `20,014`. */
export const formatCount = (value: number): string => value.toLocaleString('en-US');
