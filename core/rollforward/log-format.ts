// The bytes of a roll-forward log: one header block, records one after another, a trailer once the log is closed.
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { vectorSchema } from '../contract/common.ts';
import { HoldfastError } from '../contract/errors.ts';
import type { CapturePosition } from '../sqlite/types.ts';
import type { LogFileHeader, LogRecord } from './types.ts';

export const FORMAT_VERSION = 1;
export const FILE_MAGIC = Buffer.from('HOLDRFL\n', 'latin1');
/** Begins every record; also what a search for life after damage looks for. */
export const RECORD_MAGIC = Buffer.from('HfRc', 'latin1');
export const RECORD_HEADER_BYTES = 128;
/** Magic, version, length of the JSON, its CRC. */
const PREFIX_BYTES = 24;
const HEADER_ALIGN = 512;
/** Largest log that may ever be written, 0xfffc0000. */
export const ENGINE_MAXIMUM = 4_294_705_152;

/** More than a vector of ten thousand replicas takes. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;

/** Bytes of the header block around so many bytes of JSON. */
const headerBytes = (json: number) => Math.ceil((PREFIX_BYTES + json) / HEADER_ALIGN) * HEADER_ALIGN;

const headerSchema = z.object({
  number: z.number().int().min(1).max(0xffffffff),
  databaseSerial: z.string(),
  serial: z.string(),
  previousSerial: z.string().nullable(),
  pageSize: z
    .number()
    .int()
    .min(512)
    .max(65_536)
    .refine((size) => (size & (size - 1)) === 0),
  vector: vectorSchema,
  createdAt: z.number(),
});

/** `0000000a.log` for 10. */
export function logName(number: number): string {
  return `${number.toString(16).padStart(8, '0')}.log`;
}

/** Null when the name is not that of a roll-forward log. */
export function logNumber(name: string): number | null {
  return /^[0-9a-f]{8}\.log$/.test(name) ? Number.parseInt(name, 16) || null : null;
}

export function encodeHeader(header: LogFileHeader): Buffer {
  const { formatVersion, ...fields } = header;
  const json = Buffer.from(JSON.stringify(fields));
  const bytes = Buffer.alloc(headerBytes(json.length));
  FILE_MAGIC.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(bytes.length, 12);
  bytes.writeUInt32LE(json.length, 16);
  bytes.writeUInt32LE(crc32(json), 20);
  json.copy(bytes, PREFIX_BYTES);
  return bytes;
}

/** `length`: bytes of the whole header block. Throws NOT_A_LOG, BACKUP_NEWER_FORMAT, LOG_GAP for a damaged header. */
export function decodeHeader(
  file: string,
  read: (length: number, position: number) => Buffer,
): { header: LogFileHeader; length: number } {
  const prefix = read(PREFIX_BYTES, 0);
  if (prefix.length < PREFIX_BYTES || !prefix.subarray(0, 8).equals(FILE_MAGIC)) {
    throw new HoldfastError('NOT_A_LOG', `${file} is not a roll-forward log.`);
  }
  const formatVersion = prefix.readUInt32LE(8);
  if (formatVersion > FORMAT_VERSION) {
    throw new HoldfastError('BACKUP_NEWER_FORMAT', `${file} has log format ${formatVersion}, this version knows 1.`);
  }
  const damaged = () => new HoldfastError('LOG_GAP', `The header of ${file} is damaged.`);
  const length = prefix.readUInt32LE(12);
  const jsonBytes = prefix.readUInt32LE(16);
  if (length !== headerBytes(jsonBytes) || length > MAX_HEADER_BYTES) throw damaged();
  const json = read(jsonBytes, PREFIX_BYTES);
  if (json.length !== jsonBytes || crc32(json) !== prefix.readUInt32LE(20)) throw damaged();
  const parsed = headerSchema.safeParse(parseJson(json));
  if (!parsed.success) throw damaged();
  return { header: { formatVersion, ...parsed.data }, length };
}

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch {
    // No header is anything but JSON: the caller's check of the content refuses this.
    return null;
  }
}

/** A record without its pages: what its 128-byte header says. */
export interface RecordHead {
  kind: 'commit' | 'resync' | 'end';
  origin: number;
  seq: number;
  sec: number;
  event: number;
  at: number;
  pageCount: number;
  pages: number;
  numbersCrc: number;
  dataCrc: number;
  position: CapturePosition | null;
}

const KINDS = ['commit', 'resync', 'end'] as const;

/** Bytes of the whole record on disk. */
export function recordBytes(pages: number, pageSize: number): number {
  return RECORD_HEADER_BYTES + Math.ceil((pages * 4) / 8) * 8 + pages * pageSize;
}

