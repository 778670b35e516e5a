// A copy of a database that cannot change while it is read: under a shared lock in rollback mode, or durably fenced.
import { HoldfastError } from '../contract/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import { lockPage, readInto } from './header.ts';
import { allPages, listedPages } from './page-numbers.ts';
import type { PageBatch, Snapshot, SnapshotOptions, SnapshotResult } from './types.ts';

export interface StillSource {
  path: string;
  files: Files;
  clock: Clock;
  databaseFd: number;
  pageSize: number;
  pageCount: number;
  /** Gives the lock back. */
  release(): void;
}

export function stillSnapshot(source: StillSource, options: SnapshotOptions): Snapshot {
  const { files, databaseFd, pageSize, pageCount, path } = source;
  let consistentAt = source.clock.now();
  options.onConsistent?.();
  const { group } = options;
  const only = typeof options.only === 'function' ? options.only() : options.only;
  let released = false;
  const release = () => {
    if (!released) source.release();
    released = true;
  };

  async function* batches(): AsyncGenerator<PageBatch, SnapshotResult, void> {
    try {
      const lists = only
        ? listedPages(
            only.filter((page) => page <= pageCount),
            pageSize,
          )
        : allPages(pageCount, pageSize, lockPage(pageSize));
      for (const numbers of lists) {
        options.signal.throwIfAborted();
        if (released) throw new HoldfastError('INTERRUPTED', `The copy of ${path} was released before its end.`);
        const data = Buffer.allocUnsafeSlow(numbers.length * pageSize);
        for (let i = 0; i < numbers.length; ) {
          const page = numbers[i] as number;
          let run = 1;
          while (i + run < numbers.length && numbers[i + run] === page + run) run += 1;
          const got = readInto(files, databaseFd, data, i * pageSize, run * pageSize, (page - 1) * pageSize);
          if (got !== run * pageSize) {
            throw new HoldfastError(
              'TRUNCATED_DATABASE',
              `${path} ends before page ${page + run - 1} of ${pageCount}.`,
            );
          }
          i += run;
        }
        yield { numbers, data };
      }
      // Nothing can have changed meanwhile: it shows the end as well as the start, as long as it is held.
      const at = group ? await group.firstPassDone(() => {}) : 'start';
      const freeze = () => {
        consistentAt = source.clock.now();
        options.onConsistent?.();
      };
      if (at === 'end') await group?.freezeTogether(freeze, () => {});
      return { at, pageCount, consistentAt };
    } finally {
      release();
    }
  }

  return { pageSize, expectedPages: only ? only.length : pageCount, batches, release };
}
