// Named keys of a database: the password is checked against what its definition remembers, and the key can be kept by the agent.
import { createHmac, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { HoldfastError } from '../contract/errors.ts';
import { ensureFolder, type Files, writeFileDurably } from '../platform/files.ts';
import { deriveKey, newScryptParameters } from './master-key.ts';
import { type ScryptParameters, scryptSchema } from './record.ts';
import type { KeySource, MasterKey } from './types.ts';

/** What an instance remembers of a definition: nothing from which the key could be had without the password. */
export interface StoredDefinition {
  name: string;
  createdAt: number;
  kept: boolean;
  scrypt: ScryptParameters;
  check: string;
}

const keptKeySchema = z.object({ version: z.literal(1), name: z.string(), scrypt: scryptSchema, key: z.string() });

export async function makeDefinition(
  given: { name: string; password: string; kept: boolean },
  now: number,
): Promise<{ definition: StoredDefinition; master: MasterKey }> {
  const scrypt = newScryptParameters();
  const key = await deriveKey(given.password, scrypt);
  const definition = { name: given.name, createdAt: now, kept: given.kept, scrypt, check: checkOf(key) };
  return { definition, master: { key, scrypt, definition: given.name } };
}

/** The key of a definition from its password. Throws WRONG_PASSWORD: a backup under a mistyped one could never be read. */
export async function unlockDefinition(definition: StoredDefinition, password: string): Promise<MasterKey> {
  const key = await deriveKey(password, definition.scrypt);
  if (!timingSafeEqual(Buffer.from(checkOf(key)), Buffer.from(definition.check)))
    throw new HoldfastError(
      'WRONG_PASSWORD',
      `This is not the password of the encryption definition “${definition.name}”.`,
    );
  return { key, scrypt: definition.scrypt, definition: definition.name };
}

const checkOf = (key: Buffer) => createHmac('sha256', key).update('holdfast definition 1').digest('hex').slice(0, 32);

/** Named by the salt: two databases may call their definitions the same. */
const keyFile = (folder: string, salt: string) => path.join(folder, `${salt}.key`);

/** Writes the key into a file that its owner alone can read, in a folder that its owner alone can enter. */
export function keepKey(folder: string, master: MasterKey, files: Files): void {
  ensureFolder(files, folder);
  const { scrypt, key, definition } = master;
  const text = JSON.stringify({ version: 1, name: definition ?? '', scrypt, key: key.toString('hex') });
  writeFileDurably(files, keyFile(folder, scrypt.salt), `${text}\n`);
}

export function eraseKey(folder: string, { scrypt }: StoredDefinition, files: Files): void {
  files.rmSync(keyFile(folder, scrypt.salt), { force: true });
}

/** The kept key of a definition. Throws PASSWORD_REQUIRED when its file is gone or cannot be read. */
export function keptMaster(folder: string, definition: StoredDefinition, files: Files): MasterKey {
  const key = readKey(folder, definition.scrypt, files);
  if (key && checkOf(key) === definition.check) return { key, scrypt: definition.scrypt, definition: definition.name };
  throw new HoldfastError('PASSWORD_REQUIRED', `The kept key of “${definition.name}” is not in ${folder}.`, {
    hint: 'Put the key file back, or define the encryption anew.',
  });
}

/** The definition of a kept key, for a database that is to be encrypted under it; null when the key is not here. */
export function keptDefinition(folder: string, salt: string, files: Files, now: number): StoredDefinition | null {
  const kept = readKept(folder, salt, files);
  if (!kept) return null;
  const { name, scrypt, key } = kept;
  return { name, createdAt: now, kept: true, scrypt, check: checkOf(Buffer.from(key, 'hex')) };
}

/** The keys that an agent keeps, for reading: found by the salt that a backup names. */
export function keptKeys(folder: string, files: Files): KeySource {
  return {
    async candidates({ scrypt }) {
      const key = readKey(folder, scrypt, files);
      return key ? [key] : [];
    },
  };
}

function readKey(folder: string, { salt }: ScryptParameters, files: Files): Buffer | null {
  const kept = readKept(folder, salt, files);
  return kept && Buffer.from(kept.key, 'hex');
}

function readKept(folder: string, salt: string, files: Files): z.infer<typeof keptKeySchema> | null {
  const file = keyFile(folder, salt);
  if (!files.existsSync(file)) return null;
  const fd = files.openSync(file, 'r');
  let text: string;
  try {
    const bytes = Buffer.alloc(4096);
    text = bytes.subarray(0, files.readSync(fd, bytes, 0, bytes.length, 0)).toString();
  } finally {
    files.closeSync(fd);
  }
  const parsed = keptKeySchema.safeParse(parseJson(text));
  if (!parsed.success) throw new HoldfastError('IO_ERROR', `${file} is no key file of Holdfast.`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told by the schema.
    return null;
  }
}