export function encodeRecordHead(head: RecordHead, bytes: Buffer = Buffer.alloc(RECORD_HEADER_BYTES)): Buffer {
  RECORD_MAGIC.copy(bytes);
  bytes[4] = KINDS.indexOf(head.kind);
  bytes[5] = head.position ? (head.position.sealed ? 3 : 1) : 0;
  bytes.writeUInt32LE(head.origin, 8);
  bytes.writeBigUInt64LE(BigInt(head.seq), 16);
  bytes.writeUInt32LE(head.sec, 24);
  bytes.writeUInt32LE(head.event, 28);
  bytes.writeDoubleLE(head.at, 32);
  bytes.writeUInt32LE(head.pageCount, 40);
  bytes.writeUInt32LE(head.pages, 44);
  bytes.writeUInt32LE(head.numbersCrc, 48);
  bytes.writeUInt32LE(head.dataCrc, 52);
  const position = head.position;
  if (position) {
    bytes.writeUInt32LE(position.salt1, 56);
    bytes.writeUInt32LE(position.salt2, 60);
    bytes.writeUInt32LE(position.checksum1, 64);
    bytes.writeUInt32LE(position.checksum2, 68);
    bytes.writeDoubleLE(position.endOffset, 72);
    bytes.writeUInt32LE(position.commitPages, 80);
    bytes.writeDoubleLE(position.inode, 88);
    bytes.writeDoubleLE(position.device, 96);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
  return bytes;
}

/** Null when the bytes are not an intact record header. */
export function decodeRecordHead(bytes: Buffer): RecordHead | null {
  if (bytes.length < RECORD_HEADER_BYTES || !bytes.subarray(0, 4).equals(RECORD_MAGIC)) return null;
  if (crc32(bytes.subarray(0, 124)) !== bytes.readUInt32LE(124)) return null;
  const kind = KINDS[bytes[4] ?? 255];
  if (!kind) return null;
  const flags = bytes[5] ?? 0;
  return {
    kind,
    origin: bytes.readUInt32LE(8),
    seq: Number(bytes.readBigUInt64LE(16)),
    sec: bytes.readUInt32LE(24),
    event: bytes.readUInt32LE(28),
    at: bytes.readDoubleLE(32),
    pageCount: bytes.readUInt32LE(40),
    pages: bytes.readUInt32LE(44),
    numbersCrc: bytes.readUInt32LE(48),
    dataCrc: bytes.readUInt32LE(52),
    position:
      (flags & 1) === 0
        ? null
        : {
            salt1: bytes.readUInt32LE(56),
            salt2: bytes.readUInt32LE(60),
            checksum1: bytes.readUInt32LE(64),
            checksum2: bytes.readUInt32LE(68),
            endOffset: bytes.readDoubleLE(72),
            commitPages: bytes.readUInt32LE(80),
            inode: bytes.readDoubleLE(88),
            device: bytes.readDoubleLE(96),
            sealed: (flags & 2) !== 0,
          },
  };
}

/** The page numbers as they stand on disk, filled up to a multiple of 8 bytes, behind `before` zero bytes. */
function encodeNumbers(numbers: Uint32Array, before: number): Buffer {
  // Small ones share their memory, which zeroed ones would not.
  const bytes = Buffer.allocUnsafe(before + Math.ceil((numbers.length * 4) / 8) * 8).fill(0);
  for (let i = 0; i < numbers.length; i++) bytes.writeUInt32LE(numbers[i] as number, before + i * 4);
  return bytes;
}

export function decodeNumbers(bytes: Buffer, pages: number): Uint32Array {
  return Uint32Array.from({ length: pages }, (_, i) => bytes.readUInt32LE(i * 4));
}

/** The parts of a record, to be written one after another. */
export function encodeRecord(record: LogRecord, position: CapturePosition | null): Buffer[] {
  const numbers = encodeNumbers(record.numbers, RECORD_HEADER_BYTES);
  const head = {
    kind: record.kind,
    origin: record.origin,
    seq: record.seq,
    sec: record.stamp.sec,
    event: record.stamp.event,
    at: record.at,
    pageCount: record.pageCount,
    pages: record.numbers.length,
    numbersCrc: crc32(numbers.subarray(RECORD_HEADER_BYTES)),
    dataCrc: crc32(record.data),
    position,
  };
  encodeRecordHead(head, numbers);
  return [numbers, record.data];
}

/** Closes a log: it is complete, whatever follows is in the next one. */
export function encodeEnd(at: number): Buffer {
  const none = { origin: 0, seq: 0, sec: 0, event: 0, pageCount: 0, pages: 0, numbersCrc: 0, dataCrc: 0 };
  return encodeRecordHead({ kind: 'end', at, position: null, ...none });
}
