// Step 3: the full, its incrementals and the roll-forward logs become pages of RST, then every page is read back.
import { numbersOf } from '../backup/block-places.ts';
import type { OpenedBackup, SetBlocks } from '../backup/types.ts';
import type { Stamp, Vector } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { RestoreView } from '../contract/restore.ts';
import type { Files } from '../platform/files.ts';
import { WriteBehind } from '../platform/write-behind.ts';
import { recordsOf, replay } from '../rollforward/replay.ts';
import type { ReplayRange } from '../rollforward/types.ts';
import { lockPage } from '../sqlite/header.ts';
import { createPageFile, type PageFile } from '../sqlite/page-file.ts';
import { advance } from '../vectors/vector.ts';
import { PagePlan } from './page-plan.ts';
import type { RestoreSources } from './plan-sources.ts';
import { gatherCrew, type SetCrew } from './set-crew.ts';
import { CHECK_BYTES, type PlannedBlock, type SetPlan, type SetTask, SetWork } from './set-work.ts';
import type { BlockMap } from './steps.ts';

export interface SetProgress {
  sources(sources: RestoreView['sources']): void;
  source(index: number, status: 'running' | 'done', done: number, total?: number): void;
  /** What step 3 will have to do, in bytes of pages; said once, before the first page. */
  plan(work: { pages: number; logs: number; back: number }): void;
  /** Bytes of what is under way: pages written from backups, logs replayed, pages read back. */
  progress(phase: 'pages' | 'logs' | 'back', done: number, total: number): void;
  /** Something in the block map has changed. */
  map(): void;
}

export interface RestoredPages {
  vector: Vector;
  /** ms since 1970: the moment that the pages show. */
  restoredTo: number;
  lastCommit: Stamp | null;
  pageCount: number;
}

const YIELD_MS = 20;
/** Written since the last start of a write-out, at most; keeps the final fsync short. */
const FLUSH_BYTES = 32 * 1024 * 1024;
const READ_VERSION_OFFSET = 19;

/** Lets the agent answer others while pages are moved, at most every 20 ms. */
export function createYielder(signal: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (signal.aborted) throw new HoldfastError('CANCELLED');
    if (performance.now() - last < YIELD_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
    if (signal.aborted) throw new HoldfastError('CANCELLED');
  };
}

/** Rejects with the cancel, whoever waits for it; never resolves. */
function whenCancelled(signal: AbortSignal): Promise<never> {
  const cancelled = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new HoldfastError('CANCELLED')), { once: true });
  });
  cancelled.catch(() => undefined);
  return cancelled;
}

/**
 * Writes RST at `rst`: each page once, from the newest source that has it. A block is checked before a page of it is written; one whose
 * pages are all superseded is not read. At the end each page is read back and compared, so that `v` in the map speaks of the file.
 */
export async function restoreSet(
  rst: string,
  sources: RestoreSources,
  range: ReplayRange | null,
  map: BlockMap,
  out: SetProgress,
  files: Files,
  signal: AbortSignal,
  threadedFrom?: number,
): Promise<RestoredPages> {
  const backups = [sources.full, ...sources.incrementals];
  const { pageSize } = sources.full.info;
  out.sources([
    ...backups.map(({ info, totalBytes }) => ({
      ...{ name: info.file, kind: info.type, status: 'waiting' as const, done: 0, total: totalBytes },
    })),
    ...(range ? [{ name: range.folder, kind: 'log' as const, status: 'waiting' as const, done: 0, total: 0 }] : []),
  ]);
  const rest = createYielder(signal);
  const cancelled = whenCancelled(signal);
  const chosen = await chooseSources(backups, range, files, rest);
  map.resize(chosen.plan.pageCount);
  const file = createPageFile(rst, pageSize, files);
  const behind = new WriteBehind(() => file.flush(), FLUSH_BYTES);
  const breathe = async () => {
    await rest();
    if (behind.isFull) await Promise.race([behind.room(), cancelled]);
  };
  try {
    file.setPageCount(chosen.plan.pageCount);
    const writing = new SetWriting(file, chosen, { map, out, behind });
    const crew = await gatherCrew({
      ...{ plan: writing.plan, ciphers: chosen.sets.map((set) => set.cipher), files, signal, breathe },
      ...(threadedFrom === undefined ? {} : { threadedFrom }),
    });
    try {
      await writing.pages(crew, backups);
      const restored = await writing.logs(range, backups.length, sources.last, files, breathe);
      // The disk gets the last pages while all of them are read back.
      await Promise.all([writing.readBack(crew), behind.finish()]);
      // An image taken under a fence has its byte set; the journal mode is what the read version says.
      normaliseVersions(file);
      if (signal.aborted) throw new HoldfastError('CANCELLED');
      file.sync();
      return restored;
    } finally {
      await crew.close();
    }
  } finally {
    // A cancel is answered at once: what is on its way to the disk goes on behind it, and the last close of a file that was removed
    // frees its blocks, which takes long for a large one. Windows removes no file that is open.
    if (signal.aborted && process.platform !== 'win32')
      setImmediate(() => void behind.settle().then(() => file.close()));
    else {
      await behind.settle();
      file.close();
    }
  }
}

