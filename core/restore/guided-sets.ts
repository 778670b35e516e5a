// Which sets can be put together from the backups and logs that were found, wherever they lie, and how far each reaches. Pure.
import type { BackupFileInfo, LogFileInfo } from '../contract/backup.ts';
import type { Vector } from '../contract/common.ts';
import { compareStamps } from '../vectors/stamp.ts';
import { mergeVectors, stampOf } from '../vectors/vector.ts';

export interface FoundFiles {
  /** The server whose agent sees them. */
  server: string;
  backups: readonly BackupFileInfo[];
  logs: readonly LogFileInfo[];
}

type Found<T> = T & { foundOn: string };

export interface RestorableSet {
  /** The full, then its incrementals. */
  backups: Found<BackupFileInfo>[];
  logs: Found<LogFileInfo>[];
  /** What the first file holds then. */
  reaches: Vector;
  /** ms since 1970. */
  reachesTo: number;
  /** The same for each further file of several; empty for a database of one. */
  further: FurtherSet[];
}

export interface FurtherSet {
  id: string;
  logs: Found<LogFileInfo>[];
  reaches: Vector;
}

/** Every full with each of its incrementals as the last one, followed by as many logs as continue it. Earlier places come first. */
export function restorableSets(places: readonly FoundFiles[]): RestorableSet[] {
  const backups = once(places, 'backups', (one) => `${one.serial} ${one.idtag}`);
  const logs = places.flatMap(({ server, logs }) => logs.map((log) => ({ ...log, foundOn: server })));
  const readable = logs.filter((log) => !log.problem && log.have !== undefined);
  return backups
    .filter((one) => one.type === 'full')
    .flatMap((full) => chainsFrom(full, backups))
    .map((chain) => withLogs(chain, readable));
}

function once(
  places: readonly FoundFiles[],
  kind: 'backups',
  keyOf: (one: BackupFileInfo) => string,
): Found<BackupFileInfo>[] {
  const found = new Map<string, Found<BackupFileInfo>>();
  for (const place of places)
    for (const one of place[kind]) if (!found.has(keyOf(one))) found.set(keyOf(one), { ...one, foundOn: place.server });
  return [...found.values()];
}

function chainsFrom(full: Found<BackupFileInfo>, all: Found<BackupFileInfo>[]): Found<BackupFileInfo>[][] {
  const chains = [[full]];
  for (let chain = [full]; ; ) {
    const last = chain.at(-1) as BackupFileInfo;
    const next = all.find(
      (one) =>
        one.type === 'incremental' &&
        one.baseIdtag === full.idtag &&
        one.previousSerial === last.serial &&
        one.sequence === last.sequence + 1,
    );
    if (!next) return chains;
    chain = [...chain, next];
    chains.push(chain);
  }
}

function withLogs(backups: Found<BackupFileInfo>[], logs: readonly Found<LogFileInfo>[]): RestorableSet {
  const last = backups.at(-1) as BackupFileInfo;
  const { run, reaches } = replayAfter(last, logs);
  const further = (last.backends ?? []).slice(1).map((file): FurtherSet => {
    // None goes further than its backup where the first one does not.
    const own = replayAfter({ ...file, vector: file.vector ?? [] }, run.length > 0 ? logs : []);
    return { id: file.id, logs: own.run, reaches: own.reaches };
  });
  const all = [run, ...further.map((one) => one.logs)].flat();
  const reachesTo = Math.max(last.consistentAt, ...all.map((log) => log.to ?? 0));
  return { backups, logs: run, reaches, reachesTo, further };
}

/** The longest run of logs that continues one file of a backup, and what it holds then. */
function replayAfter(
  last: Pick<BackupFileInfo, 'currentLog' | 'databaseSerial' | 'logSerial' | 'vector'>,
  logs: readonly Found<LogFileInfo>[],
): { run: Found<LogFileInfo>[]; reaches: Vector } {
  const own = logs.filter((log) => last.databaseSerial !== undefined && log.databaseSerial === last.databaseSerial);
  const first = Number.parseInt(last.currentLog, 16);
  const starts = own.filter(
    (log) =>
      numberOf(log) === first &&
      (last.logSerial === undefined || log.serial === last.logSerial) &&
      holds(last.vector, log.floor ?? []),
  );
  const runs = starts.map((start) => runFrom(start, own)).sort((a, b) => b.length - a.length);
  const run = runs[0] ?? [];
  return { run, reaches: run.reduce((vector, log) => mergeVectors(vector, log.have ?? []), last.vector) };
}

/** Consecutive numbers of one run of logging; a log that others follow must have been closed. */
function runFrom(start: Found<LogFileInfo>, logs: readonly Found<LogFileInfo>[]): Found<LogFileInfo>[] {
  const run = [longestCopy(start, logs)];
  for (;;) {
    const last = run.at(-1) as Found<LogFileInfo>;
    const next = logs.find((log) => numberOf(log) === numberOf(last) + 1 && log.serial === last.serial);
    if (!next || !last.closed || !holds(last.have ?? [], next.floor ?? [])) return run;
    run.push(longestCopy(next, logs));
  }
}

/** Two copies of one log can have been taken at different times. */
function longestCopy(log: Found<LogFileInfo>, logs: readonly Found<LogFileInfo>[]): Found<LogFileInfo> {
  const copies = logs.filter((other) => other.number === log.number && other.serial === log.serial);
  return copies.reduce(
    (best, other) => (other.bytes > best.bytes && other.lastSeq >= best.lastSeq ? other : best),
    log,
  );
}

/** Everything of `floor` that `vector` speaks of is in it; of an origin that it does not know nothing can be said to be missing. */
function holds(vector: Vector, floor: Vector): boolean {
  return floor.every((stamp) => {
    const own = stampOf(vector, stamp.replica);
    return own === null || compareStamps(own, stamp) >= 0;
  });
}

const numberOf = (log: LogFileInfo) => Number.parseInt(log.number, 16);
