// Compressing and decompressing one block in libuv's thread pool, so that several run beside the thread that reads and writes.
import { constants, crc32, createZstdCompress, zstdDecompress } from 'node:zlib';
import { HoldfastError } from '../contract/errors.ts';
import { OVERHEAD_BYTES } from '../encryption/block-cipher.ts';
import type { BlockCipher } from '../encryption/types.ts';
import { AUTHENTICATED_BYTES, type BlockHeader, damaged, encodeBlockHeader, MAX_BLOCK_BYTES } from './layout.ts';

/** Blocks that are worked on at once; bounds the memory of a backup and of a restore. */
export const BLOCKS_IN_FLIGHT = 4;

/** On database pages, a tenth less time than the plain level 1 for a hundredth more bytes. */
const quickest = { [constants.ZSTD_c_targetLength]: 2, [constants.ZSTD_c_minMatch]: 6 };

/**
 * The compressed block, or null when compressing gains nothing. One frame, made in one trip to the pool: `zstdCompress` would
 * take two, the first without knowing that the input ends there, for a tenth more processor time.
 */
export function compressBlock(raw: Buffer, level: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const stream = createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: level, ...(level === 1 ? quickest : {}) },
      flush: constants.ZSTD_e_end,
      // Room for the worst case: zstd then writes straight into the result.
      chunkSize: raw.length + (raw.length >> 8) + 1024,
    });
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', reject);
    stream.write(raw, (error) => {
      if (error) return;
      stream.destroy();
      const stored = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      resolve(stored.length < raw.length ? stored : null);
    });
  });
}

/** The raw bytes again, never more than `rawBytes`. Throws BACKUP_DAMAGED. */
export function decompressBlock(stored: Buffer, rawBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // A little more room than the result takes: a buffer that is filled to its end costs another one and another trip.
    const options = { chunkSize: rawBytes + 64, maxOutputLength: Math.min(rawBytes, MAX_BLOCK_BYTES) };
    zstdDecompress(stored, options, (error, raw) => {
      if (error || raw.length !== rawBytes) reject(damaged('a block cannot be decompressed'));
      else resolve(raw);
    });
  });
}

/** Header and stored bytes of a block whose pages are `packed` (compressed or raw), encrypted where there is a cipher. */
export function encodeBlock(
  block: Omit<BlockHeader, 'encrypted' | 'storedBytes' | 'listBytes' | 'storedCrc'>,
  list: Buffer,
  packed: Buffer,
  cipher: BlockCipher | null,
): { header: Buffer; stored: Buffer } {
  const fields = {
    ...block,
    encrypted: cipher !== null,
    checksum: cipher ? cipher.blind(block.checksum) : block.checksum,
    storedBytes: packed.length + (cipher ? OVERHEAD_BYTES : 0),
    listBytes: list.length,
    storedCrc: 0,
  };
  const bound = cipher && Buffer.concat([encodeBlockHeader(fields).subarray(0, AUTHENTICATED_BYTES), list]);
  const stored = cipher && bound ? cipher.seal(block.sequence, bound, packed) : packed;
  return { header: encodeBlockHeader({ ...fields, storedCrc: crc32(stored, crc32(list)) }), stored };
}

/**
 * The packed bytes of a stored block. `bound` is what the encryption is bound to: the beginning of the header, and the list.
 * Throws PASSWORD_REQUIRED without a cipher for an encrypted block, BACKUP_DAMAGED when it was changed.
 */
export function decryptBlock(header: BlockHeader, bound: Buffer, stored: Buffer, cipher: BlockCipher | null): Buffer {
  if (!header.encrypted) {
    if (cipher) throw damaged(`block ${header.sequence} is not encrypted as the others are`);
    return stored;
  }
  if (!cipher) throw new HoldfastError('PASSWORD_REQUIRED');
  const packed = cipher.open(header.sequence, bound, stored);
  if (!packed) throw damaged(`block ${header.sequence} was changed after it was encrypted`);
  return packed;
}