interface ChosenSources {
  plan: PagePlan;
  sets: SetBlocks[];
  /** Number of the last block; the records of the logs follow it. */
  lastBlock: number;
  records: number;
}

/** Looks at all sources without reading a page of them: which gives which pages. */
async function chooseSources(
  backups: OpenedBackup[],
  range: ReplayRange | null,
  files: Files,
  breathe: () => Promise<void>,
): Promise<ChosenSources> {
  const { pageSize } = backups[0]!.info;
  const plan = new PagePlan(lockPage(pageSize));
  const sets: SetBlocks[] = [];
  let id = 0;
  for (const backup of backups) {
    if (backup.info.pageSize !== pageSize)
      throw new HoldfastError('SERIAL_MISMATCH', `${backup.info.file} has another page size than its full backup`);
    const set = backup.blocks();
    for (const place of set.places) plan.take(++id, numbersOf(place, pageSize));
    plan.resize(backup.info.pageCount);
    sets.push(set);
    await breathe();
  }
  const lastBlock = id;
  for (const { record } of range ? recordsOf(range, files, false) : []) {
    plan.take(++id, record.numbers);
    plan.resize(record.pageCount);
    await breathe();
  }
  const missing = plan.missing();
  if (missing !== null)
    throw new HoldfastError('BACKUP_DAMAGED', `Page ${missing} is in none of the backups that were restored`);
  return { plan, sets, lastBlock, records: id - lastBlock };
}

class SetWriting {
  readonly plan: SetPlan;
  readonly #file: PageFile;
  readonly #chosen: ChosenSources;
  readonly #shares: Uint32Array;
  readonly #map: BlockMap;
  readonly #out: SetProgress;
  readonly #behind: WriteBehind;

  constructor(
    file: PageFile,
    chosen: ChosenSources,
    { map, out, behind }: { map: BlockMap; out: SetProgress; behind: WriteBehind },
  ) {
    const { plan, lastBlock, records } = chosen;
    this.#file = file;
    this.#chosen = chosen;
    this.#shares = plan.shares(lastBlock + records);
    this.#map = map;
    this.#out = out;
    this.#behind = behind;
    this.plan = {
      rst: file.path,
      fd: file.fd,
      pageSize: file.pageSize,
      pageCount: plan.pageCount,
      blocks: this.#needed(),
      lastBlock,
      winners: plan.shared(),
      sums: new Uint32Array(new SharedArrayBuffer(Math.max(4, plan.pageCount * 4))),
    };
    const given = (from: number, to: number) => this.#shares.subarray(from, to).reduce((sum, n) => sum + n, 0);
    out.plan({
      pages: given(1, lastBlock + 1) * file.pageSize,
      logs: given(lastBlock + 1, lastBlock + records + 1) * file.pageSize,
      back: plan.pageCount * file.pageSize,
    });
  }

