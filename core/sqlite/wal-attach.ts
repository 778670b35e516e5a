// Finding one's place in a WAL: the proof that nothing went by since a saved position, and the state to begin from without one.
// Both need the write lock and a reader that began under it.
import type { Connections } from './connections.ts';
import type { CapturePosition } from './types.ts';
import { FRAME_HEADER_BYTES, WAL_HEADER_BYTES, type WalChecksum } from './wal.ts';
import type { WalFile } from './wal-file.ts';

/** A place in the log, with the newest frame of each page before it that is not known to be copied back. */
export interface Place {
  position: CapturePosition;
  map: Map<number, number>;
}

/**
 * Continuous: the same log, and the checksum over all of its frames up to `from` still is what it was. Behind: the log ends
 * before. Restarted: it is another log, so an unknown number of commits may have come and gone.
 */
export function proveContinuity(
  wal: WalFile,
  connections: Connections,
  from: CapturePosition,
): Place | 'behind' | 'restarted' {
  const header = wal.header();
  if (!header || header.salt1 !== from.salt1 || header.salt2 !== from.salt2) return 'restarted';
  const map = new Map<number, number>();
  let end = { offset: WAL_HEADER_BYTES, ...checksumOf(header) };
  for (const { frame, offset } of wal.frames(header, end, from.endOffset)) {
    map.set(frame.page, offset);
    end = { offset: offset + FRAME_HEADER_BYTES + header.pageSize, ...checksumOf(frame) };
  }
  if (end.offset !== from.endOffset) return 'behind';
  if (end.checksum1 !== from.checksum1 || end.checksum2 !== from.checksum2) return 'behind';
  // All frames are there, but SQLite may have begun a new log without having written its header yet.
  if (connections.gauge().log < wal.framesAt(from.endOffset)) return 'restarted';
  for (const page of map.keys()) if (page > from.commitPages) map.delete(page);
  return { position: { ...from, sealed: false }, map };
}

/** The state after everything committed up to now. `empty` is the position of a log without frames. */
export function currentPlace(wal: WalFile, connections: Connections, empty: CapturePosition, path: string): Place {
  const map = new Map<number, number>();
  const header = wal.header();
  const commitPages = connections.pageCount();
  if (!header) return { position: { ...empty, commitPages }, map };
  const gauge = connections.gauge();
  const start = { offset: WAL_HEADER_BYTES, ...checksumOf(header) };
  let position: CapturePosition = { ...empty, ...checksumOf(start), salt1: header.salt1, salt2: header.salt2 };
  let pending: [number, number][] = [];
  for (const { frame, offset } of wal.frames(header, start, wal.offsetOf(gauge.log))) {
    pending.push([frame.page, offset]);
    if (frame.commit === 0) continue;
    for (const [page, at] of pending) map.set(page, at);
    pending = [];
    position = { ...position, ...checksumOf(frame), endOffset: offset + FRAME_HEADER_BYTES + header.pageSize };
  }
  const frames = wal.framesAt(position.endOffset);
  if (gauge.log !== frames) {
    throw new Error(`${path}: ${frames} frames are valid in the WAL, SQLite counts ${gauge.log}`);
  }
  const sealed = gauge.log === gauge.copied;
  if (sealed) map.clear();
  for (const page of map.keys()) if (page > commitPages) map.delete(page);
  return { position: { ...position, commitPages, sealed }, map };
}

export function checksumOf(sum: WalChecksum): WalChecksum {
  return { checksum1: sum.checksum1, checksum2: sum.checksum2 };
}
