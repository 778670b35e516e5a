// From a password, or the content of a key file, to the master key that backups are encrypted under.
import { createHash, randomBytes, scrypt } from 'node:crypto';
import type { EncryptionRecord, ScryptParameters } from './record.ts';
import type { KeySource, MasterKey } from './types.ts';

/** 32 MiB and some 200 ms: what a guess costs. */
const COST = { cost: 32_768, blockSize: 8, parallelization: 3 };
const KEY_BYTES = 32;

export function newScryptParameters(): ScryptParameters {
  return { ...COST, salt: randomBytes(16).toString('hex') };
}

/** 32 bytes; takes a fifth of a second in the thread pool. */
export function deriveKey(secret: string, parameters: ScryptParameters): Promise<Buffer> {
  const { cost, blockSize, parallelization, salt } = parameters;
  const maxmem = 128 * cost * blockSize * 2;
  return new Promise((resolve, reject) => {
    const options = { cost, blockSize, parallelization, maxmem };
    scrypt(secret.normalize('NFC'), Buffer.from(salt, 'hex'), KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** A master key of its own for one password given by hand. */
export async function newMasterKey(secret: string, definition: string | null = null): Promise<MasterKey> {
  const parameters = newScryptParameters();
  return { key: await deriveKey(secret, parameters), scrypt: parameters, definition };
}

/** Tries this password; a chain whose backups share their salt costs one derivation. */
export function passwordKeys(secret: string): KeySource {
  const known = new Map<string, Promise<Buffer>>();
  return {
    candidates({ scrypt: parameters }: EncryptionRecord) {
      const id = createHash('sha256').update(JSON.stringify(parameters)).digest('hex');
      const key = known.get(id) ?? deriveKey(secret, parameters);
      known.set(id, key);
      return key.then((one) => [one]);
    },
  };
}

/** Tries the keys of all sources, in their order. */
export function anyKeys(...sources: KeySource[]): KeySource {
  return {
    async candidates(record) {
      return (await Promise.all(sources.map((source) => source.candidates(record)))).flat();
    },
  };
}

/** No key at all: encrypted backups are refused with PASSWORD_REQUIRED. */
export const noKeys: KeySource = { candidates: async () => [] };
