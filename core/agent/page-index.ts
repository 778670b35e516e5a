// `<home>/pages.idx`: a hash of every page as it was in the last finished backup; the base of a page-scan incremental.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { HoldfastError } from '../contract/errors.ts';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { PAGE_HASH_BYTES, PageHashTable } from '../sqlite/page-hash.ts';
import type { PageHashes } from '../sqlite/types.ts';
import { appendChange, readChanges } from './page-index-changes.ts';

const MAGIC = 'HFPAGES1';
const HEADER = 48;
/** Changes are kept beside the index until they have this size and that of the index; then they are merged into it. */
const CHANGES_BYTES = 4 * 1024 * 1024;

/**
 * Writes the index of the backup `serial` beside the current one, durably. It takes effect when the state names that
 * serial; `settlePageIndex` then gives it its place.
 */
export function stagePageIndex(files: Files, home: string, serial: string, hashes: PageHashes): void {
  const header = Buffer.alloc(HEADER);
  header.write(MAGIC, 0, 'latin1');
  header.write(serial.slice(0, 32), 8, 'latin1');
  header.writeUInt32BE(hashes.pageCount, 40);
  header.writeUInt32BE(crc(hashes.bytes), 44);
  const fd = files.openSync(path.join(home, 'pages.idx.next'), 'w', 0o600);
  try {
    writeAll(files, fd, header);
    writeAll(files, fd, hashes.bytes);
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
  fsyncFolder(files, home);
}

/** The index of the backup `serial`, from whichever place it is in; null when there is none that is whole. */
export function settlePageIndex(files: Files, home: string, serial: string): PageHashes | null {
  const current = path.join(home, 'pages.idx');
  const next = path.join(home, 'pages.idx.next');
  const staged = read(files, next, serial);
  if (staged) {
    placePageIndex(files, home);
    return staged;
  }
  return read(files, current, serial) ?? withChanges(files, home, current, serial);
}

/** The current index with what later incrementals changed in it. */
function withChanges(files: Files, home: string, current: string, serial: string): PageHashes | null {
  const base = serialIn(files, current);
  const changes = base === null ? null : readChanges(files, home, base, serial);
  const hashes = base === null || changes === null ? null : read(files, current, base);
  if (!changes || !hashes) return null;
  const table = PageHashTable.from(hashes);
  for (const { pageCount, numbers, bytes } of changes) {
    table.resize(pageCount);
    numbers.forEach((number, i) => {
      if (number <= pageCount) table.set(number, bytes.subarray(i * PAGE_HASH_BYTES, (i + 1) * PAGE_HASH_BYTES));
    });
  }
  return table;
}

/**
 * Records what the incremental `serial` changed in the index of `previousSerial`, durably, at a cost of the changed pages alone. It
 * takes effect when the state names that serial. False when the whole index must be staged instead.
 */
export function changePageIndex(
  files: Files,
  home: string,
  link: { previousSerial: string; serial: string },
  changed: { numbers: Uint32Array; bytes: Buffer },
  pageCount: number,
): boolean {
  // A full's index that was not yet given its place: rare, and settled by the slow way.
  if (files.existsSync(path.join(home, 'pages.idx.next'))) return false;
  const current = path.join(home, 'pages.idx');
  const size = files.statSync(current, { throwIfNoEntry: false })?.size ?? 0;
  const limit = Math.max(CHANGES_BYTES, size);
  return appendChange(files, home, serialIn(files, current), { ...link, ...changed, pageCount }, limit);
}

/** Gives the index that was just staged its place, without reading it again. */
export function placePageIndex(files: Files, home: string): void {
  files.renameSync(path.join(home, 'pages.idx.next'), path.join(home, 'pages.idx'));
  fsyncFolder(files, home);
}

/** What the head of an index says; whether the index is whole is not looked at. */
function serialIn(files: Files, file: string): string | null {
  if (!files.existsSync(file)) return null;
  const fd = files.openSync(file, 'r');
  try {
    const head = Buffer.alloc(HEADER);
    if (files.readSync(fd, head, 0, HEADER, 0) < HEADER || head.toString('latin1', 0, 8) !== MAGIC) return null;
    return head.toString('latin1', 8, 40).replace(/\0+$/, '');
  } finally {
    files.closeSync(fd);
  }
}

function read(files: Files, file: string, serial: string): PageHashes | null {
  if (!files.existsSync(file)) return null;
  const fd = files.openSync(file, 'r');
  try {
    const size = files.fstatSync(fd).size;
    if (size < HEADER) return null;
    const all = Buffer.alloc(size);
    for (let at = 0; at < size; ) {
      const got = files.readSync(fd, all, at, size - at, at);
      if (got === 0) return null;
      at += got;
    }
    const pageCount = all.readUInt32BE(40);
    const bytes = all.subarray(HEADER);
    if (all.toString('latin1', 0, 8) !== MAGIC || bytes.length !== pageCount * PAGE_HASH_BYTES) return null;
    if (all.toString('latin1', 8, 40).replace(/\0+$/, '') !== serial.slice(0, 32)) return null;
    return all.readUInt32BE(44) === crc(bytes) ? { pageCount, bytes } : null;
  } finally {
    files.closeSync(fd);
  }
}

function writeAll(files: Files, fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    const wrote = files.writeSync(fd, bytes, at, bytes.length - at);
    if (wrote === 0) throw new HoldfastError('IO_ERROR', 'Nothing was written to pages.idx');
    at += wrote;
  }
}

const crc = (bytes: Buffer) => createHash('sha256').update(bytes).digest().readUInt32BE(0);

/** The base with some pages (ascending) replaced and the count set: what the index is after an incremental. */
export function mergeHashes(
  base: PageHashes,
  changed: { numbers: Uint32Array; bytes: Buffer },
  pageCount: number,
): PageHashes {
  const bytes = Buffer.alloc(pageCount * PAGE_HASH_BYTES);
  base.bytes.copy(bytes, 0, 0, Math.min(base.bytes.length, bytes.length));
  const { numbers } = changed;
  // A run at a time: a full has one of all pages.
  for (let from = 0, to = 0; from < numbers.length; from = to) {
    const first = numbers[from]!;
    if (first > pageCount) break;
    do to++;
    while (to < numbers.length && numbers[to] === first + to - from && numbers[to]! <= pageCount);
    changed.bytes.copy(bytes, (first - 1) * PAGE_HASH_BYTES, from * PAGE_HASH_BYTES, to * PAGE_HASH_BYTES);
  }
  return { pageCount, bytes };
}
