// Times in sentences: short today, dated otherwise, always with their zone.
import { expect, test } from 'vitest';
import { clockText } from '../../core/platform/time-text.ts';

test('a time of today is a clock time, any other day is named', () => {
  const at = Date.UTC(2026, 10, 20, 8, 32, 28, 516);
  expect(clockText(at, Date.UTC(2026, 10, 20, 23, 59))).toBe('08:32:28 UTC');
  expect(clockText(at, Date.UTC(2026, 10, 21, 0, 0))).toBe('2026-11-20 08:32:28 UTC');
  expect(clockText(at, Date.UTC(2026, 10, 19, 23, 59))).toBe('2026-11-20 08:32:28 UTC');
});
