// Lists of page numbers in batches of at most 1 MiB of pages.

const BATCH_BYTES = 1024 * 1024;

/** Pages 1…`pageCount` without the lock page. */
export function* allPages(pageCount: number, pageSize: number, skipped: number): Generator<Uint32Array, void, void> {
  const perBatch = Math.max(1, Math.floor(BATCH_BYTES / pageSize));
  for (let first = 1; first <= pageCount; first += perBatch) {
    const last = Math.min(pageCount, first + perBatch - 1);
    const holds = skipped >= first && skipped <= last;
    const numbers = new Uint32Array(last - first + 1 - (holds ? 1 : 0));
    for (let page = first, i = 0; page <= last; page++) if (page !== skipped) numbers[i++] = page;
    if (numbers.length > 0) yield numbers;
  }
}

/** The given pages (ascending), cut into batches. */
export function* listedPages(pages: Uint32Array, pageSize: number): Generator<Uint32Array, void, void> {
  const perBatch = Math.max(1, Math.floor(BATCH_BYTES / pageSize));
  for (let from = 0; from < pages.length; from += perBatch) yield pages.subarray(from, from + perBatch);
}