  /** The pages that the backups give. */
  async pages(crew: SetCrew, backups: OpenedBackup[]): Promise<void> {
    const { blocks, pageSize } = this.plan;
    const total = blocks.reduce((sum, block) => sum + this.#shares[block.id]!, 0) * pageSize;
    // What a source holds beside the blocks that are needed is passed over.
    const passed = backups.map((backup, index) =>
      blocks.reduce((sum, block) => sum - (block.backup === index ? block.bytes : 0), backup.totalBytes),
    );
    let done = 0;
    backups.forEach((_, index) => {
      this.#out.source(index, 'running', passed[index]!);
    });
    await crew.run(
      blocks.map((_, block) => ({ block })),
      (task, written) => {
        const block = blocks[(task as { block: number }).block]!;
        if (written !== this.#shares[block.id])
          throw new Error(`Block ${block.id} gave ${written} of ${this.#shares[block.id]} pages.`);
        this.#wrote(block.id, numbersOf(block, pageSize), written);
        done += written * pageSize;
        passed[block.backup]! += block.bytes;
        this.#out.source(block.backup, 'running', passed[block.backup]!);
        this.#out.progress('pages', done, total);
      },
    );
    backups.forEach((backup, index) => {
      this.#out.source(index, 'done', backup.totalBytes);
    });
  }

  /** The pages that the logs give, and where they end. */
  async logs(
    range: ReplayRange | null,
    source: number,
    last: OpenedBackup,
    files: Files,
    breathe: () => Promise<void>,
  ): Promise<RestoredPages> {
    const { info } = last;
    const restored: RestoredPages = {
      vector: info.vector,
      restoredTo: info.consistentAt,
      lastCommit: newest(info.vector),
      pageCount: this.plan.pageCount,
    };
    if (!range) return restored;
    const { lastBlock, records } = this.#chosen;
    const work = new SetWork(this.plan, [], files);
    let seen = 0;
    let total = 0;
    this.#out.source(source, 'running', 0);
    // A log that is still being written can have grown since the plan was made; what came later is not restored.
    for (const { record, bytesDone, bytesTotal } of records === 0 ? [] : replay(range, files)) {
      const id = lastBlock + ++seen;
      const written = work.writePages(id, record.numbers, record.data);
      if (written !== this.#shares[id]) throw logsChanged(range);
      this.#wrote(id, record.numbers, written);
      restored.vector = advance(restored.vector, record.stamp);
      restored.restoredTo = record.at;
      restored.lastCommit = record.stamp;
      total = bytesTotal;
      this.#out.source(source, 'running', bytesDone, bytesTotal);
      this.#out.progress('logs', bytesDone, bytesTotal);
      await breathe();
      if (seen === records) break;
    }
    if (seen !== records) throw logsChanged(range);
    this.#out.source(source, 'done', total, total);
    return restored;
  }

  async readBack(crew: SetCrew): Promise<void> {
    const { pageCount, pageSize } = this.plan;
    if (this.#file.pageCount !== pageCount)
      throw new HoldfastError(
        'IO_ERROR',
        `${this.#file.path} has ${this.#file.pageCount} pages instead of ${pageCount}`,
      );
    let done = 0;
    await crew.run(pieces(pageCount, Math.max(1, Math.floor(CHECK_BYTES / pageSize))), (task, checked) => {
      const { from, to } = task as { from: number; to: number };
      for (let page = from; page <= to; page++) this.#map.verified(page);
      done += checked * pageSize;
      this.#out.progress('back', done, pageCount * pageSize);
      this.#out.map();
    });
    this.#out.map();
  }

  #needed(): PlannedBlock[] {
    const blocks: PlannedBlock[] = [];
    let id = 0;
    for (const [backup, set] of this.#chosen.sets.entries()) {
      for (const { part, offset, head, list, bytes } of set.places) {
        if (this.#shares[++id]! > 0) blocks.push({ id, file: set.files[part]!, backup, offset, head, list, bytes });
      }
    }
    return blocks;
  }

  #wrote(id: number, numbers: Uint32Array, written: number): void {
    const { winners, pageSize } = this.plan;
    this.#map.restored(numbers.filter((page) => winners[page - 1] === id));
    this.#behind.wrote(written * pageSize);
    this.#out.map();
  }
}

function* pieces(pageCount: number, pages: number): Generator<SetTask, void, void> {
  for (let from = 1; from <= pageCount; from += pages) yield { from, to: Math.min(pageCount, from + pages - 1) };
}

const logsChanged = (range: ReplayRange) =>
  new HoldfastError('LOG_GAP', `The logs in ${range.folder} are not what they were when the restore was planned.`);

function normaliseVersions(file: PageFile): void {
  const first = file.batches().next().value;
  if (first) file.setJournalMode(first.data[READ_VERSION_OFFSET] === 2 ? 'wal' : 'rollback');
}

function newest(vector: Vector): Stamp | null {
  return vector.reduce<Stamp | null>(
    (best, stamp) =>
      !best || stamp.sec > best.sec || (stamp.sec === best.sec && stamp.event > best.event) ? stamp : best,
    null,
  );
}
