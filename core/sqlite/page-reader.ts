// Page images of one state of a captured database: some in the WAL at known offsets, all others in the file.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { readInto } from './header.ts';
import type { WalFile } from './wal-file.ts';

/** Which images belong to the state: pages in `map` in the WAL at that offset, the others in the database file. */
export interface PageView {
  map: ReadonlyMap<number, number>;
  pageCount: number;
}

export interface PageSource {
  path: string;
  files: Files;
  databaseFd: number;
  pageSize: number;
  wal: WalFile;
}

/** Reads `numbers` (ascending) as they are in `view` into `target`, back to back; a page that is not there throws. */
export function readPages(source: PageSource, view: PageView, numbers: Uint32Array, target: Buffer): void {
  const { pageSize, files, databaseFd, path, wal } = source;
  for (let i = 0; i < numbers.length; ) {
    const page = numbers[i] as number;
    const offset = view.map.get(page);
    if (offset !== undefined) {
      wal.readImage(offset, target.subarray(i * pageSize, (i + 1) * pageSize));
      i += 1;
      continue;
    }
    let run = 1;
    while (i + run < numbers.length && numbers[i + run] === page + run && !view.map.has(page + run)) run += 1;
    const got = readInto(files, databaseFd, target, i * pageSize, run * pageSize, (page - 1) * pageSize);
    if (got !== run * pageSize) {
      const missing = page + Math.floor(got / pageSize);
      throw new HoldfastError('TRUNCATED_DATABASE', `${path} ends inside page ${missing} of ${view.pageCount}.`);
    }
    i += run;
  }
}
