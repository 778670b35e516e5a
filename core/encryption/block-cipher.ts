// AES-256-GCM over the blocks of one backup. Each backup has keys of its own, so a block's number is its nonce.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { HoldfastError } from '../contract/errors.ts';
import { releaseBuffer } from '../platform/release-buffer.ts';
import type { EncryptionRecord } from './record.ts';
import type { BlockCipher, BlockKeys, KeySource, MasterKey } from './types.ts';

const CIPHER = 'aes-256-gcm';
const CHECK_BYTES = 16;
const CHECKSUM_BYTES = 16;
const SEED_BYTES = 32;

/** What encryption adds to a block: the tag at its end. */
export const OVERHEAD_BYTES = 16;

/** A cipher for a new backup, with a seed that no other has. */
export function newBlockCipher(master: MasterKey): BlockCipher {
  const seed = randomBytes(SEED_BYTES).toString('hex');
  const keys = keysOf(master.key, seed);
  const { scrypt, definition } = master;
  return cipherWith(keys, { cipher: CIPHER, scrypt, seed, check: keys.check.toString('hex'), definition });
}

/** The cipher of an existing backup. Throws PASSWORD_REQUIRED without any key to try, WRONG_PASSWORD when none fits. */
export async function openBlockCipher(record: EncryptionRecord, source: KeySource): Promise<BlockCipher> {
  const candidates = await source.candidates(record);
  for (const candidate of candidates) {
    const keys = keysOf(candidate, record.seed);
    if (timingSafeEqual(keys.check, Buffer.from(record.check, 'hex'))) return cipherWith(keys, record);
  }
  const under = record.definition === null ? '' : ` under “${record.definition}”`;
  if (candidates.length === 0) throw new HoldfastError('PASSWORD_REQUIRED', `The backup is encrypted${under}.`);
  throw new HoldfastError('WRONG_PASSWORD', `The backup is encrypted${under}; the password does not open it.`);
}

interface BackupKeys extends BlockKeys {
  check: Buffer;
}

/** The cipher that has given its keys, on another thread of this process. */
export function blockCipherOf(record: EncryptionRecord, keys: BlockKeys): BlockCipher {
  return cipherWith({ block: Buffer.from(keys.block), checksum: Buffer.from(keys.checksum) }, record);
}

function keysOf(master: Buffer, seed: string): BackupKeys {
  const bytes = Buffer.from(
    hkdfSync('sha256', master, Buffer.from(seed, 'hex'), 'holdfast backup 1', 64 + CHECK_BYTES),
  );
  return { block: bytes.subarray(0, 32), checksum: bytes.subarray(32, 64), check: bytes.subarray(64) };
}

function cipherWith(keys: BlockKeys, record: EncryptionRecord): BlockCipher {
  return {
    record,
    keys: { block: keys.block, checksum: keys.checksum },
    seal(sequence, authenticated, plain) {
      const cipher = createCipheriv(CIPHER, keys.block, nonceOf(sequence));
      cipher.setAAD(authenticated);
      const body = cipher.update(plain);
      const sealed = Buffer.concat([body, cipher.final(), cipher.getAuthTag()]);
      releaseBuffer(body);
      return sealed;
    },
    open(sequence, authenticated, sealed) {
      const body = sealed.subarray(0, sealed.length - OVERHEAD_BYTES);
      const decipher = createDecipheriv(CIPHER, keys.block, nonceOf(sequence), { authTagLength: OVERHEAD_BYTES });
      decipher.setAAD(authenticated);
      decipher.setAuthTag(sealed.subarray(body.length));
      const plain = decipher.update(body);
      try {
        decipher.final();
      } catch {
        // Node says only that the tag does not fit.
        return null;
      }
      return plain;
    },
    sealSet: (text) => createHmac('sha256', keys.checksum).update(`set\n${text}`).digest('hex'),
    blind: (checksum) => createHmac('sha256', keys.checksum).update(checksum).digest().subarray(0, CHECKSUM_BYTES),
  };
}

function nonceOf(sequence: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(sequence, 0);
  return nonce;
}
