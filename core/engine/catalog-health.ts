// Whether the catalog can be written: tries again what waits for the disk, and tells the administrator while something does.
import type { Catalog } from '../catalog/catalog.ts';
import { toErrorReport } from '../contract/errors.ts';
import { isStorageRefusal } from '../contract/system-errors.ts';
import type { MessageBoard } from '../messages/board.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from './logger.ts';

export interface CatalogHealth {
  /** Writes what waits, where that is possible now; call it every second or so. */
  look(): void;
  /** A write failed whose caller goes on without it. */
  failed(error: unknown): void;
  /** Runs `work`; an exception is as `failed`. */
  guard(work: () => void): void;
  /** The last try before the end. */
  leave(): void;
}

export interface CatalogHealthPorts {
  catalog: Catalog;
  board: MessageBoard;
  dataFolder: string;
  clock: Clock;
  log: Logger;
}

const KEY = 'catalog:write';
const TOLD_AGAIN_MS = 60_000;

export function createCatalogHealth({ catalog, board, dataFolder, clock, log }: CatalogHealthPorts): CatalogHealth {
  const { late } = catalog;
  let refused = false;
  let toldAt = Number.NEGATIVE_INFINITY;

  function writeWaiting(): void {
    for (const error of late.retry()) log.error({ err: error }, 'a record of the catalog is lost');
  }

  function look(): void {
    writeWaiting();
    const refusal = late.refusal();
    if (!refusal) {
      if (refused) log.info({}, 'the catalog takes writes again');
      refused = false;
      board.clear(KEY);
      return;
    }
    if (!refused) log.error({ err: refusal }, 'the catalog refuses writes');
    refused = true;
    const { message } = toErrorReport(refusal);
    const text = `The catalog in ${dataFolder} cannot be written: ${message}. Free space there or look at the disk. Backups, jobs and messages go on; their records are kept in memory, are written by themselves as soon as that is possible, and are lost if the engine ends before`;
    board.raise(KEY, { level: 'critical', text, source: 'Catalog', standing: true });
  }

  function failed(error: unknown): void {
    // The disk's refusals are told by `look`, and for as long as they last.
    if (isStorageRefusal(error)) {
      late.write('probe', () => catalog.site.set('refusedAt', clock.now()));
      return;
    }
    log.error({ err: error }, 'the catalog refused a write');
    if (clock.monotonic() - toldAt < TOLD_AGAIN_MS) return;
    toldAt = clock.monotonic();
    const text = `A record in the catalog in ${dataFolder} was not written: ${toErrorReport(error).message}`;
    board.raise('catalog:record', { level: 'critical', text, source: 'Catalog', standing: false });
  }

  return {
    look,
    failed,
    guard(work) {
      try {
        work();
      } catch (error) {
        failed(error);
      }
    },
    leave() {
      writeWaiting();
      if (late.count() > 0) log.error({ err: late.refusal() }, `${late.count()} records of the catalog are lost`);
    },
  };
}
