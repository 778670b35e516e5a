// Which pages changed since a backup, from the logs alone: reads the record heads and page numbers, never the pages.
import type { Vector } from '../contract/common.ts';
import type { Files } from '../platform/files.ts';
import { recordsOf } from './replay.ts';
import type { ReplayRange } from './types.ts';
import { withStamp } from './vector.ts';

export interface ChangedPages {
  /** Ascending. */
  numbers: Uint32Array;
  /** Pages of the database after the last record; null when there was none. */
  pageCount: number | null;
  /** After the last record. */
  vector: Vector;
}

/** The union of the pages of all records after `range.after`; throws what a replay of the same logs would. */
export function changedPages(range: Omit<ReplayRange, 'until'>, files: Files): ChangedPages {
  const pages = new Set<number>();
  let pageCount: number | null = null;
  let vector = range.after;
  for (const { record } of recordsOf({ ...range, until: null }, files, false)) {
    vector = withStamp(vector, record.stamp);
    pageCount = record.pageCount;
    for (const page of record.numbers) pages.add(page);
  }
  const numbers = Uint32Array.from(pages).sort();
  const last = pageCount;
  // A page that was cut off and came back is in the record that brought it back.
  return { numbers: last === null ? numbers : numbers.filter((page) => page <= last), pageCount, vector };
}
