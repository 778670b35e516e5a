// A consistent copy of a database under capture, pinned at its start or followed to its end.
//
// Every batch is read in one synchronous step at the capture's own position, where each page is either in the WAL at a known
// offset or, by the reader's lock, in the file. So no batch is ever torn; what changes after it was read is read again.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { lockPage } from './header.ts';
import { allPages, listedPages } from './page-numbers.ts';
import type { PageView } from './page-reader.ts';
import type { PageBatch, Snapshot, SnapshotOptions, SnapshotResult } from './types.ts';
import type { WalCapture } from './wal-capture.ts';

/** Above this the changed pages are read in another moving pass before the last, pinned one. */
const LAST_PASS_BYTES = 64 * 1024 * 1024;
const MOVING_PASSES = 4;
/** Looks at the log until one finds nothing new; a writer would have to commit between all of them. */
const SETTLE_LOOKS = 50;

interface SnapshotSource {
  capture: WalCapture;
  clock: Clock;
  path: string;
  pageSize: number;
  /** For a capture that exists only for this snapshot: keeps it going between batches, and ends it. */
  drive: (() => void) | null;
  end: (() => void) | null;
}

export function captureSnapshot(source: SnapshotSource, options: SnapshotOptions): Snapshot {
  const { capture, clock, pageSize } = source;
  if (!(options.only instanceof Uint32Array)) capture.sync();
  const { tracker, stop } = capture.track();
  let unpin: (() => void) | null = null;
  let frozen: PageView | null = null;
  let consistentAt = clock.now();

  /**
   * Captures up to a moment of which nothing is missing: whatever was acknowledged before it is in, whatever began after it is
   * not. A clock read after the last look would claim commits that came in between.
   */
  const settle = (): number => {
    let at = clock.now();
    for (let look = 0; look < SETTLE_LOOKS && capture.sync() > 0; look++) at = clock.now();
    return at;
  };
  const freeze = () => {
    // A list made beforehand belongs to the position that capture has reached already.
    consistentAt = options.only instanceof Uint32Array ? clock.now() : settle();
    unpin ??= capture.pin();
    frozen = { map: new Map(capture.view.map), pageCount: capture.view.pageCount };
    options.onConsistent?.();
  };
  const release = () => {
    unpin?.();
    unpin = null;
    stop();
    source.end?.();
    source.end = null;
  };

  const startOffset = capture.position.endOffset;
  const { group } = options;
  if (options.at === 'start') freeze();
  // In a group the list is asked for once the locks are gone: it may name more pages than changed, which are read as they were.
  let listed: { pages: Uint32Array | null } | null = null;
  const list = () => {
    listed ??= { pages: typeof options.only === 'function' ? options.only() : options.only };
    return listed.pages;
  };
  if (!group) list();
  const startPages = capture.view.pageCount;

  const read = (wanted: Uint32Array): PageBatch | null => {
    options.signal.throwIfAborted();
    source.drive?.();
    if (tracker.broken) {
      throw new HoldfastError('CAPTURE_GAP', `The copy of ${source.path} was given up: ${tracker.broken}`);
    }
    const view = frozen ?? capture.view;
    const numbers = wanted.filter((page) => page <= view.pageCount);
    if (numbers.length === 0) return null;
    const data = Buffer.allocUnsafeSlow(numbers.length * pageSize);
    capture.readPages(view, numbers, data);
    return { numbers, data };
  };

  async function* batches(): AsyncGenerator<PageBatch, SnapshotResult, void> {
    try {
      const only = list();
      const first = only ? listedPages(only, pageSize) : allPages(startPages, pageSize, lockPage(pageSize));
      for (const numbers of first) {
        if (frozen && (group?.lettingGo || capture.position.endOffset - startOffset > options.walLimit)) {
          group?.letGo();
          frozen = null;
          unpin?.();
          unpin = null;
        }
        const batch = read(numbers);
        if (batch) yield batch;
      }
      if (group) {
        // What is pinned was read; what changes from here on the tracker knows.
        unpin?.();
        unpin = null;
        if ((await group.firstPassDone(idle)) === 'end') frozen = null;
      }
      if (!frozen) {
        for (let pass = 1; pass <= MOVING_PASSES; pass++) {
          capture.sync();
          if (tracker.changed.size * pageSize <= LAST_PASS_BYTES) break;
          for (const numbers of listedPages(takeChanged(), pageSize)) {
            const batch = read(numbers);
            if (batch) yield batch;
          }
        }
        if (group) await group.freezeTogether(freeze, idle);
        else freeze();
        for (const numbers of listedPages(takeChanged(), pageSize)) {
          const batch = read(numbers);
          if (batch) yield batch;
        }
        return { at: 'end', pageCount: (frozen as PageView | null)?.pageCount ?? 0, consistentAt };
      }
      return { at: 'start', pageCount: (frozen as PageView).pageCount, consistentAt };
    } finally {
      release();
    }
  }

  /** What a capture that exists only for this copy needs while the copy waits for others. */
  const idle = () => source.drive?.();

  const takeChanged = (): Uint32Array => {
    const pages = Uint32Array.from(tracker.changed).sort();
    tracker.changed.clear();
    return pages;
  };

  return {
    pageSize,
    get expectedPages() {
      return list()?.length ?? startPages;
    },
    batches,
    release,
  };
}
