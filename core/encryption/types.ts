// What the rest of the core may know of encryption: a key to write under, a source of keys to read with, a cipher for blocks.
import type { EncryptionRecord, ScryptParameters } from './record.ts';

/** Never leaves the process that derived it, except into a file of the agent that its owner alone can read. */
export interface MasterKey {
  key: Buffer;
  scrypt: ScryptParameters;
  definition: string | null;
}

/** Where a reader finds keys. */
export interface KeySource {
  /** Master keys worth trying for this backup, the likeliest first; none when there is none. */
  candidates(record: EncryptionRecord): Promise<Buffer[]>;
}

/** What the blocks of one backup are encrypted with. For threads of the same process, never for a message to another. */
export interface BlockKeys {
  block: Buffer;
  checksum: Buffer;
}

/** Encrypts and decrypts the blocks of one backup. */
export interface BlockCipher {
  readonly record: EncryptionRecord;
  readonly keys: BlockKeys;
  /** Encrypted bytes, `OVERHEAD_BYTES` longer; `authenticated` is bound to them but not part of them. */
  seal(sequence: number, authenticated: Buffer, plain: Buffer): Buffer;
  /** The plain bytes; null when they or what is bound to them were changed. */
  open(sequence: number, authenticated: Buffer, sealed: Buffer): Buffer | null;
  /** Vouches for `text`: nobody without the key can make it. */
  sealSet(text: string): string;
  /** The checksum of raw pages as it may stand in clear: without the key it tells nothing of them. */
  blind(checksum: Buffer): Buffer;
}
