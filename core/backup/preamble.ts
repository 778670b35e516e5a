// The preamble of a part, byte by byte: what binds the XML header to the blocks, and the record. docs/technical/backup-file.md describes it.
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HoldfastError } from '../contract/errors.ts';
import { damaged } from './layout.ts';
import { type PartRecord, partRecordSchema } from './part-record.ts';

/** 2: each part ends with a map of its blocks. 3: files can follow the map; written only where they do. Version 1 is read, too. */
const FORMAT_VERSION = 3;
const WITHOUT_FILES = 2;
/** Room of the preamble: holds the vectors of several hundred replicas. */
export const PREAMBLE_BYTES = 16 * 1024;
export const PREAMBLE_MAGIC = Buffer.from('HOLDFAST', 'latin1');
const PREAMBLE_FIXED_BYTES = 64;
const MAX_PREAMBLE_BYTES = 16 * 1024 * 1024;

/** The preamble that follows `xml`, which must be final: its digest is part of it. */
export function encodePreamble(record: PartRecord, xml: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(record));
  if (json.length > PREAMBLE_BYTES - PREAMBLE_FIXED_BYTES) {
    throw new HoldfastError('INVALID_INPUT', 'The vector has more replicas than a backup header can hold.');
  }
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  PREAMBLE_MAGIC.copy(bytes, 0);
  const withFiles = record.files !== undefined || record.filesOffset !== undefined;
  bytes.writeUInt32LE(withFiles ? FORMAT_VERSION : WITHOUT_FILES, 8);
  bytes.writeUInt32LE(PREAMBLE_BYTES, 12);
  bytes.writeUInt32LE(json.length, 16);
  hash('sha256', xml, 'buffer').copy(bytes, 24);
  json.copy(bytes, PREAMBLE_FIXED_BYTES);
  bytes.writeUInt32LE(crc32(bytes), 20);
  return bytes;
}

/** Length of the preamble as its first bytes state it. Throws BACKUP_DAMAGED when it cannot be. */
export function preambleLength(start: Buffer): number {
  const length = start.readUInt32LE(12);
  if (length < PREAMBLE_FIXED_BYTES || length > MAX_PREAMBLE_BYTES) throw damaged('the preamble has no sound length');
  return length;
}

/** True when a preamble stands somewhere in `bytes`: the magic with a version and a length after it, which no text holds. */
export function holdsPreamble(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(PREAMBLE_MAGIC); at >= 0; at = bytes.indexOf(PREAMBLE_MAGIC, at + 1)) {
    if (at + 16 > bytes.length) return false;
    if (bytes.readUInt32LE(at + 8) < 256 && bytes.readUInt32LE(at + 12) <= MAX_PREAMBLE_BYTES) return true;
  }
  return false;
}

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    throw damaged('the preamble is not readable');
  }
}

/** Reads a whole preamble that follows `xml`. Throws BACKUP_DAMAGED or BACKUP_NEWER_FORMAT. */
export function decodePreamble(bytes: Buffer, xml: Buffer): PartRecord {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(0, 20);
  if (crc32(copy) !== bytes.readUInt32LE(20)) throw damaged('the checksum of the preamble is wrong');
  if (!hash('sha256', xml, 'buffer').equals(bytes.subarray(24, 56))) throw damaged('the XML header was changed');
  const version = bytes.readUInt32LE(8);
  if (version > FORMAT_VERSION) {
    throw new HoldfastError(
      'BACKUP_NEWER_FORMAT',
      `The backup has format ${version}; this version reads ${FORMAT_VERSION}.`,
    );
  }
  const json = bytes.subarray(PREAMBLE_FIXED_BYTES, PREAMBLE_FIXED_BYTES + bytes.readUInt32LE(16));
  const parsed = partRecordSchema.safeParse(parseJson(json));
  if (!parsed.success) throw damaged(`the preamble is not as expected (${parsed.error.issues[0]?.path.join('.')})`);
  return parsed.data;
}
