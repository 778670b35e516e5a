// A block of a file that travels behind the pages, byte by byte. docs/technical/backup-file.md describes it.
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { HoldfastError } from '../contract/errors.ts';
import { OVERHEAD_BYTES } from '../encryption/block-cipher.ts';
import type { BlockCipher } from '../encryption/types.ts';
import { AUTHENTICATED_BYTES, damaged, MAX_BLOCK_BYTES } from './layout.ts';

export const FILE_BLOCK_HEADER_BYTES = 64;
const MAGIC = 0x31414648;
const FLAG_LAST = 1;
const FLAG_ZSTD = 2;
const FLAG_ENCRYPTED = 4;
const FLAG_CHANGED = 8;
const KNOWN = FLAG_LAST | FLAG_ZSTD | FLAG_ENCRYPTED | FLAG_CHANGED;

export interface FileBlockHeader {
  /** Position among the file blocks of the set, from 0. */
  sequence: number;
  /** Which `<file>` of the header, from 0. */
  file: number;
  /** Where in that file these bytes belong. */
  position: number;
  /** The file ends with it. */
  last: boolean;
  /** In the last block: the file was written to while it was read. */
  changed: boolean;
  compressed: boolean;
  encrypted: boolean;
  rawBytes: number;
  storedBytes: number;
  /** First 16 bytes of the SHA-256 of the raw bytes. */
  checksum: Buffer;
  setId: Buffer;
  /** CRC-32 of the stored bytes. */
  storedCrc: number;
}

export function encodeFileBlock(
  block: Omit<FileBlockHeader, 'encrypted' | 'rawBytes' | 'storedBytes' | 'checksum' | 'storedCrc'>,
  name: string,
  raw: Buffer,
  packed: Buffer,
  cipher: BlockCipher | null,
): { header: Buffer; stored: Buffer } {
  const checksum = checksumOf(raw, cipher);
  const fields: FileBlockHeader = {
    ...block,
    encrypted: cipher !== null,
    rawBytes: raw.length,
    storedBytes: packed.length + (cipher ? OVERHEAD_BYTES : 0),
    checksum,
    storedCrc: 0,
  };
  const stored = cipher ? cipher.seal(block.sequence, boundTo(encodeHeader(fields), name), packed) : packed;
  return { header: encodeHeader({ ...fields, storedCrc: crc32(stored) }), stored };
}

/** What is packed in a stored block of the file `name`. Throws BACKUP_DAMAGED when it was changed. */
export function unsealFileBlock(head: Buffer, name: string, stored: Buffer, cipher: BlockCipher | null): Buffer {
  if (!cipher) return stored;
  const packed = cipher.open(head.readUInt32LE(4), boundTo(head, name), stored);
  if (!packed) throw damaged(`the file ${name} was changed in the backup`);
  return packed;
}

/** What stands in a header for these bytes; without the key it tells nothing of them. */
export function checksumOf(raw: Buffer, cipher: BlockCipher | null): Buffer {
  const checksum = hash('sha256', raw, 'buffer').subarray(0, 16);
  return cipher ? cipher.blind(checksum) : checksum;
}

/** Another file under this name must not pass for it, nor a block for another one. */
const boundTo = (head: Buffer, name: string): Buffer =>
  Buffer.concat([head.subarray(0, AUTHENTICATED_BYTES), Buffer.from(`file\0${name}`)]);

function encodeHeader(block: FileBlockHeader): Buffer {
  const bytes = Buffer.alloc(FILE_BLOCK_HEADER_BYTES);
  const flags =
    (block.last ? FLAG_LAST : 0) |
    (block.compressed ? FLAG_ZSTD : 0) |
    (block.encrypted ? FLAG_ENCRYPTED : 0) |
    (block.changed ? FLAG_CHANGED : 0);
  const words = [MAGIC, block.sequence, block.file, flags, block.rawBytes, block.storedBytes];
  words.forEach((word, index) => {
    bytes.writeUInt32LE(word, index * 4);
  });
  bytes.writeBigUInt64LE(BigInt(block.position), 24);
  block.checksum.copy(bytes, 32);
  block.setId.copy(bytes, 48);
  bytes.writeUInt32LE(block.storedCrc, 56);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Reads a header and checks it against itself. Throws BACKUP_DAMAGED or BACKUP_NEWER_FORMAT. */
export function decodeFileBlock(bytes: Buffer): FileBlockHeader {
  if (crc32(bytes.subarray(0, 60)) !== bytes.readUInt32LE(60)) throw damaged('the checksum of a file block is wrong');
  if (bytes.readUInt32LE(0) !== MAGIC) throw damaged('a file block does not begin as one');
  const flags = bytes.readUInt32LE(12);
  if ((flags & ~KNOWN) !== 0)
    throw new HoldfastError('BACKUP_NEWER_FORMAT', 'A file is stored in a way that this version does not know.');
  const block: FileBlockHeader = {
    sequence: bytes.readUInt32LE(4),
    file: bytes.readUInt32LE(8),
    position: Number(bytes.readBigUInt64LE(24)),
    last: (flags & FLAG_LAST) !== 0,
    changed: (flags & FLAG_CHANGED) !== 0,
    compressed: (flags & FLAG_ZSTD) !== 0,
    encrypted: (flags & FLAG_ENCRYPTED) !== 0,
    rawBytes: bytes.readUInt32LE(16),
    storedBytes: bytes.readUInt32LE(20),
    checksum: bytes.subarray(32, 48),
    setId: bytes.subarray(48, 56),
    storedCrc: bytes.readUInt32LE(56),
  };
  const packed = block.storedBytes - (block.encrypted ? OVERHEAD_BYTES : 0);
  const sound =
    block.rawBytes <= MAX_BLOCK_BYTES &&
    (block.rawBytes > 0 || block.last) &&
    (block.last || !block.changed) &&
    (block.compressed ? packed > 0 && packed < block.rawBytes : packed === block.rawBytes);
  if (!sound) throw damaged(`file block ${block.sequence} contradicts itself`);
  return block;
}
