// One commit out of its frames: the newest image of each page, in order, complete for the size that the database has after it.
import type { WalFrame } from './wal.ts';

export interface FoundFrame {
  frame: WalFrame;
  /** Place in the WAL. */
  offset: number;
}

export interface AssembledCommit {
  /** Ascending, without the lock page and pages beyond the database's end. */
  numbers: Uint32Array;
  /** May be a view into the frames' own memory. */
  data: Buffer;
  /** Place in the WAL of each of `numbers`; -1 for a page that was read from the file. */
  offsets: number[];
}

export interface AssemblyContext {
  pageSize: number;
  lockPage: number;
  /** Pages before this commit. */
  pagesBefore: number;
  /** True when a frame captured earlier from this WAL holds the page. */
  isInWal(page: number): boolean;
  /** A page inside the grown database that no frame holds. */
  readFromFile(page: number): Buffer;
}

/** Null when the images come to more than `limit` bytes. */
export function assembleCommit(
  frames: FoundFrame[],
  pageCount: number,
  context: AssemblyContext,
  limit: number,
): AssembledCommit | null {
  const { pageSize, lockPage } = context;
  const isKept = ({ page }: WalFrame) => page <= pageCount && page !== lockPage;
  const [only] = frames;
  if (only && frames.length === 1 && pageCount <= context.pagesBefore && isKept(only.frame)) {
    // Most commits of small transactions: nothing to put in order, and so nothing to copy.
    return { numbers: Uint32Array.of(only.frame.page), data: only.frame.data, offsets: [only.offset] };
  }
  const newest = new Map<number, { data: Buffer; offset: number }>();
  for (const { frame, offset } of frames) {
    if (isKept(frame)) newest.set(frame.page, { data: frame.data, offset });
  }
  for (let page = context.pagesBefore + 1; page <= pageCount; page++) {
    if (page === lockPage || newest.has(page) || context.isInWal(page)) continue;
    newest.set(page, { data: context.readFromFile(page), offset: -1 });
  }
  const numbers = Uint32Array.from(newest.keys()).sort();
  if (numbers.length * pageSize > limit) return null;
  const data = Buffer.allocUnsafeSlow(numbers.length * pageSize);
  const offsets: number[] = [];
  numbers.forEach((page, i) => {
    const image = newest.get(page);
    image?.data.copy(data, i * pageSize);
    offsets.push(image?.offset ?? -1);
  });
  return { numbers, data, offsets };
}
