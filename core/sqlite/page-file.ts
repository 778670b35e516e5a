// Page-wise writing and reading of a private database file: one that no SQLite connection and no other process has open.
import { HoldfastError } from '../contract/errors.ts';
import type { Files } from '../platform/files.ts';
import { HEADER_BYTES, lockPage, parseHeader, readAt, readInto, writeAt } from './header.ts';
import { allPages } from './page-numbers.ts';
import { assertNotOwned } from './registry.ts';
import type { PageBatch } from './types.ts';

export interface PageFile {
  readonly path: string;
  /** For others in this process that write pages at their places; valid until `close`. */
  readonly fd: number;
  readonly pageSize: number;
  /** Whole pages that the file holds now. */
  readonly pageCount: number;
  /** Writes the pages of the batch at their places; a page beyond the end makes the file longer, the lock page is left out. */
  writeBatch(batch: PageBatch): void;
  /** Cuts the file, or fills it with zeros, to `pageCount` pages. */
  setPageCount(pageCount: number): void;
  /** Writes the read and write versions into page 1, for an image that was taken under a fence or in the other mode. */
  setJournalMode(mode: 'wal' | 'rollback'): void;
  /** All pages in order without the lock page, in batches of at most 1 MiB. */
  batches(): Generator<PageBatch, void, void>;
  sync(): void;
  /** Writes out what was written so far, without holding up this thread; the file must stay open until it is done. */
  flush(): Promise<void>;
  close(): void;
}

/** Creates an empty file at `path`; FILE_EXISTS when there is one. */
export function createPageFile(path: string, pageSize: number, files: Files): PageFile {
  try {
    return pageFile(path, pageSize, files, files.openSync(path, 'wx+', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new HoldfastError('FILE_EXISTS', `${path} exists already.`, { cause: error });
  }
}

/** Opens an existing private file for page-wise writing; throws DATABASE_IN_USE when this process owns it. */
export function openPageFile(path: string, files: Files): PageFile {
  assertNotOwned(path, files);
  const fd = openExisting(path, files, 'r+');
  const header = parseHeader(readAt(files, fd, HEADER_BYTES, 0));
  if (!header) {
    files.closeSync(fd);
    throw new HoldfastError('NOT_SQLITE', `${path} does not begin like a SQLite database.`);
  }
  return pageFile(path, header.pageSize, files, fd);
}

/** Reads all pages of a private file, in order, without the lock page. */
export function* readPages(path: string, files: Files): Generator<PageBatch, void, void> {
  assertNotOwned(path, files);
  const fd = openExisting(path, files, 'r');
  try {
    const header = parseHeader(readAt(files, fd, HEADER_BYTES, 0));
    if (!header) throw new HoldfastError('NOT_SQLITE', `${path} does not begin like a SQLite database.`);
    yield* batchesOf(path, files, fd, header.pageSize);
  } finally {
    files.closeSync(fd);
  }
}

function openExisting(path: string, files: Files, flags: 'r' | 'r+'): number {
  try {
    return files.openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new HoldfastError('NOT_FOUND', `There is no file ${path}.`, { cause: error });
  }
}

function* batchesOf(path: string, files: Files, fd: number, pageSize: number): Generator<PageBatch, void, void> {
  const pageCount = Math.floor(files.fstatSync(fd).size / pageSize);
  for (const numbers of allPages(pageCount, pageSize, lockPage(pageSize))) {
    const data = Buffer.allocUnsafeSlow(numbers.length * pageSize);
    forRuns(numbers, (index, page, run) => {
      const got = readInto(files, fd, data, index * pageSize, run * pageSize, (page - 1) * pageSize);
      if (got !== run * pageSize) throw new HoldfastError('TRUNCATED_DATABASE', `${path} became shorter while read.`);
    });
    yield { numbers, data };
  }
}

/** Calls `work` for each run of consecutive page numbers, so that it takes one call of the file system. */
function forRuns(numbers: Uint32Array, work: (index: number, page: number, run: number) => void): void {
  for (let i = 0; i < numbers.length; ) {
    const page = numbers[i] as number;
    let run = 1;
    while (i + run < numbers.length && numbers[i + run] === page + run) run += 1;
    work(i, page, run);
    i += run;
  }
}

function pageFile(path: string, pageSize: number, files: Files, fd: number): PageFile {
  let pageCount = Math.floor(files.fstatSync(fd).size / pageSize);
  const skipped = lockPage(pageSize);
  return {
    path,
    fd,
    pageSize,
    get pageCount() {
      return pageCount;
    },
    writeBatch({ numbers, data }) {
      forRuns(numbers, (index, page, run) => {
        if (page <= skipped && skipped < page + run) {
          const before = skipped - page;
          writeAt(files, fd, data.subarray(index * pageSize, (index + before) * pageSize), (page - 1) * pageSize);
          const rest = data.subarray((index + before + 1) * pageSize, (index + run) * pageSize);
          writeAt(files, fd, rest, skipped * pageSize);
        } else {
          writeAt(files, fd, data.subarray(index * pageSize, (index + run) * pageSize), (page - 1) * pageSize);
        }
        pageCount = Math.max(pageCount, page + run - 1);
      });
    },
    setPageCount(count) {
      files.ftruncateSync(fd, count * pageSize);
      pageCount = count;
    },
    setJournalMode(mode) {
      const version = mode === 'wal' ? 2 : 1;
      writeAt(files, fd, Buffer.of(version, version), 18);
    },
    batches: () => batchesOf(path, files, fd, pageSize),
    sync: () => files.fsyncSync(fd),
    flush: () => new Promise((resolve, reject) => files.fdatasync(fd, (error) => (error ? reject(error) : resolve()))),
    close: () => files.closeSync(fd),
  };
}
