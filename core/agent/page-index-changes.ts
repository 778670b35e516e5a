// `<home>/pages.idx.changes`: what each incremental changed in the page index, one record after another. So an incremental
// writes as many bytes as pages have changed, whatever the size of the database.
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { type Files, fsyncFolder } from '../platform/files.ts';
import { PAGE_HASH_BYTES } from '../sqlite/page-hash.ts';

/** The pages (ascending) that one backup replaced in the index of the backup before it. */
export interface IndexChange {
  serial: string;
  previousSerial: string;
  pageCount: number;
  numbers: Uint32Array;
  /** 16 bytes for each of `numbers`. */
  bytes: Buffer;
}

const MAGIC = 'HFPAGEC1';
const HEAD = 88;
const SERIAL_CHARS = 32;

const fileOf = (home: string) => path.join(home, 'pages.idx.changes');

/**
 * Writes `change` behind the record of the backup that it follows, durably; what stood there belongs to backups that never
 * became part of the chain. False, and nothing is written, when no record and not `baseSerial` is its predecessor, or when the records
 * would outgrow `limit` bytes: then the whole index has to be written.
 */
export function appendChange(
  files: Files,
  home: string,
  baseSerial: string | null,
  change: IndexChange,
  limit: number,
): boolean {
  const file = fileOf(home);
  const created = !files.existsSync(file);
  const fd = files.openSync(file, created ? 'wx+' : 'r+', 0o600);
  try {
    let end = sameSerial(baseSerial, change.previousSerial) ? 0 : -1;
    for (const record of heads(files, fd)) {
      if (end < 0 && record.serial === change.previousSerial.slice(0, SERIAL_CHARS)) end = record.end;
    }
    const bytes = encode(change);
    if (end < 0 || end + bytes.length > limit) return false;
    files.ftruncateSync(fd, end);
    for (let done = 0; done < bytes.length; ) done += files.writeSync(fd, bytes, done, bytes.length - done, end + done);
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
  if (created) fsyncFolder(files, home);
  return true;
}

/** The changes that lead from the index of `from` to that of `to`, in order; null when they are not all there and whole. */
export function readChanges(files: Files, home: string, from: string, to: string): IndexChange[] | null {
  if (!files.existsSync(fileOf(home))) return null;
  const fd = files.openSync(fileOf(home), 'r');
  try {
    const changes: IndexChange[] = [];
    let at = from.slice(0, SERIAL_CHARS);
    for (const { offset, end, serial, previousSerial } of heads(files, fd)) {
      if (previousSerial !== at) continue;
      const change = decode(read(files, fd, offset, end - offset));
      if (!change) return null;
      changes.push(change);
      at = serial;
      if (sameSerial(at, to)) return changes;
    }
    return null;
  } finally {
    files.closeSync(fd);
  }
}

const sameSerial = (a: string | null, b: string) => a?.slice(0, SERIAL_CHARS) === b.slice(0, SERIAL_CHARS);

function* heads(files: Files, fd: number) {
  const { size } = files.fstatSync(fd);
  for (let offset = 0; offset + HEAD <= size; ) {
    const head = read(files, fd, offset, HEAD);
    if (head.toString('latin1', 0, 8) !== MAGIC) return;
    const end = offset + HEAD + head.readUInt32BE(76) * (4 + PAGE_HASH_BYTES);
    if (end > size) return;
    yield { offset, end, serial: text(head, 8), previousSerial: text(head, 40) };
    offset = end;
  }
}

const text = (head: Buffer, at: number) => head.toString('latin1', at, at + SERIAL_CHARS).replace(/\0+$/, '');

function read(files: Files, fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const got = files.readSync(fd, bytes, done, length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return bytes;
}

function encode({ serial, previousSerial, pageCount, numbers, bytes }: IndexChange): Buffer {
  const record = Buffer.alloc(HEAD + numbers.length * (4 + PAGE_HASH_BYTES));
  record.write(MAGIC, 0, 'latin1');
  record.write(serial.slice(0, SERIAL_CHARS), 8, 'latin1');
  record.write(previousSerial.slice(0, SERIAL_CHARS), 40, 'latin1');
  record.writeUInt32BE(pageCount, 72);
  record.writeUInt32BE(numbers.length, 76);
  numbers.forEach((number, i) => {
    record.writeUInt32BE(number, HEAD + i * 4);
  });
  bytes.copy(record, HEAD + numbers.length * 4);
  record.writeUInt32BE(crc32(record), 80);
  return record;
}

function decode(record: Buffer): IndexChange | null {
  const crc = record.readUInt32BE(80);
  record.writeUInt32BE(0, 80);
  if (crc32(record) !== crc) return null;
  const count = record.readUInt32BE(76);
  return {
    serial: text(record, 8),
    previousSerial: text(record, 40),
    pageCount: record.readUInt32BE(72),
    numbers: Uint32Array.from({ length: count }, (_, i) => record.readUInt32BE(HEAD + i * 4)),
    bytes: record.subarray(HEAD + count * 4),
  };
}
